"""A workbook of bare values, where the file that was sent is in a form that cannot be marked: .xls, CSV."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any

from disburse.workbooks.book import Book

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

UNNAMED = "数据"
"""The sheet of a CSV file, which has no name."""


def write_rebuilt(path: Path, sheets: Iterable[Any]) -> None:
    """Write every sheet of intake's `read_workbook` with each value in its own cell; merged and hidden lines too."""
    with Book(path) as book:
        for sheet in sheets:
            page = book.sheet(sheet.name or UNNAMED)
            looks = {"text": book.format("field_text"), "day": book.format("field_day")}
            for row, line in enumerate(sheet.cells):
                for column, cell in enumerate(line):
                    _write(page.worksheet, row, column, cell, looks)
            for row in sheet.hidden_rows:
                page.worksheet.set_row(row, None, None, {"hidden": True})
            for top, left, bottom, right in sheet.merged:
                if (bottom, right) != (top, left):
                    cell = sheet.cells[top][left] if top < len(sheet.cells) and left < len(sheet.cells[top]) else ""
                    page.worksheet.merge_range(top, left, bottom, right, "", looks["text"])
                    _write(page.worksheet, top, left, cell, looks)
            if sheet.hidden:
                page.worksheet.hide()


def _write(worksheet: Any, row: int, column: int, cell: Any, looks: dict[str, Any]) -> None:
    match cell:
        case "":
            return
        case bool():
            worksheet.write_boolean(row, column, cell)
        case int() | float():
            worksheet.write_number(row, column, cell)
        case datetime() | date():
            worksheet.write_datetime(row, column, cell, looks["day"])
        case str() | time() | timedelta():
            worksheet.write_string(row, column, str(cell), looks["text"])
        case _:  # an error, or a formula without a result: what the cell shows
            worksheet.write_string(row, column, getattr(cell, "text", ""), looks["text"])
