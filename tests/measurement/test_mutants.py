"""A fixed number of damaged workbooks; `make fuzz N=…` draws more."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest

from disburse.policy import load_policy
from disburse.reader import worker
from tests.measurement.mutants import judge, mutant, sound
from tests.measurement.oracle import differences

if TYPE_CHECKING:
    from pathlib import Path

BLOCKS, EACH = 4, 50


@pytest.fixture(scope="module")
def originals(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    return sound(tmp_path_factory.mktemp("sound"))


def test_the_sound_workbooks_are_clean_and_agree(originals: list[Path]) -> None:
    for original in originals:
        assert judge(original, original, load_policy()) == "clean"
        assert list(differences(original, worker.read(original))) == []


@pytest.mark.parametrize("block", range(BLOCKS))
def test_a_damaged_workbook_is_refused_or_read_rightly(tmp_path: Path, originals: list[Path], block: int) -> None:
    policy, became = load_policy(), set()
    for seed in range(block * EACH, (block + 1) * EACH):
        chance = random.Random(seed)
        original, made = chance.choice(originals), tmp_path / f"{seed}.xlsx"
        mutant(original, made, chance)
        became.add(judge(original, made, policy))
    assert became == {"refused", "with faults", "clean"}
