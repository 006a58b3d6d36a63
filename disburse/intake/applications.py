"""Application workbooks → one typed table, and everything found on the way with its place in the file."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from xlsxwriter.utility import xl_cell_to_rowcol

from disburse.errors import FileUnreadable
from disburse.findings import Finding, Place, Placed, discreet, masked, message, precedence, remedy
from disburse.intake import grid
from disburse.intake.reading import read
from disburse.intake.sheet import shown
from disburse.intake.stops import stop as stopping
from disburse.intake.stops import together
from disburse.intake.workbook import read_workbook
from disburse.language import say
from disburse.rules.keys import key
from disburse.tables import Table, table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    import pandas as pd

    from disburse.intake.files import Source
    from disburse.intake.grid import SheetTable
    from disburse.policy import Policy

BLANK_MEANS: dict[str, object] = {"other_public_funds_fen": 0, "instalment": 1, "payee_type": "企业"}
"""What a blank cell of these columns stands for; a cell that could not be read stays missing."""


@dataclass(frozen=True)
class Intake:
    """What was read.

    rows      the applications table (docs/architecture.md)
    findings  those of cells, totals, unknown columns and hidden rows
    tables    where the rows stand; `rows["table"]` is the position here
    stopped   the files that could not be read, where `read_applications` was told to go on
    """

    rows: pd.DataFrame
    findings: list[Finding]
    tables: list[SheetTable]
    stopped: list[FileUnreadable] = field(default_factory=list)
    form: Table = field(default_factory=lambda: table("application"))

    def placed(self, findings: Iterable[Finding] | None = None) -> list[Placed]:
        """These findings (its own when none are given) for people, each once per code and place.

        In the order of file, sheet as in the workbook, row, column, precedence.
        """
        seen: dict[tuple[str, Place], tuple[tuple[object, ...], Placed]] = {}
        for finding in self.findings if findings is None else findings:
            place = self._place(finding)
            if (finding.code, place) not in seen:
                row, column = xl_cell_to_rowcol(place.cell) if place.cell else (-1, -1)
                order = self._sheets.get((place.source_file, place.sheet), -1)
                at = (place.source_file, order, row, column, precedence(finding.code))
                seen[finding.code, place] = at, self._placed(finding, place)
        return [placed for _, placed in sorted(seen.values(), key=lambda each: each[0])]

    def place(self, finding: Finding) -> Placed:
        """The finding with file, sheet, cell, heading, value, message and remedy."""
        return self._placed(finding, self._place(finding))

    def place_of(self, row: int, name: str) -> Place:
        """The cell of a field on a row."""
        return self._place(Finding(row, "", name))

    def _placed(self, finding: Finding, place: Place) -> Placed:
        own = finding.row >= 0 and (finding.place is None or self._on_row(finding))
        values = {"column": place.column} | finding.values  # noqa: PD011 – no frame
        return Placed(
            code=finding.code,
            severity=finding.severity,
            source_file=place.source_file,
            source_sheet=place.sheet,
            cell=place.cell,
            application_no=self._number(finding.row) if own else "",
            column=place.column,
            value=self._value(finding, place),
            message=message(finding.code, values),
            remedy=remedy(finding.code, values),
            reference=finding.reference,
            discreet=message(finding.code, discreet(values)),
        )

    def _number(self, row: int) -> str:
        return str(self.rows["application_no"].loc[row]) if "application_no" in self.rows else ""

    def _place(self, finding: Finding) -> Place:
        """The cell of the finding's column; of the row's number where the column is none, or not in the table."""
        if finding.place is not None:
            return finding.place
        table, row = self._table(finding.row)
        column = table.heading.columns.get(finding.column, table.heading.columns[self.form.columns[0].field])
        place = table.place(row, column)
        title = table.title(finding.column, self.form) if finding.column else ""
        return Place(place.source_file, place.sheet, place.cell, title)

    def _table(self, row: int) -> tuple[SheetTable, int]:
        return self.tables[self._at[0][row]], int(self._at[1][row]) - 1

    def _on_row(self, finding: Finding) -> bool:
        table, row = self._table(finding.row)
        place = finding.place
        return (
            place is not None
            and (place.source_file, place.sheet) == (table.source_file, table.sheet)
            and bool(place.cell)
            and xl_cell_to_rowcol(place.cell)[0] == row
        )

    def _value(self, finding: Finding, place: Place) -> str:
        """What the cell shows; an account only by its last digits."""
        table = self._by_sheet.get((place.source_file, place.sheet))
        if table is None or not place.cell:
            return ""
        if (
            finding.place is None
            and finding.column
            and finding.column not in self._table(finding.row)[0].heading.columns
        ):
            return ""
        row, column = xl_cell_to_rowcol(place.cell)
        shown = table.shown(row, column)
        return masked(key(shown)) if column in self._accounts[place.source_file, place.sheet] else shown

    @cached_property
    def _at(self) -> tuple[list[int], list[int]]:
        return self.rows["table"].tolist(), self.rows["source_row"].tolist()

    @cached_property
    def _by_sheet(self) -> dict[tuple[str, str], SheetTable]:
        return {(table.source_file, table.sheet): table for table in self.tables}

    @cached_property
    def _accounts(self) -> dict[tuple[str, str], set[int]]:
        """Columns that hold account numbers, by file and sheet."""
        columns: dict[tuple[str, str], set[int]] = {}
        for each in self.tables:
            at = each.heading.columns.get("account_no")
            columns.setdefault((each.source_file, each.sheet), set()).update([] if at is None else [at])
        return columns

    @cached_property
    def _sheets(self) -> dict[tuple[str, str], int]:
        return {at: table.order for at, table in self._by_sheet.items()}


def read_applications(
    sources: Sequence[Source], policy: Policy, *, stop: bool = True, progress: Callable[[str], None] | None = None,
    form: Table | None = None,
) -> Intake:  # fmt: skip
    """Read the workbooks into one applications table.

    sources  in any order; the rows come in the order of file name, sheet as in the workbook, row
    stop     raise FileUnreadable with the stopping problems of all files; else go on with what can be read
    form     the table schema, the shipped one when not given
    """
    form = form or table("application")
    tables: list[SheetTable] = []
    stopped: list[FileUnreadable] = []
    for source in sorted(sources, key=lambda source: (source.name, source.sha256)):
        if progress:
            progress(say(f"读取 {source.name}", f"Reading {source.name}"))
        try:
            found, faults = grid.tables(source.path, source.name, read_workbook(source.path, source.name), form)
            for each in [*found]:
                if fault := _without_payee(source, each, form, policy):
                    found.remove(each)
                    faults.append(fault)
        except FileUnreadable as error:
            found, faults = [], [error]
        tables += found
        stopped += faults
    if stop and stopped:
        raise together(stopped)
    frame, findings = read(tables, form, policy)
    rows = _finished(frame, findings, form)
    return Intake(rows, [*_notices(rows, tables), *findings], tables, stopped, form)


def _without_payee(source: Source, found: SheetTable, form: Table, policy: Policy) -> FileUnreadable | None:
    """COLUMN_MISSING where money is to be paid and the table has no column for how much, to whom or where to."""
    missing = [name for name in form.paid_columns if name not in found.heading.columns]
    if not missing or "measure" not in found.heading.columns:
        return None
    at = found.heading.columns["measure"]
    unpaid = {word for word, code in policy.code_of.items() if not policy.by_code[code].pays}
    if not any(word and word not in unpaid for word in (key(shown(found.cells[row][at])) for row in found.rows)):
        return None
    cell = found.place(found.heading.row, min(found.heading.written)).cell
    return stopping(
        "COLUMN_MISSING", source.path, source.name, sheet=found.sheet, cell=cell, expected=grid.titles(missing, form)
    )


def _notices(rows: pd.DataFrame, tables: Sequence[SheetTable]) -> list[Finding]:
    """Columns the form does not know, once each, and hidden rows."""
    unknown = [
        Finding(-1, "COLUMN_UNKNOWN", values={"found": name}, place=each.place(each.heading.row, column))
        for each in tables
        for column, name in each.unknown.items()
    ]
    return unknown + [Finding(int(row), "ROW_HIDDEN") for row in rows.index[rows["hidden"]]]


def _finished(frame: pd.DataFrame, findings: Sequence[Finding], form: Table) -> pd.DataFrame:
    """The frame in the form of docs/architecture.md: amounts called `…_fen`, blanks of text "", blanks that mean a value."""
    amounts = form.fields("amount")
    rows = frame.rename(columns={name: f"{name}_fen" for name in amounts})
    unread: dict[str, list[int]] = {}
    for finding in findings:
        if finding.row >= 0 and finding.place is None:
            name = f"{finding.column}_fen" if finding.column in amounts else finding.column
            unread.setdefault(name, []).append(finding.row)
    for name, value in BLANK_MEANS.items():
        blank = rows[name].isna()
        blank[unread.get(name, [])] = False
        rows[name] = rows[name].mask(blank, value)
    texts = [name for name in form.fields() if name in rows and rows[name].dtype == "str"]
    return rows.fillna(dict.fromkeys(texts, ""))
