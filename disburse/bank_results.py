"""The bank's answer to a payout list: its failures are matched to payments, each to exactly one, and booked as 退票 in one go."""

from __future__ import annotations

import json
from dataclasses import astuple
from hashlib import sha256
from typing import TYPE_CHECKING

import pandas as pd

from disburse.bookkeeping import must_hold_rows, standing
from disburse.errors import ListInvalid
from disburse.intake.lists import read_form, usable
from disburse.language import say
from disburse.policy import load_policy
from disburse.rules.step import lines
from disburse.store.bank import Failure, matched
from disburse.store.reversal import Returned, Reversal, take_back

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date
    from pathlib import Path

    from sqlalchemy import Connection

    from disburse.bookkeeping import Progress
    from disburse.intake import Intake
    from disburse.store import Signatures


def settle(
    path: Path,
    store_url: str,
    policy_file: Path,
    day: date | None,
    document_no: str,
    signatures: Signatures,
    progress: Progress,
) -> Returned | None:
    """Book the failures of the bank's result list as 退票, all of them or none; None where nothing failed.

    day, document_no  for the rows that do not say it themselves
    Raises ListInvalid with every row that cannot be read, or matches no payment, or more than one.
    """
    read = read_form(path, "settlement", load_policy(policy_file))
    rows = usable(path, read)
    must_hold_rows(path, rows)
    failed = rows[~rows["result"].str.contains("成功")]
    if failed.empty:
        return None
    failed = failed.assign(document_no=failed["document_no"].mask(failed["document_no"] == "", document_no.strip()))
    if day is not None:
        failed = failed.assign(return_date=failed["return_date"].fillna(pd.Timestamp(str(day))))
    _must_say(path, read, failed)
    store = standing(store_url, progress)

    def reversals_of(connection: Connection) -> list[Reversal]:
        reversals, wrong = matched(connection, _failures(failed))
        if wrong:
            raise ListInvalid(path, [f"{_at(read, row)}{say('：', ': ')}{said}" for row, said in wrong.items()])
        return reversals

    return take_back(store, reversals_of, signatures, _identity(failed))


def _identity(failed: pd.DataFrame) -> str:
    """SHA-256 of what failed, whatever the file is called, in whatever order it stands, and however often it was saved."""
    said = sorted([str(value) for value in astuple(failure)[1:]] for failure in _failures(failed))  # but for its row
    return sha256(json.dumps(["settlement", said], ensure_ascii=False).encode()).hexdigest()


def _must_say(path: Path, read: Intake, failed: pd.DataFrame) -> None:
    """Every failure has a day and a document, of its own or by the command."""
    wanting = []
    for name, option, blank in (
        ("return_date", "--date", failed["return_date"].isna()),
        ("document_no", "--document-no", failed["document_no"] == ""),
    ):
        for row in failed.index[blank]:
            title = read.form[name].heading
            wanting.append(
                say(f"{_at(read, row)}：没有“{title}”，请填写，或在命令中加 {option}",
                    f"{_at(read, row)}: no “{title}”; fill it in or give {option}")
            )  # fmt: skip
    if wanting:
        raise ListInvalid(path, wanting)


def _at(read: Intake, row: object) -> str:
    """Sheet and cell of a row's account."""
    place = read.place_of(int(str(row)), "account_no")
    return say("，", ", ").join(filter(None, [place.sheet, place.cell]))


def _failures(failed: pd.DataFrame) -> Iterator[Failure]:
    for row in lines(failed):
        yield Failure(
            row=int(row.Index),
            account_no=row.account_no,
            payee_name=row.payee_name,
            amount_fen=int(row.amount_fen),
            application_no=row.application_no,
            instalment=None if pd.isna(row.instalment) else int(row.instalment),
            day=row.return_date.date(),
            reason=row.reason,
            document_no=row.document_no,
        )
