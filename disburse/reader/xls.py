"""The .xls reader: the old binary format, with what a cell shows where it shows an error, and which rows are hidden."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import xlrd

from disburse.reader import unreadable
from disburse.reader.block import Begin, End, Extent, in_blocks
from disburse.reader.cell import ErrorValue
from disburse.reader.kind import foreign_ole
from disburse.reader.unreadable import Unreadable, ambiguous, encrypted, too_large

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from pathlib import Path

    from disburse.reader.block import Message
    from disburse.reader.cell import Cell


def read_xls(path: Path) -> Iterator[Message]:
    """Every worksheet. Raises Unreadable, OSError."""
    size = path.stat().st_size
    if size > unreadable.MAX_BYTES:
        raise too_large(unreadable.megabytes(size), unreadable.megabytes(unreadable.MAX_BYTES))
    content = path.read_bytes()
    try:
        book = xlrd.open_workbook(
            file_contents=content, formatting_info=True, ragged_rows=True, on_demand=True, logfile=io.StringIO()
        )
        yield from _sheets(book)
    except (MemoryError, OSError, Unreadable):
        raise
    except Exception as error:  # the library meets damage with whatever breaks first
        if isinstance(error, xlrd.XLRDError) and "encrypted" in str(error).lower():
            raise encrypted() from error
        raise foreign_ole(content) from error


def _sheets(book: xlrd.book.Book) -> Iterator[Message]:
    names = [name.casefold() for name in book.sheet_names()]
    if len(set(names)) < len(names):
        raise ambiguous("有两张同名的工作表", "two sheets have the same name")
    extent = Extent()
    for order in range(book.nsheets):
        sheet = book.sheet_by_index(order)
        extent.begin()
        yield Begin(sheet.name, order, bool(sheet.visibility))
        yield from _rows(sheet, book.datemode, extent)
        merged = [(top, left, bottom - 1, right - 1) for top, bottom, left, right in sheet.merged_cells]
        extent.check_merged(merged)
        yield End(merged, frozenset(row for row, info in sheet.rowinfo_map.items() if info.hidden or info.height == 0))
        book.unload_sheet(order)


def _rows(sheet: xlrd.sheet.Sheet, datemode: int, extent: Extent) -> Iterator[list[list[Cell]]]:
    return in_blocks(
        (
            [
                _cell(kind, value, datemode)
                for kind, value in zip(sheet.row_types(row), sheet.row_values(row), strict=True)
            ]
            for row in range(sheet.nrows)
        ),
        extent,
    )


def _cell(kind: int, value: str | float, datemode: int) -> Cell:
    if kind == xlrd.XL_CELL_ERROR:
        return ErrorValue(xlrd.error_text_from_code.get(int(value), "#ERROR!"))
    if kind == xlrd.XL_CELL_BOOLEAN:
        return bool(value)
    if kind == xlrd.XL_CELL_DATE:
        try:
            day: datetime = xlrd.xldate.xldate_as_datetime(float(value), datemode)
        except (xlrd.xldate.XLDateError, OverflowError, ValueError):
            return float(value)  # a number in a date's clothes; DATE_INVALID says so
        return day
    return value
