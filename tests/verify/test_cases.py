"""The worked cases of tests/cases/*.yaml, settled by the second calculation; and it agrees with the first on each."""

from __future__ import annotations

from typing import Any

import pytest

from disburse.money import yuan
from disburse.verify.plain import Outcome, recalculate
from tests.rules.test_cases import inputs, worked_cases
from tests.verify.both import differences


@pytest.mark.parametrize("case", worked_cases())
def test_case(case: dict[str, Any]) -> None:
    result = recalculate(*inputs(case))
    got = [_told(outcome, wanted) for outcome, wanted in zip(result.outcomes, case["结果"], strict=True)]
    assert got == [{name: str(value) for name, value in wanted.items()} for wanted in case["结果"]]
    if "核减" in case:
        steps = [f"{cut.step} {cut.code} {yuan(cut.before_fen)}→{yuan(cut.after_fen)}" for cut in result.cuts]
        assert steps == case["核减"]


@pytest.mark.parametrize("case", worked_cases())
def test_both_calculations_agree(case: dict[str, Any]) -> None:
    assert differences(*inputs(case)) == []


def _told(outcome: Outcome, wanted: dict[str, Any]) -> dict[str, str]:
    every = {
        "状态": outcome.status,
        "实付": "" if outcome.paid_fen is None else yuan(outcome.paid_fen),
        "应享": "" if outcome.entitled_fen is None else yuan(outcome.entitled_fen),
        "原因": ";".join(outcome.reasons),
    }
    return {name: every[name] for name in wanted}
