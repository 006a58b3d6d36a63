"""Steps 5 and 7: what every limit has left, for each row by itself and for the rows in order (spec 4.5, 4.7).

A limit is one thing: who shares it, over which window, how much and/or how many times. `Quota` is a limit brought
to the rows of one batch: each row's key, and what was used under that key before.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from disburse.findings import Finding
from disburse.language import listed, say
from disburse.policy.values import in_force
from disburse.rules.days import days
from disburse.rules.keys import keys as same
from disburse.rules.step import Cut, Step, money

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from disburse.case import Case
    from disburse.policy import Limit

Key = tuple[str, ...]


@dataclass
class Use:
    """What has been used under one key: fen, the applications counted, the batches they were booked in."""

    fen: int
    applications: set[str]
    batches: tuple[str, ...]


@dataclass(frozen=True)
class Quota:
    """One limit over the rows of a batch.

    keys    key of each row the limit speaks of, by row label
    most    (amount, times) in force on the row's day (rules/days.py), None where it does not limit, by row label
    before  use booked before, by key; net of reversals, whatever month
    """

    limit: Limit
    keys: dict[int, Key]
    most: dict[int, tuple[int | None, int | None]]
    before: dict[Key, Use]

    def used(self, key: Key) -> Use:
        return self.before.get(key) or Use(0, set(), ())


def quotas(rows: pd.DataFrame, case: Case) -> list[Quota]:
    """Every limit of the policy that speaks of one of `rows`, in the policy file's order."""
    found = []
    for limit in case.policy.limits:
        spoken = rows[rows["measure"].isin(limit.measures)]
        if len(spoken):
            keys = dict(zip(spoken.index, _keys(spoken, limit, case.pay_date), strict=True))
            asked = days(spoken, case)
            in_days = {day: _most(limit, day) for day in asked.unique()}
            most = {row: in_days[day] for row, day in zip(spoken.index, asked, strict=True)}
            found.append(Quota(limit, keys, most, _before(limit, case, set(keys.values()))))
    return found


def _most(limit: Limit, day: date) -> tuple[int | None, int | None]:
    amount, times = in_force(limit.amount, day), in_force(limit.times, day)
    return (amount.fen if amount else None, times.value if times else None)


def _keys(rows: pd.DataFrame, limit: Limit, pay_date: date | None = None) -> Iterator[Key]:
    """Who shares the limit and, where the window is a year, which year; `pay_date` for rows not booked yet."""
    columns = [same(rows[column].astype(str)) for column in limit.columns]
    if limit.window == "event_year":
        columns.append(_year(rows, "event"))
    elif limit.window == "pay_year":
        columns.append(pd.Series(str(pay_date.year), index=rows.index) if pay_date else _year(rows, "pay"))
    return zip(*columns, strict=True) if columns else iter([()] * len(rows))


def _year(rows: pd.DataFrame, of: str) -> pd.Series[str]:
    """Of lines and of balances; a day that is not known is in no year."""
    year = rows[f"{of}_year"] if f"{of}_year" in rows else rows[f"{of}_date"].dt.year
    return year.astype("Int64").astype(str)


def _before(limit: Limit, case: Case, wanted: set[Key]) -> dict[Key, Use]:
    booked = case.balances[case.balances["net_fen"] > 0] if limit.balanced else case.paid_before
    booked = booked[booked["measure"].isin(limit.measures)]
    if limit.window == "batch" or booked.empty:
        return {}
    before: dict[Key, Use] = {}
    # balances name no applications; where they are enough nothing is counted
    applications = booked.get("application_no", pd.Series("", index=booked.index))
    for key, net_fen, application_no, batch in zip(
        _keys(booked, limit), booked["net_fen"], applications, booked["batch"], strict=True
    ):
        if key in wanted:
            use = before.setdefault(key, Use(0, set(), ()))
            use.fen += int(net_fen)
            use.applications.add(application_no)
            if batch not in use.batches:
                use.batches += (batch,)
    return before


def alone(rows: pd.DataFrame, case: Case) -> Step:
    """Step 5: each row as if it were the only one: its amount, limited by what was left after all booked before.

    rows  open rows in the policy's order with `entitled_fen`
    """
    return _limited(rows, "entitled_fen", "alone", quotas(rows, case), use_up=False)


def limits(rows: pd.DataFrame, case: Case) -> Step:
    """Step 7: in order, each row gets the least of its amount and what is left in every one of its limits.

    rows  open rows in the policy's order with `distinct_fen`
    Limits that cannot bind whatever the order are left out; the rest are applied row by row, so that the meaning
    holds exactly where groups cross.
    """
    return _limited(rows, "distinct_fen", "limits", _binding(quotas(rows, case), rows), use_up=True)


def _binding(quotas: list[Quota], rows: pd.DataFrame) -> list[Quota]:
    """The same quotas with only those keys under which all amounts together would exceed the limit."""
    amounts = dict(zip(rows.index, zip(rows["distinct_fen"], rows["application_no"], strict=True), strict=True))
    binding = []
    for quota in quotas:
        total: dict[Key, int] = {}
        counted: dict[Key, set[str]] = {}
        for row, key in quota.keys.items():
            amount, application_no = amounts[row]
            total[key] = total.get(key, quota.used(key).fen) + int(amount)
            counted.setdefault(key, set(quota.used(key).applications)).add(application_no)
        tight = {
            key
            for row, key in quota.keys.items()
            for amount, times in [quota.most[row]]
            if (amount is not None and total[key] > amount) or (times is not None and len(counted[key]) > times)
        }
        keys = {row: key for row, key in quota.keys.items() if key in tight}
        binding.append(Quota(quota.limit, keys, quota.most, quota.before))
    return binding


def _limited(rows: pd.DataFrame, column: str, step: str, quotas: list[Quota], *, use_up: bool) -> Step:
    amounts: dict[int, int] = {row: int(fen) for row, fen in zip(rows.index, rows[column], strict=True)}
    application = rows["application_no"].to_dict()
    concerned = {row for quota in quotas for row in quota.keys}
    now = {(i, key): _copy(quota.used(key)) for i, quota in enumerate(quotas) for key in set(quota.keys.values())}
    findings: list[Finding] = []
    cuts: list[Cut] = []
    for row in (row for row in amounts if row in concerned):
        mine = [(quota, now[i, quota.keys[row]]) for i, quota in enumerate(quotas) if row in quota.keys]
        for quota, use in mine:
            code, left = _left(quota, use, row, application[row])
            if left is not None and left < amounts[row]:
                cut = _cut(row, step, code, quota, use, amounts[row], left)
                cuts.append(cut)
                findings.append(_finding(cut, quota, use))
                amounts[row] = left
        if use_up and amounts[row]:
            for _, use in mine:
                use.fen += amounts[row]
                use.applications.add(application[row])
    return Step(findings, pd.Series(amounts, index=rows.index, dtype="int64"), cuts)


def _copy(use: Use) -> Use:
    return Use(use.fen, set(use.applications), use.batches)


def _left(quota: Quota, use: Use, row: int, application_no: str) -> tuple[str, int | None]:
    """What the row may still draw, in fen (None: no bound), and the code if that cuts it."""
    amount, times = quota.most[row]
    if times is not None and len(use.applications) >= times and application_no not in use.applications:
        return ("ONCE_ONLY" if times == 1 else "LIMIT_EXHAUSTED"), 0
    if amount is None:
        return "", None
    left = max(amount - use.fen, 0)
    return ("LIMIT_REACHED" if left else "LIMIT_EXHAUSTED"), left


def _cut(row: int, step: str, code: str, quota: Quota, use: Use, before_fen: int, after_fen: int) -> Cut:
    """Ceiling − used before = left, where used is what was booked before and what earlier rows of this batch used."""
    amount, _ = quota.most[row]
    batches = ";".join(_batches(quota, row, use))
    return Cut(row, step, code, quota.limit.id, quota.limit.article, before_fen, after_fen, amount, use.fen, batches)


def _batches(quota: Quota, row: int, use: Use) -> list[str]:
    booked = quota.used(quota.keys[row])
    return [*booked.batches, *([say("本批", "this batch")] if use.fen > booked.fen else [])]


def _finding(cut: Cut, quota: Quota, use: Use) -> Finding:
    amount, times = quota.most[cut.row]
    by_count = cut.after_fen == 0 and (cut.code == "ONCE_ONLY" or amount is None or amount > use.fen)
    yuan, count = say(" 元", " yuan"), say(" 次", " times")
    values = {
        "limit": str(quota.limit.title),
        "key": " ".join(quota.keys[cut.row]) or say("全体", "all"),
        "ceiling": f"{times}{count}" if by_count else money(amount or 0) + yuan,
        "used": f"{len(use.applications)}{count}" if by_count else money(use.fen) + yuan,
        "batches": listed(_batches(quota, cut.row, use)) or "-",
        "before": money(cut.before_fen),
        "after": money(cut.after_fen),
    }
    return Finding(cut.row, cut.code, "approved_amount", values, cut.article)
