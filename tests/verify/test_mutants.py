"""The comparison of both calculations notices what is changed in what decides an amount: here every fifth mutant, with
`make mutants` all of them."""

from __future__ import annotations

import pytest

from disburse.settlement import settle
from tests.verify.both import apart
from tests.verify.mutants import MODULES, caught, equivalent, mutants, settled_plainly

DECIDING = ("disburse.rules.entitlement", "disburse.rules.limits", "disburse.rules.budget", "disburse.money")


@pytest.mark.parametrize("module", DECIDING)
def test_a_mutant_is_caught(module: str) -> None:
    known, told = equivalent(), list[str]()
    for mutant in list(mutants(module))[::5]:
        if mutant.name not in known and mutant.where not in known:
            month = caught(mutant, drawn=60, first=told)
            assert month, f"{mutant.module}:{mutant.line} {mutant.name}"
            told = [month, *(name for name in told if name != month)]


def test_a_mutant_is_gone_afterwards() -> None:
    name = caught(next(mutants("disburse.rules.limits")), drawn=0)
    assert name
    given, plain = settled_plainly(name)
    assert apart(settle(*given), plain) == []


def test_what_is_said_to_be_equivalent_is_a_mutant() -> None:
    every = [mutant for module in MODULES for mutant in mutants(module)]
    assert equivalent().keys() <= {mutant.name for mutant in every} | {mutant.where for mutant in every}
