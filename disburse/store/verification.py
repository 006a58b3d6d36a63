"""The chain walked from the first batch to the last: whether what is there is what was booked, and where it is not.

Every batch is hashed again from its lines as they are now. What a chain cannot show by itself, its own end cut off, is shown
by the head that a receipt printed: see docs/audit.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select

from disburse.language import say
from disburse.money import yuan
from disburse.store.chain import BATCH_FIELDS, OUTCOME_FIELDS, POSTING_FIELDS, batch_hash
from disburse.store.history import streamed
from disburse.store.ledger import head_of
from disburse.store.schema import GENESIS, batch, outcome, posting

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from sqlalchemy import Connection, RowMapping, Table

    from disburse.store.booking import Head


@dataclass(frozen=True)
class Fault:
    """One place where the book is not what was booked. line and application_no where they are known."""

    batch: str
    said: str
    line: int | None = None
    application_no: str = ""


def faults(connection: Connection, heads: Sequence[Head], progress: Callable[[str], None]) -> Iterator[Fault]:
    """Everything that is wrong with the book, in its order; nothing when it is whole.

    heads  ends of the chain as receipts printed them; a hash may be only its beginning
    """
    yield from _walk(connection, heads, progress)
    yield from _strays(connection)
    yield from _overdrawn(connection)


def _walk(connection: Connection, heads: Sequence[Head], progress: Callable[[str], None]) -> Iterator[Fault]:
    """Batch after batch: each follows the one before, and its hash is that of its content."""
    wanted = {head.sequence: head for head in heads}
    end = head_of(connection)
    previous, sequence = GENESIS, 0
    for told in _batches(connection):
        name = told["batch"]
        sequence += 1
        progress(say(f"核对 {name}", f"Verifying {name}"))
        if told["batch_no"] != sequence:
            yield Fault(name, say(f"它之前缺少第 {sequence} 批", f"batch number {sequence} before it is missing"))
            sequence = told["batch_no"]
        elif told["previous_hash"] != previous:
            yield Fault(name, say("与前一批接不上（前一批或次序被改）", "does not follow the batch before it"))
        yield from _batch(connection, told)
        known = wanted.pop(sequence, None)
        if known and not told["hash"].startswith(known.hash):
            yield Fault(name, _other_head(known, told["hash"]))
        previous = told["hash"]
    if (end.sequence, end.hash) != (sequence, previous):
        yield Fault("", _cut_off(sequence, end.sequence))
    for head in wanted.values():
        if head.sequence == 0:
            continue
        yield Fault("", _cut_off(sequence, head.sequence))


def _other_head(known: Head, found: str) -> str:
    return say(
        f"第 {known.sequence} 批的链首与回执不同：回执 {known.hash}，账簿 {found}",
        f"the head of batch number {known.sequence} differs: receipt {known.hash}, book {found}",
    )


def _cut_off(found: int, expected: int) -> str:
    return say(
        f"账簿到第 {found} 批为止，应到第 {expected} 批：末尾被删去，或换成了旧的账簿",
        f"the book ends with batch number {found}, expected {expected}: its end was cut off, or an old book put in its place",
    )


def _batches(connection: Connection) -> Sequence[RowMapping]:
    return connection.execute(select(batch).order_by(batch.c.batch_no)).mappings().all()


def _batch(connection: Connection, told: RowMapping) -> Iterator[Fault]:
    """One batch: its lines are numbered without a gap, add up to its totals, and give its hash."""
    lines = _Lines(connection, posting, POSTING_FIELDS, told)
    rows = _Lines(connection, outcome, OUTCOME_FIELDS, told)
    found = batch_hash(told["previous_hash"], {name: told[name] for name in BATCH_FIELDS}, iter(lines), iter(rows))
    if found == told["hash"]:
        return
    named = [*lines.gaps(told["lines"]), *rows.gaps(told["outcomes"])]
    if lines.total_fen != told["total_fen"]:
        difference = yuan(lines.total_fen - told["total_fen"], thousands=True)
        named.append(
            Fault(
                told["batch"],
                say(
                    f"各笔合计 {yuan(lines.total_fen, thousands=True)} 元，记账时 {yuan(told['total_fen'], thousands=True)} 元，"
                    f"相差 {difference} 元",
                    f"its lines come to {yuan(lines.total_fen, thousands=True)} yuan, {yuan(told['total_fen'], thousands=True)} "
                    f"were booked, difference {difference}",
                ),
            )
        )
    yield Fault(told["batch"], say("内容与记账时不同（校验码不符）", "is not what was booked (its hash differs)"))
    yield from named


class _Lines:
    """The postings or outcomes of a batch on their way through the hash; only their numbers and sum are remembered."""

    def __init__(self, connection: Connection, table: Table, fields: Sequence[str], told: RowMapping) -> None:
        self.connection = connection
        self.table = table
        self.fields = fields
        self.told = told
        self.missing: list[range] = []
        self.last = 0
        self.total_fen = 0

    def __iter__(self) -> Iterator[tuple[Any, ...]]:
        columns = [self.table.c[name] for name in self.fields]
        query = select(*columns).where(self.table.c.batch_no == self.told["batch_no"]).order_by(self.table.c.line)
        at, paid = self.fields.index("line"), self.fields.index("paid_fen") if self.table is posting else None
        for row in streamed(self.connection, query):
            if row[at] > self.last + 1:
                self.missing.append(range(self.last + 1, row[at]))
            self.last = row[at]
            self.total_fen += row[paid] if paid is not None else 0
            yield tuple(row)

    def gaps(self, expected: int) -> Iterator[Fault]:
        """Lines that are not there, and lines beyond the last one."""
        zh, en = ("笔", "line") if self.table is posting else ("行结果", "outcome")
        for lines in [*self.missing, range(self.last + 1, expected + 1)]:
            if lines:
                yield Fault(
                    self.told["batch"],
                    say(f"第 {_span(lines)} {zh}不见了", f"{en} {_span(lines)} is missing"),
                    lines[0],
                )
        if self.last > expected:
            more = range(expected + 1, self.last + 1)
            yield Fault(
                self.told["batch"], say(f"第 {_span(more)} {zh}是后加的", f"{en} {_span(more)} was added"), more[0]
            )


def _span(lines: range) -> str:
    return str(lines[0]) if len(lines) == 1 else f"{lines[0]}–{lines[-1]}"


def _strays(connection: Connection) -> Iterator[Fault]:
    """Lines and outcomes of batches that are not there."""
    for table, zh, en in ((posting, "拨付", "line"), (outcome, "结果", "outcome")):
        query = (
            select(table.c.batch_no, table.c.line, table.c.application_no)
            .join_from(table, batch, batch.c.batch_no == table.c.batch_no, isouter=True)
            .where(batch.c.batch_no.is_(None))
            .order_by(table.c.batch_no, table.c.line)
        )
        for row in streamed(connection, query):
            what = say(
                f"{zh}所属的第 {row.batch_no} 批不存在",
                f"the {en} belongs to batch number {row.batch_no}, which is not there",
            )
            yield Fault("", what, row.line, row.application_no)


def _overdrawn(connection: Connection) -> Iterator[Fault]:
    """Payments of which more was taken back than was paid."""
    back = posting.alias("back")
    query = (
        select(
            batch.c.batch,
            posting.c.line,
            posting.c.application_no,
            (posting.c.paid_fen + func.sum(back.c.paid_fen)).label("net"),
        )
        .join_from(back, posting, posting.c.id == back.c.refers_to)
        .join(batch, batch.c.batch_no == posting.c.batch_no)
        .group_by(posting.c.id, batch.c.batch, posting.c.line, posting.c.application_no, posting.c.paid_fen)
        .having(posting.c.paid_fen + func.sum(back.c.paid_fen) < 0)
        .order_by(posting.c.id)
    )
    for row in streamed(connection, query):
        net = yuan(int(row.net), thousands=True)
        yield Fault(
            row.batch,
            say(f"冲正多于拨付，净额 {net} 元", f"more was taken back than paid, net {net} yuan"),
            row.line,
            row.application_no,
        )
