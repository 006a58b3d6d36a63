"""One defect in one known cell, in the layouts offices use: found there, under that code, and nothing made up elsewhere.

A fixed number of cases; `make seeded N=5000` makes and checks as many as one likes.
"""

from __future__ import annotations

import pytest

from disburse.findings import catalogue
from tests.intake.seeded.case import DEFECTS, Known, as_xls, check, known, make, write
from tests.intake.seeded.files import as_xls as saved_as_xls

CASES = range(90)
OLD = ("CELL_ERROR_VALUE event_date", "TOTAL_MISMATCH 2", "USCC_INVALID", "COLUMN_UNKNOWN")
"""Beginnings of the defects that are saved in the old format too."""

ONLY_RUN = {"ELECTION_AMBIGUOUS", "WINNER_UNPAID"}
"""Questions of the sixth step, which `check` does not make."""


@pytest.fixture(scope="module")
def beside(tmp_path_factory: pytest.TempPathFactory) -> Known:
    return known(tmp_path_factory.mktemp("known"))


@pytest.mark.parametrize("number", CASES)
def test_exactly_the_planted_defect_is_found(tmp_path, beside, number):
    case = make(
        number * len(DEFECTS) // len(CASES) + number * len(DEFECTS)
    )  # a spread over the defects, each in a layout of its own
    found, messages = check(case, write(case, tmp_path), beside)
    assert found == case.expected, (case.defect.name, case.layouts, messages)


@pytest.mark.parametrize("name", OLD)
def test_the_same_holds_in_the_old_format(tmp_path, beside, name):
    defect = next(each for each in DEFECTS if each.name.startswith(name))
    seeds = iter(range(100))
    while (case := make(next(seeds), defect)).drawing.files[0].flat:
        continue
    found, messages = check(case, saved_as_xls(write(case, tmp_path), tmp_path / "xls"), beside)
    assert found == as_xls(case).expected, (case.layouts, messages)


def test_every_code_that_check_can_find_is_planted():
    planted = {defect.code for defect in DEFECTS}
    step = [
        code for code, each in catalogue().items() if each.severity in ("stop", "error", "reject", "hold", "notice")
    ]
    calculated = {
        "ALREADY_REWARDED",
        "LOWER_AWARD",
        "ONCE_ONLY",
        "LIMIT_EXHAUSTED",
        "BUDGET_EXHAUSTED",
        "ELECTION_NOT_HIGHEST",
    }
    of_lists_and_copies = {"LINE_REPEATED", "COPY_INCOMPLETE"}
    assert set(step) - planted == ONLY_RUN | calculated | of_lists_and_copies
