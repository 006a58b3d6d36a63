"""Step 8: what the fund has left in the pay date's year (spec 4.8). A fund without a line in the list has no ceiling."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from disburse.findings import Finding
from disburse.language import say
from disburse.money import share
from disburse.rules.keys import key, keys
from disburse.rules.step import Cut, Step, lines, money

if TYPE_CHECKING:
    from collections.abc import Callable

    from disburse.case import Case

STEP = "budget"


@dataclass(frozen=True)
class Budget:
    """One line of the budget list for the pay date's year; used_fen is the net booked in that year."""

    fund: str
    year: int
    mode: str
    budget_fen: int
    used_fen: int
    batches: str
    reference: str

    @property
    def left_fen(self) -> int:
        return max(self.budget_fen - self.used_fen, 0)


def budgets(case: Case) -> list[Budget]:
    """The lines of the budget list for the pay date's year. A reversal gives back only in the year of its payment."""
    listed = case.lists.budget
    if listed is None or case.pay_date is None:
        return []
    year = case.pay_date.year
    booked = case.balances[case.balances["pay_year"] == year]
    funds = {key(fund.name): (fund.name, fund.reference) for fund in case.policy.funds}
    found = []
    for line in lines(listed[listed["year"] == year].sort_values("fund")):
        fund, reference = funds.get(key(line.fund), (line.fund, line.fund))
        used = booked[keys(booked["fund"]) == key(fund)]
        found.append(
            Budget(
                fund, year, line.mode, int(line.budget_fen), int(used["net_fen"].sum()),
                ";".join(dict.fromkeys(used["batch"])), reference,
            )
        )  # fmt: skip
    return found


def budget(rows: pd.DataFrame, case: Case) -> Step:
    """What each row keeps of its amount under its fund's budget.

    rows  open rows in the policy's order with `limited_fen` above 0 and `fund`
    """
    amount = rows["limited_fen"].astype("int64").copy()
    findings: list[Finding] = []
    cuts: list[Cut] = []
    for line in budgets(case):
        asked = amount[rows["fund"] == line.fund]
        wanted = [int(fen) for fen in asked]
        granted = MODES[line.mode](wanted, line.left_fen)
        left = line.left_fen
        for row, before, after in zip(asked.index, wanted, granted, strict=True):
            if after < before:
                cut = _cut(int(row), line, left, before, after)
                cuts.append(cut)
                findings.append(_finding(cut, line, left, sum(wanted)))
            if line.mode != "prorate":
                left -= after
        amount = amount.mask(amount.index.isin(asked.index), pd.Series(granted, index=asked.index, dtype="int64"))
    return Step(findings, amount, cuts)


def _in_sequence(wanted: list[int], left_fen: int) -> list[int]:
    """In order, the last one in part."""
    granted = []
    for amount in wanted:
        granted.append(min(amount, left_fen))
        left_fen -= granted[-1]
    return granted


def _in_proportion(wanted: list[int], left_fen: int) -> list[int]:
    """Everyone in proportion, so that the sum is what is left, to the fen."""
    return wanted if sum(wanted) <= left_fen else share(left_fen, wanted)


def _whole_or_carried(wanted: list[int], left_fen: int) -> list[int]:
    """Each in order if it fits whole into what is then left; the others wait for next year."""
    granted = []
    for amount in wanted:
        granted.append(amount if amount <= left_fen else 0)
        left_fen -= granted[-1]
    return granted


MODES: dict[str, Callable[[list[int], int], list[int]]] = {
    "sequence": _in_sequence,
    "prorate": _in_proportion,
    "carry": _whole_or_carried,
}


def _cut(row: int, line: Budget, left: int, before: int, after: int) -> Cut:
    if line.mode == "carry":
        code = "BUDGET_CARRIED"
    elif not after:
        code = "BUDGET_EXHAUSTED"
    else:
        code = "BUDGET_PRORATED" if line.mode == "prorate" else "BUDGET_REACHED"
    used = line.budget_fen - left if left else max(line.used_fen, line.budget_fen)
    here = [say("本批", "this batch")] if used > line.used_fen else []
    batches = ";".join(filter(None, [line.batches, *here]))
    return Cut(row, STEP, code, line.fund, line.reference, before, after, line.budget_fen, used, batches)


def _finding(cut: Cut, line: Budget, left: int, total: int) -> Finding:
    values = {
        "limit": line.fund,
        "window": str(line.year),
        "ceiling": money(line.budget_fen),
        "used": money(line.budget_fen - left),
        "left": money(left),
        "found": money(cut.before_fen),
        "total": money(total),
        "before": money(cut.before_fen),
        "after": money(cut.after_fen),
    }
    return Finding(cut.row, cut.code, "approved_amount", values, cut.article)
