"""明细: every row of the run with its whole chain of amounts, for those who check the ledger."""

from __future__ import annotations

from typing import TYPE_CHECKING

from disburse.language import say
from disburse.workbooks.book import Column
from disburse.workbooks.words import nothing

if TYPE_CHECKING:
    import pandas as pd

    from disburse.workbooks.book import Book
    from disburse.workbooks.month import Month

PRINTED = (
    Column("application_no", "申报编号", "Application no.", 15, "code"),
    Column("instalment", "分期", "Inst.", 5, "whole"),
    Column("title", "措施", "Measure", 18.5),
    Column("applicant_name", "企业名称", "Applicant", 22),
    Column("uscc", "统一社会信用代码", "Credit code", 20, "code"),
    Column("subject_no", "补贴对象编号", "Subject no.", 12, "code"),
    Column("matter_no", "事项编号", "Matter no.", 13, "code"),
    Column("status_word", "状态", "Status", 9, "code"),
    Column("approved_fen", "核定金额(元)", "Approved", 16, "amount", total=True),
    Column("entitled_fen", "应享金额(元)", "Entitled", 14.5, "amount"),
    Column("alone_fen", "单独可享(元)", "Alone", 14.5, "amount"),
    Column("distinct_fen", "不重复奖励后(元)", "After non-duplication", 14.5, "amount"),
    Column("limited_fen", "限额后(元)", "After limits", 14.5, "amount"),
    Column("paid_fen", "拨付金额(元)", "Paid", 16, "amount", total=True),
    Column("withheld_fen", "未拨付(元)", "Withheld", 16, "amount", total=True),
    Column("reason_titles", "原因", "Reasons", 24),
    Column("article", "依据条款", "Article", 19),
    Column("readings", "口径", "Readings", 9, "code"),
    Column("bureau_name", "报送单位", "Bureau", 16),
    Column("payee_name", "收款户名", "Payee", 22),
    Column("bank_name", "开户银行", "Bank", 18),
    Column("account_no", "收款账号", "Account no.", 22.5, "code"),
)
"""What is printed, on A3."""

ON_SCREEN = (
    Column("payee_type", "收款主体类型", "Payee type", 12, "code"),
    Column("cnaps", "联行号", "CNAPS no.", 14, "code"),
    Column("fund", "资金", "Fund", 20),
    Column("subject_name", "补贴对象名称", "Subject", 22),
    Column("basis_amount_fen", "核定依据金额(元)", "Basis (yuan)", 15, "amount"),
    Column("other_public_funds_fen", "其他财政资金(元)", "Other public funds", 15, "amount"),
    Column("event_date", "事项发生日期", "Event date", 12, "day"),
    Column("approved_date", "审核通过日期", "Approved date", 12, "day"),
    Column("notice_end_date", "公示截止日期", "Notice end date", 12, "day"),
    Column("approval_no", "批复文号", "Approval document", 20, "code"),
    Column("town", "镇街(园区)", "Town", 12),
    Column("remark", "报送备注", "Remark", 20),
    Column("source_file", "来源文件", "File", 24),
    Column("source_sheet", "工作表", "Sheet", 12),
    Column("source_row", "行号", "Row", 7, "whole"),
)
"""To the right of what is printed, before the columns that the form does not know."""

STREAMED_FROM = 5_000
"""From this many rows on, the ledger is written without holding it in memory."""


def write_detail(book: Book, month: Month, footer: str) -> None:
    rows = month.rows[month.rows["status"] != "registered"]
    frame = rows.assign(
        reason_titles=rows["reasons"].map({codes: month.reasons(codes) for codes in rows["reasons"].unique()}),
        approved_fen=rows["approved_amount_fen"].where(rows["status"] != "replaced"),
    )
    frame, extra = with_extra(frame)
    columns = (*PRINTED, *ON_SCREEN, *extra)
    sheet = book.sheet(say("明细", "Detail"))
    sheet.set_widths([column.width for column in columns])
    last = len(PRINTED) - 1
    sheet.line(say("补贴资金计算明细表", "Calculation, row by row"), "title", last=last)
    sheet.line(
        say(
            f"月份：{month.month}      单位：元      核定 → 应享 → 单独可享 → 不重复奖励后 → 限额后 → 拨付      "
            "空白：未计算到该步，或已被更正而不计      口径编号见“口径”      不含登记事项",
            f"Month: {month.month}      Unit: yuan      blank: the row did not reach that step",
        ),
        "subtitle",
        last=last,
    )
    sheet.page(paper="A3", footer=footer, repeat=sheet.row)
    sheet.headings(columns)
    sheet.worksheet.freeze_panes(sheet.row, 4)
    if not len(frame):
        sheet.line(nothing(), "text", last=last)
    lines = sheet.lines(columns, frame)
    if lines:
        sheet.worksheet.autofilter(lines[0] - 1, 0, lines[-1], len(columns) - 1)
    sheet.totals(PRINTED, frame, lines, say("合计", "Total"))
    sheet.worksheet.print_area(0, 0, sheet.row - 1, last)


def with_extra(rows: pd.DataFrame) -> tuple[pd.DataFrame, tuple[Column, ...]]:
    """The rows with a column for each heading the form does not know, and these columns, in the order they were met."""
    headings = list(dict.fromkeys(heading for each in rows["extra"] for heading in each))
    fields = {f"extra {i}": heading for i, heading in enumerate(headings)}
    values = {field: [str(each.get(heading, "")) for each in rows["extra"]] for field, heading in fields.items()}
    return rows.assign(**values), tuple(Column(field, heading, heading, 16) for field, heading in fields.items())
