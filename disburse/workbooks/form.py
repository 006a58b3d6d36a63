"""A form to fill in: headings found by name, drop-downs, hints, formats; empty, or with rows to be mended."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import TYPE_CHECKING, Any

from xlsxwriter.utility import xl_col_to_name, xl_rowcol_to_cell

from disburse.findings import catalogue
from disburse.language import say
from disburse.settlement import NEVER_WAIVED
from disburse.workbooks import fit
from disburse.workbooks.book import SIZE, cells, footer
from disburse.workbooks.words import measure_name

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pandas as pd

    from disburse.policy import Policy
    from disburse.tables import Column, Table
    from disburse.workbooks.book import Book, Sheet

READY = 500
"""Rows laid out with their formats; the columns carry the formats beyond them too."""

REACH = 100_000
"""Rows that totals, drop-downs and hints reach."""

_TOTALS = '{"合计*","合 计*","小计*","小 计*","总计*","总 计*","共计*"}'
"""Labels of total lines that a clerk adds below the rows: the form's own total and count leave these out."""

HINT, HINT_TITLE = 255, 32
"""Characters Excel takes in an input hint and in its title."""

LOOK = {"amount": "field_amount", "integer": "field_whole", "date": "field_day"}
"""Look of a cell to be filled in, by the column's kind; text for all others, so that no digit is lost."""

HEADING = {"always": "heading_required", "column": "heading_required", "conditional": "heading_conditional"}

LENGTH = {"uscc": 18, "cnaps": 12}
"""How long a value is, by the check the column makes."""


@dataclass(frozen=True)
class Form:
    """A table as a form: its columns, and the measures and bureaus it offers (all when `measures` is empty)."""

    table: Table
    policy: Policy
    measures: tuple[str, ...] = ()

    @property
    def codes(self) -> tuple[str, ...]:
        return self.measures or tuple(self.policy.by_code)

    @cached_property
    def columns(self) -> tuple[Column, ...]:
        """Every column, but for the conditional ones that none of the chosen measures needs."""
        if not self.measures:
            return self.table.columns
        needed = frozenset[str]().union(*(self.policy.columns_required(code) for code in self.measures))
        return tuple(each for each in self.table.columns if each.required != "conditional" or each.field in needed)

    def heading_look(self, column: Column) -> str:
        """The colour of a heading: a column that every measure of the form needs is required."""
        needed = all(column.field in self.policy.columns_required(code) for code in self.codes)
        return (
            HEADING["always"]
            if column.required == "conditional" and needed
            else HEADING.get(column.required, "heading")
        )

    @cached_property
    def choices(self) -> dict[str, tuple[str, ...]]:
        """What the drop-down of a column offers, by its field."""
        offered = {column.field: self._choices(column) for column in self.columns}
        return {field: choices for field, choices in offered.items() if choices}

    def _choices(self, column: Column) -> tuple[str, ...]:
        if column.kind == "measure":
            return self.codes
        if column.kind == "bureau":
            return tuple(dict.fromkeys(name for code in self.codes for name in self.policy.bureaus_of(code)))
        if column.field == "fund":
            return tuple(fund.name for fund in self.policy.funds)
        if column.field == "code":
            return tuple(
                code.code for code in catalogue().values() if code.severity == "hold" and code.code not in NEVER_WAIVED
            )
        return column.choices


def choices_sheet() -> str:
    return say("选项", "选项 Choices")


def write_form_sheet(
    book: Book, form: Form, name: str, rows: pd.DataFrame | None = None, extra: Sequence[tuple[str, str]] = ()
) -> None:
    """The sheet to fill in: title, unit and count, headings, the declared total, then `rows` and room for more.

    extra  field and heading of further columns of `rows`, after those of the form
    """
    sheet = book.sheet(name)
    columns = form.columns
    width = len(columns) + len(extra)
    for col, column in enumerate(columns):
        sheet.worksheet.set_column(col, col, column.width, book.format(LOOK.get(column.kind, "field_text")))
    if extra:
        sheet.worksheet.set_column(len(columns), width - 1, 16, book.format("field_text"))
    sheet.widths = [*(column.width for column in columns), *(16.0,) * len(extra)]
    _above(sheet, form, 0 if rows is None else len(rows))
    heading = sheet.row
    _headings(sheet, form, columns, extra)
    first = sheet.row + (1 if form.table.totals else 0)
    if form.table.totals:
        _declared(sheet, columns, rows, first)
    _fields(sheet, columns, rows, extra)
    _drop_downs(sheet, form, first)
    grid = f"=COUNTA($A{first + 1}:${xl_col_to_name(width - 1)}{first + 1})>0"
    sheet.worksheet.conditional_format(
        first, 0, first + REACH - 1, width - 1, {"type": "formula", "criteria": grid, "format": book.bordered()}
    )
    sheet.worksheet.freeze_panes(first, 1)
    wide = width > 15
    sheet.page(
        paper="A3" if wide else "A4", footer=_footer(form), wide=2 if wide else 1, repeat=heading, repeat_columns=0
    )


def _footer(form: Form) -> str:
    return footer(str(form.table.title), form.policy.document)


def _above(sheet: Sheet, form: Form, count: int) -> None:
    """Title, unit, count and legend; nothing here repeats a heading, so that the heading row is found."""
    sheet.text(0, f"{form.table.title}（{form.policy.document}）", "form_title")
    sheet.next(26)
    if form.table.fields("amount"):
        sheet.text(0, say("单位:元", "单位:元 (yuan)"), "sign")
    if form.table.totals:
        first, last = sheet.row + 4, sheet.row + 3 + REACH
        sheet.text(1, say("份数:", "Count:"), "sign")
        numbers = f"A{first + 1}:A{last + 1}"
        sheet.formula(2, f"=COUNTA({numbers})-SUMPRODUCT(COUNTIF({numbers},{_TOTALS}))", count, "count")
    sheet.next(20)
    sheet.text(
        0,
        say(
            "橙色列必填；黄色列视措施而定；蓝色列选填。填法见“填报说明”。请勿改动列名；列的顺序不限，可以另加列。",
            "Orange: required. Yellow: needed by some measures. Blue: optional. See the guide. Keep the headings.",
        ),
        "sign",
    )
    sheet.next(20)


def _headings(sheet: Sheet, form: Form, columns: Sequence[Column], extra: Sequence[tuple[str, str]]) -> None:
    count = 1
    for col, column in enumerate(columns):
        sheet.text(col, str(column.heading), form.heading_look(column))
        count = max(count, fit.lines(str(column.heading), column.width, SIZE))
    for col, (_, heading) in enumerate(extra, len(columns)):
        sheet.text(col, heading, "heading")
        count = max(count, fit.lines(heading, 16, SIZE))
    sheet.next(fit.height(count + 0.4, SIZE))


def _declared(sheet: Sheet, columns: Sequence[Column], rows: pd.DataFrame | None, first: int) -> None:
    """The declared total, above the rows so that it stays in sight and no row is added below it by mistake."""
    for col, column in enumerate(columns):
        if col == 0:
            sheet.text(col, say("合计", "合计 Total"), "total")
        elif column.kind == "amount":
            fen = 0 if rows is None else int(rows[f"{column.field}_fen"].fillna(0).sum())
            over = f"{xl_rowcol_to_cell(first, col)}:{xl_rowcol_to_cell(first + REACH - 1, col)}"
            labels = f"{xl_rowcol_to_cell(first, 0)}:{xl_rowcol_to_cell(first + REACH - 1, 0)}"
            formula = f"=SUM({over})-SUMPRODUCT(SUMIF({labels},{_TOTALS},{over}))"
            sheet.formula(col, formula, fen / 100, "total_amount")
        else:
            sheet.put(col, None, "total")
    sheet.next(20)


def _fields(
    sheet: Sheet, columns: Sequence[Column], rows: pd.DataFrame | None, extra: Sequence[tuple[str, str]]
) -> None:
    looks = [LOOK.get(column.kind, "field_text") for column in columns] + ["field_text"] * len(extra)
    if rows is not None:
        fields = [f"{column.field}_fen" if column.kind == "amount" else column.field for column in columns]
        widths = [column.width for column in columns] + [16.0] * len(extra)
        for values in zip(*(rows[field].tolist() for field in [*fields, *(field for field, _ in extra)]), strict=True):
            count = max(
                fit.lines(value, width, SIZE) if isinstance(value, str) else 1
                for value, width in zip(values, widths, strict=True)
            )
            for col, (value, look) in enumerate(zip(values, looks, strict=True)):
                sheet.put(col, value, look)
            sheet.next(fit.height(count, SIZE))
    for _ in range(READY - (0 if rows is None else len(rows))):
        for col, look in enumerate(looks):
            sheet.put(col, None, look)
        sheet.next()


def _drop_downs(sheet: Sheet, form: Form, first: int) -> None:
    offered = list(form.choices)
    for col, column in enumerate(form.columns):
        rule = {**_rule(column), **_hint(column)}
        if column.field in form.choices:
            size, at = len(form.choices[column.field]), offered.index(column.field)
            rule |= {"validate": "list", "source": cells(choices_sheet(), 2, at, 1 + size, at), "error_type": "stop"}
        sheet.validate(first, col, first + REACH - 1, col, rule)


def _rule(column: Column) -> dict[str, Any]:
    """What Excel itself questions while typing: a warning only, for the reader accepts more than Excel can express."""
    warning = {
        "error_type": "warning",
        "error_title": say("请核对", "Please check"),
        "error_message": say("输入的内容与本列要求不符，确定保留吗？", "This does not fit the column. Keep it?"),
    }
    length = next((LENGTH[check.check] for check in column.checks if check.check in LENGTH), None)
    if length:
        return {**warning, "validate": "length", "criteria": "==", "value": length}
    if column.kind == "amount":
        return {**warning, "validate": "decimal", "criteria": ">=", "value": 0}
    if column.kind == "integer":
        return {**warning, "validate": "integer", "criteria": ">=", "value": 1}
    if column.kind == "date":
        return {
            **warning,
            "validate": "date",
            "criteria": "between",
            "minimum": date(2000, 1, 1),
            "maximum": date(2099, 12, 31),
        }
    return {"validate": "any"}


def _hint(column: Column) -> dict[str, str]:
    text = str(column.meaning) + (say("\n示例：", "\nExample: ") + column.example if column.example else "")
    return {"input_title": str(column.heading)[:HINT_TITLE], "input_message": text[:HINT]}


def write_choices_sheet(book: Book, form: Form) -> None:
    """The lists behind the drop-downs; their headings differ from the form's, or the sheet would be read as one."""
    sheet = book.sheet(choices_sheet())
    headings = [
        say(f"「{form.table[field].heading}」选项", f"Choices: {form.table[field].heading}") for field in form.choices
    ]
    lists = list(form.choices.values())
    if form.table.fields("measure"):
        headings.append(say("措施对照", "The measures by title"))
        lists.append(tuple(measure_name(form.policy, code) for code in form.codes))
    sheet.set_widths([max(20.0, *(fit.ems(choice) * 2 + 2 for choice in choices)) for choices in lists])
    sheet.page(paper="A4", footer=_footer(form))
    sheet.text(0, say("下拉列表的选项（请勿改动）", "The lists behind the drop-downs (leave as they are)"), "section")
    sheet.next(22)
    for col, heading in enumerate(headings):
        sheet.text(col, heading, "heading")
    sheet.next(32)
    for line in range(max(map(len, lists), default=0)):
        for col, choices in enumerate(lists):
            if line < len(choices):
                sheet.text(col, choices[line])
        sheet.next()
