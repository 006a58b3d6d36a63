"""What a month sends back to a bureau: mended and sent again beside the original, its rows replace the old ones and pass."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import openpyxl

from disburse.tables import table
from tests.months import CODES
from tests.test_commands import disburse, lines
from tests.workbook import submission

if TYPE_CHECKING:
    from pathlib import Path

HEADINGS = {column.field: column.heading.zh for column in table("application").columns}
MENDED = {"K2": {"uscc": CODES[1]}, "K3": {"approved_amount": 80000}, "K4": {"approval_no": "东商务〔2025〕9号"}}
"""What is wrong in the first submission, and what the clerk types instead."""

OTHER = {"uscc": CODES[1], "applicant_name": "东莞乙公司", "account_no": "6222020200999"}


def faulty(folder: Path) -> None:
    """One workbook with rows of two bureaus and one that nobody owns."""
    submission(
        folder / "商务局.xlsx",
        {"application_no": "K1", "measure": "M06B", "bureau": "市商务局"},
        {"application_no": "K2", "measure": "M06B", "bureau": "市商务局", **OTHER, "uscc": "91110108551385082A"},
        {"application_no": "K3", "measure": "M06B", "bureau": "市商务局", "approved_amount": None},
        {
            "application_no": "K4",
            "measure": "M06B",
            "bureau": "市商务局",
            "approval_no": None,
            "approved_amount": 20000,
        },
        {
            "application_no": "Z1",
            "measure": "M06B",
            "bureau": "市市场监管局",
            "approval_no": None,
            "approved_amount": 30000,
        },
        {"application_no": "N1", "measure": "M06B", "bureau": "没有这个局"},
    )


def sheet_to_mend(path: Path) -> tuple[Any, Any, dict[str, int], int]:
    """Workbook, sheet, column by heading, and the row of the headings."""
    book = openpyxl.load_workbook(path)
    sheet = book["待改正"]
    heading = next(cell.row for cell in sheet["A"] if cell.value == HEADINGS["application_no"])
    columns = {cell.value: cell.column for cell in sheet[heading] if cell.value}
    return book, sheet, columns, heading


def test_rows_mended_in_the_exceptions_replace_the_old_ones_and_pass(tmp_path: Path) -> None:
    faulty(tmp_path / "in")
    first = disburse("run", "2025-06", "in", "--out", "out", cwd=tmp_path)
    assert first.returncode == 0, first.stderr
    before = {line["application_no"]: line for line in lines(tmp_path / "out" / "outcomes.csv")}
    assert {number: before[number]["status"] for number in MENDED} == {
        "K2": "invalid",
        "K3": "invalid",
        "K4": "rejected",
    }
    folder = tmp_path / "out" / "exceptions"
    assert sorted(path.name for path in folder.iterdir()) == ["市商务局.xlsx", "市市场监管局.xlsx", "未识别单位.xlsx"]

    book, sheet, columns, heading = sheet_to_mend(folder / "市商务局.xlsx")
    mended = []
    for row in range(heading + 1, sheet.max_row + 1):
        number = sheet.cell(row, columns[HEADINGS["application_no"]]).value
        if number in MENDED:
            mended.append(number)
            assert sheet.cell(row, columns[HEADINGS["corrects"]]).value == "是"
            for field, value in MENDED[number].items():
                sheet.cell(row, columns[HEADINGS[field]], value)
    assert mended == list(MENDED)
    total = sheet.cell(heading + 1, columns[HEADINGS["approved_amount"]])
    total.value = sum(float(sheet.cell(row, total.column).value or 0) for row in range(heading + 2, sheet.max_row + 1))
    (tmp_path / "in" / "sub").mkdir()
    book.save(tmp_path / "in" / "sub" / "商务局更正.xlsx")

    checked = disburse("check", "in/sub/商务局更正.xlsx", cwd=tmp_path)
    assert checked.returncode == 0, checked.stdout
    again = disburse("run", "2025-06", "in", "--out", "out2", cwd=tmp_path)
    assert again.returncode == 0, again.stderr
    after = [line for line in lines(tmp_path / "out2" / "outcomes.csv") if line["application_no"] in MENDED]
    old = {line["application_no"]: line["status"] for line in after if line["source_file"] == "商务局.xlsx"}
    new = {line["application_no"]: line["status"] for line in after if line["source_file"] != "商务局.xlsx"}
    assert old == dict.fromkeys(MENDED, "replaced")
    assert new == dict.fromkeys(MENDED, "paid")
    assert not (tmp_path / "out2" / "exceptions" / "市商务局.xlsx").exists() or all(
        number not in {cell.value for page in openpyxl.load_workbook(tmp_path / "out2" / "exceptions" / "市商务局.xlsx")
                       for row in page.iter_rows() for cell in row}
        for number in MENDED
    )  # fmt: skip


def test_no_bureau_reads_of_another_ones_rows(tmp_path: Path) -> None:
    faulty(tmp_path / "in")
    disburse("run", "2025-06", "in", "--out", "out", cwd=tmp_path)
    numbers = {"市商务局": {"K1", "K2", "K3", "K4"}, "市市场监管局": {"Z1"}, "未识别单位": {"N1"}}
    for bureau, own in numbers.items():
        book = openpyxl.load_workbook(tmp_path / "out" / "exceptions" / f"{bureau}.xlsx")
        words = " ".join(str(cell.value) for page in book for row in page.iter_rows() for cell in row if cell.value)
        words += " ".join(
            cell.comment.text for page in book for row in page.iter_rows() for cell in row if cell.comment
        )
        strangers = set().union(*numbers.values()) - own
        assert not {number for number in strangers if number in words}, bureau
