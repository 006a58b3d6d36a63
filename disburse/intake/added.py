"""What this program added to a marked copy is no submission: it is taken out before anything looks at the sheets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from disburse import marked

if TYPE_CHECKING:
    from collections.abc import Iterable

    from disburse.intake.sheet import Cell, Sheet


def submitted(sheets: Iterable[Sheet]) -> list[Sheet]:
    """The sheets without a list of findings, and without what stands in a column of findings."""
    kept = [sheet for sheet in sheets if not _is_list(sheet)]
    for sheet in kept:
        for column in sorted(_own_columns(sheet), reverse=True):
            _take_out(sheet.cells, column)
    return kept


def _is_list(sheet: Sheet) -> bool:
    return marked.is_list(map(dict, map(enumerate, sheet.cells[: marked.WITHIN])), named=sheet.named_as_list)


def _own_columns(sheet: Sheet) -> set[int]:
    headed = {
        column
        for row in sheet.cells
        for heading in marked.COLUMN.both()
        if heading in row
        for column, cell in enumerate(row)
        if cell == heading
    }
    return {
        column
        for column in headed
        if marked.is_column((row[column] for row in sheet.cells), named=column == sheet.named_column)
    }


def _take_out(cells: list[list[Cell]], column: int) -> None:
    """Empty the column; cut it off where it is the last, so that the next copy's stands where it stood."""
    for row in cells:
        if column == len(row) - 1:
            row.pop()
        else:
            row[column] = ""
