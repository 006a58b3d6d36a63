"""Tables of raw cells → one typed frame and everything found in it: converted here, then judged by pandera."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from disburse.findings import Finding, masked, precedence
from disburse.intake.cells import Fault, reader
from disburse.intake.checks import DTYPE, Asked, failures
from disburse.intake.sheet import shown, span
from disburse.intake.totals import mismatches
from disburse.language import listed, say
from disburse.rules.keys import key

if TYPE_CHECKING:
    from collections.abc import Sequence

    from disburse.intake.grid import SheetTable
    from disburse.policy import Policy
    from disburse.tables import Column, Table

FOUND_LENGTH = 60
"""Characters of a cell that a message repeats."""


@dataclass
class Reading:
    """A typed frame under way.

    frame   one line per row, index 0…n−1; every field of the form (amounts in fen), a blank or unread cell missing;
            and source_file, source_sheet, source_row, table, hidden, extra
    faults  (row, field) → what is wrong with the cell; the first fault stands
    """

    tables: Sequence[SheetTable]
    form: Table
    policy: Policy
    frame: pd.DataFrame = field(default_factory=pd.DataFrame)
    faults: dict[tuple[int, str], Finding] = field(default_factory=dict)

    def fault(self, row: int, name: str, code: str, values: dict[str, str]) -> None:
        if (row, name) not in self.faults:
            self.faults[row, name] = Finding(row, code, name, {"found": self.shown(row, name), **values})

    def blank(self, row: int, name: str) -> str:
        """Why the cell counts as blank, where that is not plain to see."""
        if name not in self.tables[self.frame["table"].to_numpy()[row]].heading.columns:
            return say("（表中没有这一列，请补上）", " (the table has no such column: add it)")
        shown = self.shown(row, name)
        return say(f"（“{shown}”视为没有填写）", f" (“{shown}” counts as blank)") if key(shown) else ""

    def shown(self, row: int, name: str) -> str:
        """The cell as a message shows it: of an account only the last digits, of a long text the beginning."""
        table = self.tables[self.frame["table"].to_numpy()[row]]
        column = table.heading.columns.get(name)
        if column is None:
            return ""
        text: str = table.shown(*table.corner(int(self.frame["source_row"].to_numpy()[row]) - 1, column))
        if name == "account_no":
            return masked(key(text))
        return text if len(text) <= FOUND_LENGTH else text[:FOUND_LENGTH] + "…"


def read(tables: Sequence[SheetTable], form: Table, policy: Policy) -> tuple[pd.DataFrame, list[Finding]]:
    """The rows of all tables as one frame (see Reading), and the findings on them, declared totals included."""
    reading = Reading(tables, form, policy)
    reading.frame = _where(tables)
    for column in form.columns:
        reading.frame[column.field] = _column(reading, column)
    _judge(reading)
    found = sorted(reading.faults.values(), key=lambda finding: (finding.row, precedence(finding.code)))
    return reading.frame, found + mismatches(tables, form, policy, reading.frame, reading.faults)


def _where(tables: Sequence[SheetTable]) -> pd.DataFrame:
    """Where each row stands, and the text of the columns the form does not know."""
    lengths = [len(table.rows) for table in tables]
    frame = pd.DataFrame(
        {
            "source_file": _text([table.source_file for table in tables]).repeat(lengths),
            "source_sheet": _text([table.sheet for table in tables]).repeat(lengths),
        }
    ).reset_index(drop=True)
    frame["source_row"] = np.array([row + 1 for table in tables for row in table.rows], dtype="int64")
    frame["table"] = np.repeat(np.arange(len(tables)), lengths).astype("int64")
    hidden = [table.hidden or row in table.hidden_rows for table in tables for row in table.rows]
    frame["hidden"] = np.array(hidden, dtype=bool)
    extra = np.empty(len(frame), dtype=object)
    extra[:] = [each for table in tables for each in _extra(table)]
    frame["extra"] = extra
    return frame


def _text(values: Sequence[str]) -> pd.Series[str]:
    return pd.Series(values, dtype="str")


def _extra(table: SheetTable) -> list[dict[str, str]]:
    """Heading → text of every column the form does not know, row by row; a second one of a name with its letter."""
    names: dict[str, int] = {}
    for column, name in table.unknown.items():
        names[name if name not in names else f"{name} ({table.place(table.heading.row, column).cell})"] = column
    return [{name: shown(table.cells[row][column]) for name, column in names.items()} for row in table.rows]


def _column(reading: Reading, column: Column) -> pd.Series[Any]:
    """One column of all tables, read cell by cell, each distinct cell once."""
    values: list[Any] = []
    for table in reading.tables:
        at = table.heading.columns.get(column.field)
        if at is None:
            values += [None] * len(table.rows)
        else:
            values += _cells(reading, table, at, column, len(values))
    if column.kind == "date":
        return pd.Series(np.array(values, dtype="datetime64[s]"))
    return pd.Series(values, dtype=DTYPE.get(column.kind, "str"))


def _cells(reading: Reading, table: SheetTable, at: int, column: Column, start: int) -> list[Any]:
    """The values of one column of one table; the first of them is row `start` of the frame. Faults become None."""
    one = reader(column, reading.policy, table.units.get(column.field, 0))
    raw = [table.cells[row][at] for row in table.rows]
    kinds = [*map(type, raw)]  # 1, 1.0 and True are equal, and not the same
    read = {known: one(known[1]) for known in dict.fromkeys(zip(kinds, raw, strict=True))}
    values: list[Any] = [read[known] for known in zip(kinds, raw, strict=True)]
    _merge(reading, table, at, column, values, start)
    if any(isinstance(value, Fault) for value in read.values()):
        for position, value in enumerate(values):
            if isinstance(value, Fault):
                reading.fault(start + position, column.field, value.code, value.told)
                values[position] = None
    return values


def _merge(reading: Reading, table: SheetTable, at: int, column: Column, values: list[Any], start: int) -> None:
    """Text and dates of a merged cell hold for each of its rows; an amount or number would count more than once."""
    over = table.over.get(at)
    if not over:
        return
    counts = column.kind in ("amount", "integer") or column.field in reading.form.row_when
    one = reader(column, reading.policy, table.units.get(column.field, 0))
    for position, row in enumerate(table.rows):
        merged = over.get(row)
        if merged is None or table.cells[merged[0]][at] == "":
            continue
        if counts:
            values[position] = None if merged[0] < row or column.kind != "identifier" else values[position]
            reading.fault(start + position, column.field, "CELL_MERGED", {"found": span(merged)})
        elif merged[0] < row:
            values[position] = one(table.cells[merged[0]][at])


def _judge(reading: Reading) -> None:
    """What pandera refuses becomes a fault, unless the cell could not even be read."""
    policy, frame = reading.policy, reading.frame
    if frame.empty:
        return
    for failure in failures(reading.form, Asked(_asked(reading), policy)):
        if (failure.row, failure.field) in reading.faults:
            continue
        measure = frame["measure"].loc[failure.row] if "measure" in frame else None
        told = {"expected": failure.expected or _expected(reading.form[failure.field], measure, policy)}
        if failure.code == "CELL_REQUIRED":
            told["found"] = reading.blank(failure.row, failure.field)
        reading.fault(failure.row, failure.field, failure.code, told)


def _asked(reading: Reading) -> pd.DataFrame:
    """The frame as the checks see it: an approved 0 under a measure that pays no money is a blank."""
    fields = reading.form.fields()
    frame = reading.frame[fields]
    if {"measure", "approved_amount"} <= set(fields):
        unpaid = [measure.code for measure in reading.policy.measures if not measure.pays]
        nothing = frame["measure"].isin(unpaid) & (frame["approved_amount"] == 0).fillna(value=False)
        frame = frame.assign(approved_amount=frame["approved_amount"].mask(nothing))
    return frame


def _expected(column: Column, measure: object, policy: Policy) -> str:
    """What may stand in the cell, where the schema leaves it to the policy."""
    match column.kind:
        case "measure":
            return listed(policy.by_code)
        case "bureau":
            return listed(policy.bureaus_of(measure) if measure in policy.by_code else policy.bureaus)
    return listed(column.choices)
