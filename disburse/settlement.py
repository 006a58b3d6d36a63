"""The calculation as a whole, pure: applications + policy + what was booked + lists → outcomes, cuts and findings, balanced."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from disburse.case import Case, Lists

if TYPE_CHECKING:
    from disburse.findings import Finding

__all__ = ["Case", "Lists", "Settlement"]


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
