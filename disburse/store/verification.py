"""The chain walked from the first batch to the last: whether what is there is what was booked, and where it is not.

Every batch is hashed again from its lines as they are now, and everything derived from the lines is made again and compared.
What a chain cannot show by itself, its own end cut off, the head on a receipt shows: see docs/store.md.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from itertools import chain, islice
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select

from disburse.language import say
from disburse.money import yuan
from disburse.store import derived
from disburse.store.chain import OUTCOME_FIELDS, POSTING_FIELDS, POSTING_FIELDS_OF, SEAL, Hashing
from disburse.store.ledger import head_of
from disburse.store.net import IS_PAID, NET_FEN
from disburse.store.schema import GENESIS, batch, outcome, posting, seal
from disburse.store.seals import batches, outcomes_of, postings_of, streamed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from sqlalchemy import Connection, Select

    from disburse.store.booking import Head
    from disburse.store.seals import Batch

NAMED = 20
"""Places of one kind in one batch that are named; of the rest only the number is said."""


@dataclass(frozen=True)
class Fault:
    """One place where the book is not what was booked. batch "", line None and application_no "" where they are not known."""

    said: str
    batch: str = ""
    line: int | None = None
    application_no: str = ""


def faults(connection: Connection, heads: Sequence[Head], progress: Callable[[str], None]) -> Iterator[Fault]:
    """Everything that is wrong with the book, in its order; nothing when it is whole.

    heads  ends of the chain as receipts printed them; a hash may be only its beginning
    """
    broken = [*_walk(connection, heads, progress), *_strays(connection), *_overdrawn(connection)]
    yield from broken
    if not broken:  # what is derived from lines that are wrong says nothing
        progress(say("核对余额", "Verifying the balances"))
        yield from _derived(connection)


def _walk(connection: Connection, heads: Sequence[Head], progress: Callable[[str], None]) -> Iterator[Fault]:
    """Batch after batch: each follows the one before, and its hash is that of its content."""
    wanted = {head.sequence: head for head in heads}
    previous, sequence = GENESIS, 0
    for told in batches(connection):
        progress(say(f"核对 {told['batch']}", f"Verifying {told['batch']}"))
        sequence += 1
        if told["batch_no"] != sequence:
            yield Fault(_missing(sequence, told["batch_no"] - 1), told["batch"])
            sequence = told["batch_no"]
        elif told["previous_hash"] != previous:
            said = say("接不上前一批：前一批、次序或本批所记的前批校验码被改过", "does not follow the batch before it")
            yield Fault(said, told["batch"])
        yield from _batch(connection, told)
        known = wanted.pop(sequence, None)
        if known and not told["hash"].startswith(known.hash):
            yield Fault(_other_head(known, told["hash"]), told["batch"])
        previous = told["hash"]
    end = head_of(connection)
    if (end.sequence, end.hash) != (sequence, previous):
        yield Fault(_cut_off(sequence, end.sequence, say("账簿自记的链首", "the book's own head")))
    for head in wanted.values():
        yield Fault(_cut_off(sequence, head.sequence, say("回执上的链首", "the head of the receipt")))


def _missing(first: int, last: int) -> str:
    which = str(first) if first == last else f"{first}–{last}"
    return say(f"在它之前缺少序号 {which} 的批次", f"batch number {which} before it is missing")


def _other_head(known: Head, found: str) -> str:
    return say(
        f"链首与回执不同：回执 {known.sequence} {known.hash}，账簿 {found}",
        f"its head differs: receipt {known.sequence} {known.hash}, book {found}",
    )


def _cut_off(found: int, expected: int, by: str) -> str:
    return say(
        f"账簿现有 {found} 批，与{by}（序号 {expected}）不符：末尾被删改，或换成了另一个账簿",
        f"the book has {found} batches, which does not agree with {by} (number {expected}): its end was changed or cut off, "
        "or another book put in its place",
    )


def _batch(connection: Connection, told: Batch) -> Iterator[Fault]:
    """One batch: what it says of itself, and each of its lines."""
    if told["form"] not in POSTING_FIELDS_OF:
        yield Fault(
            say(f"记账格式 {told['form']} 不存在", f"there is no form {told['form']} of booking"), told["batch"]
        )
        return
    seals = connection.execute(
        select(seal.c.postings, seal.c.outcomes).where(seal.c.batch_no == told["batch_no"])
    ).first()
    of_lines, of_rows = seals or (None, None)
    hashing = Hashing(told["previous_hash"], told)
    parts = [
        _Part(say("笔", "line"), told["lines"], of_lines, POSTING_FIELDS),
        _Part(say("行结果", "outcome"), told["outcomes"], of_rows, OUTCOME_FIELDS),
    ]
    for part, rows in zip(parts, (postings_of(connection, told), outcomes_of(connection, told)), strict=True):
        for row in rows:
            part.take(row, hashing.add(row))
    places = [*chain.from_iterable(part.faults(told["batch"]) for part in parts)]
    if hashing.hexdigest() != told["hash"]:
        yield Fault(say("内容与记账时不同（校验码不符）", "is not what was booked (its hash differs)"), told["batch"])
        yield from _sum(told, parts[0].paid_fen)
        yield from places or [Fault(_unplaced(of_lines is not None), told["batch"])]
        yield from _unpaid(connection, told)
    elif places:
        said = say("内容无误，但各笔的印记被改过", "is what was booked, but the seals of its lines were changed")
        yield Fault(said, told["batch"])


def _unplaced(sealed: bool) -> str:
    if sealed:
        return say(
            "各笔与各自的印记相符：被改的是批次本身（日期、签字人、笔数、合计或校验码）",
            "every line agrees with its seal: the batch itself was changed (day, signatures, counts, total or hash)",
        )
    return say("各笔的印记不见了，无法指明是哪一笔", "the seals of its lines are gone; which line cannot be told")


class _Part:
    """The postings or the outcomes of a batch as they pass: their numbers and seals, never all of them."""

    def __init__(self, noun: str, count: int, seals: bytes | None, fields: Sequence[str]) -> None:
        self.noun = noun
        self.count = count
        self.seals = seals
        self.paid_fen = 0
        self._line, self._application = fields.index("line"), fields.index("application_no")
        self._paid = fields.index("paid_fen") if "paid_fen" in fields else None
        self._last = 0
        self._changed: deque[tuple[int, str]] = deque(maxlen=NAMED)
        self._changes = 0
        self._gaps: list[range] = []

    def take(self, row: tuple[Any, ...], found: bytes) -> None:
        line = row[self._line]
        if line > self._last + 1:
            self._gaps.append(range(self._last + 1, line))
        self._last = line
        if self._paid is not None:
            self.paid_fen += row[self._paid]
        if self.seals is not None and self.seals[(line - 1) * SEAL : line * SEAL] != found:
            self._changes += 1
            if self._changes <= NAMED:
                self._changed.append((line, row[self._application]))

    def faults(self, name: str) -> Iterator[Fault]:
        """Lines that are not there, were added, or are not as booked."""
        gaps = [*self._gaps, range(self._last + 1, self.count + 1)]
        for lines in filter(None, gaps):
            which = str(lines[0]) if len(lines) == 1 else f"{lines[0]}–{lines[-1]}"
            yield Fault(say(f"第 {which} {self.noun}不见了", f"{self.noun} {which} is missing"), name)
        for line, application_no in self._changed:
            if line > self.count:
                said = say(f"这{self.noun}是后加的", f"this {self.noun} was added")
            else:
                said = say(f"这{self.noun}与记账时不同", f"this {self.noun} is not as booked")
            yield Fault(said, name, line, application_no)
        more = self._changes - len(self._changed)
        if more:
            yield Fault(
                say(f"另有 {more} {self.noun}与记账时不同", f"{more} more of kind {self.noun} are not as booked"), name
            )


def _sum(told: Batch, found_fen: int) -> Iterator[Fault]:
    if found_fen != told["total_fen"]:
        found, booked, difference = (
            yuan(fen, thousands=True) for fen in (found_fen, told["total_fen"], found_fen - told["total_fen"])
        )
        said = say(
            f"各笔合计 {found} 元，记账时 {booked} 元，相差 {difference} 元",
            f"its lines come to {found} yuan, booked were {booked}, difference {difference}",
        )
        yield Fault(said, told["batch"])


def _unpaid(connection: Connection, told: Batch) -> Iterator[Fault]:
    """Whose line is missing: applications that the batch paid and that have no line in it."""
    theirs = select(1).where(
        posting.c.batch_no == outcome.c.batch_no,
        posting.c.application_no == outcome.c.application_no,
        posting.c.instalment == outcome.c.instalment,
    )
    query = (
        select(outcome.c.application_no)
        .where(outcome.c.batch_no == told["batch_no"], outcome.c.status.in_(("paid", "reduced")), ~theirs.exists())
        .order_by(outcome.c.line)
    )
    for row in islice(streamed(connection, query), NAMED):
        said = say("结果为拨付，却没有对应的一笔", "was paid, but its line is gone")
        yield Fault(said, told["batch"], None, row.application_no)


def _strays(connection: Connection) -> Iterator[Fault]:
    """Lines and outcomes of batches that are not there."""
    for table, zh, en in ((posting, "这笔", "the line"), (outcome, "这行结果", "the outcome")):
        query = (
            select(table.c.batch_no, table.c.line, table.c.application_no)
            .join_from(table, batch, batch.c.batch_no == table.c.batch_no, isouter=True)
            .where(batch.c.batch_no.is_(None))
            .order_by(table.c.batch_no, table.c.line)
        )
        for row in islice(streamed(connection, query), NAMED):
            said = say(
                f"{zh}所属的批次（序号 {row.batch_no}）不存在",
                f"{en} belongs to batch number {row.batch_no}, which is gone",
            )
            yield Fault(said, "", row.line, row.application_no)


def _overdrawn(connection: Connection) -> Iterator[Fault]:
    """Payments of which more came back than was paid, and applications paid twice at once."""
    back, again = posting.alias("gone"), posting.alias("again")
    reversed_ = posting.c.id.in_(select(back.c.refers_to).where(back.c.refers_to.is_not(None)))
    yield from _lines(
        connection,
        select(batch.c.batch, posting.c.line, posting.c.application_no).where(IS_PAID, reversed_, NET_FEN < 0),
        say("冲正多于拨付", "more came back than was paid"),
    )
    twice = (
        select(posting.c.application_no, posting.c.instalment)
        .where(
            IS_PAID,
            posting.c.application_no.in_(select(again.c.application_no).where(again.c.generation > 1)),
            NET_FEN > 0,
        )
        .group_by(posting.c.application_no, posting.c.instalment)
        .having(func.count() > 1)
    )
    for row in islice(streamed(connection, twice), NAMED):
        said = say(
            f"分期 {row.instalment} 有一笔以上的拨付没有冲正", f"instalment {row.instalment} is paid more than once"
        )
        yield Fault(said, "", None, row.application_no)


def _lines(connection: Connection, query: Select[Any], said: str) -> Iterator[Fault]:
    joined = query.join_from(posting, batch, batch.c.batch_no == posting.c.batch_no).order_by(posting.c.id)
    for row in islice(streamed(connection, joined), NAMED):
        yield Fault(said, row.batch, row.line, row.application_no)


_DERIVED = {
    "balance": ("余额", "balance"),
    "holder": ("户名与账号", "names and accounts"),
    "trace": ("凭证、对象与重复申报的索引", "index of vouchers, subjects and claims"),
    "open_item": ("未结事项", "open items"),
}


def _derived(connection: Connection) -> Iterator[Fault]:
    """Balances and look-up tables that are not what the lines say."""
    nothing = say("没有", "nothing")
    for each in islice(derived.differences(connection), NAMED):
        table = say(*_DERIVED[each.table])
        expected, found = (
            nothing if told is None else told or say("有", "an entry") for told in (each.expected, each.found)
        )
        yield Fault(
            say(
                f"{table}（{each.key}）：应为 {expected}，实为 {found}",
                f"{table} ({each.key}): should be {expected}, found {found}",
            )
        )
