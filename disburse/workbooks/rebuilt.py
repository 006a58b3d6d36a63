"""A workbook of bare values, where the file that was sent is in a form that cannot be marked: .xls, CSV."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any

from disburse.workbooks import fit
from disburse.workbooks.book import Book

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

NARROWEST, WIDEST = 8.43, 40
"""Widths of columns, in characters."""

LOOKED_AT = 1_000
"""Lines from which the widths are taken."""

UNNAMED = "数据"
"""The sheet of a CSV file, which has no name."""


def write_rebuilt(path: Path, sheets: Iterable[Any]) -> None:
    """Write every sheet of intake's `read_workbook` with each value in its own cell; merged and hidden lines too."""
    with Book(path) as book:
        for sheet in sheets:
            page = book.sheet(sheet.name or UNNAMED)
            looks = {"text": book.format("field_text"), "day": book.format("field_day")}
            texts = _texts(sheet.cells)
            for column, width in enumerate(_widths(sheet.cells)):
                page.worksheet.set_column(column, column, width, looks["text"] if column in texts else None)
            for row, line in enumerate(sheet.cells):
                for column, cell in enumerate(line):
                    _write(page.worksheet, row, column, cell, looks, is_text=column in texts)
            for row in sheet.hidden_rows:
                page.worksheet.set_row(row, None, None, {"hidden": True})
            for top, left, bottom, right in sheet.merged:
                if (bottom, right) != (top, left):
                    cell = sheet.cells[top][left] if top < len(sheet.cells) and left < len(sheet.cells[top]) else ""
                    page.worksheet.merge_range(top, left, bottom, right, "", looks["text"])
                    _write(page.worksheet, top, left, cell, looks, is_text=left in texts)
            if sheet.hidden:
                page.worksheet.hide()


def _texts(lines: Sequence[Sequence[Any]]) -> set[int]:
    """The columns that hold text for the most part: a number typed again there must not lose its digits."""
    found = set()
    for column, cells in enumerate(zip(*lines, strict=True)):
        texts = sum(isinstance(cell, str) and cell != "" for cell in cells)
        if texts > 1 and texts * 2 > sum(cell != "" for cell in cells):
            found.add(column)
    return found


def _widths(lines: Sequence[Sequence[Any]]) -> Iterator[float]:
    """Room for what each column shows: a day that does not fit would be hidden behind ####."""
    for column in zip(*lines[:LOOKED_AT], strict=True):
        widest = max((_room(cell) for cell in column), default=0)
        yield min(max(widest, NARROWEST), WIDEST)


def _room(cell: Any) -> float:
    if isinstance(cell, date):
        return 11
    return fit.ems(cell.split("\n")[0]) * 2 + 1 if isinstance(cell, str) else len(str(cell)) + 1


def _write(worksheet: Any, row: int, column: int, cell: Any, looks: dict[str, Any], *, is_text: bool) -> None:
    match cell:
        case "":
            return
        case bool():
            worksheet.write_boolean(row, column, cell)
        case int() | float():
            worksheet.write_number(row, column, cell, looks["text"] if is_text else None)
        case datetime() | date():
            worksheet.write_datetime(row, column, cell, looks["day"])
        case str() | time() | timedelta():
            worksheet.write_string(row, column, str(cell), looks["text"])
        case _:  # an error, or a formula without a result: what the cell shows
            worksheet.write_string(row, column, getattr(cell, "text", ""), looks["text"])
