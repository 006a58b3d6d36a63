"""The calculation as a whole, pure: applications + policy + what was booked + lists → outcomes, cuts and findings, balanced."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING

import pandas as pd

if TYPE_CHECKING:
    from disburse.findings import Finding
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
    """All that a step may look at besides the rows: policy, lists, bookings and the pay date (None: not known yet)."""

    policy: Policy
    booked: pd.DataFrame
    lists: Lists = field(default_factory=Lists)
    pay_date: date | None = None


@dataclass(frozen=True)
class Settlement:
    """The month's result.

    rows      the applications table in source order, with
              status    paid, reduced, rejected, held, carried, invalid, registered, replaced
              entitled_fen, alone_fen, distinct_fen, limited_fen, paid_fen   Int64, the chain of amounts after
                        entitlement, standing alone, non-duplication, limits and budget; NA where never reached
              reasons   codes in order of precedence, joined by ";"
              order     place in the policy's order (0 first), -1 for invalid and replaced rows
    findings  every finding that stands, on every row
    cuts      one line per reduction: row, step, code, rule, article, before_fen, after_fen, ceiling_fen (Int64, NA
              where there is none), used_before_fen, batches (";"-joined), in the order made
    waivers   the waivers that had an effect: application_no, code, approver, reason, valid_until, row
    idle_waivers  the others, with `why`
    budgets   fund, year, mode, budget_fen, used_before_fen, paid_fen, one line per line of the budget list of that year
    """

    rows: pd.DataFrame
    findings: list[Finding]
    cuts: pd.DataFrame
    waivers: pd.DataFrame
    idle_waivers: pd.DataFrame
    budgets: pd.DataFrame
