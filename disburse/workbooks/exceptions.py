"""exceptions/: for each bureau what is wrong with its rows, and those rows again, to be mended and sent."""

from __future__ import annotations

import re
from collections import defaultdict
from typing import TYPE_CHECKING

import pandas as pd

from disburse.findings import precedence
from disburse.language import say
from disburse.tables import table
from disburse.workbooks.book import Book, Column, footer
from disburse.workbooks.detail import with_extra
from disburse.workbooks.form import Form, write_choices_sheet, write_form_sheet
from disburse.workbooks.guide import write_guide
from disburse.workbooks.words import SEVERITY, nobody, nothing, titles, word

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from disburse.findings import Placed
    from disburse.workbooks.month import Month

TO_SAY = ("rejected", "held", "carried", "invalid", "reduced")
"""Statuses a bureau is told of even where no finding has a place."""

TO_MEND = ("invalid", "rejected", "held")
"""Statuses whose rows are handed back in the form."""

FINDINGS = (
    Column("severity", "性质", "Severity", 8.5, "code"),
    Column("title", "问题", "What", 15),
    Column("applicant_name", "企业", "Enterprise", 18),
    Column("application_no", "申报编号", "Application no.", 14, "code"),
    Column("message", "说明", "Message", 32),
    Column("remedy", "如何改正", "How to mend", 24),
    Column("column", "列", "Column", 10),
    Column("cell", "单元格", "Cell", 7, "code"),
    Column("source_file", "文件", "File", 13),
    Column("source_sheet", "工作表", "Sheet", 8),
    Column("reference", "依据", "Reference", 16),
    Column("code", "代码", "Code", 21, "code"),
)


def write_exceptions(folder: Path, month: Month) -> None:
    """One workbook per bureau that has something to mend or to know; none holds another bureau's rows."""
    folder.mkdir(parents=True, exist_ok=True)
    bureaus = month.rows["bureau_name"]
    findings = findings_by_bureau(month)
    concerned = set(bureaus[month.rows["status"].isin(TO_SAY)]) | set(findings)
    for bureau in (*month.policy.bureaus, nobody()):
        if bureau in concerned:
            _write(folder / f"{file_name(bureau)}.xlsx", month, bureau, findings.get(bureau, []))


def file_name(bureau: str) -> str:
    """The bureau's name without what a path or a file system could take for its own; never empty, never hidden."""
    return re.sub(r'[\\/:*?"<>|\x00-\x1f]', "_", bureau).strip(". ")[:80] or "_"


def findings_by_bureau(month: Month) -> dict[str, list[tuple[Placed, str]]]:
    """Every finding and the enterprise it is about, under the bureaus whose rows it concerns.

    A finding on a row goes to the bureau of that row; one on a whole file (a total, an extra column) to every bureau
    with rows in the file, and names no enterprise.
    """
    whose = _Rows(month.rows)
    result: dict[str, list[tuple[Placed, str]]] = defaultdict(list)
    for placed in month.placed:
        for bureau, applicant in whose.of(placed):
            result[bureau].append((placed, applicant))
    return result


class _Rows:
    """Finds the bureaus, and the enterprise, a finding is about."""

    def __init__(self, rows: pd.DataFrame) -> None:
        self._at: dict[tuple[str, str, int], tuple[str, str]] = {}
        self._by_number: dict[tuple[str, str, str], dict[tuple[str, str], None]] = defaultdict(dict)
        self._by_file: dict[str, dict[tuple[str, str], None]] = defaultdict(dict)
        fields = ["source_file", "source_sheet", "source_row", "application_no", "bureau_name", "applicant_name"]
        for file, sheet, row, number, bureau, applicant in rows[fields].itertuples(index=False, name=None):
            self._at[file, sheet, row] = (bureau, applicant)
            if number:
                self._by_number[file, sheet, number][bureau, applicant] = None
            self._by_file[file][bureau, ""] = None

    def of(self, placed: Placed) -> list[tuple[str, str]]:
        file, sheet = placed.source_file, placed.source_sheet
        digits = re.fullmatch(r"[A-Z]+(\d+)(:.*)?", placed.cell)
        at = self._at.get((file, sheet, int(digits[1]))) if digits else None
        numbered = self._by_number.get((file, sheet, placed.application_no), {}) if placed.application_no else {}
        if at and (at in numbered or not numbered):
            return [at]
        if numbered:
            return list(numbered)
        if placed.application_no:  # named, yet on no row of that sheet: nobody else may learn of it
            return [(nobody(), "")]
        return list(self._by_file.get(file, {(nobody(), ""): None}))


def _write(path: Path, month: Month, bureau: str, findings: Sequence[tuple[Placed, str]]) -> None:
    rows = month.rows[(month.rows["bureau_name"] == bureau) & month.rows["status"].isin(TO_MEND)]
    foot = footer(f"{month.month}  {month.policy.document}", bureau)
    form = Form(table("application"), month.policy)
    with Book(path) as book:
        _findings(book, month, bureau, findings, foot)
        _to_mend(book, form, rows)
        write_guide(book, form)
        write_choices_sheet(book, form)


def _findings(book: Book, month: Month, bureau: str, findings: Sequence[tuple[Placed, str]], foot: str) -> None:
    sheet = book.sheet(say("问题清单", "Findings"))
    sheet.set_widths([column.width for column in FINDINGS])
    sheet.line(say("问题清单", "Findings"), "title")
    sheet.line(
        say(
            f"{bureau}      月份：{month.month}      拨付日：{month.pay_date:%Y-%m-%d}",
            f"{bureau}      Month: {month.month}      Pay date: {month.pay_date:%Y-%m-%d}",
        ),
        "subtitle",
    )
    sheet.line(
        say(
            "请在“待改正”中改正各行（“更正”已填“是”），改好后报送本文件；不需要再报的行请删除。",
            "Mend the rows on the sheet “To mend” (更正 is filled in) and send this file; delete the others.",
        ),
        "subtitle",
    )
    sheet.page(paper="A4", footer=foot, repeat=sheet.row)
    sheet.headings(FINDINGS)
    sheet.worksheet.freeze_panes(sheet.row, 0)
    frame = _frame(findings)
    if not len(frame):
        sheet.line(nothing(), "text")
        return
    lines = sheet.lines(FINDINGS, frame)
    sheet.worksheet.autofilter(lines[0] - 1, 0, lines[-1], len(FINDINGS) - 1)


def _frame(findings: Sequence[tuple[Placed, str]]) -> pd.DataFrame:
    """The findings to be read, in the order file, application, precedence; findings of a whole file first."""
    ordered = sorted(
        findings, key=lambda each: (each[0].source_file, each[0].application_no, precedence(each[0].code), each[0].cell)
    )
    return pd.DataFrame(
        {
            "severity": word(SEVERITY, placed.severity),
            "title": titles([placed.code]),
            "applicant_name": applicant,
            **{
                name: getattr(placed, name)
                for name in ("application_no", "remedy", "column", "cell", "source_file", "source_sheet")
            },
            "message": placed.discreet or placed.message,
            "reference": placed.reference,
            "code": placed.code,
        }
        for placed, applicant in ordered
    )


def _to_mend(book: Book, form: Form, rows: pd.DataFrame) -> None:
    """The rows in the form they came in, 更正 filled in; a cell that could not be read is blank."""
    frame, extra = with_extra(rows.assign(corrects="是"))
    write_form_sheet(book, form, say("待改正", "To mend"), frame, [(column.field, column.heading) for column in extra])
