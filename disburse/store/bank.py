"""The bank's answer to a payout list, held against the payments: each failure is exactly one of them, or none is booked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy import select

from disburse.language import say
from disburse.money import yuan
from disburse.rules.keys import key
from disburse.store.net import IS_PAID, NET_FEN
from disburse.store.reversal import Reversal
from disburse.store.schema import batch, holder, posting

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import date

    from sqlalchemy import ColumnElement, Connection, RowMapping


@dataclass(frozen=True)
class Failure:
    """A payment the bank could not make. application_no "" and instalment None where the list does not say."""

    row: int
    account_no: str
    payee_name: str
    amount_fen: int
    application_no: str
    instalment: int | None
    day: date
    reason: str
    document_no: str

    def reversal(self, paid: RowMapping) -> Reversal:
        reason = "退票" if not self.reason or self.reason == "退票" else f"退票：{self.reason}"
        return Reversal(paid["application_no"], paid["instalment"], self.day, reason, self.document_no, self.amount_fen)


def matched(connection: Connection, failures: Iterable[Failure]) -> tuple[list[Reversal], dict[int, str]]:
    """The reversal of each failure, and what is wrong with those that match no payment or more than one, by row."""
    taken: dict[int, int] = {}
    reversals: list[Reversal] = []
    wrong: dict[int, str] = {}
    for failure in failures:
        lines = _lines(connection, failure)
        fits = [line for line in lines if _fits(failure, line)]
        standing = [line for line in fits if line["net_fen"] == failure.amount_fen]
        if len(standing) != 1:
            wrong[failure.row] = _why(failure, lines, fits, standing)
        elif standing[0]["id"] in taken:
            wrong[failure.row] = say(
                f"与另一行是同一笔拨付（{_named(standing)}），请只保留一行",
                f"the same payment as another row ({_named(standing)}); keep one of them",
            )
        else:
            taken[standing[0]["id"]] = failure.row
            reversals.append(failure.reversal(standing[0]))
    return reversals, wrong


def _lines(connection: Connection, failure: Failure) -> Sequence[RowMapping]:
    """The payments it could be: of that application, or to that account where no application is named."""
    query = (
        select(posting, batch.c.batch, NET_FEN.label("net_fen"))
        .join(batch, batch.c.batch_no == posting.c.batch_no)
        .where(IS_PAID, *_conditions(failure))
        .order_by(posting.c.id)
    )
    return connection.execute(query).mappings().all()


def _conditions(failure: Failure) -> Iterator[ColumnElement[bool]]:
    if not failure.application_no:
        enterprises = select(holder.c.uscc).where(holder.c.kind == "account", holder.c.key == failure.account_no)
        yield posting.c.uscc.in_(enterprises)  # there is an index on it
        yield posting.c.account_no == failure.account_no
        return
    yield posting.c.application_no == failure.application_no
    if failure.instalment is not None:
        yield posting.c.instalment == failure.instalment


def _fits(failure: Failure, line: RowMapping) -> bool:
    return (
        line["account_no"] == failure.account_no
        and key(line["payee_name"]) == key(failure.payee_name)
        and line["paid_fen"] == failure.amount_fen
    )


def _why(
    failure: Failure, lines: Sequence[RowMapping], fits: Sequence[RowMapping], standing: Sequence[RowMapping]
) -> str:
    """Why a failure is not exactly one payment, and what to look at."""
    amount = yuan(failure.amount_fen, thousands=True)
    if standing:
        return say(
            f"与 {len(standing)} 笔拨付都相符（{_named(standing)}），请在本表中加“申报编号”列指明是哪一笔",
            f"fits {len(standing)} payments ({_named(standing)}); add the column 申报编号 to say which",
        )
    if fits:
        return say(
            f"所指的拨付已冲正过（{_named(fits)}），请用 disburse history 查对后从本表中去掉",
            f"the payment was taken back before ({_named(fits)}); look it up with disburse history and take the row out",
        )
    what = failure.application_no or say("该账号", "this account")
    if lines:
        return say(
            f"户名 {failure.payee_name}、金额 {amount} 元与{what}的拨付都不相符（账簿中有：{_named(lines)}），请与银行核对",
            f"payee {failure.payee_name} and {amount} yuan fit no payment of {what} (the book has: {_named(lines)}); ask the bank",
        )
    return say(
        f"账簿中没有{what}的拨付（{amount} 元），请核对本表是否对应这个账簿",
        f"the book has no payment of {what} ({amount} yuan); check whether this list belongs to this book",
    )


SHOWN = 5
"""Payments that a sentence names."""


def _named(lines: Sequence[RowMapping]) -> str:
    each = [
        say(
            f"{line['application_no']}（分期 {line['instalment']}，批次 {line['batch']}）{line['payee_name']} {yuan(line['paid_fen'], thousands=True)} 元",
            f"{line['application_no']} (instalment {line['instalment']}, batch {line['batch']}) {line['payee_name']} {yuan(line['paid_fen'], thousands=True)} yuan",
        )
        for line in lines[:SHOWN]
    ]
    return say("；", "; ").join([*each, *(["…"] if len(lines) > SHOWN else [])])
