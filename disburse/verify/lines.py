"""The door of the second calculation: tables → plain lines. Behind it there is no pandas, and a blank is None or "".

Every text is taken as it is compared (spec section 2): after NFKC, without zero-width signs, no white space around.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from functools import cached_property
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pandas as pd

if TYPE_CHECKING:
    from datetime import date

    from disburse.case import Case
    from disburse.policy import Policy
    from disburse.policy.model import Measure


class Line(SimpleNamespace):
    """A line of a table under the names of docs/architecture.md: str, int, date or None. `label` is its index label."""


@dataclass(frozen=True)
class Month:
    """All that is looked at besides the applications. A list that was not given is empty."""

    policy: Policy
    pay_date: date
    booked: list[Line]
    balances: list[Line]
    """What was booked by measure, fund, pay_year, event_year, town, bureau and category: net_fen; may be finer."""
    register: list[Line]
    exclusions: list[Line]
    awards: list[Line]
    budget: list[Line]
    waivers: list[Line]

    @cached_property
    def measures(self) -> dict[str, Measure]:
        return {measure.code: measure for measure in self.policy.measures}


def month(case: Case) -> Month:
    """The case at the door. A booking counts while its net of reversals is above 0."""
    assert case.pay_date is not None, "a month is calculated for a pay date"
    booked = [line for line in taken(case.booked) if line.net_fen > 0]
    for line in booked:
        line.pay_year, line.event_year = line.pay_date.year, line.event_date.year
    return Month(
        policy=case.policy,
        pay_date=case.pay_date,
        booked=booked,
        balances=booked if case.sums is None else taken(case.sums),
        register=taken(case.lists.register),
        exclusions=taken(case.lists.exclusions),
        awards=taken(case.lists.awards),
        budget=taken(case.lists.budget),
        waivers=taken(case.lists.waivers),
    )


def taken(frame: pd.DataFrame | None) -> list[Line]:
    """The frame's lines; none where there is no frame."""
    if frame is None:
        return []
    columns = {str(name): [_plain(value) for value in frame[name].array] for name in frame.columns if name != "extra"}
    columns["label"] = frame.index.tolist()
    return [Line(**dict(zip(columns, values, strict=True))) for values in zip(*columns.values(), strict=True)]


def _plain(value: Any) -> Any:
    if isinstance(value, str):
        return value.strip() if value.isascii() else compared(value)
    if value is None or pd.isna(value):
        return None
    return value.date() if isinstance(value, pd.Timestamp) else int(value)


def compared(text: str) -> str:
    """Text as it is compared."""
    return "".join(sign for sign in unicodedata.normalize("NFKC", text) if unicodedata.category(sign) != "Cf").strip()


UNIT_FEN = {"分": 1, "角": 10, "元": 100, "百元": 10_000, "万元": 1_000_000}
"""Fen in one of each unit of a policy file."""


def within(start: date | None, day: date, end: date | None) -> bool:
    """Whether `day` lies between the two, both included; a blank end is open."""
    return (start is None or start <= day) and (end is None or day <= end)


def term_day(row: Line, month: Month) -> date:
    """The day that must lie in the term, by the policy's reading; the values of that day are in force for the row."""
    days = {"event_date": row.event_date, "approved_date": row.approved_date, "pay_date": month.pay_date}
    day: date = days[month.policy.term.date]
    return day


def holding(values: tuple[Any, ...], day: date) -> Any:
    """The one of these dated values of the policy that holds on `day`; None where none does."""
    return next((value for value in values if within(value.from_, day, value.to)), None)


def fen(amount: Any) -> int:
    """An amount of the policy in fen."""
    value: int = amount.value
    return value * UNIT_FEN[amount.unit]


def matter(line: Line, month: Month) -> tuple[str, str] | None:
    """The matter that must not be rewarded twice: credit code and 事项编号; None where it is not written.

    By the other reading the subject number stands for a number not written.
    """
    number = line.matter_no
    if not number and month.policy.duplication.without_number == "subject":
        number = line.subject_no
    return (line.uscc, number) if number else None


def rivals(one: Line, other: Line, month: Month) -> bool:
    """Whether two lines of one matter may not both be paid: no instalments of one 申报编号, no measures that may stack."""
    if one.application_no == other.application_no:
        return False
    return {one.measure, other.measure} not in [set(pair) for pair in month.policy.duplication.stack]
