"""A sheet as plain data: what the reader hands over, whatever file it came from. Rows and columns count from 0."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, time
from decimal import Decimal

from xlsxwriter.utility import xl_rowcol_to_cell

from disburse.reader.cell import Cell, ErrorValue, NotCalculated, Range

__all__ = ["Cell", "ErrorValue", "NotCalculated", "Range", "Sheet", "address", "plain", "shown", "span"]


@dataclass(frozen=True, slots=True)
class Sheet:
    """One sheet: every row from Excel's row 1 on, all of one width. `order` is its position in the workbook.

    named_as_list, named_column  what a name in the workbook says of our own additions (disburse/marked.py)
    """

    name: str
    order: int
    cells: list[list[Cell]]
    merged: list[Range] = field(default_factory=list)
    hidden_rows: frozenset[int] = frozenset()
    hidden: bool = False
    named_as_list: bool = False
    named_column: int | None = None


def address(row: int, column: int) -> str:
    """The cell as Excel shows it.

    >>> address(16, 10)
    'K17'
    """
    return str(xl_rowcol_to_cell(row, column))


def span(merged: Range) -> str:
    """A range as Excel shows it, e.g. `G5:G7`."""
    return f"{address(merged[0], merged[1])}:{address(merged[2], merged[3])}"


def shown(cell: Cell) -> str:
    """The cell in words: numbers to the 15 digits Excel keeps, dates ISO, a formula without a result blank.

    >>> shown(1234.3000000000002), shown(datetime(2025, 3, 5, 10, 0)), shown(ErrorValue("#REF!"))
    ('1234.3', '2025-03-05 10:00:00', '#REF!')
    >>> shown(datetime(2025, 3, 5))
    '2025-03-05'
    """
    match cell:
        case str():
            return cell.strip()
        case bool():
            return "TRUE" if cell else "FALSE"
        case float():
            return plain(cell)
        case ErrorValue():
            return cell.text
        case NotCalculated():
            return ""
        case datetime() if cell.time() == time.min:
            return str(cell.date())
    return str(cell)


def plain(number: float) -> str:
    """A number to 15 significant digits without an exponent where that is short.

    >>> plain(12.0), plain(0.1 + 0.2), plain(9.1441300782010886e17)
    ('12', '0.3', '914413007820109000')
    """
    text = f"{number:.15g}"
    return f"{Decimal(text):f}" if "e" in text and abs(number) < 1e30 else text
