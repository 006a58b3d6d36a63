"""Money that came back: a line of its own that refers to the payment and takes the whole or a part of it away.

    退票  the bank could not pay and returned it
    退款  the payee gave it back
    追回  the city claimed it back

A reversal is booked like a run, as a batch of the chain, in a series of its own (`冲正-2025-06-1`). The paper it rests on is
part of its identity: one document takes one payment back once, whoever books it and however often.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from hashlib import sha256
from itertools import count
from typing import TYPE_CHECKING

from sqlalchemy import func, select

from disburse.errors import Refused, Usage
from disburse.language import say
from disburse.money import yuan
from disburse.rules.keys import key
from disburse.store.chain import POSTING_FIELDS
from disburse.store.ledger import Entry, receipt_of
from disburse.store.net import IS_PAID, NET_FEN
from disburse.store.schema import batch, posting

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from datetime import date

    from sqlalchemy import Connection, RowMapping

    from disburse.store.booking import Receipt, Signatures
    from disburse.store.ledger import Store

REASONS = ("退票", "退款", "追回")
"""What a reason must name."""

SERIES = "冲正-{:%Y-%m}"
"""What reversals of a month are numbered in."""


@dataclass(frozen=True)
class Reversal:
    """What is to be taken back, and on which paper. Raises Usage when reason or document say nothing.

    instalment  None: the only one that was paid
    amount_fen  None: all that is left
    """

    application_no: str
    instalment: int | None
    day: date
    reason: str
    document_no: str
    amount_fen: int | None = None

    def __post_init__(self) -> None:
        if not any(word in self.reason for word in REASONS):
            raise Usage(
                f"原因须写明{'、'.join(REASONS)}之一，实为“{self.reason}”；可在其后补充说明。",
                f"The reason must name one of {', '.join(REASONS)}, found “{self.reason}”; more words may follow.",
            )
        if not key(self.document_no):
            raise Usage("凭证号（--document-no）不能为空。", "The document number (--document-no) must not be blank.")
        if self.amount_fen is not None and self.amount_fen <= 0:
            raise Usage(
                f"冲正金额应大于 0 元，实为 {yuan(self.amount_fen)} 元。",
                f"The amount must be above 0, found {yuan(self.amount_fen)} yuan.",
            )


@dataclass(frozen=True)
class Reversed:
    """One line taken back: the payment's net before and after, in fen."""

    application_no: str
    instalment: int
    applicant_name: str
    batch: str
    reason: str
    document_no: str
    before_fen: int
    after_fen: int


@dataclass(frozen=True)
class Returned:
    """What booking reversals gave: the receipt, and each line. No lines where it was `already` booked."""

    receipt: Receipt
    lines: tuple[Reversed, ...]


def take_back(
    store: Store,
    reversals_of: Callable[[Connection], Sequence[Reversal]],
    signatures: Signatures,
    source: str = "",
) -> Returned:
    """Book reversals once and for all, all of them or none.

    reversals_of  asked while nobody else can book; whatever it raises leaves the store as it was
    source        SHA-256 of the file they come from, where they do: booked before, its receipt comes back, `already`
    """
    with store.writing() as connection:
        earlier = receipt_of(connection, source) if source else None
        if earlier:
            return Returned(earlier, ())
        parts = _parts(connection, reversals_of(connection))
        day = max(part.reversal.day for part in parts)
        entry = Entry(connection, source or _identity(parts), SERIES.format(day), day, signatures)
        numbered = zip(parts, count(entry.last_id + 1), count(1), strict=False)  # the numbers never end
        receipt = entry.append([part.posting(entry, number, line) for part, number, line in numbered], [], "")
        return Returned(receipt, tuple(part.told() for part in parts))


@dataclass(frozen=True)
class _Part:
    """One reversal with the payment it takes back: what is left before, how much goes, the how manyth part it is."""

    reversal: Reversal
    paid: RowMapping
    before_fen: int
    fen: int
    number: int

    def posting(self, entry: Entry, number: int, line: int) -> tuple[object, ...]:
        changed: dict[str, object] = {
            "id": number,
            "batch_no": entry.batch["batch_no"],
            "line": line,
            "kind": "reversal",
            "refers_to": self.paid["id"],
            "reversal_no": self.number,
            "month": f"{self.reversal.day:%Y-%m}",
            "pay_date": self.reversal.day.isoformat(),
            "paid_fen": -self.fen,
            "reason": self.reversal.reason.strip(),
            "document_no": self.reversal.document_no.strip(),
            "pays_again": None,
        }
        return tuple(changed.get(name, self.paid.get(name)) for name in POSTING_FIELDS)

    def told(self) -> Reversed:
        return Reversed(
            application_no=self.paid["application_no"],
            instalment=self.paid["instalment"],
            applicant_name=self.paid["applicant_name"],
            batch=self.paid["batch"],
            reason=self.reversal.reason.strip(),
            document_no=self.reversal.document_no.strip(),
            before_fen=self.before_fen,
            after_fen=self.before_fen - self.fen,
        )


def _identity(parts: Iterable[_Part]) -> str:
    """What makes two bookings the same one, for the database to refuse the second: payments and papers."""
    each = sorted((part.paid["id"], key(part.reversal.document_no)) for part in parts)
    return sha256(json.dumps(["reversal", each], ensure_ascii=False).encode()).hexdigest()


def _parts(connection: Connection, reversals: Iterable[Reversal]) -> list[_Part]:
    """Each reversal with its payment, several of one payment after one another. Raises Refused."""
    last: dict[int, _Part] = {}
    papers: set[tuple[int, str]] = set()
    parts = []
    for reversal in reversals:
        paid = payment(connection, reversal)
        paper = (paid["id"], key(reversal.document_no))
        if paper in papers:
            raise _twice(reversal)
        papers.add(paper)
        earlier = last.get(paid["id"])
        before, number = (
            (earlier.before_fen - earlier.fen, earlier.number) if earlier else (paid["net_fen"], paid["parts"])
        )
        fen = before if reversal.amount_fen is None else reversal.amount_fen
        _must_be_left(reversal, paid, before, fen)
        last[paid["id"]] = _Part(reversal, paid, before, fen, number + 1)
        parts.append(last[paid["id"]])
    return parts


def payment(connection: Connection, reversal: Reversal) -> RowMapping:
    """The one line that `reversal` means: every column of the posting, its batch, what is left (`net_fen`), parts taken back.

    Raises Refused where there is none, where several instalments could be meant, and where the paper was booked before.
    """
    found = _payments(connection, reversal)
    if not found:
        raise _not_paid(reversal)
    _refuse_paper(connection, reversal, found)
    standing = [line for line in found if line["net_fen"] > 0]
    if not standing:
        raise Refused(
            f"申报编号 {found[-1]['application_no']} 已全部冲正，没有可再冲正的金额；请用 disburse history --application 查看。",
            f"Application {found[-1]['application_no']} was taken back wholly before; nothing is left. "
            "See disburse history --application.",
        )
    if len(standing) > 1:
        each = say("；", "; ").join(
            say(f"分期 {line['instalment']}，余 {yuan(line['net_fen'], thousands=True)} 元",
                f"instalment {line['instalment']}, {yuan(line['net_fen'], thousands=True)} yuan left")
            for line in standing
        )  # fmt: skip
        raise Refused(
            f"申报编号 {standing[0]['application_no']} 有几期拨付：{each}。请用 --instalment 指明是哪一期。",
            f"Application {standing[0]['application_no']} was paid in several instalments: {each}. Say which with --instalment.",
        )
    return standing[0]


def _payments(connection: Connection, reversal: Reversal) -> Sequence[RowMapping]:
    back = posting.alias("back")
    parts = select(func.count()).where(back.c.refers_to == posting.c.id).scalar_subquery()
    query = (
        select(posting, batch.c.batch, NET_FEN.label("net_fen"), parts.label("parts"))
        .join(batch, batch.c.batch_no == posting.c.batch_no)
        .where(posting.c.application_no == key(reversal.application_no), IS_PAID)
        .order_by(posting.c.instalment, posting.c.generation)
    )
    if reversal.instalment is not None:
        query = query.where(posting.c.instalment == reversal.instalment)
    return connection.execute(query).mappings().all()


def _refuse_paper(connection: Connection, reversal: Reversal, found: Sequence[RowMapping]) -> None:
    """One document takes a payment back once."""
    query = (
        select(posting.c.document_no, batch.c.batch)
        .join(batch, batch.c.batch_no == posting.c.batch_no)
        .where(posting.c.refers_to.in_([line["id"] for line in found]))
    )
    for document_no, name in connection.execute(query):
        if key(document_no) == key(reversal.document_no):
            raise _booked_before(reversal, name)


def _booked_before(reversal: Reversal, name: object) -> Refused:
    return Refused(
        f"申报编号 {reversal.application_no} 凭这份凭证（{reversal.document_no}）的冲正已在批次 {name} 记过，未重复记账；"
        "如是另一份凭证，请写它自己的凭证号。",
        f"Application {reversal.application_no} was taken back on this document ({reversal.document_no}) in batch {name}; "
        "nothing was booked again. If it is another paper, give its own number.",
    )


def _twice(reversal: Reversal) -> Refused:
    return Refused(
        f"申报编号 {reversal.application_no} 凭同一份凭证（{reversal.document_no}）列了两次，未记账；请只保留一行。",
        f"Application {reversal.application_no} stands twice with one document ({reversal.document_no}); "
        "nothing was booked. Keep one line.",
    )


def _not_paid(reversal: Reversal) -> Refused:
    which = (
        ""
        if reversal.instalment is None
        else say(f"（分期 {reversal.instalment}）", f", instalment {reversal.instalment},")
    )
    return Refused(
        f"账簿里没有申报编号 {reversal.application_no}{which} 的拨付，未记账；请用 disburse history 查对编号。",
        f"Application {reversal.application_no}{which} was never paid; nothing was booked. Look the number up with disburse history.",
    )


def _must_be_left(reversal: Reversal, paid: RowMapping, before: int, fen: int) -> None:
    """Not more than is left of the payment, and not before the day it was paid."""
    if fen > before or not before:
        left, asked = yuan(before, thousands=True), yuan(fen, thousands=True)
        raise Refused(
            f"申报编号 {paid['application_no']}（批次 {paid['batch']}）只余 {left} 元，不能冲正 {asked} 元，未记账；请核对 --amount。",
            f"Of application {paid['application_no']} (batch {paid['batch']}) {left} yuan are left, less than {asked}; "
            "nothing was booked. Check --amount.",
        )
    if reversal.day.isoformat() < paid["pay_date"]:
        raise Refused(
            f"申报编号 {paid['application_no']} 的拨付日是 {paid['pay_date']}，冲正日期 {reversal.day} 在它之前，未记账；请核对 --date。",
            f"Application {paid['application_no']} was paid on {paid['pay_date']}, after the {reversal.day} given; "
            "nothing was booked. Check --date.",
        )
