"""The database refuses by itself, whoever asks: tried with plain SQL, past the program."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy.exc import DataError, IntegrityError, ProgrammingError

from tests.store.runs import Past, book, booking, lines, outcomes, past, reverse

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from disburse.store import Store

REFUSED = (IntegrityError, DataError, ProgrammingError)
"""PostgreSQL calls a value of another type by other names."""
UNIQUE = "(?i)unique"
FRACTION = "1.5"
"""As text: a number PostgreSQL would round on its way into a column of whole ones."""


@pytest.fixture
def file(store: Store, url: str) -> Iterator[Past]:
    """A store with one booked batch of three lines and one held row, and a transaction begun by hand."""
    book(store, booking(3, "A", 100, outcomes(lines(1, "H"), "held")))
    with past(url) as other:
        yield other


@pytest.mark.parametrize("table", ["batch", "posting", "outcome"])
def test_what_is_booked_stays(file: Past, table: str) -> None:
    columns = file.columns(table)
    for column in columns:
        with pytest.raises(REFUSED, match="append-only"):
            file.execute(f"UPDATE {table} SET {column} = {column}")
    with pytest.raises(REFUSED, match="append-only"):
        file.execute(f"DELETE FROM {table}")
    if file.connection.dialect.name == "postgresql":
        with pytest.raises(REFUSED, match="append-only"):
            file.execute(f"TRUNCATE {table} CASCADE")


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM head",
        "UPDATE head SET sequence = 0",
        "UPDATE head SET sequence = 2",
        "UPDATE head SET hash = upper(hash)",
        "INSERT INTO head VALUES (2, 0, '')",
        "INSERT INTO head VALUES (1, 0, '')",
    ],
)
def test_the_head_moves_only_with_a_whole_batch(file: Past, statement: str) -> None:
    with pytest.raises(REFUSED):
        file.execute(statement)


@pytest.mark.parametrize("claimed", [{"lines": 1}, {"total_fen": 1}, {"outcomes": 1}, {"hash": "f" * 64}])
def test_the_head_passes_no_batch_that_lacks_lines(file: Past, claimed: dict[str, Any]) -> None:
    file.next_batch(**claimed)
    with pytest.raises(REFUSED, match="no whole batch"):
        file.execute("UPDATE head SET sequence = 2, hash = :hash", hash=f"{2:064}")


def test_a_batch_like_the_program_writes_is_taken(file: Past) -> None:
    file.next_batch(reviewed_by="王五")
    file.execute("UPDATE head SET sequence = 2, hash = :hash", hash=f"{2:064}")


@pytest.mark.parametrize(
    "changed",
    [
        {"approved_by": "张三"},
        {"reviewed_by": "张三"},
        {"reviewed_by": "李四"},
        {"reviewed_by": " "},
        {"prepared_by": ""},
        {"approved_by": None},
        {"batch_no": 3},
        {"batch_no": 1},
        {"number": 1, "batch": "2025-06-1"},
        {"batch": "2025-06-1"},
        {"batch": "2025-06-9"},
        {"previous_hash": "0" * 64},
        {"hash": "short"},
        {"run_hash": "short"},
        {"total_fen": FRACTION},
        {"total_fen": "many"},
    ],
)
def test_a_faulty_batch_is_refused(file: Past, changed: dict[str, Any]) -> None:
    with pytest.raises(REFUSED):
        file.next_batch(**changed)


@pytest.mark.parametrize("name", ["run_hash", "hash"])
def test_no_hash_stands_twice(file: Past, name: str) -> None:
    ((taken,),) = file.execute(f"SELECT {name} FROM batch")
    with pytest.raises(REFUSED, match=UNIQUE):
        file.next_batch(**{name: taken})


FRESH = {"id": 4, "batch_no": 2, "line": 1, "application_no": "NEW"}


def test_a_payment_like_the_program_writes_is_taken(file: Past) -> None:
    file.next_batch()
    file.copy("posting", "id = 1", **FRESH)


@pytest.mark.parametrize(
    "changed",
    [
        {"paid_fen": 0},
        {"paid_fen": -100},
        {"paid_fen": FRACTION},
        {"paid_fen": "100 元"},
        {"paid_fen": None},
        {"paid_fen": 108},
        {"kind": "gift"},
        {"kind": "opening", "paid_fen": 0},
        {"kind": "reversal"},
        {"refers_to": 1},
        {"event_date": None},
        {"application_no": ""},
        {"application_no": "A-000000"},
        {"application_no": "A-000000", "kind": "opening"},
        {"application_no": "A-000000", "generation": 2},
        {"generation": 2},
        {"generation": 0},
        {"pays_again": 1},
        {"application_no": "A-000000", "generation": 2, "pays_again": 1},
        {"instalment": 0},
        {"uscc": None},
        {"batch_no": 1, "line": 9},
        {"batch_no": 9},
        {"id": 9},
        {"id": 1},
    ],
)
def test_a_faulty_payment_is_refused(file: Past, changed: dict[str, Any]) -> None:
    file.next_batch()
    with pytest.raises(REFUSED):
        file.copy("posting", "id = 1", **{**FRESH, **changed})


def test_a_line_number_stands_once(file: Past) -> None:
    file.next_batch()
    file.copy("posting", "id = 1", **FRESH)
    with pytest.raises(REFUSED, match=UNIQUE):
        file.copy("posting", "id = 1", **{**FRESH, "id": 5, "application_no": "NEWER"})


def test_replacing_is_no_way_round(store: Store, path: Path, file: Past) -> None:
    file.next_batch()
    for statement in ("INSERT OR REPLACE INTO posting SELECT * FROM posting WHERE id = 1",
                      "INSERT OR REPLACE INTO batch SELECT * FROM batch WHERE batch_no = 1"):  # fmt: skip
        with pytest.raises(REFUSED, match="does not follow"):
            file.execute(statement)


BACK = {
    "id": 4, "batch_no": 2, "line": 1, "kind": "reversal", "refers_to": 1, "reversal_no": 1, "paid_fen": -60,
    "reason": "退票", "document_no": "银退1号",
}  # fmt: skip


def test_reversals_are_taken_up_to_what_was_paid(file: Past) -> None:
    file.next_batch()
    file.copy("posting", "id = 1", **BACK)
    file.copy("posting", "id = 1", **{**BACK, "id": 5, "line": 2, "reversal_no": 2, "paid_fen": -40})
    with pytest.raises(REFUSED, match="more than is left"):
        file.copy("posting", "id = 1", **{**BACK, "id": 6, "line": 3, "reversal_no": 3, "paid_fen": -1})


def test_a_payment_after_a_full_reversal_names_the_line_it_stands_for(store: Store, url: str) -> None:
    book(store, booking(2, "A", 100))
    reverse(url, 1, 100)
    with past(url) as other:
        other.next_batch()
        again = {"id": 4, "batch_no": 3, "line": 1, "generation": 2}
        for wrong in (None, 2, 3, 4):
            with pytest.raises(REFUSED, match="paid before and not taken back"):
                other.copy("posting", "id = 1", **again, pays_again=wrong)
        other.copy("posting", "id = 1", **again, pays_again=1)


@pytest.mark.parametrize(
    "changed",
    [
        {"paid_fen": -101},
        {"paid_fen": 60},
        {"paid_fen": 0},
        {"refers_to": None},
        {"refers_to": 77},
        {"refers_to": 2},
        {"reversal_no": None},
        {"reversal_no": 0},
        {"reason": ""},
        {"document_no": ""},
        {"instalment": 2},
    ],
)
def test_a_faulty_reversal_is_refused(file: Past, changed: dict[str, Any]) -> None:
    file.next_batch()
    with pytest.raises(REFUSED):
        file.copy("posting", "id = 1", **{**BACK, **changed})


def test_a_reversal_number_stands_once(file: Past) -> None:
    file.next_batch()
    file.copy("posting", "id = 1", **BACK)
    with pytest.raises(REFUSED, match=UNIQUE):
        file.copy("posting", "id = 1", **{**BACK, "id": 5, "line": 2, "paid_fen": -1})


def test_a_reversal_is_not_reversed(store: Store, url: str) -> None:
    book(store, booking(1))
    reverse(url, 1, 10)
    with pytest.raises(REFUSED, match="more than is left"):
        reverse(url, 2, 5)


@pytest.mark.parametrize(
    "changed", [{"status": "forgotten"}, {"batch_no": 1, "line": 9}, {"batch_no": 9}, {"application_no": ""}]
)
def test_a_faulty_outcome_is_refused(file: Past, changed: dict[str, Any]) -> None:
    file.next_batch()
    with pytest.raises(REFUSED):
        file.copy("outcome", "line = 1", **{"batch_no": 2, **changed})


def test_a_pair_is_open_once_per_batch(file: Past) -> None:
    file.next_batch()
    file.copy("outcome", "status = 'held' AND batch_no = 1", batch_no=2, line=1)
    with pytest.raises(REFUSED, match=UNIQUE):
        file.copy("outcome", "status = 'held' AND batch_no = 1", batch_no=2, line=2)
