"""What was paid, asked by whoever wants to know: every line as it was booked, with what is left of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import ColumnElement, and_, case, func, or_, select, true

from disburse.store.net import NET_FEN
from disburse.store.schema import batch, open_item, outcome, posting
from disburse.store.seals import streamed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection, Result, Select, Table

LINES = (
    "batch", "line", "kind", "pay_date", "application_no", "instalment", "measure", "article", "fund", "uscc",
    "applicant_name", "subject_no", "subject_name", "carrier_no", "matter_no", "evidence_nos", "town", "bureau",
    "event_date", "approved_fen", "paid_fen", "net_fen", "payee_name", "bank_name", "cnaps", "account_no", "payee_type",
    "reason", "document_no", "refers_to_batch", "refers_to_line",
)  # fmt: skip
"""What is told of a line. paid_fen: below 0 for a reversal; net_fen: what is left of a payment, None for a reversal;
refers_to: batch and line that a reversal takes back, or that a payment made again (补发) follows."""

OPEN_ITEMS = (
    "batch", "status", "application_no", "instalment", "measure", "uscc", "applicant_name", "bureau", "approved_fen", "reasons",
)  # fmt: skip


@dataclass(frozen=True)
class Asked:
    """Which lines. None asks nothing; several are asked together.

    enterprise   a credit code, or part of a name
    month        of the pay date, or of the day the money came back
    """

    enterprise: str | None = None
    measure: str | None = None
    subject: str | None = None
    batch: str | None = None
    month: str | None = None
    application: str | None = None

    def of(self, table: Table) -> ColumnElement[bool]:
        """The condition on lines (posting) or rows (outcome), the batch joined to them."""
        told: list[ColumnElement[bool]] = []
        if self.enterprise is not None:
            name = table.c.applicant_name.contains(self.enterprise, autoescape=True)
            told.append(or_(table.c.uscc == self.enterprise.upper(), name))
        if self.measure is not None:
            told.append(table.c.measure == self.measure)
        if self.subject is not None:
            named = table.c.subject_name.contains(self.subject, autoescape=True)
            told.append(or_(table.c.subject_no == self.subject, named))
        if self.batch is not None:
            told.append(batch.c.batch == self.batch)
        if self.month is not None:
            told.append((table if "month" in table.c else batch).c.month == self.month)
        if self.application is not None:
            told.append(table.c.application_no == self.application)
        return and_(true(), *told)


class Totals(NamedTuple):
    """Of the lines asked for, in fen: how many payments and what they paid, how many reversals and what came back."""

    payments: int
    paid_fen: int
    reversals: int
    back_fen: int

    @property
    def net_fen(self) -> int:
        return self.paid_fen + self.back_fen


def lines(connection: Connection, asked: Asked) -> Iterator[dict[str, Any]]:
    """The lines in booking order, LINES of each; never all of them in memory."""
    yield from _told(streamed(connection, _lines(asked)))


def totals(connection: Connection, asked: Asked) -> Totals:
    """What the lines asked for come to."""
    back = posting.c.kind == "reversal"
    query = (
        select(
            func.count().filter(~back),
            func.coalesce(func.sum(posting.c.paid_fen).filter(~back), 0),
            func.count().filter(back),
            func.coalesce(func.sum(posting.c.paid_fen).filter(back), 0),
        )
        .join_from(posting, batch, batch.c.batch_no == posting.c.batch_no)
        .where(asked.of(posting))
    )
    return Totals(*map(int, connection.execute(query).one()))


def open_items(connection: Connection, asked: Asked) -> Iterator[dict[str, Any]]:
    """Held and carried rows that no later batch has taken up, OPEN_ITEMS of each."""
    elsewhere: dict[str, ColumnElement[Any]] = {
        "batch": batch.c.batch,
        "approved_fen": outcome.c.approved_amount_fen.label("approved_fen"),
    }
    query = (
        select(*(elsewhere[name] if name in elsewhere else outcome.c[name] for name in OPEN_ITEMS))
        .join_from(
            open_item, outcome, (outcome.c.batch_no == open_item.c.batch_no) & (outcome.c.line == open_item.c.line)
        )
        .join(batch, batch.c.batch_no == outcome.c.batch_no)
        .where(asked.of(outcome))
        .order_by(outcome.c.batch_no, outcome.c.line)
    )
    yield from _told(streamed(connection, query))


def _lines(asked: Asked) -> Select[Any]:
    old, old_batch = posting.alias("old"), batch.alias("old_batch")
    elsewhere: dict[str, ColumnElement[Any]] = {
        "batch": batch.c.batch,
        "approved_fen": posting.c.approved_amount_fen.label("approved_fen"),
        "net_fen": case((posting.c.kind != "reversal", NET_FEN)).label("net_fen"),
        "refers_to_batch": old_batch.c.batch.label("refers_to_batch"),
        "refers_to_line": old.c.line.label("refers_to_line"),
    }
    joined = (
        posting.join(batch, batch.c.batch_no == posting.c.batch_no)
        .outerjoin(old, old.c.id == func.coalesce(posting.c.refers_to, posting.c.pays_again))
        .outerjoin(old_batch, old_batch.c.batch_no == old.c.batch_no)
    )
    columns = [elsewhere[name] if name in elsewhere else posting.c[name] for name in LINES]
    return select(*columns).select_from(joined).where(asked.of(posting)).order_by(posting.c.id)


def _told(rows: Result[Any]) -> Iterator[dict[str, Any]]:
    names = [*rows.keys()]
    for row in rows:
        yield dict(zip(names, row, strict=True))
