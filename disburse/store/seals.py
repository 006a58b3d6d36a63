"""The seals of a batch's lines: written with it, and made for batches from before there were any."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import insert, select

from disburse.store.chain import OUTCOME_FIELDS, POSTING_FIELDS_OF, Hashing
from disburse.store.schema import batch, outcome, posting, seal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection, Result, Select

    Batch = dict[str, Any]

CHUNK = 1_000
"""Lines that are in memory at once."""


def streamed(connection: Connection, query: Select[Any]) -> Result[Any]:
    """The rows of a query as they are asked for, CHUNK in memory at a time."""
    return connection.execute(query, execution_options={"yield_per": CHUNK})


def batches(connection: Connection) -> Iterator[Batch]:
    """Every batch in its order, all columns by name."""
    for told in connection.execute(select(batch).order_by(batch.c.batch_no)).mappings().all():
        yield {column.name: told[column] for column in batch.c}


def postings_of(connection: Connection, told: Batch) -> Iterator[tuple[Any, ...]]:
    """The postings of a batch by line, as its hash takes them in."""
    fields = POSTING_FIELDS_OF[told["form"]]
    query = select(*(posting.c[name] for name in fields)).where(posting.c.batch_no == told["batch_no"])
    yield from map(tuple, streamed(connection, query.order_by(posting.c.line)))


def outcomes_of(connection: Connection, told: Batch) -> Iterator[tuple[Any, ...]]:
    """The outcomes of a batch by line, as its hash takes them in."""
    query = select(*(outcome.c[name] for name in OUTCOME_FIELDS)).where(outcome.c.batch_no == told["batch_no"])
    yield from map(tuple, streamed(connection, query.order_by(outcome.c.line)))


def write_seals(connection: Connection, batch_no: object, postings: bytes, outcomes: bytes) -> None:
    """Keep the seals of a batch just written."""
    connection.execute(insert(seal).values(batch_no=batch_no, postings=postings, outcomes=outcomes))


def fill(connection: Connection) -> None:
    """Make the seals of the batches that have none."""
    sealed = {*connection.execute(select(seal.c.batch_no)).scalars()}
    for told in batches(connection):
        if told["batch_no"] in sealed:
            continue
        hashing = Hashing(told["previous_hash"], told)
        lines = b"".join(map(hashing.add, postings_of(connection, told)))
        write_seals(connection, told["batch_no"], lines, b"".join(map(hashing.add, outcomes_of(connection, told))))
