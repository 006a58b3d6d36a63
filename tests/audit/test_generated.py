"""Months drawn at random: what the second calculation writes is, byte for byte, what the first one writes.

So an untouched run shows no difference, whatever the policy, the history and the lists; waivers, batches, budgets and
the order of lines included.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from random import Random

import pandas as pd
import pytest

from disburse.audit.recalculation import settlement_of
from disburse.case import Case
from disburse.records import records
from disburse.settlement import Settlement, settle
from disburse.store.frames import OPEN_ITEMS, to_frame
from disburse.verify.plain import recalculate
from disburse.workbooks.ledger import write_ledger
from disburse.workbooks.month import Month
from tests.verify.drawn import month

SEEDS = 20


def written(settlement: Settlement, case: Case, path: Path) -> dict[str, bytes]:
    assert case.pay_date is not None
    whole = Month(settlement, case.policy, "2025-06", case.pay_date, "0" * 64, (), [], to_frame([], OPEN_ITEMS))
    write_ledger(path, whole)
    files = records(settlement, [], "2025-06")
    return {**files, "ledger.xlsx": path.read_bytes()}


def differing(seed: int, folder: Path) -> list[str]:
    """The files in which the two calculations of a drawn month differ."""
    rows, found, case = month(Random(seed))
    if seed % 2:  # as a run has it: what is shared widely comes from running balances
        case = replace(case, sums=case.balances)
    first = written(settle(rows, found, case), case, folder / "first.xlsx")
    second = written(settlement_of(rows, recalculate(rows, found, case), case), case, folder / "second.xlsx")
    return [name for name in first if first[name] != second[name]]


@pytest.mark.parametrize("seed", range(SEEDS))
def test_a_drawn_month(seed: int, tmp_path: Path) -> None:
    assert differing(seed, tmp_path) == []


def test_a_month_without_a_row(tmp_path: Path) -> None:
    rows, _, case = month(Random(1))
    rows = rows.iloc[:0]
    assert isinstance(rows, pd.DataFrame)
    first = written(settle(rows, [], case), case, tmp_path / "first.xlsx")
    second = written(settlement_of(rows, recalculate(rows, [], case), case), case, tmp_path / "second.xlsx")
    assert first == second
