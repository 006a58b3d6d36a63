"""The book of what was paid: read it, and book a run into it exactly once."""

from __future__ import annotations

from collections import defaultdict
from contextlib import contextmanager
from datetime import date
from functools import partial
from itertools import count, repeat
from typing import TYPE_CHECKING, Any, cast

from sqlalchemy import func, insert, select, update

from disburse.errors import Unbalanced
from disburse.store.booking import BookedRun, Booking, Consult, Head, Opening, Receipt, Signatures
from disburse.store.chain import FORM, OUTCOME_FIELDS, POSTING_FIELDS, Hashing
from disburse.store.consulted import consulted_lines, consulted_sums
from disburse.store.derived import OPEN_STATUSES, in_chunks, insert_rows, take_in
from disburse.store.frames import BOOKED, LINES, OPEN_ITEMS, OUTCOMES, SUMS, to_columns, to_frame
from disburse.store.lines import LEFT, PAYMENT, booked_lines, fetch
from disburse.store.schema import GENESIS, batch, head, open_item, outcome, posting
from disburse.store.seals import write_seals

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    import pandas as pd
    from sqlalchemy import Connection, Select, Table

    from disburse.case import Wanted
    from disburse.store.database import Database

    Rows = list[tuple[object, ...]]
    Pair = tuple[object, object]


class Store:
    """What was booked. Made by open_store; without a database it is empty and cannot book."""

    def __init__(self, database: Database | None) -> None:
        self._database = database

    def opening(self, wanted: Wanted) -> Opening:
        """What a month starts from, as it stood at one moment, whatever is booked meanwhile."""
        if self._database is None:
            sums = {name: SUMS[name] for name in (*wanted.balanced_by, "net_fen")}
            return Opening(self.booked(), to_frame([], sums), self.open_items(), self.head())
        with self._database.reading() as connection:
            return _opening(connection, wanted)

    def booked(self) -> pd.DataFrame:
        """All payment and opening lines in booking order, each with what is left of it after reversals."""
        if self._database is None:
            return to_frame([], BOOKED)
        with self._database.reading() as connection:
            return to_frame(fetch(connection, booked_lines()), BOOKED)

    def booked_at(self, places: Iterable[tuple[int, int]]) -> pd.DataFrame:
        """Of `booked`, the lines at these numbers of batch and line, as far as they are there."""
        if self._database is None:
            return self.booked()
        wanted: defaultdict[int, list[int]] = defaultdict(list)
        for batch_no, line in places:
            wanted[batch_no].append(line)
        found: Rows = []
        with self._database.reading() as connection:
            for batch_no in sorted(wanted):
                for some in in_chunks(wanted[batch_no]):
                    here = (posting.c.batch_no == batch_no) & posting.c.line.in_(some)
                    found += fetch(connection, booked_lines().where(here))
        return to_frame(found, BOOKED)

    def of_run(self, run_hash: str) -> BookedRun | None:
        """What a run was booked as; None where it was not booked."""
        if self._database is None:
            return None
        with self._database.reading() as connection:
            receipt = receipt_of(connection, run_hash)
            if receipt is None:
                return None
            lines, outcomes = (
                to_frame(fetch(connection, _of_batch(receipt.sequence, table, columns)), columns)
                for table, columns in ((posting, LINES), (outcome, OUTCOMES))
            )
            return BookedRun(receipt.batch, lines, outcomes)

    def open_items(self) -> pd.DataFrame:
        """The held and carried rows of booked runs that no later booked run has taken up again."""
        if self._database is None:
            return to_frame([], OPEN_ITEMS)
        with self._database.reading() as connection:
            return _open_items(connection)

    def head(self) -> Head:
        """The end of the chain."""
        if self._database is None:
            return Head(0, GENESIS)
        with self._database.reading() as connection:
            return head_of(connection)

    def book(
        self,
        booking_of: Callable[[Consult], Booking],
        *,
        run_hash: str,
        month: str,
        pay_date: date,
        prepared_by: str,
        approved_by: str,
        reviewed_by: str | None,
    ) -> Receipt:
        """Book a run once and for all, whole or not at all.

        booking_of  may ask what is booked at this moment, while nobody else can book, and says what to book; whatever
                    it raises leaves the store as it was
        run_hash    SHA-256 of the run, in hex; one that is booked is not booked again: its receipt comes back, `already`
        """
        signatures = Signatures(prepared_by, approved_by, reviewed_by)
        with self.writing() as connection:
            earlier = receipt_of(connection, run_hash)
            if earlier:
                return earlier
            booking = booking_of(partial(_opening, connection))
            return Entry(connection, run_hash, month, pay_date, signatures).write(booking)

    @contextmanager
    def reading(self) -> Iterator[Connection | None]:
        """A transaction that sees one state of the store; None where there is no store."""
        if self._database is None:
            yield None
            return
        with self._database.reading() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction alone with the store: whole at the end, or not at all when anything is raised."""
        if self._database is None or not self._database.writable:
            raise RuntimeError("a store that was opened for reading cannot book")
        with self._database.writing() as connection:
            yield connection


class Entry:
    """One batch on its way into the store, inside the transaction.

    month  the series it is numbered in: a month for a run, or what reversals and opening lines are named by
    """

    def __init__(
        self, connection: Connection, run_hash: str, month: str, pay_date: date, signatures: Signatures
    ) -> None:
        self.connection = connection
        self.before = head_of(connection)
        number = connection.execute(select(func.count()).where(batch.c.month == month)).scalar_one() + 1
        self.batch: dict[str, object] = {
            "batch_no": self.before.sequence + 1,
            "batch": f"{month}-{number}",
            "month": month,
            "number": number,
            "pay_date": date(pay_date.year, pay_date.month, pay_date.day).isoformat(),
            "run_hash": run_hash,
            "prepared_by": signatures.prepared_by.strip(),
            "approved_by": signatures.approved_by.strip(),
            "reviewed_by": signatures.reviewed_by and signatures.reviewed_by.strip(),
            "form": FORM,
            "previous_hash": self.before.hash,
        }

    def write(self, booking: Booking) -> Receipt:
        """The batch of a run."""
        postings = self._postings(booking.lines)
        outcomes = self._outcomes(booking.outcomes)
        _agree(postings, outcomes)
        return self.append(postings, outcomes, booking.policy_sha256)

    def append(self, postings: Rows, outcomes: Rows, policy_sha256: str) -> Receipt:
        """Batch, lines and outcomes, what is derived from them, then the new head; every total is counted again.

        postings, outcomes  in the order of POSTING_FIELDS and OUTCOME_FIELDS, ids and lines numbered
        """
        self.batch |= {
            "policy_sha256": policy_sha256,
            "lines": len(postings),
            "total_fen": sum(cast("int", row[_PAID]) for row in postings),
            "outcomes": len(outcomes),
            "open_items": sum(row[_STATUS] in OPEN_STATUSES for row in outcomes),
        }
        hashing = Hashing(self.before.hash, self.batch)
        seals = [b"".join(map(hashing.add, rows)) for rows in (postings, outcomes)]
        self.batch["hash"] = hashing.hexdigest()
        self.connection.execute(insert(batch), self.batch)
        insert_rows(self.connection, posting, postings, POSTING_FIELDS)
        insert_rows(self.connection, outcome, outcomes, OUTCOME_FIELDS)
        write_seals(self.connection, self.batch["batch_no"], *seals)
        take_in(self.connection, self.before.sequence + 1)
        self._count_again()
        self._advance()
        return _as_receipt(self.batch, already=False)

    @property
    def last_id(self) -> int:
        """The number of the last line booked, 0 before the first."""
        return self.connection.execute(select(func.max(posting.c.id))).scalar() or 0

    def _postings(self, lines: pd.DataFrame) -> Rows:
        said = dict(zip(LINES, to_columns(lines, LINES), strict=True))
        pairs = list(zip(said["application_no"], said["instalment"], strict=True))
        earlier = _taken_back(self.connection, pairs)
        known: dict[str, Iterable[object]] = {
            "id": count(self.last_id + 1),
            "batch_no": repeat(self.batch["batch_no"]),
            "line": count(1),
            "kind": repeat("payment"),
            "refers_to": repeat(None),
            "reversal_no": repeat(None),
            "generation": [earlier[pair][1] + 1 if pair in earlier else 1 for pair in pairs],
            "pays_again": [earlier[pair][0] if pair in earlier else None for pair in pairs],
            "month": repeat(self.batch["month"]),
            "pay_date": repeat(self.batch["pay_date"]),
            "reason": repeat(""),
            "document_no": repeat(""),
        }
        # strict=False: the constant columns never end; `generation` and the lines' own columns do
        return list(zip(*({**known, **said}[name] for name in POSTING_FIELDS), strict=False))

    def _outcomes(self, outcomes: pd.DataFrame) -> Rows:
        # a row without a readable number can neither be an open item nor close one
        named = outcomes[(outcomes["application_no"] != "") & outcomes["instalment"].notna()]
        said = to_columns(named, OUTCOMES)
        return list(zip(repeat(self.batch["batch_no"]), count(1), *said, strict=False))

    def _count_again(self) -> None:
        mine = self.batch["batch_no"]
        lines = select(func.count(), func.coalesce(func.sum(posting.c.paid_fen), 0)).where(posting.c.batch_no == mine)
        open_items = func.count().filter(outcome.c.status.in_(OPEN_STATUSES))
        rows = select(func.count(), open_items).where(outcome.c.batch_no == mine)
        found = [*self.connection.execute(lines).one(), *self.connection.execute(rows).one()]
        meant = [self.batch[name] for name in ("lines", "total_fen", "outcomes", "open_items")]
        if found != meant:
            raise _unbalanced(f"{found} ≠ {meant}")

    def _advance(self) -> None:
        advanced = self.connection.execute(
            update(head)
            .where(head.c.sequence == self.before.sequence, head.c.hash == self.before.hash)
            .values(sequence=self.batch["batch_no"], hash=self.batch["hash"])
        )
        if advanced.rowcount != 1:
            raise _unbalanced("head")


_PAIR = slice(POSTING_FIELDS.index("application_no"), POSTING_FIELDS.index("instalment") + 1)
_PAID = POSTING_FIELDS.index("paid_fen")
_STATUS = OUTCOME_FIELDS.index("status")


def _agree(postings: Rows, outcomes: Rows) -> None:
    """Lines and outcomes tell one story: exactly what is paid or reduced has a line."""
    paid = {row[2:4] for row in outcomes if row[_STATUS] in ("paid", "reduced")}
    if paid != {row[_PAIR] for row in postings} or len(paid) != len(postings):
        raise _unbalanced(f"{len(postings)} ≠ {len(paid)}")


def _unbalanced(found: str) -> Unbalanced:
    return Unbalanced(
        f"入账的笔数或金额与计算结果不符（{found}），未记账。这是程序的问题，请把运行结果文件夹交给维护人员。",
        f"What was to be booked does not add up ({found}); nothing was booked. "
        "This is the program's fault: hand the run's folder to its maintainers.",
    )


def _opening(connection: Connection, wanted: Wanted) -> Opening:
    lines, sums = consulted_lines(connection, wanted), consulted_sums(connection, wanted)
    return Opening(lines, sums, _open_items(connection), head_of(connection))


def _open_items(connection: Connection) -> pd.DataFrame:
    columns = [batch.c[name] if name in ("month", "batch") else outcome.c[name] for name in OPEN_ITEMS]
    theirs = (outcome.c.batch_no == open_item.c.batch_no) & (outcome.c.line == open_item.c.line)
    query = (
        select(*columns)
        .select_from(open_item.join(outcome, theirs).join(batch, batch.c.batch_no == outcome.c.batch_no))
        .order_by(outcome.c.batch_no, outcome.c.line)
    )
    return to_frame(fetch(connection, query), OPEN_ITEMS)


def _of_batch(batch_no: int, table: Table, columns: Iterable[str]) -> Select[tuple[object, ...]]:
    return select(*(table.c[name] for name in columns)).where(table.c.batch_no == batch_no).order_by(table.c.line)


def head_of(connection: Connection) -> Head:
    row = connection.execute(select(head.c.sequence, head.c.hash)).one()
    return Head(row.sequence, row.hash)


def receipt_of(connection: Connection, run_hash: str) -> Receipt | None:
    row = connection.execute(select(batch).where(batch.c.run_hash == run_hash)).mappings().one_or_none()
    return _as_receipt(dict(row), already=True) if row else None


SIGNED = ("prepared_by", "approved_by", "reviewed_by")


def _as_receipt(row: dict[str, Any], *, already: bool) -> Receipt:
    return Receipt(
        batch=row["batch"],
        sequence=row["batch_no"],
        head=row["hash"],
        lines=row["lines"],
        total_fen=row["total_fen"],
        open_items=row["open_items"],
        already=already,
        **{name: row[name] for name in ("outcomes", "month", "pay_date", "run_hash", *SIGNED)},
    )


def _taken_back(connection: Connection, pairs: Sequence[Pair]) -> dict[Pair, tuple[int, int]]:
    """Last line and generation of each application and instalment whose payments were wholly taken back.

    A pair still paid is not among them, so a second payment of it would get the same generation and be refused.
    """
    found: dict[Pair, tuple[int, int]] = {}
    for numbers in in_chunks({str(number) for number, _ in pairs}):
        query = (
            select(posting.c.application_no, posting.c.instalment, posting.c.id, posting.c.generation, LEFT)
            .where(posting.c.application_no.in_(numbers), PAYMENT)
            .order_by(posting.c.generation)
        )
        for number, instalment, line, generation, left_fen in connection.execute(query):
            found[number, instalment] = (line, generation)
            if left_fen:
                del found[number, instalment]
    return found
