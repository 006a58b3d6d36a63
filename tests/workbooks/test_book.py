"""The one place that writes: text stays text, nothing vanishes, nothing corrupts the file."""

from __future__ import annotations

import doctest
import zipfile
from datetime import date
from typing import TYPE_CHECKING, Any

import openpyxl
import pandas as pd
import pytest

from disburse.errors import Mendable
from disburse.workbooks import annexes, book, fit, words
from disburse.workbooks.book import Book, Column
from tests.workbooks.conftest import FORMULA, MARKUP, ODD

if TYPE_CHECKING:
    from pathlib import Path

DANGEROUS = [FORMULA, "=1+1", "+1", "-1", "@SUM(1)", "\t=1", "\r=1", "http://example.com", "0012", "1e5", "2025-01-01"]


def written(path: Path, *values: str, streamed: bool = False) -> list[Any]:
    with Book(path, streamed=streamed) as made:
        sheet = made.sheet("甲")
        for value in values:
            sheet.text(0, value)
            sheet.next()
    return [row[0] for row in openpyxl.load_workbook(path)["甲"].iter_rows()]


@pytest.mark.parametrize("streamed", [False, True])
def test_text_that_looks_like_anything_else_stays_text(tmp_path: Path, streamed: bool) -> None:
    cells = written(tmp_path / "a.xlsx", *DANGEROUS, streamed=streamed)
    assert [cell.data_type for cell in cells] == ["s"] * len(DANGEROUS)
    assert [str(cell.value).strip() for cell in cells] == [each.strip() for each in DANGEROUS]
    inside = zipfile.ZipFile(tmp_path / "a.xlsx").read("xl/worksheets/sheet1.xml")
    assert b"<f>" not in inside
    assert b"hyperlink" not in inside


def test_text_that_could_become_a_formula_on_editing_is_quoted(tmp_path: Path) -> None:
    cells = written(tmp_path / "a.xlsx", "=1+1", "甲公司")
    assert [int(cell.quotePrefix) for cell in cells] == [1, 0]


@pytest.mark.parametrize("streamed", [False, True])
def test_signs_a_cell_cannot_hold_are_shown_as_escapes(tmp_path: Path, streamed: bool) -> None:
    odd, halved, plain = written(tmp_path / "a.xlsx", ODD, "甲\ud800乙", "_x000D_", streamed=streamed)
    assert odd.value == "甲\\x0b乙\\x01丙丁\\u202e戊"
    assert halved.value == "甲\\ud800乙"
    assert plain.value.replace("_x005F_", "_") == "_x000D_"  # openpyxl leaves streamed text escaped, Excel does not


@pytest.mark.parametrize("streamed", [False, True])
def test_markup_of_the_writer_is_not_copied_into_the_file(tmp_path: Path, streamed: bool) -> None:
    [cell] = written(tmp_path / "a.xlsx", MARKUP, streamed=streamed)
    assert cell.value == "＜r><t>假</t></r>"


def test_a_very_long_text_is_cut_where_it_shows(tmp_path: Path) -> None:
    [cell] = written(tmp_path / "a.xlsx", "长" * 40_000)
    assert cell.value == "长" * book.TEXT_LIMIT + "…"


@pytest.mark.parametrize(
    ("value", "kind", "expected"),
    [
        (None, "amount", None),
        (pd.NA, "amount", None),
        (float("nan"), "whole", None),
        (pd.NaT, "day", None),
        ("", "text", None),
        (0, "amount", 0),
        (123_456_780, "amount", 1234567.80),
        (99_999_999_999_999, "amount", 999_999_999_999.99),
        (10**17 + 1, "amount", "1000000000000000.01"),
        (10**17 + 1, "whole", "100000000000000001"),
        (7, "whole", 7),
        (pd.Timestamp("2025-06-30"), "day", date(2025, 6, 30)),
        (pd.Timestamp("1899-12-31"), "day", "1899-12-31"),
    ],
)
def test_a_value_is_written_exactly_or_as_text(tmp_path: Path, value: Any, kind: str, expected: Any) -> None:
    with Book(tmp_path / "a.xlsx") as made:
        made.sheet("甲").put(0, value, kind)
    found = openpyxl.load_workbook(tmp_path / "a.xlsx")["甲"]["A1"].value
    assert (found.date() if kind == "day" and hasattr(found, "date") else found) == expected


def test_a_row_that_the_sheet_cannot_hold_stops(tmp_path: Path) -> None:
    made = Book(tmp_path / "a.xlsx")
    sheet = made.sheet("甲")
    sheet.row = 1_048_576
    with pytest.raises(Mendable, match="1,048,576"):
        sheet.text(0, "甲")


def test_a_fault_while_writing_leaves_no_file(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), Book(tmp_path / "a.xlsx") as made:
        made.sheet("甲").text(0, str(1 / 0))
    assert not (tmp_path / "a.xlsx").exists()


def test_columns_may_span(tmp_path: Path) -> None:
    columns = (Column("name", "名称", "Name", span=2), Column("fen", "金额", "Amount", kind="amount", total=True))
    with Book(tmp_path / "a.xlsx") as made:
        sheet = made.sheet("甲")
        sheet.set_widths([10, 10, 10])
        sheet.headings(columns)
        frame = pd.DataFrame({"name": ["甲", "乙"], "fen": [100, 250]})
        sheet.totals(columns, frame, sheet.lines(columns, frame), "合计")
    read = openpyxl.load_workbook(tmp_path / "a.xlsx")["甲"]
    assert [[cell.value for cell in row] for row in read["A1:C4"]] == [
        ["名称", None, "金额"],
        ["甲", None, 1],
        ["乙", None, 2.5],
        ["合计", None, "=SUM(C2:C3)"],
    ]


def test_a_footer_cannot_be_spoilt_by_its_own_sign() -> None:
    assert book.footer("甲&P乙", "") == "&L&8 甲&&P乙&C&8 第 &P 页，共 &N 页&R&8 "


@pytest.mark.parametrize("module", [annexes, book, fit, words])
def test_the_examples_in_the_docstrings_hold(module: Any) -> None:
    assert doctest.testmod(module).failed == 0


@pytest.mark.parametrize(
    ("text", "width", "expected"),
    [
        ("", 10, 1),
        ("东莞", 10, 1),
        ("东" * 40, 23, 4),
        ("6222020200012345678", 22.5, 1),
        ("1" * 30, 22.5, 2),
        ("甲\n乙", 10, 2),
    ],
)
def test_lines_a_text_needs(text: str, width: float, expected: int) -> None:
    assert fit.lines(text, width, 10) == expected
