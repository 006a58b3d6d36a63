"""What we hand out comes back: every form is read by the same reader that reads the bureaus' own tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from disburse.intake import Intake, read_applications, read_list, sources
from disburse.language import current
from disburse.tables import LISTS, table
from disburse.workbooks.exceptions import TO_MEND, write_exceptions
from disburse.workbooks.template import write_form, write_template
from tests.workbooks.conftest import FORMULA, SCIENCE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from disburse.policy import Policy
    from disburse.workbooks.month import Month


@pytest.fixture(params=["zh", "en"])
def language(request: pytest.FixtureRequest) -> Iterator[str]:
    token = current.set(request.param)
    yield request.param
    current.reset(token)


def read(path: Path, policy: Policy) -> Intake:
    return read_applications(sources([path])[0], policy, stop=True, progress=lambda _: None)


@pytest.mark.usefixtures("language")
@pytest.mark.parametrize("measures", [(), ("M13",), ("M06A", "M04")])
def test_an_untouched_template_is_read_as_no_row_and_nothing_to_say(
    tmp_path: Path, policy: Policy, measures: tuple[str, ...]
) -> None:
    write_template(tmp_path / "a.xlsx", policy, measures)
    intake = read(tmp_path / "a.xlsx", policy)
    assert len(intake.rows) == 0
    assert intake.findings == []


@pytest.mark.usefixtures("language")
@pytest.mark.parametrize("name", LISTS)
def test_an_untouched_list_is_read_as_an_empty_one(tmp_path: Path, policy: Policy, name: str) -> None:
    write_form(tmp_path / "a.xlsx", name, policy)
    assert len(read_list(tmp_path / "a.xlsx", name, policy)) == 0


def test_rows_to_mend_are_read_as_corrections_with_what_was_right(tmp_path: Path, policy: Policy, month: Month) -> None:
    write_exceptions(tmp_path / "x", month)
    intake = read(tmp_path / "x" / f"{SCIENCE}.xlsx", policy)
    sent = month.rows[(month.rows["bureau_name"] == SCIENCE) & month.rows["status"].isin(TO_MEND)].reset_index()
    assert len(intake.rows) == len(sent) == 3
    assert set(intake.rows["corrects"]) == {"是"}
    assert set(intake.rows["source_sheet"]) == {"待改正"}
    for column in table("application").columns:
        if column.field != "corrects":
            name = f"{column.field}_fen" if column.kind == "amount" else column.field
            read_back, given = ([str(value) for value in frame[name]] for frame in (intake.rows, sent))
            assert read_back == given, name
    assert FORMULA in set(intake.rows["applicant_name"])
    assert intake.rows["extra"].iloc[2] == {"=1+1": "@SUM(1)", "联系人": "＜r><t>假</t></r>"}
    found = {(finding.row, finding.code) for finding in intake.findings}
    assert (2, "USCC_INVALID") in found  # unmended, so found again
    assert "TOTAL_MISMATCH" not in {code for _, code in found}
