"""The sheet 问题清单: every finding of the workbook, each with a link to its cell."""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.sax.saxutils import quoteattr

from xlsxwriter.utility import xl_rowcol_to_cell

from disburse.findings import catalogue
from disburse.language import say
from disburse.marked import LIST
from disburse.workbooks import fit
from disburse.workbooks.annotated.sheet import xml_text
from disburse.workbooks.annotated.workbook import quoted
from disburse.workbooks.book import SIZE
from disburse.workbooks.words import SEVERITY, word

if TYPE_CHECKING:
    from collections.abc import Sequence

    from disburse.findings import Placed
    from disburse.workbooks.annotated.styles import Styles

NAME = "问题清单"

_WIDTHS = (24, 18, 52, 40, 16, 16, 24)
_LINK = 5

MOST = 1_000_000
"""Findings on the list: a sheet has little more lines."""

MOST_LINKS = 65_000
"""Links on one sheet: with more than 65,530 Excel calls the file damaged."""


def listing(findings: Sequence[tuple[Placed, str]], styles: Styles) -> tuple[bytes, str]:
    """The sheet's XML, a line for each finding with the enterprise it is about and a link to its cell; the range it fills."""
    text, link, heading = (styles.look(look) for look in ("text", "link", "heading"))
    lines = [_row(0, list(map(str, LIST)), [heading] * len(LIST))]
    links: list[str] = []
    findings = findings[:MOST]
    for at, (placed, applicant) in enumerate(findings, start=1):
        looks = [text] * len(LIST)
        if placed.cell and len(links) < MOST_LINKS:
            looks[_LINK] = link
            where = f"{quoted(placed.source_sheet)}!{placed.cell}"
            links.append(f'<hyperlink ref="{xl_rowcol_to_cell(at, _LINK)}" location={quoteattr(where)}/>')
        looks[2] = styles.marked(text, placed.severity)
        lines.append(_row(at, _values(placed, applicant), looks))
    if not findings:
        lines.append(_row(1, ["", "", say("没有发现问题", "Nothing found"), "", "", "", ""], [text] * len(LIST)))
    columns = "".join(
        f'<col min="{at}" max="{at}" width="{width}" customWidth="1"/>' for at, width in enumerate(_WIDTHS, 1)
    )
    last = xl_rowcol_to_cell(max(len(findings), 1), len(LIST) - 1)
    content = (
        '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
        '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
        '<sheetPr><pageSetUpPr fitToPage="1"/></sheetPr>'
        f'<dimension ref="A1:{last}"/>'
        '<sheetViews><sheetView tabSelected="1" workbookViewId="0"><pane ySplit="1" topLeftCell="A2" '
        'activePane="bottomLeft" state="frozen"/></sheetView></sheetViews><sheetFormatPr defaultRowHeight="15"/>'
        f"<cols>{columns}</cols><sheetData>{''.join(lines)}</sheetData>"
        f'<autoFilter ref="A1:{last}"/>'
        + (f"<hyperlinks>{''.join(links)}</hyperlinks>" if links else "")
        + '<pageMargins left="0.3" right="0.3" top="0.4" bottom="0.55" header="0.2" footer="0.25"/>'
        '<pageSetup paperSize="9" orientation="landscape" fitToHeight="0"/>'
        f"<headerFooter><oddFooter>&amp;C{say('第 &amp;P 页，共 &amp;N 页', 'Page &amp;P of &amp;N')}</oddFooter></headerFooter>"
        "</worksheet>"
    )
    return content.encode(), f"A1:{last}"


def _values(placed: Placed, applicant: str) -> list[str]:
    title = catalogue()[placed.code].title
    said = f"【{word(SEVERITY, placed.severity)}】{title}：{placed.discreet or placed.message}（{placed.code}）"
    said_en = f"[{word(SEVERITY, placed.severity)}] {title}: {placed.discreet or placed.message} ({placed.code})"
    cell = f"{placed.source_sheet}!{placed.cell}" if placed.source_sheet and placed.cell else placed.source_sheet
    form = say("申报表填报要求", "the form's own rules") if placed.severity in ("stop", "error") else ""
    return [
        applicant, placed.application_no, say(said, said_en), placed.remedy, placed.column, cell, placed.reference or form
    ]  # fmt: skip


def _row(at: int, values: Sequence[str], looks: Sequence[int]) -> str:
    cells = "".join(
        f'<c r="{xl_rowcol_to_cell(at, column)}" s="{look}" t="inlineStr">'
        f'<is><t xml:space="preserve">{xml_text(value)}</t></is></c>'
        if value
        else f'<c r="{xl_rowcol_to_cell(at, column)}" s="{look}"/>'
        for column, (value, look) in enumerate(zip(values, looks, strict=True))
    )
    lines = max(fit.lines(value, width, SIZE) for value, width in zip(values, _WIDTHS, strict=True))
    return f'<row r="{at + 1}" ht="{fit.height(lines, SIZE)}" customHeight="1">{cells}</row>'
