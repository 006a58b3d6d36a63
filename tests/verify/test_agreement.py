"""Hypothesis holds the two calculations together over months drawn at random: policies, bookings, lists, pay dates."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from disburse.case import Case
from disburse.verify.plain import recalculate
from tests.verify.both import differences
from tests.verify.drawn import month

if TYPE_CHECKING:
    from random import Random

EXAMPLES = int(os.environ.get("DISBURSE_EXAMPLES", "150"))


@given(st.randoms(use_true_random=False))
@settings(max_examples=EXAMPLES, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
def test_both_calculations_agree(random: Random) -> None:
    assert differences(*month(random)) == []


@dataclass(frozen=True)
class _WithBalances(Case):
    sums: pd.DataFrame | None = None  # type: ignore[assignment]


@given(st.randoms(use_true_random=False))
@settings(max_examples=30, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
def test_running_balances_say_the_same_as_the_bookings(random: Random) -> None:
    rows, found, case = month(random)
    years = {"pay_year": case.booked["pay_date"].dt.year, "event_year": case.booked["event_date"].dt.year}
    key = ["batch", "measure", "fund", "pay_year", "event_year", "town", "bureau", "category"]
    sums = case.booked.assign(**years).groupby(key, as_index=False)["net_fen"].sum()
    balanced = _WithBalances(case.policy, case.booked, case.lists, case.pay_date, sums)
    assert recalculate(rows, found, balanced) == recalculate(rows, found, case)
