"""What was paid under the policy before the program came: read and checked like applications, booked once as opening lines."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from disburse.bookkeeping import must_hold_rows, to_book
from disburse.errors import ListInvalid
from disburse.findings import Finding
from disburse.intake.lists import read_form, sentences, usable
from disburse.language import say
from disburse.money import yuan
from disburse.policy import load_policy
from disburse.rules.step import SHOWN, lines
from disburse.rules.validity import PAIR
from disburse.store.brought_forward import Paid, bring_forward

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from disburse.bookkeeping import Progress
    from disburse.intake import Intake
    from disburse.policy import Policy
    from disburse.store import Receipt, Signatures


def take_in(path: Path, store_url: str, policy_file: Path, signatures: Signatures, progress: Progress) -> Receipt:
    """Take in what was paid before the program came, once. Raises ListInvalid with everything wrong with the file."""
    policy = load_policy(policy_file)
    read = read_form(path, "history", policy)
    rows = usable(path, read, [*_repeated(read), *_outside_the_term(read.rows, policy)])
    must_hold_rows(path, rows)
    told = rows.assign(
        instalment=rows["instalment"].fillna(1),
        approved_amount_fen=rows["approved_amount_fen"].fillna(rows["paid_fen"]),
        payee_type=rows["payee_type"].replace("", "企业"),
        fund=rows["measure"].map({each.code: each.fund for each in policy.measures}),
        article=rows["measure"].map({each.code: each.article for each in policy.measures}),
    )

    def refuse(paid: Mapping[tuple[str, int], Paid]) -> ListInvalid:
        return ListInvalid(path, [*sentences(read, _paid_already(told, paid))])

    return bring_forward(to_book(store_url, progress), told, policy.sha256, signatures, refuse)


def _repeated(read: Intake) -> Iterator[Finding]:
    """APPLICATION_REPEATED on every row of a pair that stands there twice."""
    unread = {finding.row for finding in read.findings if finding.column in PAIR}
    rows = read.rows[~read.rows.index.isin(unread)]
    pairs = rows.assign(instalment=rows["instalment"].fillna(1))
    for (number, instalment), same in pairs[pairs.duplicated(PAIR, keep=False)].groupby(PAIR):
        for row in lines(same):
            others = [str(line) for line in same["source_row"] if line != row.source_row][:SHOWN]
            there = say(f"本表第 {'、'.join(others)} 行", f"line {', '.join(others)} of this list")
            values = {"found": str(number), "instalment": str(instalment), "other": there}
            yield Finding(row.Index, "APPLICATION_REPEATED", "application_no", values)


def _outside_the_term(rows: pd.DataFrame, policy: Policy) -> Iterator[Finding]:
    """OUT_OF_TERM: what lies outside cannot have been paid under this policy, or a year was mistyped."""
    term = policy.term
    if term.date not in rows:
        return
    days = rows[term.date].dropna()
    for row, day in days[(days < pd.Timestamp(term.from_)) | (days > pd.Timestamp(term.to))].items():
        values = {"found": f"{day:%Y-%m-%d}", "expected": f"{term.from_} … {term.to}"}
        yield Finding(int(str(row)), "OUT_OF_TERM", term.date, values, term.reference)


def _paid_already(told: pd.DataFrame, paid: Mapping[tuple[str, int], Paid]) -> Iterator[Finding]:
    """ALREADY_PAID on every row of a pair that stands in the book, whatever is left of it."""
    for line in lines(told[PAIR]):
        before = paid.get((line.application_no, int(line.instalment)))
        if before:
            values = {
                "found": line.application_no,
                "instalment": str(line.instalment),
                "batch": before.batch,
                "amount": yuan(before.net_fen, thousands=True),
            }
            yield Finding(line.Index, "ALREADY_PAID", "application_no", values)
