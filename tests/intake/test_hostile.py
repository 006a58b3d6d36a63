"""Small files that mean harm, and cells that two readers could take for different things: a sentence, or the right finding."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from disburse.errors import FileUnreadable
from tests.intake.made import FORM, SOUND, at, found, lines, patched, save, taken

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from disburse.policy import Policy

SHEET = "xl/worksheets/sheet1.xml"


def _cell(written: bytes) -> Callable[[bytes], bytes]:
    """Put `written` where the approved amount of the first row stands."""
    where = re.compile(rb'<c r="' + at("approved_amount").encode() + rb'"[^>]*>.*?</c>')
    return lambda xml: where.sub(written, xml, count=1)


G2 = at("approved_amount").encode()

REFUSED: dict[str, Callable[[bytes], bytes]] = {
    "a cell in another row than its row": lambda xml: xml.replace(b"</sheetData>", b'<row r="4"><c r="T9999999"><v>1</v></c></row></sheetData>'),
    "more cells than any submission has": lambda xml: xml.replace(b"</sheetData>", b'<row r="900000"><c r="AZ900000"><v>1</v></c></row></sheetData>'),
    "an escaped entity": _cell(b'<c r="' + G2 + b'"><v>3&amp;#48;0000</v></c>'),
    "two values in a cell": _cell(b'<c r="' + G2 + b'"><v>3</v><v>4</v></c>'),
    "a sheet in no namespace": lambda xml: re.sub(rb'(<worksheet[^>]*?) xmlns="[^"]*"', rb"\1", xml, count=1),
    "a document type": lambda xml: xml.replace(b"<worksheet", b"<!DOCTYPE a [<!ENTITY b 'c'>]><worksheet", 1),
}  # fmt: skip


@pytest.mark.parametrize("what", REFUSED)
def test_what_could_be_misread_is_refused(tmp_path: Path, policy: Policy, what: str) -> None:
    path = patched(save(tmp_path / "a.xlsx", lines({})), SHEET, REFUSED[what])
    with pytest.raises(FileUnreadable, match=r"a\.xlsx"):
        taken(policy, path)


def test_unclosed_error_cells_cost_no_more_than_their_bytes(tmp_path: Path, policy: Policy) -> None:
    path = patched(
        save(tmp_path / "a.xlsx", lines({})),
        SHEET,
        lambda xml: xml.replace(b"</sheetData>", b'<row r="9">' + b'<c r="A9" t="e">' * 60_000 + b"</row></sheetData>"),
    )
    with pytest.raises(FileUnreadable):
        taken(policy, path)


@pytest.mark.parametrize("written", [b"\" t='e'>", b'" t = "e">', b'"  t="e" >'])
def test_an_error_cell_is_found_however_it_is_written(tmp_path: Path, policy: Policy, written: bytes) -> None:
    path = patched(save(tmp_path / "a.xlsx", lines({})), SHEET, _cell(b'<c r="' + G2 + written + b"<v>#REF!</v></c>"))
    assert found(taken(policy, path)) == [("CELL_ERROR_VALUE", G2.decode())]


def test_a_wide_csv_is_too_large(tmp_path: Path, policy: Policy) -> None:
    path = tmp_path / "a.csv"
    path.write_text("," * 10_000 + "x\n" + "x\n" * 20_000, encoding="utf-8")
    with pytest.raises(FileUnreadable) as stopped:
        taken(policy, path)
    assert stopped.value.code == "WORKBOOK_TOO_LARGE"


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("approved_amount", "300000.000000000000000000000000000001", "AMOUNT_PRECISION"),
        ("approved_amount", -5.001, "AMOUNT_INVALID"),
        ("approved_amount", "10²0000", "AMOUNT_INVALID"),
        ("approved_amount", "0,123.5", "AMOUNT_INVALID"),
        ("approved_amount", 1e30, "AMOUNT_INVALID"),
        ("applicant_name", "\u2061", "CELL_REQUIRED"),
        ("bank_name", "\u180e", "CELL_REQUIRED"),
        ("subject_no", "4.40325E+11", "IDENTIFIER_IS_NUMBER"),
    ],
)
def test_a_cell_that_looks_right_and_is_not(tmp_path: Path, policy: Policy, field: str, value: Any, code: str) -> None:
    intake = taken(policy, save(tmp_path / "a.xlsx", lines({}, {field: value})))
    assert found(intake) == [(code, at(field, 3))]


def test_a_carrier_number_may_be_a_number(tmp_path: Path, policy: Policy) -> None:
    """It is not among the identifiers the contract refuses as numbers."""
    intake = taken(policy, save(tmp_path / "a.xlsx", lines({"carrier_no": 123})))
    assert found(intake) == []
    assert list(intake.rows["carrier_no"]) == ["123"]


@pytest.mark.parametrize("field", ["approved_amount", "payee_name", "bank_name", "account_no"])
def test_without_a_column_money_needs_the_file_stops(tmp_path: Path, policy: Policy, field: str) -> None:
    fields = [name for name in FORM.fields() if name != field]
    with pytest.raises(FileUnreadable) as stopped:
        taken(policy, save(tmp_path / "a.xlsx", lines({}, fields=fields)))
    assert stopped.value.code == "COLUMN_MISSING"
    assert FORM[field].heading.zh in str(stopped.value)


def test_benefits_need_no_column_for_money(tmp_path: Path, policy: Policy) -> None:
    fields = [name for name in FORM.fields() if name not in FORM.paid_columns]
    row = {**SOUND, "measure": "M13", "bureau": "市公安局", "basis_amount": None, "cnaps": None}
    assert found(taken(policy, save(tmp_path / "a.xlsx", lines(row, fields=fields)))) == []
