"""填报说明: the data dictionary, the measures, and how to fill in and check; read by the clerk beside the form."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from disburse.language import say
from disburse.money import yuan
from disburse.workbooks.book import Column, footer

if TYPE_CHECKING:
    from disburse.policy.model import Measure
    from disburse.tables import Column as Field
    from disburse.workbooks.book import Book
    from disburse.workbooks.form import Form

DICTIONARY = (
    Column("heading", "列名", "Column", 22),
    Column("required", "是否必填", "Required", 26),
    Column("written", "填法", "Form", 30),
    Column("meaning", "含义", "Meaning", 44),
    Column("example", "示例", "Example", 26),
    Column("synonyms", "也可写作", "Also accepted", 36),
)
MEASURES = (
    Column("name", "措施", "Measure of the policy", 22),
    Column("article", "条款", "Article", 26),
    Column("ceiling", "单项最高(元)", "Ceiling of one row", 30),
    Column("bureaus", "可报送的单位", "Who may submit", 44),
    Column("subject", "按什么计", "Per", 26),
    Column("needed", "须填的黄色列", "Yellow columns needed", 36),
)
"""Under the same widths as the dictionary."""

SUBJECT = {
    "enterprise": ("企业", "enterprise"),
    "centre": ("概念验证中心（载体）", "centre"),
    "platform": ("中试平台（载体）", "platform"),
    "project": ("项目", "project"),
    "event": ("活动（场）", "event"),
    "cluster": ("集聚区", "cluster"),
}


def write_guide(book: Book, form: Form) -> None:
    sheet = book.sheet(say("填报说明", "填报说明 Guide"))
    sheet.set_widths([column.width for column in DICTIONARY])
    sheet.page(paper="A4", footer=footer(str(form.table.title), form.policy.document))
    sheet.line(f"{form.table.title}{say('填报说明', ': how to fill it in')}", "title")
    sheet.line(str(form.table.about), "subtitle")
    sheet.line(say("一、怎样填、怎样核对", "How to fill in and check"), "section")
    for number, text in enumerate(_how_to(form), 1):
        sheet.line(f"{number}. {text}", "note")
    sheet.gap(10)
    sheet.line(say("二、各列说明", "The columns"), "section")
    sheet.headings(DICTIONARY)
    sheet.lines(DICTIONARY, pd.DataFrame([_entry(form, column) for column in form.columns]))
    if form.table.fields("measure"):
        sheet.gap(10)
        sheet.line(say("三、措施", "The measures"), "section")
        sheet.headings(MEASURES)
        sheet.lines(MEASURES, pd.DataFrame([_measure(form, form.policy.by_code[code]) for code in form.codes]))


def _how_to(form: Form) -> list[str]:
    texts = [
        say(
            "从表头下面第一个空行起逐行填写，中间不要合并单元格。列按列名识别：请勿改动列名；顺序不限，可以另加列。",
            "Fill in line by line below the headings, without merging cells. Keep the headings; any order will do.",
        ),
        say(
            "编号、账号、信用代码各列已设为文本格式，请直接输入；从别处粘贴时选“粘贴数值”，以免变成数字而丢失末位。",
            "Numbers that identify (codes, accounts) are text; paste values only, or digits beyond the 15th are lost.",
        ),
        say(
            "金额以元为单位，至多两位小数，只填数字。日期写作 2025-03-05。有下拉列表的列请从列表中选择。",
            "Amounts in yuan with at most two decimals, dates as 2025-03-05; choose from the lists where there is one.",
        ),
    ]
    if form.table.totals:
        texts.append(
            say(
                "“合计”行自动计算，用于核对金额，请勿改动；合计与各行不符的，整个文件退回。",
                "The line 合计 adds up by itself and must agree with the rows: leave it as it is.",
            )
        )
    if form.table.table == "application":
        texts += [
            say(
                "更正已报送的一行：用同一申报编号和分期重新填写整行，“更正”填“是”。",
                "To correct a row sent before, send it again under the same number with 更正 = 是.",
            ),
            say(
                "报送前核对：disburse check 文件.xlsx，按提示逐项改正，直到没有问题。",
                "Check before sending: disburse check FILE.xlsx; mend what it names until it names nothing.",
            ),
        ]
    return texts


def _entry(form: Form, column: Field) -> dict[str, str]:
    return {
        "heading": str(column.heading),
        "required": _required(form, column),
        "written": _written(column),
        "meaning": str(column.meaning),
        "example": column.example,
        "synonyms": say("、", ", ").join(
            word for word in (*column.heading.both(), *column.synonyms) if word != str(column.heading)
        ),
    }


def _required(form: Form, column: Field) -> str:
    plain = {
        "always": say("必填", "yes"),
        "column": say("列必有；空白的不予拨付", "the column; a blank is not paid")
        if form.table.table == "application"
        else say("列必有；可留空", "the column; it may be blank"),
        "no": say("选填", "no"),
    }
    if column.required in plain:
        return plain[column.required]
    needing = [code for code in form.codes if column.field in form.policy.columns_required(code)]
    if not needing:
        return say("现行政策文件不要求", "not by this policy file")
    if len(needing) == len(form.codes):
        return say("必填", "yes")
    paying = [code for code in form.codes if form.policy.by_code[code].pays]
    if needing == paying:
        return say("给资金的措施必填", "by measures that pay")
    return say("以下措施必填：", "by ") + ", ".join(needing)


WRITTEN = {
    "text": ("文字，不超过 500 字", "text, at most 500 characters"),
    "identifier": ("文本格式，不得为数字格式", "text, never a number"),
    "identifiers": ("文本格式；多个用；隔开", "text; several separated by ;"),
    "amount": ("数字，单位元，至多两位小数", "yuan, at most two decimals"),
    "integer": ("整数", "whole number"),
    "date": ("日期，如 2025-03-05", "date, e.g. 2025-03-05"),
    "measure": ("从下拉列表选择（代码或名称）", "from the list: code or title"),
    "bureau": ("从下拉列表选择", "from the list"),
}


def _written(column: Field) -> str:
    if column.kind == "choice":
        return say("选择：", "one of: ") + " / ".join(column.choices)
    return say(*WRITTEN[column.kind])


def _measure(form: Form, measure: Measure) -> dict[str, str]:
    needed = form.policy.columns_required(measure.code)
    return {
        "name": f"{measure.code} {measure.title}",
        "article": measure.article,
        "ceiling": _ceiling(measure),
        "bureaus": say("、", ", ").join(form.policy.bureaus_of(measure.code)),
        "subject": say(*SUBJECT[measure.subject]),
        "needed": say("、", ", ").join(
            str(column.heading)
            for column in form.columns
            if column.required == "conditional" and column.field in needed
        ),
    }


def _ceiling(measure: Measure) -> str:
    if not measure.pays:
        return say("不给资金，只登记", "no money, registered only")
    if not measure.ceiling:
        return say("文件未规定", "none stated")
    return "\n".join(
        say(
            f"{yuan(value.fen, thousands=True)}（{value.from_} 起" + (f"，至 {value.to}）" if value.to else "）"),
            f"{yuan(value.fen, thousands=True)} from {value.from_}" + (f" to {value.to}" if value.to else ""),
        )
        for value in measure.ceiling
    )
