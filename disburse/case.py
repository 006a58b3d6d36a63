"""All that the calculation may look at besides the applications themselves."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import date

    import pandas as pd

    from disburse.policy import Policy


@dataclass(frozen=True)
class Lists:
    """The lists that stand beside the applications; None where not given, and then named 未核对.

    register    measure, uscc, subject_no, name, start_date, end_date
    exclusions  uscc, applicant_name, document_no, reason, start_date, end_date
    awards      uscc, matter_no, level, document_no, amount_fen, award_date
    budget      fund, year (Int64), budget_fen (Int64), mode (sequence, prorate or carry)
    waivers     application_no, code, approver, reason, valid_until
    """

    register: pd.DataFrame | None = None
    exclusions: pd.DataFrame | None = None
    awards: pd.DataFrame | None = None
    budget: pd.DataFrame | None = None
    waivers: pd.DataFrame | None = None


BALANCED = (
    "batch_no", "batch", "measure", "fund", "pay_year", "event_year", "town", "bureau", "category",
)  # fmt: skip
"""What running balances may be kept apart by."""


@dataclass(frozen=True)
class Wanted:
    """What a month asks of the history: the rows as read, and by which rules they will be settled.

    pay_date  None: not known, only in `check`
    """

    rows: pd.DataFrame
    policy: Policy
    pay_date: date | None

    @property
    def balanced_by(self) -> tuple[str, ...]:
        """The columns that the running balances must be kept apart by: for the budget, and for widely shared limits."""
        asked = {"batch_no", "batch", "measure", "fund", "pay_year"}
        for limit in self.policy.limits:
            if limit.balanced:
                asked |= {*limit.columns, *(["event_year"] if limit.window == "event_year" else [])}
        return tuple(name for name in BALANCED if name in asked)


@dataclass(frozen=True)
class Case:
    """Policy, what was booked (docs/architecture.md), the lists and the pay date (None: not known, only in `check`).

    booked  all that was booked, or the lines that could matter to one of the applications
    sums    running balances of all that was booked; None where `booked` is all of it
    """

    policy: Policy
    booked: pd.DataFrame
    lists: Lists = field(default_factory=Lists)
    pay_date: date | None = None
    sums: pd.DataFrame | None = None

    @cached_property
    def paid_before(self) -> pd.DataFrame:
        """The bookings that count: net of reversals above 0."""
        return self.booked[self.booked["net_fen"] > 0]

    @cached_property
    def balances(self) -> pd.DataFrame:
        """Net fen by batch, in booking order, and by at least what budget and widely shared limits ask for."""
        if self.sums is not None:
            return self.sums
        years = {"pay_year": self.booked["pay_date"].dt.year, "event_year": self.booked["event_date"].dt.year}
        each = self.booked.assign(**{name: year.astype("Int64").fillna(0) for name, year in years.items()})
        return each.groupby(list(BALANCED))["net_fen"].sum().reset_index()
