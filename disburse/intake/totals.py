"""Declared totals against the rows they speak of, to the fen."""

from __future__ import annotations

from bisect import bisect_left
from decimal import ROUND_HALF_EVEN, Decimal
from typing import TYPE_CHECKING

from disburse.findings import Finding
from disburse.intake.cells import Fault, reader
from disburse.intake.grid import rows_within
from disburse.intake.sheet import NotCalculated, shown
from disburse.money import from_capital, yuan
from disburse.rules.keys import key

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import pandas as pd

    from disburse.intake.grid import SheetTable
    from disburse.intake.sheet import Cell
    from disburse.policy import Policy
    from disburse.tables import Column, Table


def mismatches(
    tables: Sequence[SheetTable], form: Table, policy: Policy, frame: pd.DataFrame,
    faults: dict[tuple[int, str], Finding],
) -> list[Finding]:  # fmt: skip
    """What is wrong with the total lines.

    frame   the rows of all tables in order; amounts in fen under their field, Int64
    faults  the faults found in cells: a column with an amount that is not understood is not compared

    A wrong total is a finding on every row of its *file*, all at the place of the total cell; on no row (-1) where the
    file has none, or where the total itself cannot be read.
    """
    if not form.totals:
        return []
    doubtful = _doubtful(faults)
    found: list[Finding] = []
    start = 0
    for table in tables:
        end = start + len(table.rows)
        for column in form.columns if table.totals else ():
            at = table.heading.columns.get(column.field)
            rows = doubtful.get(column.field, [])
            if column.kind == "amount" and at is not None and bisect_left(rows, start) == bisect_left(rows, end):
                amounts = frame[column.field].iloc[start:end]
                found += [
                    Finding(row, each.code, each.column, each.values, place=each.place)
                    for each in _column(table, form, column, at, amounts, policy)
                    for row in _on(each, table, frame)
                ]
        start = end
    return found


def _doubtful(faults: dict[tuple[int, str], Finding]) -> dict[str, list[int]]:
    """Rows by field whose cell is not understood or not allowed, in order; a blank is neither."""
    rows: dict[str, list[int]] = {}
    for (row, field), finding in sorted(faults.items()):
        if finding.code != "CELL_REQUIRED":
            rows.setdefault(field, []).append(row)
    return rows


def _on(finding: Finding, table: SheetTable, frame: pd.DataFrame) -> list[int]:
    """The rows it stands on."""
    of_file = frame.index[frame["source_file"] == table.source_file].tolist()
    return of_file if of_file and finding.code == "TOTAL_MISMATCH" else [-1]


def _column(
    table: SheetTable, form: Table, column: Column, at: int, amounts: pd.Series[int], policy: Policy
) -> Iterator[Finding]:
    """Findings on the total cells of one column, each on row -1."""
    fen_per = table.units[column.field]
    parts = _parts(
        table, [columns[each] for each in form.fields("amount") if each in (columns := table.heading.columns)]
    )
    for line in table.totals:
        cell = table.cells[line.row][at]
        declared = _declared(cell, column, policy, fen_per)
        place = table.place(line.row, at)
        if isinstance(declared, Fault):
            yield Finding(-1, declared.code, column.field, {"found": shown(cell), **declared.told}, place=place)
        elif declared is not None:
            summed = amounts if line.kind == "all" else amounts.iloc[parts[line.row]]
            expected = int(summed.fillna(0).sum())
            if declared != expected:
                told = {
                    "label": line.label,
                    "expected": yuan(expected, thousands=True),
                    "found": yuan(declared, thousands=True),
                    "difference": yuan(declared - expected, thousands=True),
                }
                yield Finding(-1, "TOTAL_MISMATCH", column.field, told, place=place)


_MOST = 1e15
"""Numbers from here on, and those that are none, are for the reader to refuse."""


def _declared(cell: Cell, column: Column, policy: Policy, fen_per: int) -> int | Fault | None:
    """The declared amount in fen; None where there is none, also where a formula was never calculated.

    A total is the program's own sum of the amounts, with the noise of its fractions: a number counts to the fen. In
    words (大写) it is in yuan, whatever the unit of the column.
    """
    if cell == "" or isinstance(cell, NotCalculated):
        return None
    if isinstance(cell, float) and abs(cell) < _MOST:
        fen = Decimal(f"{cell:.15g}") * fen_per
        return int(fen.quantize(Decimal(1), ROUND_HALF_EVEN))
    if isinstance(cell, str) and (in_words := from_capital(key(cell))) is not None:
        return in_words
    read = reader(column, policy, fen_per)(cell)
    assert read is None or isinstance(read, (int, Fault))
    return read


def _parts(table: SheetTable, amounts: Sequence[int]) -> dict[int, slice]:
    """Line of each 小计 → the rows it sums: those since the total line before it.

    amounts  the columns of amounts

    Published tables also put each 小计 above its rows, and then it sums those down to the next total line: where no row
    stands before the first 小计, and one stands below the last. Where neither is so, a group is empty: the one whose
    小计 declares nothing.
    """
    lines = [table.heading.row, *(line.row for line in table.totals), len(table.cells)]
    before = [rows_within(table, lines[i] + 1, lines[i + 1] - 1) for i in range(len(table.totals))]
    after = [rows_within(table, lines[i + 1] + 1, lines[i + 2] - 1) for i in range(len(table.totals))]
    partial = [i for i, line in enumerate(table.totals) if line.kind == "part"]
    if not partial:
        return {}
    first, last = partial[0], partial[-1]
    declares = any(table.shown(table.totals[first].row, at) not in _NONE for at in amounts)
    leading = before[first].start == before[first].stop and (after[last].start < after[last].stop or declares)
    return {table.totals[i].row: (after if leading else before)[i] for i in partial}


_NONE = frozenset(("", "0", "0.0", "0.00", "-", "—", "/", "无"))
"""What a 小计 of an empty group shows."""
