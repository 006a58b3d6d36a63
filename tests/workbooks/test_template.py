"""The forms: found by heading, nothing in them before they are filled in, drop-downs and hints in place."""

from __future__ import annotations

import os
import shutil
import subprocess
from typing import TYPE_CHECKING, Any

import openpyxl
import pytest

from disburse.errors import Usage
from disburse.language import current
from disburse.tables import LISTS, table
from disburse.workbooks.form import READY
from disburse.workbooks.template import write_form, write_template

if TYPE_CHECKING:
    from pathlib import Path

    from openpyxl.worksheet.worksheet import Worksheet

    from disburse.policy import Policy


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory, policy: Policy) -> Path:
    path = tmp_path_factory.mktemp("template") / "申报表.xlsx"
    write_template(path, policy)
    return path


def heading_row(sheet: Worksheet) -> tuple[int, list[str]]:
    for number, row in enumerate(sheet.iter_rows(values_only=True), 1):
        if "申报编号" in row:
            return number, [str(value) for value in row]
    raise AssertionError("no heading row")


def data_rows(path: Path) -> list[dict[str, Any]]:
    """Rows of the form as section 2 of the contract has it: a line with an 申报编号 or an amount that is no 合计."""
    sheet = openpyxl.load_workbook(path, data_only=True).worksheets[0]
    number, headings = heading_row(sheet)
    lines = [dict(zip(headings, row, strict=True)) for row in sheet.iter_rows(min_row=number + 1, values_only=True)]
    return [line for line in lines if "合计" not in line.values() and (line["申报编号"] or line["核定金额(元)"])]


def test_total_lines_below_are_left_out_of_its_own_total(template: Path, tmp_path: Path) -> None:
    if shutil.which("soffice") is None:
        (pytest.fail if os.environ.get("CI") else pytest.skip)("not installed: soffice")
    book = openpyxl.load_workbook(template)
    sheet = book["申报表"]
    number, headings = heading_row(sheet)
    column = headings.index("核定金额(元)") + 1
    for row, (label, amount) in enumerate(
        [("合成计-1", 100), ("A-2", 50), ("小计", 150), ("A-3", 7.5), ("合 计：", 157.5)], start=number + 2
    ):
        sheet.cell(row, 1, label)
        sheet.cell(row, column, amount)
    book.save(tmp_path / "填好.xlsx")
    profile, out = f"-env:UserInstallation=file://{tmp_path}/profile", tmp_path / "o"
    command = ["soffice", profile, "--headless", "--convert-to", "xlsx:Calc MS Excel 2007 XML", "--outdir", str(out)]
    subprocess.run([*command, str(tmp_path / "填好.xlsx")], check=True, capture_output=True, timeout=180)
    saved = openpyxl.load_workbook(out / "填好.xlsx", data_only=True)["申报表"]
    assert (saved["C2"].value, saved.cell(number + 1, column).value) == (3, 157.5)


def test_sheets(template: Path) -> None:
    assert openpyxl.load_workbook(template).sheetnames == ["申报表", "填报说明", "选项"]


def test_an_untouched_form_holds_no_row(template: Path) -> None:
    assert data_rows(template) == []


def test_headings_are_those_of_the_table_plain(template: Path) -> None:
    _, headings = heading_row(openpyxl.load_workbook(template)["申报表"])
    assert headings == [column.heading.zh for column in table("application").columns]


def test_required_headings_differ_in_fill_only(template: Path) -> None:
    sheet = openpyxl.load_workbook(template)["申报表"]
    number, headings = heading_row(sheet)
    fills = {heading: sheet.cell(number, i).fill.fgColor.rgb for i, heading in enumerate(headings, 1)}
    assert fills["申报编号"] == fills["批复文号"] != fills["备注"]
    assert fills["补贴对象编号"] not in (fills["申报编号"], fills["备注"])


def test_formats_of_the_cells_to_fill_in(template: Path) -> None:
    sheet = openpyxl.load_workbook(template)["申报表"]
    number, headings = heading_row(sheet)
    form = {"amount": "#,##0.00", "date": "yyyy-mm-dd", "integer": "0"}
    for column in table("application").columns:
        at = headings.index(column.heading.zh) + 1
        for row in (number + 2, number + 1 + READY):
            assert sheet.cell(row, at).number_format == form.get(column.kind, "@"), column.field


def test_declared_total_and_count_are_live_and_carry_nought(template: Path) -> None:
    live, values = (openpyxl.load_workbook(template, data_only=flag)["申报表"] for flag in (False, True))
    number, headings = heading_row(live)
    at = headings.index("核定金额(元)") + 1
    assert live.cell(number + 1, 1).value == "合计"
    assert str(live.cell(number + 1, at).value).startswith("=SUM(G6:G")
    assert values.cell(number + 1, at).value == 0
    assert str(live["C2"].value).startswith("=COUNTA(A6:A")
    assert values["C2"].value == 0
    assert live["A2"].value == "单位:元"


def test_drop_downs_stand_on_ranges_that_hold_the_choices(template: Path, policy: Policy) -> None:
    book = openpyxl.load_workbook(template)
    sheet = book["申报表"]
    number, headings = heading_row(sheet)
    found = {}
    for rule in sheet.data_validations.dataValidation:
        if rule.type == "list":
            name, cells = rule.formula1.split("!")
            first = next(iter(rule.sqref.ranges))
            assert first.min_row == number + 2
            top, _, bottom = cells.replace("$", "").partition(":")
            found[headings[first.min_col - 1]] = [
                row[0].value for row in book[name.strip("'")][f"{top}:{bottom or top}"]
            ]
    assert found == {
        "措施代码": list(policy.by_code),
        "企业选择": ["是", "否"],
        "收款主体类型": ["企业", "预算单位"],
        "更正": ["是"],
        "报送单位": found["报送单位"],
    }
    assert set(found["报送单位"]) == set(policy.bureaus)


def test_every_column_has_a_hint_that_excel_takes(template: Path) -> None:
    sheet = openpyxl.load_workbook(template)["申报表"]
    rules = sheet.data_validations.dataValidation
    assert len(rules) == len(table("application").columns)
    assert all(0 < len(rule.promptTitle) <= 32 and 0 < len(rule.prompt) <= 255 for rule in rules)


def test_only_the_columns_the_measures_need_or_may_fill(tmp_path: Path, policy: Policy) -> None:
    write_template(tmp_path / "a.xlsx", policy, ["M13"])
    write_template(tmp_path / "b.xlsx", policy, ["跨境电商+产业带活动", "M04"])
    _, benefits = heading_row(openpyxl.load_workbook(tmp_path / "a.xlsx")["申报表"])
    _, event = heading_row(openpyxl.load_workbook(tmp_path / "b.xlsx")["申报表"])
    assert {"核定金额(元)", "收款账号", "补贴对象编号"}.isdisjoint(benefits)
    assert {"企业名称", "备注", "更正"} <= set(benefits)
    assert {"核定依据金额(元)", "补贴对象编号", "收款账号"} <= set(event)
    assert {"服务数量", "服务类别"}.isdisjoint(event)
    choices = openpyxl.load_workbook(tmp_path / "b.xlsx")["选项"]
    assert [choices.cell(row, 1).value for row in (3, 4, 5)] == ["M04", "M06A", None]


def test_an_unknown_measure_is_refused_by_name(tmp_path: Path, policy: Policy) -> None:
    with pytest.raises(Usage, match="M99"):
        write_template(tmp_path / "a.xlsx", policy, ["M99"])
    assert not (tmp_path / "a.xlsx").exists()


def test_no_other_sheet_can_be_taken_for_a_form(template: Path) -> None:
    columns = table("application").columns
    field_of = {word: column.field for column in columns for word in (*column.heading.both(), *column.synonyms)}
    for sheet in openpyxl.load_workbook(template).worksheets[1:]:
        for row in sheet.iter_rows(values_only=True):
            assert len({field_of[value] for value in row if value in field_of}) <= 1, (sheet.title, row)


def test_the_guide_tells_every_column_and_measure(template: Path, policy: Policy) -> None:
    sheet = openpyxl.load_workbook(template)["填报说明"]
    first = {row[0] for row in sheet.iter_rows(values_only=True)}
    assert {column.heading.zh for column in table("application").columns} <= first
    assert {f"{measure.code} {measure.title.zh}" for measure in policy.measures} <= first


def test_the_same_bytes_whenever_it_is_written(template: Path, tmp_path: Path, policy: Policy) -> None:
    write_template(tmp_path / "a.xlsx", policy)
    assert (tmp_path / "a.xlsx").read_bytes() == template.read_bytes()


def test_in_english_the_headings_are_the_english_ones(tmp_path: Path, policy: Policy) -> None:
    token = current.set("en")
    try:
        write_template(tmp_path / "a.xlsx", policy)
    finally:
        current.reset(token)
    book = openpyxl.load_workbook(tmp_path / "a.xlsx")
    assert [cell.value for cell in book["Applications"][4]] == [c.heading.en for c in table("application").columns]


@pytest.mark.parametrize("name", LISTS)
def test_the_form_of_every_list(tmp_path: Path, policy: Policy, name: str) -> None:
    write_form(tmp_path / "a.xlsx", name, policy)
    book = openpyxl.load_workbook(tmp_path / "a.xlsx", data_only=True)
    headings = [column.heading.zh for column in table(name).columns]
    assert headings in [list(row[: len(headings)]) for row in book.worksheets[0].iter_rows(values_only=True)]
