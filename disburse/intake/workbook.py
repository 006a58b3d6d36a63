"""A file → its sheets as plain data. `read_workbook` is the one function the reader stands behind."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from typing import TYPE_CHECKING

from python_calamine import CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum

from disburse.intake import gate
from disburse.intake.added import submitted
from disburse.intake.sheet import ErrorValue, NotCalculated, Sheet
from disburse.intake.stops import stop
from disburse.intake.xls import read_xls
from disburse.language import Wording

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from disburse.intake.sheet import Cell

_ZIP, _OLE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


def read_workbook(path: Path, name: str) -> list[Sheet]:
    """Every worksheet of the file shown as `name`, in order. What it is, its first bytes say, not its suffix.

    A CSV file is one sheet without a name, all text. Raises FileUnreadable: WORKBOOK_UNREADABLE, _ENCRYPTED, _TOO_LARGE.
    """
    try:
        with path.open("rb") as file:
            start = file.read(512)
        if start.startswith(_ZIP):
            return submitted(_read_xlsx(path))
        if start.startswith(_OLE):
            return submitted(_read_xls(path))
        if path.suffix.lower() == ".csv":
            return submitted(_read_csv(path))
        raise _foreign(start)
    except gate.Irregular as error:
        raise stop("WORKBOOK_UNREADABLE", path, name, found=error.reason) from error
    except gate.Encrypted:
        raise stop("WORKBOOK_ENCRYPTED", path, name) from None
    except gate.TooLarge as error:
        raise stop("WORKBOOK_TOO_LARGE", path, name, expected=error.expected, found=error.found) from error
    except OSError as error:
        reason = error.strerror or str(error)
        found = Wording(zh=f"无法打开（{reason}）", en=f"it cannot be opened ({reason})")
        raise stop("WORKBOOK_UNREADABLE", path, name, found=found) from error


def _foreign(start: bytes) -> gate.Irregular:
    head = start.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    if not start:
        return gate.Irregular("文件是空的（0 字节）", "the file is empty (0 bytes)")
    if head.startswith((b"<", b"mime-version", b"\xff\xfe<")):
        return gate.Irregular("文件其实是网页，不是 Excel 工作簿", "the file is in fact a web page, no Excel workbook")
    return gate.Irregular("文件不是 Excel 工作簿，或已损坏", "the file is no Excel workbook, or it is damaged")


def _read_xlsx(path: Path) -> list[Sheet]:
    facts = {each.name: each for each in gate.inspect(path)}
    sheets = _read(path)
    if not facts.keys() <= {sheet.name for sheet in sheets}:
        raise gate.Irregular("文件内部的工作表清单前后不一致", "the file contradicts itself about its sheets")
    return [_marked(sheet, facts[sheet.name]) for sheet in sheets if sheet.name in facts]


def _marked(sheet: Sheet, facts: gate.Facts) -> Sheet:
    """The sheet with error cells and formulas without a result in their places, and its hidden rows."""
    marks: dict[tuple[int, int], Cell] = {at: ErrorValue(text) for at, text in facts.errors.items()}
    marks |= dict.fromkeys(facts.not_calculated, NotCalculated())
    if marks:
        height, width = (max(at[axis] for at in marks) + 1 for axis in (0, 1))
        _pad(sheet.cells, height, width)
        for (row, column), mark in marks.items():
            sheet.cells[row][column] = mark
    return replace(sheet, hidden_rows=facts.hidden_rows, named_as_list=facts.own_list, named_column=facts.own_column)


def _pad(cells: list[list[Cell]], height: int, width: int) -> None:
    width = max(width, len(cells[0]) if cells else 0)
    for row in cells:
        row.extend([""] * (width - len(row)))
    cells.extend([""] * width for _ in range(height - len(cells)))


def _read_xls(path: Path) -> list[Sheet]:
    content = path.read_bytes()
    if "EncryptedPackage".encode("utf-16-le") in content:
        raise gate.Encrypted
    if len(content) > gate.MAX_BYTES:
        raise gate.TooLarge(*(Wording(zh=f"{n:,} 字节", en=f"{n:,} bytes") for n in (gate.MAX_BYTES, len(content))))
    return read_xls(content)


def _read(path: Path) -> list[Sheet]:
    """The worksheets as the reader sees them. Its panics do not derive from Exception, so all but ours are caught."""
    try:
        with path.open("rb") as file:
            return list(_worksheets(CalamineWorkbook.from_filelike(file)))
    except (KeyboardInterrupt, SystemExit, GeneratorExit, MemoryError, OSError):
        raise
    except BaseException as error:
        if "password" in str(error).lower():
            raise gate.Encrypted from error
        raise gate.Irregular("文件不完整或已损坏", "the file is incomplete or damaged") from error


def _worksheets(book: CalamineWorkbook) -> Iterator[Sheet]:
    for order, meta in enumerate(book.sheets_metadata):
        if meta.typ is SheetTypeEnum.WorkSheet:
            sheet = book.get_sheet_by_index(order)
            cells: list[list[Cell]] = sheet.to_python(skip_empty_area=False)  # type: ignore[assignment]
            merged = [(*first, *last) for first, last in sheet.merged_cell_ranges or []]
            hidden = meta.visible is not SheetVisibleEnum.Visible
            yield Sheet(meta.name, order, cells, merged, frozenset(), hidden)


def _read_csv(path: Path) -> list[Sheet]:
    content = path.read_bytes()
    if not content.strip():
        raise gate.Irregular("文件是空的", "the file is empty")
    if b"\x00" in content:
        raise gate.Irregular("CSV 文件应为 UTF-8 或 GB18030 编码", "a CSV file must be UTF-8 or GB18030")
    try:
        rows = [*csv.reader(io.StringIO(_text(content), newline=""), strict=True)]
    except csv.Error as error:
        raise gate.Irregular(f"CSV 格式有误（{error}）", f"the CSV is malformed ({error})") from error
    return [Sheet("", 0, _rectangle(rows))]


def _text(content: bytes) -> str:
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise gate.Irregular("CSV 文件应为 UTF-8 或 GB18030 编码", "a CSV file must be UTF-8 or GB18030")


def _rectangle(rows: Sequence[list[str]]) -> list[list[Cell]]:
    width = max(map(len, rows), default=0)
    if width * len(rows) > gate.MAX_CELLS:
        raise gate.TooLarge(gate.cells(gate.MAX_CELLS), gate.cells(width * len(rows)))
    return [[*row, *[""] * (width - len(row))] for row in rows]
