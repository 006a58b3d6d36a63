"""试算: a month under another policy beside its own, by measure and by row."""

from __future__ import annotations

from typing import TYPE_CHECKING

from disburse.language import say
from disburse.workbooks.book import Book, Column, footer
from disburse.workbooks.words import nothing, titles

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import pandas as pd

    from disburse.workbooks.book import Sheet

MEASURES = (
    Column("title", "措施", "Measure", 40),
    Column("rows", "申报行数", "Rows", 12, "whole", total=True),
    Column("differing", "结果不同", "Differing", 12, "whole", total=True),
    Column("was_fen", "原拨付(元)", "Paid (yuan)", 18, "amount", total=True),
    Column("would_fen", "试算拨付(元)", "Would be paid", 18, "amount", total=True),
    Column("more_fen", "增减(元)", "Difference", 18, "amount", total=True),
)

ROWS = (
    Column("application_no", "申报编号", "Application no.", 17, "code"),
    Column("instalment", "分期", "Inst.", 6, "whole"),
    Column("applicant_name", "企业名称", "Applicant", 26),
    Column("title", "措施", "Measure", 20),
    Column("was_word", "原状态", "Status", 11, "code"),
    Column("would_word", "试算状态", "Would be", 11, "code"),
    Column("was_fen", "原拨付(元)", "Paid (yuan)", 16, "amount", total=True),
    Column("would_fen", "试算拨付(元)", "Would be paid", 16, "amount", total=True),
    Column("more_fen", "增减(元)", "Difference", 16, "amount", total=True),
    Column("reason_titles", "试算的原因", "Reasons", 28),
)


def write_trial(path: Path, heading: Sequence[str], measures: pd.DataFrame, rows: pd.DataFrame) -> None:
    """Write the comparison.

    heading   what was compared with what
    measures  the columns of MEASURES by field
    rows      the rows that differ: the columns of ROWS by field, with `reasons` (codes) for reason_titles
    """
    name = say("试算", "Trial")
    with Book(path) as book:
        foot = footer(name, "")
        sheet = book.sheet(say("按措施", "By measure"))
        sheet.set_widths([column.width for column in MEASURES])
        sheet.line(say("换一个政策文件试算", "The month under another policy"), "title")
        for line in heading:
            sheet.line(line, "note")
        _table(sheet, MEASURES, measures, foot)
        sheet = book.sheet(say("逐行", "By row"))
        sheet.set_widths([column.width for column in ROWS])
        sheet.line(say("结果不同的申报", "Applications that differ"), "title")
        _table(
            sheet,
            ROWS,
            rows.assign(reason_titles=[titles(filter(None, codes.split(";"))) for codes in rows["reasons"]]),
            foot,
        )


def _table(sheet: Sheet, columns: Sequence[Column], frame: pd.DataFrame, foot: str) -> None:
    sheet.page(paper="A4", footer=foot, repeat=sheet.row if len(frame) else None)
    if not len(frame):
        sheet.line(nothing(), "note")
        return
    sheet.headings(columns)
    rows = sheet.lines(columns, frame)
    sheet.totals(columns, frame, rows, say("合计", "Total"))
