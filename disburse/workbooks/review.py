"""复核报告: what was compared with what, what is not as it should be, and where the auditor signs."""

from __future__ import annotations

from dataclasses import asdict, dataclass
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
    Column("title", "核对内容", "What was compared", 46),
    Column("extent", "范围", "Extent", 66),
    Column("count", "差异(处)", "Differences", 34, "whole", total=True),
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

DRAWN = (
    Column("number", "序号", "No.", 6, "whole"),
    Column("application_no", "申报编号", "Application no.", 15, "code"),
    Column("applicant_name", "企业名称", "Applicant", 22),
    Column("title", "措施", "Measure", 17),
    Column("place", "出处", "Where sent", 20),
    Column("paid_fen", "拨付金额(元)", "Paid (yuan)", 15.5, "amount", total=True),
    Column("payee", "收款户名、账号", "Payee, account", 24),
    Column("papers", "申报材料", "Papers", 10),
    Column("approval_no", "批复文号", "Approval", 18),
    Column("receipt", "银行回单", "Bank receipt", 10),
    Column("conclusion", "核查结论", "Conclusion", 14),
)
"""A working paper: what is known of a row drawn, and cells to fill in by hand."""

RISKS = (
    Column("number", "序号", "No.", 6, "whole"),
    Column("application_no", "申报编号", "Application no.", 16, "code"),
    Column("applicant_name", "企业名称", "Applicant", 26),
    Column("title", "措施", "Measure", 22),
    Column("approved_fen", "核定金额(元)", "Approved (yuan)", 16, "amount"),
    Column("paid_fen", "拨付金额(元)", "Paid (yuan)", 16, "amount"),
    Column("why", "为何值得看", "Why worth a look", 44),
)

BLANK = "_" * 24


@dataclass(frozen=True)
class Sampled:
    """A working paper.

    how    how the rows were drawn, in words
    drawn  rows of a month (workbooks.month), in the order drawn
    risks  rows of a month with `why`
    """

    how: str
    drawn: pd.DataFrame
    risks: pd.DataFrame


def write_review(
    path: Path, facts: Sequence[tuple[str, str]], checks: Sequence[tuple[str, str, int]], control: Sequence[str],
    conclusion: str, differences: Sequence[Difference], sampled: Sampled | None,
) -> None:  # fmt: skip
    """Write the report.

    facts       what was checked, line by line: name and value
    checks      what was compared, how much of it, and how many differences
    control     the sums that must hold, and what could not be checked
    conclusion  the sentence over the signatures
    sampled     rows drawn for inspection, where any were
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
        sheet.line(conclusion, "words")
        _sign(sheet)
        _differences(book, differences, foot)
        if sampled is not None:
            _paper(book, sampled, foot)


def _section(sheet: Sheet, title: str) -> None:
    sheet.gap(10)
    sheet.line(title, "section")


def _table(sheet: Sheet, columns: Sequence[Column], frame: pd.DataFrame, total: str = "") -> None:
    sheet.headings(columns)
    rows = sheet.lines(columns, frame)
    if total:
        sheet.totals(columns, frame, rows, total)


def _sign(sheet: Sheet) -> None:
    """Three lines to fill in by hand, side by side."""
    roles = say("复核人：", "Reviewed by: "), say("复核单位（盖章）：", "Office (seal): "), say("日期：", "Date: ")
    third, last = len(sheet.widths) // 3, len(sheet.widths) - 1
    sheet.gap(24)
    for at, role in enumerate(roles):
        sheet.line(role + BLANK, "sign", first=at * third, last=last if at == 2 else (at + 1) * third - 1, end=False)
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


def _paper(book: Book, sampled: Sampled, foot: str) -> None:
    rows = sampled.drawn
    drawn = rows.assign(
        number=range(1, len(rows) + 1),
        place=[f"{row.source_file} {row.source_sheet}!{row.source_row}" for row in rows.itertuples()],
        payee=[f"{row.payee_name} {row.account_no}" for row in rows.itertuples()],
        papers="", receipt="", conclusion="",
    )  # fmt: skip
    risks = sampled.risks.assign(number=range(1, len(sampled.risks) + 1))
    for name, title, note, columns, frame in (
        (say("抽样底稿", "Sample"), say("抽样核查底稿", "Working paper: rows drawn"), sampled.how, DRAWN, drawn),
        (say("风险清单", "Risks"), say("值得一看的行", "Rows worth a look"), "", RISKS, risks),
    ):
        sheet = book.sheet(name)
        sheet.set_widths([column.width for column in columns])
        sheet.line(title, "title")
        sheet.line(note, "subtitle")
        sheet.page(paper="A4", footer=foot, repeat=sheet.row if len(frame) else None)
        if len(frame):
            _table(sheet, columns, frame, say("合计", "Total") if columns is DRAWN else "")
        else:
            sheet.line(nothing(), "note")
        if columns is DRAWN:
            _sign(sheet)
