"""A sample of the mutants of the fast calculation; `make mutants` takes them all."""

from __future__ import annotations

import pytest

from disburse.settlement import settle
from tests.verify.both import apart
from tests.verify.mutants import MODULES, Mutant, caught, equivalent, mutants, settled_plainly

EVERY = [mutant for name in MODULES for mutant in mutants(name)]
KNOWN = equivalent()
TO_CATCH = [mutant for mutant in EVERY if mutant.name not in KNOWN and mutant.where not in KNOWN]


@pytest.mark.parametrize("mutant", TO_CATCH[7::25], ids=lambda mutant: mutant.name)
def test_the_plain_calculation_notices(mutant: Mutant) -> None:
    assert caught(mutant, drawn=30)


def test_what_is_called_equivalent_still_exists() -> None:
    names = {mutant.name for mutant in EVERY} | {mutant.where for mutant in EVERY}
    assert set(KNOWN) <= names


def test_a_mutant_is_gone_afterwards() -> None:
    name = caught(TO_CATCH[0], drawn=0)
    given, plain = settled_plainly(name)
    assert apart(settle(*given), plain) == []
