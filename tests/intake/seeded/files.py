"""A drawing as files: .xlsx by two different writers, .csv in two encodings, .xls through LibreOffice."""

from __future__ import annotations

import csv
import io
import subprocess
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import openpyxl
import xlsxwriter
from openpyxl.utils.datetime import CALENDAR_MAC_1904

from tests.intake.seeded.layouts import Error, Formula

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path
    from random import Random

    from tests.intake.seeded.layouts import File, Page


def write(folder: Path, file: File, random: Random) -> Path:
    path = folder / file.name
    if file.flat:
        _csv(path, file, random.choice(["utf-8", "utf-8-sig", "gb18030"]))
    else:
        writer = random.choice([_xlsxwriter, _xlsxwriter, _openpyxl])
        none_high = any("zero" in page.hidden_rows.values() for page in file.pages)  # openpyxl leaves out a height of 0
        (_xlsxwriter if none_high else writer)(path, file)
    return path


def as_xls(paths: Sequence[Path], folder: Path) -> list[Path]:
    """The workbooks as LibreOffice saves them in the old format."""
    profile = f"-env:UserInstallation={(folder / 'profile').as_uri()}"
    subprocess.run(
        ["soffice", profile, "--headless", "--convert-to", "xls:MS Excel 97", "--outdir", str(folder), *map(str, paths)],
        check=True, capture_output=True, timeout=300,
    )  # fmt: skip
    return [folder / f"{path.stem}.xls" for path in paths]


def _csv(path: Path, file: File, encoding: str) -> None:
    (page,) = file.pages
    width = max(column for _, column in page.cells) + 1
    text = io.StringIO(newline="")
    lines = [[_flat(page.cells.get((row, column))) for column in range(width)] for row in range(page.last + 1)]
    csv.writer(text, lineterminator="\r\n").writerows(lines)
    path.write_bytes(text.getvalue().encode(encoding))


def _flat(cell: Any) -> str:
    """A cell as a spreadsheet writes it into a CSV file."""
    match cell:
        case None:
            return ""
        case Formula():
            return _flat(cell.value)
        case Error():
            return cell.text
        case bool():
            return str(cell).upper()
        case datetime() | date():
            return f"{cell:%Y-%m-%d}"
        case float() if cell == int(cell):
            return str(int(cell))
        case float():
            return f"{Decimal(f'{cell:.15g}'):f}"
    return str(cell)


def _xlsxwriter(path: Path, file: File) -> None:
    options = {"strings_to_formulas": False, "strings_to_urls": False, "date_1904": file.epoch_1904}
    with xlsxwriter.Workbook(str(path), options) as book:
        day = book.add_format({"num_format": "yyyy-mm-dd"})
        for page in file.pages:
            sheet = book.add_worksheet(page.name)
            for merged in page.merged:
                sheet.merge_range(*merged, "")
            for (row, column), cell in page.cells.items():
                _put(sheet, row, column, cell, day)
            for row, how in page.hidden_rows.items():
                sheet.set_row(row, *([0] if how == "zero" else [None, None, {"hidden": True}]))
            for column in page.hidden_columns:
                sheet.set_column(column, column, None, None, {"hidden": True})
            if page.frozen:
                sheet.freeze_panes(page.frozen, 0)
            if page.filtered:
                sheet.autofilter(*page.filtered)


def _put(sheet: Any, row: int, column: int, cell: Any, day: Any) -> None:
    match cell:
        case Formula():
            sheet.write_formula(row, column, f"={cell.text}", None, "" if cell.value is None else cell.value)
        case Error():
            sheet.write_formula(row, column, "=NA()", None, cell.text)
        case bool():
            sheet.write_boolean(row, column, cell)
        case datetime() | date():
            sheet.write_datetime(row, column, cell, day)
        case int() | float():
            sheet.write_number(row, column, cell)
        case _:
            sheet.write_string(row, column, cell)


def _openpyxl(path: Path, file: File) -> None:
    book = openpyxl.Workbook()
    book.remove(book.active)
    if file.epoch_1904:
        book.epoch = CALENDAR_MAC_1904
    for page in file.pages:
        sheet = book.create_sheet(page.name)
        for (row, column), cell in page.cells.items():
            sheet.cell(row + 1, column + 1).value = _value(cell)
        _shape(sheet, page)
    book.save(path)


def _value(cell: Any) -> Any:
    """openpyxl keeps no result beside a formula: one that has a result is written as the result."""
    if isinstance(cell, Formula):
        return f"={cell.text}" if cell.value is None else cell.value
    return cell.text if isinstance(cell, Error) else cell


def _shape(sheet: Any, page: Page) -> None:
    for top, left, bottom, right in page.merged:
        sheet.merge_cells(start_row=top + 1, start_column=left + 1, end_row=bottom + 1, end_column=right + 1)
    for row in page.hidden_rows:
        sheet.row_dimensions[row + 1].hidden = True
    for column in page.hidden_columns:
        sheet.column_dimensions[openpyxl.utils.get_column_letter(column + 1)].hidden = True
    if page.frozen:
        sheet.freeze_panes = f"A{page.frozen + 1}"
