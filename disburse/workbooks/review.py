"""复核报告: what was compared with what, what is not as it should be, and where the auditor signs."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import pandas as pd

from disburse.language import say
from disburse.workbooks.book import Book, Column, footer
from disburse.workbooks.words import nothing

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from disburse.verify.compare import Difference
    from disburse.workbooks.book import Sheet

CHECKS = (
    Column("title", "核对内容", "What was compared", 34),
    Column("extent", "范围", "Extent", 56),
    Column("count", "差异(处)", "Differences", 14, "whole", total=True),
)

DIFFERENCES = (
    Column("number", "序号", "No.", 6, "whole"),
    Column("file", "文件", "File", 20),
    Column("sheet", "工作表", "Sheet", 12, "code"),
    Column("cell", "单元格", "Cell", 10, "code"),
    Column("application_no", "申报编号", "Application no.", 17, "code"),
    Column("column", "列或项目", "Column", 18),
    Column("expected", "应为", "Expected", 30),
    Column("found", "实为", "Found", 30),
    Column("difference", "差额", "Difference", 16, "code"),
)

BLANK = "_" * 24


def write_review(
    path: Path, facts: Sequence[tuple[str, str]], checks: Sequence[tuple[str, str, int]], control: Sequence[str],
    differences: Sequence[Difference],
) -> None:  # fmt: skip
    """Write the report.

    facts    what was checked, line by line: name and value
    checks   what was compared, how much of it, and how many differences
    control  the sums that must hold, and what could not be checked
    """
    name = say("复核报告", "Review")
    with Book(path) as book:
        foot = footer(name, "  ".join(value for _, value in facts[:2]))
        sheet = book.sheet(name)
        sheet.set_widths([column.width for column in CHECKS])
        sheet.page(paper="A4", footer=foot)
        sheet.line(say("补贴资金拨付复核报告", "Review of a payout"), "title")
        sheet.gap(8)
        for title, value in facts:
            sheet.line(title + say("：", ": ") + value, "note")
        _section(sheet, say("一、核对内容", "What was compared"))
        _table(sheet, CHECKS, pd.DataFrame(checks, columns=["title", "extent", "count"]), say("合计", "Total"))
        _section(sheet, say("二、核对关系", "Control"))
        for line in control:
            sheet.line(line, "note")
        _section(sheet, say("三、结论", "Conclusion"))
        sheet.line(_conclusion(len(differences)), "words")
        _sign(sheet)
        _differences(book, differences, foot)


def _conclusion(count: int) -> str:
    if count:
        return say(f"有 {count} 处差异，逐处列于“差异”。", f"{count} differences, listed on the sheet “Differences”.")
    return say(
        "由另一套逐行计算独立得出的结果与本次运行写出的每一格一致，无差异。",
        "The second, row-by-row calculation agrees with every cell that was written: no differences.",
    )


def _section(sheet: Sheet, title: str) -> None:
    sheet.gap(10)
    sheet.line(title, "section")


def _table(sheet: Sheet, columns: Sequence[Column], frame: pd.DataFrame, total: str = "") -> None:
    sheet.headings(columns)
    rows = sheet.lines(columns, frame)
    if total:
        sheet.totals(columns, frame, rows, total)


def _sign(sheet: Sheet) -> None:
    sheet.gap(24)
    for role in (
        say("复核人：", "Reviewed by: "),
        say("复核单位（盖章）：", "Office (seal): "),
        say("日期：", "Date: "),
    ):
        sheet.line(role + BLANK, "sign", end=False)
        sheet.next(30)


def _differences(book: Book, differences: Sequence[Difference], foot: str) -> None:
    sheet = book.sheet(say("差异", "Differences"))
    sheet.set_widths([column.width for column in DIFFERENCES])
    sheet.line(say("差异", "Differences"), "title")
    sheet.line(
        say("单元格是文件里现在的位置；“应为”是重新计算的结果。", "Cells as they stand in the file found."), "subtitle"
    )
    sheet.page(paper="A4", footer=foot, repeat=sheet.row if differences else None)
    if not differences:
        sheet.line(nothing(), "note")
        return
    lines: list[dict[str, Any]] = [{"number": i, **asdict(each)} for i, each in enumerate(differences, 1)]
    _table(sheet, DIFFERENCES, pd.DataFrame(lines))
