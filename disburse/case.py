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


@dataclass(frozen=True)
class Case:
    """Policy, what was booked (docs/architecture.md), the lists and the pay date (None: not known, only in `check`)."""

    policy: Policy
    booked: pd.DataFrame
    lists: Lists = field(default_factory=Lists)
    pay_date: date | None = None

    @cached_property
    def paid_before(self) -> pd.DataFrame:
        """The bookings that count: net of reversals above 0."""
        return self.booked[self.booked["net_fen"] > 0]
