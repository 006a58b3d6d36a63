"""Hypothesis holds the two calculations together over months drawn at random: policies, bookings, lists, pay dates."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

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


@given(st.randoms(use_true_random=False))
@settings(max_examples=30, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
def test_running_balances_say_the_same_as_the_bookings(random: Random) -> None:
    rows, found, case = month(random)
    balanced = replace(case, sums=case.balances)
    assert recalculate(rows, found, balanced) == recalculate(rows, found, case)
    assert differences(rows, found, balanced) == []
