"""What was paid before the program came: opening lines (期初) that count like any other and begin, or join, the chain."""

from __future__ import annotations

import json
from datetime import date
from hashlib import sha256
from itertools import count
from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import select, tuple_

from disburse.store.chain import POSTING_FIELDS
from disburse.store.frames import LINES, to_columns
from disburse.store.ledger import Entry, receipt_of
from disburse.store.net import IS_PAID, NET_FEN
from disburse.store.schema import batch, posting

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    import pandas as pd
    from sqlalchemy import Connection

    from disburse.store.booking import Receipt, Signatures
    from disburse.store.ledger import Store

SERIES = "期初"
"""What batches of opening lines are numbered in."""

TOLD = {**LINES, "pay_date": "datetime64[s]", "document_no": "str"}
"""What is told of an opening line: as of a payment, and when and on which paper it was paid."""

AT_ONCE = 500
"""Pairs that are looked up with one query."""


class Paid(NamedTuple):
    """A pair that stands in the book already."""

    batch: str
    net_fen: int


def bring_forward(
    store: Store,
    lines: pd.DataFrame,
    policy_sha256: str,
    signatures: Signatures,
    refuse: Callable[[dict[tuple[str, int], Paid]], Exception],
) -> Receipt:
    """Book opening lines once and for all, all of them or none.

    lines   TOLD of each, in any order; the same lines again are not booked again: their receipt comes back, `already`
    refuse  makes the error for pairs of application and instalment that are booked already
    """
    said = sorted(zip(*to_columns(lines, TOLD), strict=True), key=_in_order)
    run_hash = sha256(json.dumps([SERIES, said], ensure_ascii=False).encode()).hexdigest()
    with store.writing() as connection:
        earlier = receipt_of(connection, run_hash)
        if earlier:
            return earlier
        paid = _paid(connection, [(str(row[_APPLICATION]), int(str(row[_INSTALMENT]))) for row in said])
        if paid:
            raise refuse(paid)
        entry = Entry(connection, run_hash, SERIES, max(date.fromisoformat(str(row[_DAY])) for row in said), signatures)
        numbered = zip(said, count(entry.last_id + 1), count(1), strict=False)  # the numbers never end
        return entry.append([_posting(entry, *each) for each in numbered], [], policy_sha256)


_NAMES = tuple(TOLD)
_APPLICATION, _INSTALMENT, _DAY = (_NAMES.index(name) for name in ("application_no", "instalment", "pay_date"))


def _in_order(row: tuple[object, ...]) -> tuple[str, str, int]:
    return str(row[_DAY]), str(row[_APPLICATION]), int(str(row[_INSTALMENT]))


def _posting(entry: Entry, row: tuple[object, ...], number: int, line: int) -> tuple[object, ...]:
    known: dict[str, object] = {
        **dict(zip(_NAMES, row, strict=True)),
        "id": number,
        "batch_no": entry.batch["batch_no"],
        "line": line,
        "kind": "opening",
        "refers_to": None,
        "reversal_no": None,
        "generation": 1,
        "month": str(row[_DAY])[:7],
        "reason": "",
        "pays_again": None,
    }
    return tuple(known[name] for name in POSTING_FIELDS)


def _paid(connection: Connection, pairs: Sequence[tuple[str, int]]) -> dict[tuple[str, int], Paid]:
    """Which of the pairs have a payment or opening line, with what is left of the last one."""
    found: dict[tuple[str, int], Paid] = {}
    for some in _chunks(pairs):
        query = (
            select(posting.c.application_no, posting.c.instalment, batch.c.batch, NET_FEN)
            .join(batch, batch.c.batch_no == posting.c.batch_no)
            .where(IS_PAID, tuple_(posting.c.application_no, posting.c.instalment).in_(some))
            .order_by(posting.c.id)
        )
        for application_no, instalment, name, net in connection.execute(query):
            found[application_no, instalment] = Paid(name, int(net))
    return found


def _chunks(pairs: Sequence[tuple[str, int]]) -> Iterable[Sequence[tuple[str, int]]]:
    return (pairs[at : at + AT_ONCE] for at in range(0, len(pairs), AT_ONCE))
