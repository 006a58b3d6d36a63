"""The tables of a ledger as they stand on paper: found by their headings, line by line, with the cells they stand in."""

from __future__ import annotations

import re
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import openpyxl
from xlsxwriter.utility import xl_rowcol_to_cell

from disburse.intake.sheet import ErrorValue, NotCalculated
from disburse.intake.workbook import read_workbook
from disburse.language import say

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from disburse.intake.sheet import Cell
    from disburse.workbooks.book import Column

TOTAL = ("合计", "Total")


@dataclass(frozen=True)
class Printed:
    """One sheet of a ledger: its name and its cells from A1 on, blank "".

    A formula is the value it carries; one that carries none says so. hidden_rows count from 0.
    """

    name: str
    rows: list[tuple[Any, ...]]
    hidden: bool = False
    hidden_rows: frozenset[int] = frozenset()

    def tables(self, columns: Sequence[Column]) -> Iterator[Table]:
        """Every table of the sheet under these headings, in either language."""
        for at, row in enumerate(self.rows):
            where = {cell: col for col, cell in reversed([*enumerate(row)]) if cell != ""}
            found = {column.field: where.get(column.zh, where.get(column.en, -1)) for column in columns}
            if min(found.values()) >= 0:
                yield self._table(at, found)

    def _table(self, heading: int, columns: dict[str, int]) -> Table:
        lines, total = [], None
        for at in range(heading + 1, len(self.rows)):
            row = self.rows[at]
            first = next((cell for cell in row if cell != ""), "")
            if isinstance(first, str) and first.startswith(TOTAL):
                total = at
                break
            if sum(cell != "" for cell in row) < 2:  # a blank line, or one text across it
                break
            lines.append(at)
        return Table(self, columns, lines, total)


@dataclass(frozen=True)
class Table:
    """Lines of a sheet under known headings.

    columns  field → column of the sheet, counted from 0
    lines    rows of the sheet, counted from 0
    total    row of the line of sums; None where there is none
    """

    sheet: Printed
    columns: dict[str, int]
    lines: list[int]
    total: int | None

    def cell(self, row: int, field: str) -> Any:
        return self.sheet.rows[row][self.columns[field]]

    def address(self, row: int, field: str) -> str:
        return str(xl_rowcol_to_cell(row, self.columns[field]))

    def dicts(self) -> Iterator[dict[str, Any]]:
        return ({field: self.sheet.rows[row][col] for field, col in self.columns.items()} for row in self.lines)


def printed(file: Path) -> list[Printed]:
    """The sheets of a ledger. Raises FileUnreadable."""
    return [
        Printed(sheet.name, [tuple(map(_cell, row)) for row in sheet.cells], sheet.hidden, sheet.hidden_rows)
        for sheet in read_workbook(file, file.name)
    ]


class Written(NamedTuple):
    """What stands behind the cells of a workbook, by sheet and cell.

    formulas  in one spelling: `SUM(F5:F20)`
    masks     number formats by which a cell shows another number than it holds
    """

    formulas: dict[tuple[str, str], str]
    masks: dict[tuple[str, str], str]


def written(file: Path) -> Written:
    """Formulas and formats of a workbook that `printed` could read."""
    found = Written({}, {})
    with closing(openpyxl.load_workbook(file, read_only=True)) as book:
        for sheet in book.worksheets:
            sheet.reset_dimensions()  # what the file says of its size is not believed
            for row in sheet.iter_rows():
                for cell in row:
                    if cell.data_type == "f":
                        text = str(cell.value).removeprefix("=").replace("$", "").replace(" ", "")
                        found.formulas[sheet.title, cell.coordinate] = text.upper()
                    if cell.value is not None and _masks(cell.value, cell.number_format):
                        found.masks[sheet.title, cell.coordinate] = cell.number_format
    return found


_FILLED = re.compile(r"[_*].|\s")
"""Blanks of a width, and signs that fill a cell."""

_BRACKETED = re.compile(r"\[[^\]]*\]")
_MASK = re.compile(r"[1-9]|0,(?![0#?])|[%Ee?]|;;|^;")
"""A format with digits of its own, one that divides, counts in hundredths or powers of ten, or shows nothing."""


def _masks(value: object, form: str) -> bool:
    """Whether a cell of this format shows something else than its value."""
    form = _BRACKETED.sub("", form)
    if form == "General":
        return False
    if isinstance(value, str) and not value.startswith("="):
        parts = form.split(";")
        own = parts[3] if len(parts) > 3 else parts[-1] if "@" in parts[-1] else "@"
        return _FILLED.sub("", own) not in ("@", "General")
    rounded = isinstance(value, float) and not value.is_integer() and ".00" not in form
    return rounded or bool(_MASK.search(form))


def _cell(cell: Cell) -> Any:
    match cell:
        case NotCalculated():
            return say("公式没有保存结果", "a formula without a result")
        case ErrorValue():
            return cell.text
    return cell
