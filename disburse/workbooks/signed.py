"""The two sheets that are signed: payments through a bank, and transfers of budget."""

from __future__ import annotations

from typing import TYPE_CHECKING

from disburse.language import say
from disburse.money import capital
from disburse.workbooks import fit
from disburse.workbooks.book import SIZE, Column
from disburse.workbooks.month import BUDGET_UNIT, severity_of
from disburse.workbooks.words import nothing

if TYPE_CHECKING:
    import pandas as pd

    from disburse.workbooks.book import Book, Sheet
    from disburse.workbooks.month import Month

COLUMNS = (
    Column("number", "序号", "No.", 5, "whole"),
    Column("application_no", "申报编号", "Application no.", 13.5, "code"),
    Column("applicant_name", "企业名称", "Applicant", 23),
    Column("title", "措施", "Measure", 18.5),
    Column("approved_fen", "核定金额(元)", "Approved (yuan)", 16.5, "amount", total=True),
    Column("paid_fen", "拨付金额(元)", "Paid (yuan)", 16.5, "amount", total=True),
    Column("payee_name", "收款户名", "Payee", 23),
    Column("bank_name", "开户银行", "Bank", 20),
    Column("account_no", "收款账号", "Account no.", 23.5, "code"),
    Column("remark_line", "备注", "Remarks", 18.5),
)
"""At most ten, so that A4 landscape prints them at 8 pt or larger."""

BLANK = "_" * 24
"""Where a name is signed."""

UNSAID = frozenset({"PAYEE_IS_BUDGET_UNIT"})
"""Notices the sheet itself already says."""


def write_payments(book: Book, month: Month, footer: str) -> None:
    """拨付清单: what the bank is told to pay."""
    _write(
        book,
        month,
        month.rows["payee_type"] != BUDGET_UNIT,
        name=say("拨付清单", "Payments"),
        title=say("补贴资金拨付清单", "Payments of subsidies"),
        footer=footer,
    )


def write_transfers(book: Book, month: Month, footer: str) -> None:
    """指标调剂: what budget units receive as a transfer of budget."""
    _write(
        book,
        month,
        month.rows["payee_type"] == BUDGET_UNIT,
        name=say("指标调剂", "Budget transfers"),
        title=say("补贴资金指标调剂清单（预算单位）", "Transfers of budget to budget units"),
        footer=footer,
    )


def _write(book: Book, month: Month, mine: pd.Series, *, name: str, title: str, footer: str) -> None:
    frame = payable(month, mine)
    sheet = book.sheet(name)
    sheet.set_widths([column.width for column in COLUMNS])
    _head(sheet, month, title, len(frame))
    heading = sheet.row
    sheet.headings(COLUMNS)
    sheet.page(paper="A4", footer=footer, repeat=heading)
    sheet.worksheet.freeze_panes(sheet.row, 2)
    rows = sheet.lines(COLUMNS, frame)
    if not len(frame):
        sheet.line(nothing(), "text")
    _totals(sheet, frame, rows)
    _foot(sheet, month, frame)
    sheet.keep_together(rows, heading)


def payable(month: Month, mine: pd.Series) -> pd.DataFrame:
    """The lines that are paid, in the order they are read: by fund, measure and the policy's order."""
    frame = month.rows[(month.rows["paid_fen"] > 0) & mine]
    frame = frame.loc[month.in_order[month.in_order.isin(frame.index)]].copy()
    frame["number"] = range(1, len(frame) + 1)
    waived = month.settlement.waivers.groupby("row")["code"].agg(";".join).to_dict()
    frame["remark_line"] = [
        _remark(month, instalment, reasons, waived.get(row, ""))
        for row, instalment, reasons in zip(frame.index, frame["instalment"], frame["reasons"], strict=True)
    ]
    return frame


def _remark(month: Month, instalment: int, reasons: str, waived: str) -> str:
    parts = [say(f"第 {instalment} 期", f"instalment {instalment}")] if instalment > 1 else []
    if waived:
        parts.append(say("经放行：", "waived: ") + month.reasons(waived))
    cut = [code for code in reasons.split(";") if severity_of(code) == "reduce"]
    rest = [code for code in reasons.split(";") if code and code not in cut]
    parts += [text for codes in (cut, rest) if (text := month.reasons(";".join(codes), without=UNSAID))]
    return say("；", "; ").join(parts)


def _head(sheet: Sheet, month: Month, title: str, count: int) -> None:
    policy = month.policy
    sheet.line(title, "title")
    sheet.line(f"{policy.document}《{policy.title}》", "subtitle")
    sheet.line(
        say(
            f"月份：{month.month}      拨付日：{month.pay_date:%Y-%m-%d}      单位：元      共 {count} 笔",
            f"Month: {month.month}      Pay date: {month.pay_date:%Y-%m-%d}      Unit: yuan      {count} lines",
        ),
        "subtitle",
    )


def _totals(sheet: Sheet, frame: pd.DataFrame, rows: range) -> None:
    """The total, and where several funds pay, each fund's part; lines of one fund stand together."""
    funds = frame["fund"].tolist()
    _total(sheet, frame, rows, say(f"合计（{len(frame)} 笔）", f"Total ({len(frame)} lines)"))
    for fund in dict.fromkeys(funds) if len(set(funds)) > 1 else ():
        part = frame[frame["fund"] == fund]
        first = rows[0] + funds.index(fund)
        label = say(f"其中：{fund}（{len(part)} 笔）", f"of which {fund} ({len(part)} lines)")
        _total(sheet, part, range(first, first + len(part)), label)
    paid = int(frame["paid_fen"].sum())
    words = capital(paid) if paid < 10**14 else "-"
    sheet.line(say(f"拨付金额合计（大写）：人民币{words}", f"Total paid in words: 人民币{words}"), "words")


def _total(sheet: Sheet, frame: pd.DataFrame, rows: range, label: str) -> None:
    amounts = {i: column for i, column in enumerate(COLUMNS) if column.total}
    sheet.line(label, "total", first=0, last=min(amounts) - 1, end=False)
    for col, column in amounts.items():
        sheet.sum(col, rows, int(frame[column.field].sum()))
    for col in range(max(amounts) + 1, len(COLUMNS)):
        sheet.put(col, None, "total")
    sheet.next(fit.height(1, SIZE + 2))


def _foot(sheet: Sheet, month: Month, frame: pd.DataFrame) -> None:
    """What the signers must know, and where they sign."""
    unchecked = say("、", ", ").join(month.not_checked)
    waived = int(month.settlement.waivers["row"].isin(frame.index).sum())
    sheet.line(
        say(f"未核对：{unchecked}", f"Not checked: {unchecked}")
        if unchecked
        else say("各项名单均已提供并核对。", "Every list was given and checked."),
        "note",
    )
    sheet.line(
        say(
            f"本表经放行拨付 {waived} 项（见“放行”）；口径见“口径”，待主管部门确认；"
            f"此前待核或结转、本月未再报送 {len(month.open_items)} 项（见“未结”）。",
            f"Waivers used on this sheet: {waived}. Readings used: sheet “Readings”, to be confirmed. "
            f"Open from earlier months and not sent again: {len(month.open_items)}.",
        ),
        "note",
    )
    for each in month.balance():
        sheet.line(say("全月", "Whole month: ") + each, "note")
    sheet.gap(12)
    for blank in (
        tuple(
            f"{role}{BLANK}"
            for role in (say("制表：", "Prepared: "), say("复核：", "Reviewed: "), say("审批：", "Approved: "))
        ),
        (say("日期：          年      月      日", f"Date: {BLANK}"),) * 3,
    ):
        for (first, last), text in zip(((0, 2), (3, 5), (6, 9)), blank, strict=True):
            sheet.line(text, "sign", first=first, last=last, end=False)
        sheet.next(30)
