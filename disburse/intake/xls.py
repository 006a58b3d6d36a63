"""The .xls reader: the old binary format, with what a cell shows where it shows an error, and which rows are hidden."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import xlrd

from disburse.intake import gate
from disburse.intake.sheet import ErrorValue, Sheet

if TYPE_CHECKING:
    from datetime import datetime

    from disburse.intake.sheet import Cell


def read_xls(content: bytes) -> list[Sheet]:
    """Every worksheet. Raises gate.Encrypted, gate.Irregular."""
    try:
        book = xlrd.open_workbook(file_contents=content, formatting_info=True, ragged_rows=True, logfile=io.StringIO())
        size = sum(sheet.nrows * sheet.ncols for sheet in book.sheets())
        if size > gate.MAX_CELLS:
            raise gate.TooLarge(gate.cells(gate.MAX_CELLS), gate.cells(size))
        return [_sheet(book, order) for order in range(book.nsheets)]
    except xlrd.XLRDError as error:
        if "encrypted" in str(error).lower():
            raise gate.Encrypted from error
        raise gate.Irregular("文件不完整或已损坏", "the file is incomplete or damaged") from error
    except (MemoryError, OSError, gate.TooLarge):
        raise
    except Exception as error:  # the library meets damage with whatever breaks first
        raise gate.Irregular("文件不完整或已损坏", "the file is incomplete or damaged") from error


def _sheet(book: xlrd.book.Book, order: int) -> Sheet:
    sheet = book.sheet_by_index(order)
    cells = [
        [
            _cell(kind, value, book.datemode)
            for kind, value in zip(sheet.row_types(row), sheet.row_values(row), strict=True)
        ]
        + [""] * (sheet.ncols - sheet.row_len(row))
        for row in range(sheet.nrows)
    ]
    merged = [(top, left, bottom - 1, right - 1) for top, bottom, left, right in sheet.merged_cells]
    hidden = frozenset(row for row, info in sheet.rowinfo_map.items() if info.hidden)
    return Sheet(sheet.name, order, cells, merged, hidden, bool(sheet.visibility))


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
