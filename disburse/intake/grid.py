"""A table on a sheet: its heading, its rows, its total lines, and the merged cells that reach over several rows."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Literal

from disburse.findings import Place
from disburse.intake.headings import UNITS, Heading, headings, required, squashed, unit_above
from disburse.intake.sheet import ErrorValue, NotCalculated, Range, address, shown
from disburse.intake.stops import stop
from disburse.language import Wording
from disburse.rules.keys import key

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from disburse.errors import FileUnreadable
    from disburse.intake.sheet import Cell, Sheet
    from disburse.tables import Table

_LABEL = re.compile(
    r"(?:.{0,12})?(合计|总计|小计|共计)(?:金额|数|人民币)?(?:grandtotal|subtotal|total)?"
    r"(?:\(.*\))?:?(?:\d+[家户项个行条笔])?|(grandtotal|total|subtotal):?"
)
_NOTE = re.compile(r"[:。;,、]|^(?:注|备注|说明)")
_PARTIAL = {"小计", "subtotal"}


_NOTHING = re.compile(r"无|/|-+|—+")
"""What stands in a cell for nothing."""

_CODE_FROM = 15
"""Signs of a text under 统一社会信用代码 from which on it is taken for one, right or wrong."""

_TELLING = 4
"""Filled columns from which on a line is an application, whatever its number looks like; signatures take up to three."""


@dataclass(frozen=True)
class TotalLine:
    """A line that declares totals: of all rows of the table, or (小计) of a part of them. `row` counts from 0."""

    row: int
    kind: Literal["all", "part"]
    label: str


@dataclass(frozen=True)
class SheetTable:
    """One table of one file. Rows and columns count from 0; `rows` are the lines that are applications.

    units    field → fen in one unit of the numbers in that column
    over     column → line → the merged cell that reaches over it and other lines
    """

    source_file: str
    sheet: str
    order: int
    hidden: bool
    heading: Heading
    rows: list[int]
    totals: list[TotalLine]
    units: dict[str, int]
    cells: list[list[Cell]] = field(repr=False)
    merged: list[Range] = field(repr=False)
    over: dict[int, dict[int, Range]] = field(repr=False)
    hidden_rows: frozenset[int] = field(repr=False)

    def title(self, name: str, form: Table) -> str:
        """The heading of a field as written; the form's own where the table lacks the column."""
        column = self.heading.columns.get(name)
        return str(form[name].heading) if column is None else self.heading.written[column]

    def place(self, row: int, column: int) -> Place:
        """The cell, or the top-left one of the merged cell it belongs to."""
        row, column = self.corner(row, column)
        return Place(self.source_file, self.sheet, address(row, column), self.heading.written.get(column, ""))

    def corner(self, row: int, column: int) -> tuple[int, int]:
        reaching = self.over.get(column, {}).get(row)
        if reaching is None:
            reaching = next((m for m in self._across.get(row, ()) if m[1] <= column <= m[3]), None)
        return (reaching[0], reaching[1]) if reaching else (row, column)

    @cached_property
    def _across(self) -> dict[int, list[Range]]:
        """Merged cells that reach over several columns, by line."""
        lines, across = set(self.rows), dict[int, list[Range]]()
        for merged in self.merged:
            for row in range(merged[0], merged[2] + 1) if merged[3] > merged[1] else ():
                if row in lines:
                    across.setdefault(row, []).append(merged)
        return across

    def shown(self, row: int, column: int) -> str:
        return shown(self.cells[row][column])


def tables(
    path: Path, name: str, sheets: Sequence[Sheet], form: Table
) -> tuple[list[SheetTable], list[FileUnreadable]]:
    """The tables of one file, and what stops it: TABLE_NOT_FOUND, COLUMN_MISSING, COLUMN_REPEATED."""
    found: list[SheetTable] = []
    stops: list[FileUnreadable] = []
    for sheet in sheets:
        marks = headings(sheet, form)
        ends = [*(mark.top for mark in marks), len(sheet.cells)][1:]
        after = 0
        for mark, end in zip(marks, ends, strict=True):
            faults = list(_faults(path, name, sheet, mark, form))
            above = 0 if faults else _unit_above(sheet, mark, marks[0], after, form)
            if isinstance(above, str):
                faults.append(_unclear(path, name, sheet, mark, above))
                above = 0
            stops += faults
            after = mark.below
            if not faults:
                table = _table(name, sheet, mark, end, form, above)
                found.append(table)
                after = max([after - 1, *table.rows[-1:], *(line.row for line in table.totals[-1:])]) + 1
    if not found and not stops:
        stops.append(stop("TABLE_NOT_FOUND", path, name, expected=_titles(required(form), form)))
    return found, stops


def _titles(fields: Sequence[str], form: Table) -> Wording:
    return Wording(
        zh="、".join(form[each].heading.zh for each in fields), en=", ".join(form[each].heading.en for each in fields)
    )


def _faults(path: Path, name: str, sheet: Sheet, heading: Heading, form: Table) -> Iterator[FileUnreadable]:
    missing = heading.missing(form)
    if missing:
        at = address(heading.row, min(heading.written))
        yield stop("COLUMN_MISSING", path, name, sheet=sheet.name, cell=at, expected=_titles(missing, form))
    for later, first in heading.repeated:
        yield stop(
            "COLUMN_REPEATED", path, name, sheet=sheet.name, cell=address(heading.row, later),
            column=heading.written[later], found=heading.written[later], other=address(heading.row, first),
            expected=heading.written[first],
        )  # fmt: skip


def _unit_above(sheet: Sheet, heading: Heading, first: Heading, after: int, form: Table) -> int | str:
    """What the lines between the table before and this heading say of its unit, else those above the sheet's first."""
    if all(each in heading.units for each in form.fields("amount") if each in heading.columns):
        return 0
    above = unit_above(sheet, heading, after, heading.top)
    return above or (unit_above(sheet, first, 0, first.top) if heading is not first else 0)


def _unclear(path: Path, name: str, sheet: Sheet, heading: Heading, text: str) -> FileUnreadable:
    shown_text = text[:40]
    found = Wording(
        zh=f"表格上方的单位“{shown_text}”看不懂，请写成 单位:万元 或 单位:元",
        en=f"the unit above the table, “{shown_text}”, is not understood; write 单位:万元 or 单位:元",
    )
    at = address(heading.row, min(heading.written))
    return stop("WORKBOOK_UNREADABLE", path, name, sheet=sheet.name, cell=at, found=found)


def _table(name: str, sheet: Sheet, heading: Heading, end: int, form: Table, above: int) -> SheetTable:
    over = _over(sheet, heading, end)
    rows, totals = _lines(sheet, heading, end, form, over)
    units = {each: heading.units.get(each) or above or UNITS["元"] for each in form.fields("amount")}
    return SheetTable(
        name, sheet.name, sheet.order, sheet.hidden, heading, rows, totals, units, sheet.cells, sheet.merged, over,
        sheet.hidden_rows,
    )  # fmt: skip


def _over(sheet: Sheet, heading: Heading, end: int) -> dict[int, dict[int, Range]]:
    """Merged cells that reach over several lines below the heading, by column and line."""
    over: dict[int, dict[int, Range]] = {}
    last = min(end, len(sheet.cells)) - 1
    for merged in sheet.merged:
        if merged[2] > merged[0] >= heading.below and merged[0] <= last:
            lines = over.setdefault(merged[1], {})
            for row in range(merged[0], min(merged[2], last) + 1):
                lines[row] = merged
    return over


def _lines(
    sheet: Sheet, heading: Heading, end: int, form: Table, over: dict[int, dict[int, Range]]
) -> tuple[list[int], list[TotalLine]]:
    """Rows and total lines between the heading and `end`.

    A line is a row when one of the form's `row_when` is filled (any column of the form where it names none),
    wherever it stands; a line with 合计, 总计 or 小计 and no number of its own is a total line; others are footers.
    """
    number = heading.columns[form.columns[0].field] if form.row_when else -1
    telling = [heading.columns[each] for each in form.row_when[1:] if each in heading.columns]
    columns = sorted(heading.columns.values())
    wide = {merged[0] for merged in sheet.merged if merged[3] > merged[1] == number}
    rows: list[int] = []
    totals: list[TotalLine] = []
    taken: set[int] = set()
    titles = _titles_between(sheet, heading, end, columns) if number >= 0 else frozenset()
    for row in range(heading.below, end):
        if row in titles:
            continue
        line = sheet.cells[row]
        first = line[number] if number >= 0 else ""
        if not (isinstance(first, str) and first.isascii() and first.strip() and _is_number(first)):
            if not any(cell != "" for cell in line):
                continue
            label = _label(line)
            if label and (number < 0 or not _written(first) or _label([first])) and not _has_code(line, heading):
                totals.append(TotalLine(row, "part" if squashed(label[1]) in _PARTIAL else "all", label[0]))
                continue
            if number < 0:
                if all(_is_footer(line[column]) for column in columns):
                    continue
            elif not (
                any(_is_amount(line[column]) for column in telling)
                or _is_own_number(first, line, heading, row in wide)
                or _reaches(row, [number, *telling], over, taken)
            ):
                continue
        rows.append(row)
        taken.add(row)
    return rows, totals


def _label(line: Sequence[Cell]) -> tuple[str, str] | None:
    """The first cell that is the label of a total line, as written, and its word."""
    for cell in line:
        if isinstance(cell, str) and 1 < len(cell) <= 40:
            within = _LABEL.fullmatch(squashed(cell))
            if within:
                return cell.strip(), within[1] or within[2]
    return None


def _titles_between(sheet: Sheet, heading: Heading, end: int, columns: Sequence[int]) -> frozenset[int]:
    """The lines directly before the next table's heading that hold one text and nothing else: its title, no row of this one."""
    found = set()
    for row in range(end - 1, heading.below - 1, -1):
        if end == len(sheet.cells):
            break
        filled = [cell for column in columns if (cell := sheet.cells[row][column]) != ""]
        if len(filled) > 1 or any(not isinstance(cell, str) or key(cell).isascii() for cell in filled):
            break
        found.add(row)
    return frozenset(found)


def _has_code(line: Sequence[Cell], heading: Heading) -> bool:
    """Whether the line has what looks like a credit code: then it is an application, whatever its remark says."""
    code = line[heading.columns["uscc"]] if "uscc" in heading.columns else ""
    return len(key(code)) >= _CODE_FROM if isinstance(code, str) else True


def _written(cell: Cell) -> bool:
    return bool(key(cell)) and not _NOTHING.fullmatch(key(cell)) if isinstance(cell, str) else True


def _is_number(text: str) -> bool:
    """Whether the text may be the number of an application rather than a note: it has a digit and no punctuation."""
    text = key(text)
    return any(sign.isdigit() for sign in text) and not _NOTE.search(text)


def _is_own_number(first: Cell, line: Sequence[Cell], heading: Heading, merged: bool) -> bool:
    """Whether the line has a number. A footer often begins in the same column: `制表：…`, `市科技局（盖章）`."""
    if not isinstance(first, str):
        return True
    if not key(first):
        return False
    if _is_number(first) and not merged:
        return True
    code = line[heading.columns["uscc"]] if "uscc" in heading.columns else ""
    told = [line[column] for column in heading.columns.values()]
    told = [cell for cell in told if not isinstance(cell, str) or (key(cell) and ":" not in key(cell))]
    return not isinstance(code, str) or _is_number(code) or len(told) >= _TELLING


def _is_amount(cell: Cell) -> bool:
    if isinstance(cell, str):
        return any(sign.isdigit() for sign in cell) and not key(cell).endswith("日") and ":" not in key(cell)
    return isinstance(cell, (int, float, ErrorValue, NotCalculated))


def _is_footer(cell: Cell) -> bool:
    return isinstance(cell, str) and (not key(cell) or bool(_NOTE.search(key(cell)) and ":" in key(cell)))


def _reaches(row: int, columns: Sequence[int], over: dict[int, dict[int, Range]], taken: set[int]) -> bool:
    """Whether a number or amount merged with that of a row above reaches this line: it would count for it too."""
    return any((merged := over.get(column, {}).get(row)) is not None and merged[0] in taken for column in columns)


def rows_within(table: SheetTable, first: int, last: int) -> slice:
    """Positions in `table.rows` of the rows from line `first` to line `last`."""
    return slice(bisect_left(table.rows, first), bisect_right(table.rows, last))
