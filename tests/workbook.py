"""Submissions made for tests: a real workbook from a few words."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import xlsxwriter

from disburse.tables import table
from tests.months import SOUND

ACCOUNT = "622202020012345678"


def submission(path: Path, *rows: dict[str, Any], name: str = "application", extra: tuple[str, ...] = ()) -> Path:
    """A workbook of the table `name`: a heading row and `rows` by field; sound applications where nothing else is said."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with xlsxwriter.Workbook(str(path), {"strings_to_formulas": False, "strings_to_urls": False}) as book:
        sheet = book.add_worksheet("申报表")
        day = book.add_format({"num_format": "yyyy-mm-dd"})
        columns = table(name).columns
        for place, heading in enumerate([*(column.heading.zh for column in columns), *extra]):
            sheet.write_string(0, place, heading)
        for number, given in enumerate(rows, start=1):
            row = _sound(number, given) if name == "application" else given
            for place, field in enumerate([*(column.field for column in columns), *extra]):
                kind = columns[place].kind if place < len(columns) else "text"
                _write(sheet, number, place, row.get(field), kind, day)
    return path


def _sound(number: int, given: dict[str, Any]) -> dict[str, Any]:
    row = {**SOUND, "application_no": f"A{number}", "other_public_funds": None, **given}
    row["payee_name"] = row["payee_name"] or row["applicant_name"]
    row["account_no"] = row["account_no"] or ACCOUNT
    return row


def _write(sheet: Any, row: int, place: int, value: Any, kind: str, day: Any) -> None:
    if value is None or value == "":
        return
    if kind == "date" and isinstance(value, str) and value[:2] == "20":
        sheet.write_datetime(row, place, date.fromisoformat(value), day)
    elif kind in ("amount", "integer"):
        sheet.write_number(row, place, float(value))
    else:
        sheet.write_string(row, place, str(value))
