"""The ledger's further sheets: cuts, benefits without money, waivers, readings, open items."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pandas as pd

from disburse.findings import catalogue
from disburse.language import say
from disburse.workbooks.book import Column
from disburse.workbooks.words import RULE, STATUS, STEP, measure_name, nothing, word

if TYPE_CHECKING:
    from collections.abc import Sequence

    from disburse.policy.model import Policy, Reading
    from disburse.workbooks.book import Book, Sheet
    from disburse.workbooks.month import Month

CUTS = (
    Column("application_no", "申报编号", "Application no.", 16, "code"),
    Column("instalment", "分期", "Inst.", 6, "whole"),
    Column("applicant_name", "企业名称", "Applicant", 24),
    Column("step_word", "步骤", "Step", 12, "code"),
    Column("code_title", "原因", "Reason", 18),
    Column("rule_title", "规则", "Rule", 20),
    Column("article", "依据条款", "Article", 18),
    Column("before_fen", "核减前(元)", "Before", 15, "amount"),
    Column("after_fen", "核减后(元)", "After", 15, "amount"),
    Column("cut_fen", "核减(元)", "Cut", 16.5, "amount", total=True),
    Column("ceiling_fen", "上限(元)", "Ceiling", 15, "amount"),
    Column("used_before_fen", "本行之前已用(元)", "Used before this row", 15, "amount"),
    Column("batches", "已用批次", "Used in batches", 16, "code"),
)

REGISTERED = (
    Column("application_no", "申报编号", "Application no.", 16, "code"),
    Column("title", "措施", "Measure", 24),
    Column("applicant_name", "企业名称", "Applicant", 30),
    Column("uscc", "统一社会信用代码", "Credit code", 22, "code"),
    Column("bureau_name", "报送单位", "Bureau", 20),
    Column("event_date", "事项发生日期", "Event date", 12, "day"),
    Column("approved_date", "审核通过日期", "Approved date", 12, "day"),
    Column("approval_no", "批复文号", "Approval document", 22, "code"),
    Column("remark", "备注", "Remark", 24),
)

WAIVERS = (
    Column("effect", "效力", "Effect", 10, "code"),
    Column("application_no", "申报编号", "Application no.", 16, "code"),
    Column("applicant_name", "企业名称", "Applicant", 26),
    Column("code", "问题代码", "Code", 24, "code"),
    Column("code_title", "问题", "Question", 20),
    Column("approver", "批准人", "Approver", 12, "code"),
    Column("reason", "理由", "Reason", 30),
    Column("valid_until", "有效期至", "Valid until", 12, "day"),
    Column("why", "未生效原因", "Why without effect", 26),
)

READINGS = (
    Column("number", "编号", "No.", 6, "whole"),
    Column("point", "问题", "Point", 26),
    Column("measures", "涉及措施", "Measures", 14, "code"),
    Column("reading", "采用的口径", "Reading used", 40),
    Column("others", "其他可选口径", "Other readings", 44),
    Column("setting", "政策文件中的设置", "Setting in the policy file", 34),
    Column("status", "状态", "Status", 16, "code"),
)

OPEN_ITEMS = (
    Column("application_no", "申报编号", "Application no.", 18, "code"),
    Column("instalment", "分期", "Inst.", 6, "whole"),
    Column("status_word", "状态", "Status", 12, "code"),
    Column("month", "月份", "Month", 10, "code"),
    Column("batch", "批次", "Batch", 14, "code"),
    Column("bureau", "报送单位", "Bureau", 24),
    Column("approved_amount_fen", "核定金额(元)", "Approved", 16, "amount", total=True),
    Column("reason_titles", "原因", "Reasons", 46),
)


def write_annexes(book: Book, month: Month, footer: str) -> None:
    """The sheets in their fixed order; one without lines says so."""
    registered = month.rows[month.rows["status"] == "registered"]
    for name, title, columns, frame in (
        (say("核减", "Cuts"), say("核减明细", "Every reduction"), CUTS, cuts(month)),
        (say("登记事项", "Registered"), say("登记事项（不给资金）", "Benefits without money"), REGISTERED, registered),
        (say("放行", "Waivers"), say("放行", "Waivers"), WAIVERS, waivers(month)),
        (say("口径", "Readings"), say("口径", "Readings used"), READINGS, readings(month.policy)),
        (
            say("未结", "Open items"),
            say("此前待核或结转、本月未再报送", "Held or carried before and not sent again"),
            OPEN_ITEMS,
            open_items(month),
        ),
    ):
        sheet = book.sheet(name)
        sheet.set_widths([column.width for column in columns])
        sheet.line(title, "title")
        sheet.line(f"{month.policy.document}      {month.month}", "subtitle")
        sheet.page(paper="A4", footer=footer, repeat=sheet.row if len(frame) else None)
        _write(sheet, columns, frame)


def _write(sheet: Sheet, columns: Sequence[Column], frame: pd.DataFrame) -> None:
    if not len(frame):
        sheet.line(nothing(), "note")
        return
    sheet.headings(columns)
    sheet.worksheet.freeze_panes(sheet.row, 0)
    lines = sheet.lines(columns, frame)
    if any(column.total for column in columns):
        sheet.totals(columns, frame, lines, say("合计", "Total"))


def cuts(month: Month) -> pd.DataFrame:
    """Every reduction beside the application it was made on."""
    table = month.settlement.cuts
    if not len(table):
        return table
    order = table["step"].map({step: i for i, step in enumerate(STEP)}).fillna(len(STEP))
    table = table.assign(_step=order).sort_values(["row", "_step"], kind="stable").drop(columns="_step")
    named = table.join(month.rows[["application_no", "instalment", "applicant_name"]], on="row")
    return named.assign(
        step_word=[word(STEP, step) for step in table["step"]],
        code_title=_titles(table["code"]),
        rule_title=[
            rule_title(month.policy, str(step), str(rule))
            for step, rule in zip(table["step"], table["rule"], strict=True)
        ],
        cut_fen=table["before_fen"] - table["after_fen"],
    )


def rule_title(policy: Policy, step: str, rule: str) -> str:
    """The rule in words; a measure and a limit may bear the same name, and the step says which is meant."""
    if step == "entitlement":
        return word(RULE, measure_name(policy, rule))
    limit = next((limit for limit in policy.limits if limit.id == rule), None)
    return f"{rule} {limit.title}" if limit else word(RULE, rule)


def waivers(month: Month) -> pd.DataFrame:
    """The waivers that opened something, then those without effect and why."""
    used, idle = month.settlement.waivers, month.settlement.idle_waivers
    used = used.assign(effect=say("已放行", "used"), why="")
    idle = idle.assign(effect=say("未生效", "no effect"))
    parts = [each for each in (used, idle) if len(each)]
    if not parts:
        return used
    table = pd.concat(parts, ignore_index=True)
    names = month.rows.drop_duplicates("application_no").set_index("application_no")["applicant_name"]
    return table.assign(
        applicant_name=[names.get(number, "") for number in table["application_no"]], code_title=_titles(table["code"])
    )


def readings(policy: Policy) -> pd.DataFrame:
    """Every point the document leaves open: the reading used, the others, and the setting that decides."""
    return pd.DataFrame(
        {
            "number": number,
            "point": str(reading.point),
            "measures": ", ".join(reading.measures) or say("全部", "all"),
            "reading": policy.reading_text(reading),
            "others": say("；", "; ").join(_others(policy, reading)),
            "setting": f"{reading.setting} = {policy.setting(reading.setting)}",
            "status": reading.status,
        }
        for number, reading in enumerate(policy.readings, 1)
    )


def _others(policy: Policy, reading: Reading) -> list[str]:
    """What else the setting could say: the other choices, and the reading the program has no data for."""
    value = policy.setting(reading.setting)
    named = {choice.value for choice in reading.choices}
    used = value if value in named else None
    texts = [_choice(str(choice.text)) for choice in reading.choices if choice.value != used]
    return texts + ([str(reading.other)] if reading.other else [])


def _choice(text: str) -> str:
    """A choice in words; where it leaves the value open, a gap stands for it and says that it is to be set.

    >>> _choice("一律就高"), _choice("核定支出的 {value}"), _choice("从“{value}”列支")
    ('一律就高', '核定支出的……（另定）', '从“……”列支（另定）')
    """
    if "{value}" not in text:
        return text
    return say(re.sub(r" ?\{value\} ?", "……", text) + "（另定）", text.replace("{value}", "…") + " (to be set)")


def open_items(month: Month) -> pd.DataFrame:
    table = month.open_items
    if not len(table):
        return table
    return table.assign(
        status_word=[word(STATUS, status) for status in table["status"]],
        reason_titles=[month.reasons(codes) for codes in table["reasons"]],
    )


def _titles(codes: pd.Series) -> list[str]:
    known = catalogue()
    return [str(known[code].title) if code in known else str(code) for code in codes]
