"""Workbooks made by hand: a sound row with what is given changed, under the headings of the form."""

from __future__ import annotations

import zipfile
from datetime import date
from typing import TYPE_CHECKING, Any

import openpyxl
from openpyxl.utils import get_column_letter

from disburse.intake import Intake, read_applications, sources
from disburse.tables import table

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from disburse.policy import Policy

FORM = table("application")
HEADINGS = {column.field: column.heading.zh for column in FORM.columns}
FIELDS = list(HEADINGS)

SOUND: dict[str, Any] = {
    "application_no": "SQ-1",
    "measure": "M06A",
    "applicant_name": "东莞示例科技有限公司",
    "uscc": "91110108551385082Q",
    "subject_no": "HD-1",
    "subject_name": "示例活动",
    "approved_amount": 350000,
    "basis_amount": 900000.5,
    "event_date": date(2025, 3, 5),
    "approved_date": date(2025, 5, 12),
    "notice_end_date": date(2025, 5, 22),
    "approval_no": "东商务〔2025〕15号",
    "payee_name": "东莞示例科技有限公司",
    "bank_name": "示例银行东莞分行",
    "cnaps": "313651027012",
    "account_no": "6222020200012345678",
    "bureau": "市商务局",
}
"""A row nothing is wrong with."""


def at(field: str, row: int = 2, fields: Sequence[str] = FIELDS) -> str:
    """The cell of a field in Excel's row `row`."""
    return f"{get_column_letter(list(fields).index(field) + 1)}{row}"


def lines(*rows: Mapping[str, Any], fields: Sequence[str] = FIELDS) -> list[list[Any]]:
    """Heading row and rows: each SOUND with what is given changed, numbered unless it says otherwise."""
    body = [{**SOUND, "application_no": f"SQ-{n}", **row} for n, row in enumerate(rows, start=1)]
    return [[HEADINGS[field] for field in fields], *([row.get(field) for field in fields] for row in body)]


def total(label: str, fields: Sequence[str] = FIELDS, **amounts: Any) -> list[Any]:
    """A total line with its label in the first column."""
    return [label, *(amounts.get(field) for field in fields[1:])]


def save(path: Path, *sheets: Sequence[Sequence[Any]], change: Callable[[Any], object] | None = None) -> Path:
    """A workbook of these sheets, each a list of lines; `change` may do more to the first sheet."""
    book = openpyxl.Workbook()
    book.remove(book.active)
    for number, each in enumerate(sheets, start=1):
        sheet = book.create_sheet(f"表{number}")
        for line in each:
            sheet.append(list(line))
    if change:
        change(book.worksheets[0])
    book.save(path)
    return path


def patched(path: Path, part: str, change: Callable[[bytes], bytes]) -> Path:
    """The workbook with one of its parts changed."""
    with zipfile.ZipFile(path) as archive:
        parts = {info.filename: archive.read(info) for info in archive.infolist()}
    parts[part] = change(parts[part])
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return path


def taken(policy: Policy, *paths: Path, **options: Any) -> Intake:
    return read_applications(sources(paths)[0], policy, **options)


def found(intake: Intake) -> list[tuple[str, str]]:
    """Code and cell of everything reported."""
    return [(placed.code, placed.cell) for placed in intake.placed()]
