"""A store of any earlier revision is brought up to date by the next booking, and keeps everything."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from alembic import command
from sqlalchemy import create_engine, text
from sqlalchemy.pool import NullPool

from disburse.errors import Refused
from disburse.store import Store, open_store
from disburse.store.chain import BATCH_FIELDS, OUTCOME_FIELDS, POSTING_FIELDS_OF, batch_hash
from disburse.store.derived import differences, take_in
from disburse.store.frames import LINES, to_columns
from disburse.store.migrations import configuration
from disburse.store.schema import GENESIS, REVISIONS, seal
from disburse.store.verification import faults
from tests.store.runs import Past, book, booking, lines, past, reverse
from tests.store.test_verification import filled

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

FORM = {"0001": 1, "0002": 2}
"""The form in which each earlier program booked."""


def at_revision(url: str, revision: str) -> None:
    """An empty store as the program of that revision made it."""
    engine = create_engine(url, poolclass=NullPool)
    with engine.begin() as connection:
        command.upgrade(configuration(connection), revision)


class Earlier:
    """A store of an earlier revision, booked into as the program of its time did."""

    def __init__(self, other: Past, revision: str) -> None:
        self.other = other
        self.form = FORM[revision]
        self.fields = POSTING_FIELDS_OF[self.form]
        self.hash, self.batch_no, self.last = GENESIS, 0, 0

    def book(self, postings: list[dict[str, Any]], outcomes: list[dict[str, Any]]) -> None:
        self.batch_no += 1
        for line, posting in enumerate(postings, start=1):
            self.last += 1
            posting |= {"id": self.last, "batch_no": self.batch_no, "line": line}
        for line, outcome in enumerate(outcomes, start=1):
            outcome |= {"batch_no": self.batch_no, "line": line}
        batch = {
            "batch_no": self.batch_no, "batch": f"2025-06-{self.batch_no}", "month": "2025-06", "number": self.batch_no,
            "pay_date": "2025-06-30", "run_hash": f"{self.batch_no:064}", "policy_sha256": "p", "prepared_by": "甲",
            "approved_by": "乙", "reviewed_by": None, "lines": len(postings), "outcomes": len(outcomes), "form": self.form,
            "total_fen": sum(each["paid_fen"] for each in postings),
            "open_items": sum(each["status"] in ("held", "carried") for each in outcomes),
        }  # fmt: skip
        made = batch_hash(
            self.hash, batch, [[each[name] for name in self.fields] for each in postings],
            [[each[name] for name in OUTCOME_FIELDS] for each in outcomes],
        )  # fmt: skip
        self._insert("batch", {**batch, "previous_hash": self.hash, "hash": made})
        for table, rows in (("posting", postings), ("outcome", outcomes)):
            for row in rows:
                self._insert(
                    table, {name: value for name, value in row.items() if name in self.fields or table == "outcome"}
                )
        if self.form > 1:
            take_in(self.other.connection, self.batch_no)
        self.other.execute("UPDATE head SET sequence = :at, hash = :made", at=self.batch_no, made=made)
        self.hash = made

    def _insert(self, table: str, row: dict[str, Any]) -> None:
        self.other.execute(f"INSERT INTO {table} ({', '.join(row)}) VALUES ({', '.join(f':{n}' for n in row)})", **row)


def payments(frame: pd.DataFrame, **changed: Any) -> list[dict[str, Any]]:
    known = {"kind": "payment", "refers_to": None, "reversal_no": None, "generation": 1, "month": "2025-06",
             "pay_date": "2025-06-30", "reason": "", "document_no": "", "pays_again": None}  # fmt: skip
    said = zip(*to_columns(frame, LINES), strict=True)
    return [{**known, **dict(zip(LINES, line, strict=True)), **changed} for line in said]


def outcome(application_no: str, status: str) -> dict[str, Any]:
    return {"application_no": application_no, "instalment": 1, "status": status, "measure": "M04", "bureau": "甲局",
            "uscc": "u", "applicant_name": "甲", "approved_amount_fen": 7, "reasons": ""}  # fmt: skip


def booked_at(url: str, revision: str) -> None:
    """Three payments, one of them taken back and paid again, one in part; two items open, one of them taken up since."""
    at_revision(url, revision)
    with past(url) as other:
        store = Earlier(other, revision)
        paid = payments(lines(3, "A", [100, 200, 300]))
        said = [outcome(each["application_no"], "paid") for each in paid]
        store.book(paid, [*said, outcome("H-1", "held"), outcome("H-2", "carried")])
        back = {"kind": "reversal", "reason": "退票", "document_no": "1号", "reversal_no": 1}
        store.book(
            [
                {**paid[0], **back, "refers_to": 1, "paid_fen": -100},
                {**paid[1], **back, "refers_to": 2, "paid_fen": -50},
            ],
            [],
        )
        store.book(
            [{**paid[0], "generation": 2, "pays_again": 1}], [outcome("A-000000", "paid"), outcome("H-2", "rejected")]
        )


def test_every_earlier_revision_is_upgraded_here() -> None:
    assert REVISIONS[:-1] == tuple(FORM), "a test for the new revision belongs here"


@pytest.mark.parametrize("revision", FORM)
@pytest.mark.parametrize("how", [{"create": True}, {"create": False, "update": True}], ids=["to book", "to calculate"])
def test_everything_is_kept(url: str, revision: str, how: dict[str, bool]) -> None:
    booked_at(url, revision)
    with pytest.raises(Refused, match=r"旧版本.*disburse run"):
        open_store(url, create=False)
    store = open_store(url, **how)
    booked = store.booked()
    assert booked["application_no"].tolist() == ["A-000000", "A-000001", "A-000002", "A-000000"]
    assert booked["paid_fen"].tolist() == [100, 200, 300, 100]
    assert booked["net_fen"].tolist() == [0, 150, 300, 100]
    assert store.open_items()["application_no"].tolist() == ["H-1"]
    assert store.head().sequence == 3
    _sound(url, store)


def test_what_is_not_there_is_not_made_by_calculating(tmp_path: Path) -> None:
    assert open_store(f"sqlite:///{tmp_path / 'none.db'}", create=False, update=True).head().sequence == 0
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("revision", FORM)
def test_what_is_booked_afterwards_goes_on_from_there(url: str, revision: str) -> None:
    booked_at(url, revision)
    store = open_store(url, create=True)
    reverse(url, 6, 100)
    book(store, booking(1, "A"), "third time")
    with past(url) as other:
        ((generation, again),) = other.execute("SELECT generation, pays_again FROM posting WHERE id = 8")
    assert (generation, again) == (3, 6)
    assert store.booked()["net_fen"].tolist() == [0, 150, 300, 0, 5_000]


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
        assert [*faults(connection, [store.head()], lambda _: None)] == []


def _sound(url: str, store: Store) -> None:
    """The chain holds in the forms the batches were booked in, and what is derived is as if made anew."""
    with past(url) as other:
        previous = GENESIS
        for row in other.execute(f"SELECT {', '.join(BATCH_FIELDS)} FROM batch ORDER BY batch_no"):
            batch = dict(zip(BATCH_FIELDS, row, strict=True))
            fields = POSTING_FIELDS_OF[batch["form"]]
            of = f"WHERE batch_no = {batch['batch_no']} ORDER BY line"
            postings = [list(each) for each in other.execute(f"SELECT {', '.join(fields)} FROM posting {of}")]
            outcomes = [list(each) for each in other.execute(f"SELECT {', '.join(OUTCOME_FIELDS)} FROM outcome {of}")]
            previous = batch_hash(previous, batch, postings, outcomes)
        assert previous == store.head().hash
        assert list(differences(other.connection)) == []
