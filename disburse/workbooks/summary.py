"""汇总: the month by measure, by bureau and by fund, and what is left of the budgets."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from disburse.language import say
from disburse.workbooks.book import Column
from disburse.workbooks.words import MODE, STATUS, measure_name, nobody, nothing, word

if TYPE_CHECKING:
    from collections.abc import Sequence

    from disburse.workbooks.book import Book, Sheet
    from disburse.workbooks.month import Month

NUMBERS = (
    Column("rows", "报送行数", "Rows", 8, "whole", total=True),
    *(Column(name, words.zh, words.en, 8, "whole", total=True) for name, words in STATUS.items()),
    Column("approved_fen", "核定金额(元)", "Approved (yuan)", 16, "amount", total=True),
    Column("bank_fen", "银行拨付(元)", "Paid by bank (yuan)", 16, "amount", total=True),
    Column("transfer_fen", "指标调剂(元)", "Budget transfer (yuan)", 16, "amount", total=True),
    Column("paid_fen", "拨付合计(元)", "Paid in all (yuan)", 16, "amount", total=True),
    Column("withheld_fen", "未拨付(元)", "Withheld (yuan)", 16, "amount", total=True),
)
NAMED = Column("name", "", "", 34)

BUDGETS = (
    Column("fund", "资金", "Fund", span=8),
    Column("year", "年度", "Year", kind="whole"),
    Column("mode_word", "方式", "Mode", kind="code"),
    Column("budget_fen", "预算金额(元)", "Budget (yuan)", kind="amount", total=True),
    Column("used_before_fen", "此前已用(元)", "Used before (yuan)", kind="amount", total=True),
    Column("paid_fen", "本次拨付(元)", "Paid now (yuan)", kind="amount", total=True),
    Column("left_fen", "余额(元)", "Left (yuan)", kind="amount", total=True),
)
"""The amounts stand under the wide columns of the tables above."""


def write_summary(book: Book, month: Month, footer: str) -> None:
    sheet = book.sheet(say("汇总", "Summary"))
    sheet.set_widths([NAMED.width, *(column.width for column in NUMBERS)])
    sheet.page(paper="A4", footer=footer)
    sheet.line(say("补贴资金汇总表", "Summary of subsidies"), "title")
    sheet.line(
        say(
            f"月份：{month.month}      拨付日：{month.pay_date:%Y-%m-%d}      单位：元",
            f"Month: {month.month}      Pay date: {month.pay_date:%Y-%m-%d}      Unit: yuan",
        ),
        "subtitle",
    )
    for title, heading, key, order in _tables(month):
        _part(sheet, title)
        columns = (Column("name", heading, heading, NAMED.width), *NUMBERS)
        frame = by(month.rows, key, order)
        sheet.headings(columns)
        if not len(frame):
            sheet.line(nothing(), "text")
        rows = sheet.lines(columns, frame)
        sheet.totals(columns, frame, rows, say("合计", "Total"))
    _budgets(sheet, month)
    _part(sheet, say("核对", "Control"))
    for each in month.balance():
        sheet.line(each, "note")
    sheet.line(say(f"运行校验码：{month.run_hash}", f"Run hash: {month.run_hash}"), "note")


def _tables(month: Month) -> list[tuple[str, str, pd.Series, Sequence[str]]]:
    policy, rows = month.policy, month.rows
    names = [measure_name(policy, measure.code) for measure in policy.measures]
    title = rows["title"].where(rows["measure"].isin(list(policy.by_code)), say("未识别措施", "Unknown measure"))
    fund = rows["fund"].where(rows["fund"] != "", say("不涉及资金", "No fund"))
    return [
        (say("一、按措施", "By measure"), say("措施", "Measure"), title, names),
        (
            say("二、按报送单位", "By bureau"),
            say("报送单位", "Bureau"),
            rows["bureau_name"],
            [*policy.bureaus, nobody()],
        ),
        (say("三、按资金", "By fund"), say("资金", "Fund"), fund, [each.name for each in policy.funds]),
    ]


def by(rows: pd.DataFrame, key: pd.Series, order: Sequence[str]) -> pd.DataFrame:
    """Counts per status and sums of money for each value of `key` that has rows, in `order`, others after."""
    amounts = [column.field for column in NUMBERS if column.kind == "amount"]
    counts = pd.crosstab(key, rows["status"]).reindex(columns=list(STATUS), fill_value=0)
    table = counts.join(rows[amounts].groupby(key).sum())
    table.insert(0, "rows", counts.sum(axis=1))
    present = set(table.index)
    names = [name for name in dict.fromkeys(order) if name in present]
    names += sorted(present - set(names))
    return table.loc[names].rename_axis("name").reset_index()


def _budgets(sheet: Sheet, month: Month) -> None:
    budgets = month.settlement.budgets
    _part(sheet, say("四、预算使用", "Use of budgets"))
    if not len(budgets):
        sheet.line(nothing(), "note")
        return
    frame = budgets.assign(
        mode_word=[word(MODE, each) for each in budgets["mode"]],
        left_fen=budgets["budget_fen"] - budgets["used_before_fen"] - budgets["paid_fen"],
    )
    sheet.headings(BUDGETS)
    rows = sheet.lines(BUDGETS, frame)
    sheet.totals(BUDGETS, frame, rows, say("合计", "Total"))


def _part(sheet: Sheet, title: str) -> None:
    sheet.gap(10)
    sheet.line(title, "section")
