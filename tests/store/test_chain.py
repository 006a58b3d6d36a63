"""The hash of a batch covers all it says, and can be calculated again from the file alone."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

import pytest

from disburse.store import open_store
from disburse.store.chain import BATCH_FIELDS, OUTCOME_FIELDS, POSTING_FIELDS, batch_hash
from disburse.store.schema import GENESIS, batch, outcome, posting
from tests.store.runs import book, booking, lines, outcomes, past

if TYPE_CHECKING:
    from pathlib import Path

    from disburse.store import Store


def rows(url: str, table: str, fields: tuple[str, ...], batch_no: int) -> list[list[Any]]:
    with past(url) as other:
        order = "" if table == "batch" else "ORDER BY line"
        query = f"SELECT {', '.join(fields)} FROM {table} WHERE batch_no = :batch_no {order}"
        return [list(row) for row in other.execute(query, batch_no=batch_no)]


def test_every_column_is_covered() -> None:
    assert {*BATCH_FIELDS, "hash", "previous_hash"} == set(batch.c.keys())
    assert list(POSTING_FIELDS) == posting.c.keys()
    assert list(OUTCOME_FIELDS) == outcome.c.keys()


def test_it_is_what_the_description_says(store: Store, url: str) -> None:
    held = outcomes(lines(1, "H"), "held")
    receipts = [book(store, booking(2, "A", 5, held)), book(store, booking(3, "B"), "second", reviewed_by="王五")]
    previous = GENESIS
    for receipt in receipts:
        (told,) = rows(url, "batch", BATCH_FIELDS, receipt.sequence)
        head = {
            "previous": previous, "batch": dict(zip(BATCH_FIELDS, told, strict=True)),
            "posting": POSTING_FIELDS, "outcome": OUTCOME_FIELDS,
        }  # fmt: skip
        said = [
            head,
            *rows(url, "posting", POSTING_FIELDS, receipt.sequence),
            *rows(url, "outcome", OUTCOME_FIELDS, receipt.sequence),
        ]
        text = "".join(
            json.dumps(one, ensure_ascii=False, sort_keys=True, separators=(",", ":")) + "\n" for one in said
        )
        assert hashlib.sha256(text.encode()).hexdigest() == receipt.head
        previous = receipt.head
    assert store.head().hash == previous


def test_any_change_changes_it(store: Store, url: str) -> None:
    book(store, booking(2, "A", [5, 6], outcomes(lines(1, "H"), "held")))
    told = dict(zip(BATCH_FIELDS, rows(url, "batch", BATCH_FIELDS, 1)[0], strict=True))
    postings = rows(url, "posting", POSTING_FIELDS, 1)
    answers = rows(url, "outcome", OUTCOME_FIELDS, 1)
    seen = {batch_hash(GENESIS, told, postings, answers), batch_hash("1" * 64, told, postings, answers)}
    variants = 2
    for name in told:
        seen.add(batch_hash(GENESIS, {**told, name: "x"}, postings, answers))
        variants += 1
    for kind in (postings, answers):
        for i, row in enumerate(kind):
            for j in range(len(row)):
                changed = [*kind[:i], [*row[:j], "x", *row[j + 1 :]], *kind[i + 1 :]]
                both = (changed, answers) if kind is postings else (postings, changed)
                seen.add(batch_hash(GENESIS, told, *both))
                variants += 1
        fewer, swapped = kind[:-1], kind[::-1]
        for changed in (fewer, swapped):
            both = (changed, answers) if kind is postings else (postings, changed)
            seen.add(batch_hash(GENESIS, told, *both))
            variants += 1
    assert len(seen) == variants


@pytest.mark.parametrize("text", ["", "  两边有空 ", "引号\"'\\", "换\n行", "𠮷东", "=1+1"])
def test_text_is_kept_to_the_letter(store: Store, url: str, text: str) -> None:
    paid = booking(1)
    paid.lines["applicant_name"] = text
    receipt = book(store, paid)
    assert store.booked()["applicant_name"].tolist() == [text]
    (told,) = rows(url, "batch", BATCH_FIELDS, 1)
    again = batch_hash(
        GENESIS,
        dict(zip(BATCH_FIELDS, told, strict=True)),
        rows(url, "posting", POSTING_FIELDS, 1),
        rows(url, "outcome", OUTCOME_FIELDS, 1),
    )
    assert again == receipt.head


def test_the_same_bookings_make_the_same_chain(store: Store, tmp_path: Path) -> None:
    other = open_store(f"sqlite:///{tmp_path / 'other.db'}", create=True)
    for each in (store, other):
        book(each, booking(2))
        book(each, booking(2, "B"), "second")
    assert store.head() == other.head()
