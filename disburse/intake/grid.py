"""A table on a sheet: its heading, its rows, its total lines, and the merged cells that reach over several rows."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING

from xlsxwriter.utility import xl_col_to_name

from disburse.findings import Place
from disburse.intake.headings import UNITS, Heading, Unclear, headings, required, unit_above
from disburse.intake.lines import Over, TotalLine, is_page_number, is_title, lines
from disburse.intake.sheet import Range, address, shown
from disburse.intake.stops import stop
from disburse.language import Wording, say

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from disburse.errors import FileUnreadable
    from disburse.intake.sheet import Cell, Sheet
    from disburse.tables import Table


@dataclass(frozen=True)
class SheetTable:
    """One table of one file. Rows and columns count from 0; `rows` are the lines that are applications.

    units    field → fen in one unit of the numbers in that column
    over     column → line → the merged cell that reaches over it and other lines
    bare     columns that hold something in a row and have no heading
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
    over: Over = field(repr=False)
    hidden_rows: frozenset[int] = field(repr=False)
    bare: tuple[int, ...] = ()

    def title(self, name: str, form: Table) -> str:
        """The heading of a field as written; the form's own where the table lacks the column."""
        column = self.heading.columns.get(name)
        return str(form[name].heading) if column is None else self.heading.written[column]

    def place(self, row: int, column: int) -> Place:
        """The cell, or the top-left one of the merged cell it belongs to."""
        row, column = self.corner(row, column)
        return Place(self.source_file, self.sheet, address(row, column), self.heading.written.get(column, ""))

    @property
    def unknown(self) -> dict[int, str]:
        """Column → name of every column the form does not know."""
        named = {column: self.heading.written[column] for column in self.heading.extra}
        bare = {column: xl_col_to_name(column) for column in self.bare}
        return named | {
            column: say(f"{letter} 列（没有表头）", f"column {letter} (no heading)") for column, letter in bare.items()
        }

    def corner(self, row: int, column: int) -> tuple[int, int]:
        if row <= self.heading.row:
            return _head(self.cells, self.merged, self.heading, column)
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
    """The tables of one file, and what stops it: TABLE_NOT_FOUND, COLUMN_MISSING, COLUMN_REPEATED, UNIT_UNCLEAR.

    A heading printed again on every page goes on with the table above it, or with what stopped that.
    """
    found: list[SheetTable] = []
    stops: list[FileUnreadable] = []
    for sheet in sheets:
        marks = headings(sheet, form)
        ends = [*(mark.top for mark in marks), len(sheet.cells)][1:]
        after = 0
        table: SheetTable | None = None
        refused: Heading | None = None
        for mark, end in zip(marks, ends, strict=True):
            if table and _alike(table.heading, mark):
                more = _table(name, sheet, mark, end, form, table.units)
                if _goes_on(table, more, marks[0].top):
                    found[-1] = table = _joined(table, more)
                    after = _below(table)
                    continue
            if refused and _alike(refused, mark):
                continue
            faults = list(_faults(path, name, sheet, mark, form))
            above = 0 if faults else _unit_above(sheet, mark, marks[0], after, form)
            if isinstance(above, Unclear):
                faults.append(_unclear(path, name, sheet, above))
            stops += faults
            table, after, refused = None, mark.below, mark if faults else None
            if not faults and isinstance(above, int):
                units = {each: mark.units.get(each) or above or UNITS["元"] for each in form.fields("amount")}
                table = _table(name, sheet, mark, end, form, units)
                found.append(table)
                after = _below(table)
    if not found and not stops:
        stops.append(stop("TABLE_NOT_FOUND", path, name, expected=titles(required(form), form)))
    return [replace(each, bare=_bare(each)) for each in found], stops


def _below(table: SheetTable) -> int:
    """The first line below all rows and totals."""
    return max([table.heading.below - 1, *table.rows[-1:], *(line.row for line in table.totals[-1:])]) + 1


def _alike(one: Heading, other: Heading) -> bool:
    return (one.written, one.columns, one.under) == (other.written, other.columns, other.under)


def _goes_on(table: SheetTable, more: SheetTable, top: int) -> bool:
    """Whether `more`, under the same heading, is the next page or group of `table`: nothing new stands between them, and
    neither did the table end with its total, nor does the other begin with its own.

    top  the first line of the sheet's first heading; the title above it may be printed again too, and where groups have
         a 小计, so may each group's
    """
    above = [line for line in table.cells[:top] if any(line)]
    between = [line for line in table.cells[_below(table) : more.heading.top] if any(line)]
    ended = any(total.kind == "all" and total.row > max(table.rows, default=total.row) for total in table.totals)
    begins = any(total.kind == "all" and total.row < more.rows[0] for total in more.totals if more.rows)
    groups = any(total.kind == "part" for total in table.totals)
    nothing_new = all(line in above or is_page_number(line) or (groups and is_title(line)) for line in between)
    return nothing_new and not ended and not begins


def _joined(table: SheetTable, more: SheetTable) -> SheetTable:
    over = {column: table.over.get(column, {}) | more.over.get(column, {}) for column in {*table.over, *more.over}}
    return replace(table, rows=table.rows + more.rows, totals=table.totals + more.totals, over=over)


def _bare(table: SheetTable) -> tuple[int, ...]:
    """The columns without a heading that hold something in a row."""
    width = len(table.cells[0]) if table.cells else 0
    return tuple(
        column
        for column in range(width)
        if column not in table.heading.written
        and any(table.cells[row][column] != "" and table.shown(row, column) for row in table.rows)
    )


def titles(fields: Sequence[str], form: Table) -> Wording:
    """The columns' names in a sentence."""
    named = [form[each].heading for each in fields]
    return Wording(
        zh="、".join(f"“{each.zh}”" for each in named), en=", ".join(f"“{each.en}” ({each.zh})" for each in named)
    )


def _faults(path: Path, name: str, sheet: Sheet, heading: Heading, form: Table) -> Iterator[FileUnreadable]:
    missing = heading.missing(form)
    if missing:
        at = address(*_head(sheet.cells, sheet.merged, heading, min(heading.written)))
        yield stop("COLUMN_MISSING", path, name, sheet=sheet.name, cell=at, expected=titles(missing, form))
    for later, first in heading.repeated:
        yield stop(
            "COLUMN_REPEATED", path, name, sheet=sheet.name, cell=address(*_head(sheet.cells, sheet.merged, heading, later)),
            column=heading.written[later], found=heading.written[later], other=address(*_head(sheet.cells, sheet.merged, heading, first)),
            expected=heading.written[first],
        )  # fmt: skip


def _unit_above(sheet: Sheet, heading: Heading, first: Heading, after: int, form: Table) -> int | Unclear:
    """What the lines between the table before and this heading say of its unit, else those above the sheet's first."""
    if all(each in heading.units for each in form.fields("amount") if each in heading.columns):
        return 0
    above = unit_above(sheet, heading, after, heading.top)
    return above or (unit_above(sheet, first, 0, first.top) if heading is not first else 0)


def _unclear(path: Path, name: str, sheet: Sheet, above: Unclear) -> FileUnreadable:
    at = address(*_corner(sheet.merged, above.row, above.column))
    return stop("UNIT_UNCLEAR", path, name, sheet=sheet.name, cell=at, found=above.text[:40])


def _table(name: str, sheet: Sheet, heading: Heading, end: int, form: Table, units: dict[str, int]) -> SheetTable:
    over = _over(sheet, heading, end)
    rows, totals = lines(sheet, heading, end, form, over)
    return SheetTable(
        name, sheet.name, sheet.order, sheet.hidden, heading, rows, totals, units, sheet.cells, sheet.merged, over,
        sheet.hidden_rows,
    )  # fmt: skip


def _head(cells: Sequence[Sequence[Cell]], merged: Sequence[Range], heading: Heading, column: int) -> tuple[int, int]:
    """The cell in which the heading of the column stands; in the last heading line where it has none."""
    for row in range(heading.row, heading.top - 1, -1):
        at = _corner(merged, row, column)
        if cells[at[0]][at[1]] != "":
            return at
    return _corner(merged, heading.row, column)


def _corner(merged: Sequence[Range], row: int, column: int) -> tuple[int, int]:
    """The cell, or the top-left one of the merged cell it belongs to."""
    reaching = (each for each in merged if each[0] <= row <= each[2] and each[1] <= column <= each[3])
    return next(((each[0], each[1]) for each in reaching), (row, column))


def _over(sheet: Sheet, heading: Heading, end: int) -> Over:
    """Merged cells that reach over several lines below the heading, by column and line."""
    over: Over = {}
    last = min(end, len(sheet.cells)) - 1
    for merged in sheet.merged:
        if merged[2] > merged[0] >= heading.below and merged[0] <= last:
            lines = over.setdefault(merged[1], {})
            for row in range(merged[0], min(merged[2], last) + 1):
                lines[row] = merged
    return over


def rows_within(table: SheetTable, first: int, last: int) -> slice:
    """Positions in `table.rows` of the rows from line `first` to line `last`."""
    return slice(bisect_left(table.rows, first), bisect_right(table.rows, last))
