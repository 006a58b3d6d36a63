"""Whatever is changed in the book behind the program's back is found, and its place named."""

from __future__ import annotations

import random
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from disburse.store import Head, Store, derived, open_store
from disburse.store.schema import batch, head, outcome, posting, seal
from disburse.store.verification import Fault, faults
from tests.store.runs import book, booking, lines, outcomes, past
from tests.store.test_reversal import back, reverse

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sqlalchemy import Connection

ROUNDS = 1_000


def filled(store: Store) -> Store:
    """Two months, money that came back in between, one line of it paid again."""
    book(store, booking(6, "A", [100, 200, 300, 400, 500, 600], outcomes(lines(2, "H"), "held")))
    reverse(store, back("A-000001"), back("A-000002", amount_fen=100))
    book(store, booking(3, "B", 700), "second", "2025-07", reviewed_by="王五")
    book(store, booking(1, "H", 50), "third", "2025-07")
    again = booking(2, "A", [150, 90])
    again.lines["application_no"] = again.outcomes["application_no"] = ["A-000001", "C-1"]
    book(store, again, "fourth", "2025-08")
    return store


def found(connection: Connection, *heads: Head) -> list[Fault]:
    return [*faults(connection, heads, lambda _: None)]


@contextmanager
def unguarded(url: str) -> Iterator[Connection]:
    """A filled store open to somebody who has taken away all that guards it; nothing is kept."""
    filled(open_store(url, create=True))
    with past(url) as other:
        connection = other.connection
        if connection.dialect.name == "sqlite":
            for (name,) in connection.execute(text("SELECT name FROM sqlite_master WHERE type = 'trigger'")).all():
                connection.execute(text(f"DROP TRIGGER {name}"))
            connection.execute(text("PRAGMA ignore_check_constraints = ON"))
            connection.execute(text("PRAGMA defer_foreign_keys = ON"))
        else:
            for table in ("batch", "posting", "outcome", "head", "seal"):
                connection.execute(text(f"ALTER TABLE {table} DISABLE TRIGGER ALL"))
        yield connection
        connection.get_transaction().rollback()  # type: ignore[union-attr]


def changed(
    connection: Connection, *statements: str | Callable[[Connection], None], heads: tuple[Head, ...] = ()
) -> list[Fault]:
    """What is found after these statements, which are then taken back."""
    with connection.begin_nested() as point:
        for statement in statements:
            if isinstance(statement, str):
                connection.execute(text(statement))
            else:
                statement(connection)
        told = found(connection, *heads)
        point.rollback()
    assert found(connection) == []
    return told


def test_an_untouched_book_is_whole(store: Store) -> None:
    filled(store)
    with store.reading() as connection:
        assert connection is not None
        assert found(connection, store.head()) == []


def test_an_empty_book_is_whole(store: Store) -> None:
    with store.reading() as connection:
        assert connection is not None
        assert found(connection) == []


def test_each_kind_of_change_is_named_at_its_place(url: str) -> None:
    with unguarded(url) as connection:
        amount = changed(connection, "UPDATE posting SET paid_fen = 401 WHERE batch_no = 1 AND line = 4")
        assert {(fault.batch, fault.line, fault.application_no) for fault in amount} >= {("2025-06-1", 4, "A-000003")}
        assert any("相差 0.01 元" in fault.said for fault in amount)

        deleted = changed(connection, "DELETE FROM posting WHERE batch_no = 1 AND line = 5")
        assert any(fault.said == "第 5 笔不见了" and fault.batch == "2025-06-1" for fault in deleted)
        assert any(fault.application_no == "A-000004" for fault in deleted)

        swapped = changed(
            connection,
            "UPDATE posting SET line = 99 WHERE batch_no = 1 AND line = 4",
            "UPDATE posting SET line = 4 WHERE batch_no = 1 AND line = 5",
            "UPDATE posting SET line = 5 WHERE batch_no = 1 AND line = 99",
        )
        assert {(fault.line, fault.application_no) for fault in swapped} >= {(4, "A-000004"), (5, "A-000003")}

        names = ", ".join(column.name for column in posting.c)
        values = names.replace("id,", "999,", 1).replace(" line,", " 7,", 1).replace("application_no", "'NEW'")
        inserted = changed(
            connection, f"INSERT INTO posting ({names}) SELECT {values} FROM posting WHERE batch_no = 1 AND line = 6"
        )
        assert any(fault.said == "这笔是后加的" and fault.line == 7 for fault in inserted)
        assert any(fault.application_no == "NEW" for fault in inserted)

        (signed,) = changed(connection, "UPDATE batch SET approved_by = '另一人' WHERE batch_no = 3")[1:]
        assert (signed.batch, "批次本身" in signed.said) == ("2025-07-1", True)

        status = changed(connection, "UPDATE outcome SET status = 'rejected' WHERE batch_no = 1 AND line = 7")
        assert any("行结果" in fault.said and fault.application_no == "H-000000" for fault in status)


def test_a_batch_gone_or_at_the_wrong_place_is_named(url: str) -> None:
    with unguarded(url) as connection:
        everything = [f"DELETE FROM {table} WHERE batch_no = 3" for table in ("outcome", "posting", "seal", "batch")]
        gone = changed(connection, *everything)
        assert gone[0].said == "在它之前缺少序号 3 的批次"
        assert gone[0].batch == "2025-07-2"
        without = changed(connection, "UPDATE batch SET batch_no = 9 WHERE batch_no = 3")
        assert any("所属的批次（序号 3）不存在" in fault.said for fault in without)


def test_a_lost_end_is_shown_by_the_heads_on_receipts(url: str) -> None:
    """Cut off with care, head and derived tables set back, the book is whole in itself: only a receipt can tell."""
    with unguarded(url) as connection:
        end, before = (
            Head(*connection.execute(text(f"SELECT batch_no, hash FROM batch WHERE batch_no = {number}")).one())
            for number in (5, 4)
        )
        cut = [
            *(f"DELETE FROM {table} WHERE batch_no = 5" for table in ("outcome", "posting", "seal", "batch")),
            f"UPDATE head SET sequence = 4, hash = '{before.hash}'",
            derived.fill,
        ]
        assert changed(connection, *cut[:-2])[0].said.startswith("账簿现有 4 批，与账簿自记的链首（序号 5）不符")
        assert {"余额" in fault.said or "索引" in fault.said for fault in changed(connection, *cut[:-1])} == {True}
        assert changed(connection, *cut) == []
        assert changed(connection, *cut, heads=(before,)) == []
        (told,) = changed(connection, *cut, heads=(before, end))
        assert told.said.startswith("账簿现有 4 批，与回执上的链首（序号 5）不符")
        (other,) = changed(connection, "SELECT 1", heads=(Head(4, "0" * 12), end))
        assert (other.batch, other.said[:8]) == ("2025-07-2", "链首与回执不同：")


def test_a_new_chain_over_changed_lines_is_shown_by_a_receipt(store: Store, url: str, tmp_path: Any) -> None:
    """Whoever hashes everything again has another head."""
    filled(store)
    other = open_store(f"sqlite:///{tmp_path / 'forged.db'}", create=True)
    book(other, booking(6, "A", [100, 200, 300, 400, 500, 601], outcomes(lines(2, "H"), "held")))
    with store.reading() as connection:
        assert connection is not None
        (told,) = found(connection, other.head())
        assert "链首与回执不同" in told.said


def test_a_reversal_of_more_than_was_paid(url: str) -> None:
    with unguarded(url) as connection:
        told = changed(connection, "UPDATE posting SET paid_fen = -301 WHERE batch_no = 2 AND line = 2")
        assert any(fault.said == "冲正多于拨付" and fault.application_no == "A-000002" for fault in told)


def test_without_seals_the_batch_is_still_named(url: str) -> None:
    with unguarded(url) as connection:
        told = changed(
            connection,
            "DELETE FROM seal WHERE batch_no = 1",
            "UPDATE posting SET town = '别处' WHERE batch_no = 1 AND line = 1",
        )
        assert [fault.batch for fault in told] == ["2025-06-1", "2025-06-1"]
        assert "无法指明" in told[1].said
        seals = connection.execute(text("SELECT postings FROM seal WHERE batch_no = 3")).scalar_one()
        swapped = f"UPDATE seal SET postings = '{bytes(seals).hex()}' WHERE batch_no = 1"
        if connection.dialect.name == "sqlite":
            swapped = swapped.replace("= '", "= x'", 1)
        else:
            swapped = swapped.replace("= '", "= '\\x", 1)
        (told,) = changed(connection, swapped)
        assert "印记被改过" in told.said


@pytest.mark.parametrize(
    ("statement", "told"),
    [
        ("UPDATE balance SET net_fen = net_fen + 1 WHERE batch_no = 4", "余额"),
        ("DELETE FROM balance WHERE batch_no = 4", "余额"),
        ("DELETE FROM holder WHERE kind = 'account'", "户名与账号"),
        ("UPDATE trace SET posting_id = posting_id + 1 WHERE posting_id = 1", "索引"),
        ("DELETE FROM trace WHERE posting_id = 1", "索引"),
        ("DELETE FROM open_item", "未结事项"),
        ("UPDATE open_item SET line = 1", "未结事项"),
    ],
)
def test_what_is_derived_is_made_again_and_compared(url: str, statement: str, told: str) -> None:
    with unguarded(url) as connection:
        faulty = changed(connection, statement)
        assert faulty
        assert all(told in fault.said for fault in faulty)


def test_any_change_to_any_column_of_any_line_is_found(path: Any, url: str) -> None:
    """A thousand changes at random, one at a time: none is missed."""
    chance = random.Random(20250205)
    tables = (batch, posting, outcome, head)
    missed = []
    with unguarded(url) as connection:
        rows = [
            (table, dict(row))
            for table in tables
            for row in connection.execute(table.select()).mappings()
        ]  # fmt: skip
        made = 0
        while made < ROUNDS:
            table, row = chance.choice(rows)
            column = chance.choice([column for column in table.c if column is not head.c.id])  # of the only row
            old = row[column.name]
            new: Any = chance.choice(["x", "", f"{old} ", "2025-06-29"])
            if column.type.python_type is int:
                new = (old or 0) + chance.choice([-1, 1, 100, 10**12])
            where = [table.c[key.name] == row[key.name] for key in table.primary_key]
            with connection.begin_nested() as point, suppress(IntegrityError):  # a key that stands already
                connection.execute(table.update().where(*where).values({column.name: new}))
                told = found(connection)
                made += new != old
                if new != old and not told:
                    missed.append((table.name, row, column.name, new))
                point.rollback()
    assert missed == []


def test_a_store_from_before_there_were_seals_gets_them(store: Store, url: str) -> None:
    filled(store)
    with past(url) as other:
        kept = other.connection.execute(seal.select().order_by(seal.c.batch_no)).all()
        other.connection.execute(text("DROP TABLE seal"))
        if other.connection.dialect.name == "postgresql":
            for verb in ("update", "delete", "truncate"):
                other.connection.execute(text(f"DROP FUNCTION seal_{verb}()"))
        other.connection.execute(text("UPDATE alembic_version SET version_num = '0002'"))
    open_store(url, create=True)
    with store.reading() as connection:
        assert connection is not None
        assert connection.execute(seal.select().order_by(seal.c.batch_no)).all() == kept
        assert found(connection, store.head()) == []
