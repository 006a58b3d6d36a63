"""One faulty cell at a time: exactly this code at exactly this cell, and nothing else."""

from __future__ import annotations

from datetime import date, datetime, time

import pytest

from tests.intake.made import FIELDS, HEADINGS, SOUND, at, found, lines, save, taken

REQUIRED = [
    "application_no", "measure", "applicant_name", "uscc", "subject_no", "subject_name", "approved_amount",
    "basis_amount", "event_date", "approved_date", "notice_end_date", "payee_name", "bank_name", "account_no", "bureau",
]  # fmt: skip
"""What M06A needs."""

FAULTS = [
    *((field, None, "CELL_REQUIRED") for field in REQUIRED),
    ("subject_no", " \u200b ", "CELL_REQUIRED"),
    ("subject_name", "无", "CELL_REQUIRED"),
    ("payee_name", "／", "CELL_REQUIRED"),
    ("basis_amount", "—", "CELL_REQUIRED"),
    ("application_no", "无", "CELL_REQUIRED"),
    ("application_no", "/", "CELL_REQUIRED"),
    ("applicant_name", "#N/A", "CELL_ERROR_VALUE"),
    ("approved_amount", "#DIV/0!", "CELL_ERROR_VALUE"),
    ("remark", "#REF!", "CELL_ERROR_VALUE"),
    ("approved_amount", "=1+1", "FORMULA_NOT_CALCULATED"),
    ("event_date", "=TODAY()", "FORMULA_NOT_CALCULATED"),
    *((field, 123456789, "IDENTIFIER_IS_NUMBER") for field in (
        "application_no", "uscc", "subject_no", "matter_no", "approval_no", "evidence_nos", "cnaps", "account_no",
    )),
    ("uscc", 914413007820108867, "IDENTIFIER_IS_NUMBER"),
    ("applicant_name", True, "TEXT_INVALID"),
    ("remark", date(2025, 1, 1), "TEXT_INVALID"),
    ("approval_no", date(2025, 1, 1), "TEXT_INVALID"),
    ("bank_name", time(8, 30), "TEXT_INVALID"),
    ("remark", "字" * 501, "TEXT_INVALID"),
    *(("approved_amount", value, "AMOUNT_INVALID") for value in (
        "12万", "约5万", "1,23.4", "1.2.3", "1 000", "三万", "1234.", ".5", "1e5", "1,2345", "$5", "元", True,
        date(2025, 1, 1), 0, -1, "-5", "0", "0.00", 1e12, "1000000000000",
    )),
    ("basis_amount", -0.01, "AMOUNT_INVALID"),
    ("other_public_funds", "-1", "AMOUNT_INVALID"),
    ("approved_amount", 1234.567, "AMOUNT_PRECISION"),
    ("approved_amount", "1234.567", "AMOUNT_PRECISION"),
    ("basis_amount", 0.001, "AMOUNT_PRECISION"),
    *(("event_date", value, "DATE_INVALID") for value in (
        45721, 20250305, "2025-02-30", "2025-3", "3/5/2025", "2025/3-5", "三月五日", "2025年3月", "25-03-05", "无", True, time(8, 0),
        "18990101",
    )),
    *((field, value, "NUMBER_INVALID") for field in ("quantity", "rank", "instalment") for value in (0, -1, 1.5, "一", "1.0", True)),
    ("uscc", "91310115MA1H8R7C6D", "USCC_INVALID"),
    ("uscc", "91110108551385082", "USCC_INVALID"),
    ("uscc", "9111 0108 5513 8508 2Q", "USCC_INVALID"),
    ("cnaps", "313651027013", "CNAPS_INVALID"),
    ("cnaps", "31365102701", "CNAPS_INVALID"),
    ("account_no", "1234567", "ACCOUNT_INVALID"),
    ("account_no", "1" * 31, "ACCOUNT_INVALID"),
    ("account_no", "6222 0202 0001", "ACCOUNT_INVALID"),
    ("account_no", "62220202O001", "ACCOUNT_INVALID"),
    ("bureau", "市教育局", "BUREAU_UNKNOWN"),
    ("bureau", "某局", "BUREAU_UNKNOWN"),
    ("elected", "√", "CHOICE_INVALID"),
    ("elected", 1, "CHOICE_INVALID"),
    ("payee_type", "个人", "CHOICE_INVALID"),
    ("corrects", "否", "CHOICE_INVALID"),
]  # fmt: skip

SOUND_CELLS = [
    ("applicant_name", "NA"), ("applicant_name", "None"), ("applicant_name", 2025), ("remark", "字" * 500),
    ("remark", "一\n二\t三"), ("uscc", "９１１１０１０８５５１３８５０８２q"),
    ("uscc", "\u200b91110108551385082Q "), ("measure", "m06a"), ("measure", "跨境电商+产业带活动"), ("approval_no", None),
    ("approval_no", "无"), ("approval_no", "-"), ("matter_no", "/"), ("cnaps", None), ("cnaps", "—"), ("account_no", "12345678"),
    ("account_no", "1" * 30), ("elected", " 是 "), ("elected", "无"), ("payee_type", "预算单位"), ("bureau", "市发展改革局"),
    ("approved_amount", 0.01), ("approved_amount", "0.01"), ("approved_amount", "¥1,234,567.80元"), ("approved_amount", "￥１２，３４５．６"),
    ("approved_amount", 1234.3000000000002), ("approved_amount", "1234.500"), ("approved_amount", 999999999999.99),
    ("basis_amount", 0), ("other_public_funds", "无"), ("instalment", "２"), ("rank", 1.0), ("event_date", datetime.fromisoformat("2025-03-05 09:30")),
    ("event_date", "2025年3月5日"), ("event_date", "2025/3/5"), ("event_date", "2025.3.5"), ("event_date", "20250305"),
    ("event_date", "2025-03-05 10:20:30"), ("event_date", "２０２５－０３－０５"),
]  # fmt: skip
"""The other side of each boundary."""


@pytest.mark.parametrize(("field", "value", "code"), FAULTS)
def test_one_faulty_cell_is_one_finding_at_its_cell(tmp_path, policy, field, value, code):
    intake = taken(policy, save(tmp_path / "a.xlsx", lines({}, {field: value})))
    assert found(intake) == [(code, at(field, 3))]
    assert intake.placed()[0].column == HEADINGS[field]


@pytest.mark.parametrize(("field", "value"), SOUND_CELLS)
def test_sound_cells_are_let_through(tmp_path, policy, field, value):
    assert found(taken(policy, save(tmp_path / "a.xlsx", lines({field: value}, {})))) == []


def test_an_unknown_measure_is_one_finding_and_its_conditional_columns_are_not_asked(tmp_path, policy):
    row = {"measure": "M99", "subject_no": None, "basis_amount": None, "payee_name": None}
    intake = taken(policy, save(tmp_path / "a.xlsx", lines(row)))
    assert found(intake) == [("MEASURE_UNKNOWN", at("measure"))]
    assert "M05A" in intake.placed()[0].remedy
    intake = taken(policy, save(tmp_path / "b.xlsx", lines(row | {"approved_amount": None})))
    assert found(intake) == [("MEASURE_UNKNOWN", at("measure")), ("CELL_REQUIRED", at("approved_amount"))]


def test_control_characters_in_text_are_refused(tmp_path, policy):
    path = tmp_path / "a.csv"
    cells = {field: str(value) for field, value in SOUND.items()} | {"remark": "甲\x0b乙"}
    path.write_text(",".join(HEADINGS.values()) + "\n" + ",".join(cells.get(field, "") for field in FIELDS), "utf-8")
    intake = taken(policy, path)
    assert found(intake) == [("TEXT_INVALID", at("remark"))]
    assert "U+000B" in intake.placed()[0].message


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ({}, []),
        ({"approved_amount": 0}, []),
        ({"approved_amount": "无"}, []),
        ({"approved_amount": 0.01}, [("AMOUNT_INVALID", at("approved_amount"))]),
        ({"approved_amount": -1}, [("AMOUNT_INVALID", at("approved_amount"))]),
        ({"applicant_name": None}, [("CELL_REQUIRED", at("applicant_name"))]),
    ],
)
def test_a_benefit_without_money_is_asked_neither_amount_nor_payee(tmp_path, policy, row, expected):
    nothing = dict.fromkeys(
        ("approved_amount", "basis_amount", "payee_name", "bank_name", "account_no", "subject_no", "subject_name")
    )
    intake = taken(
        policy, save(tmp_path / "a.xlsx", lines({**nothing, "measure": "M12C", "bureau": "市教育局", **row}))
    )
    assert found(intake) == expected


def test_account_numbers_are_masked_wherever_they_are_shown(tmp_path, policy):
    for value in ("6222-0202-0001-2345", 622202020002345):
        placed = taken(policy, save(tmp_path / "a.xlsx", lines({"account_no": value}))).placed()[0]
        assert "2020" not in placed.message + placed.value
        assert placed.value.endswith("2345")


def test_all_faults_of_a_row_are_reported_at_once_in_the_order_of_the_columns(tmp_path, policy):
    row = {"remark": True, "uscc": "1", "approved_amount": "x", "event_date": "x", "elected": "x"}
    assert found(taken(policy, save(tmp_path / "a.xlsx", lines(row)))) == [
        ("USCC_INVALID", at("uscc")),
        ("AMOUNT_INVALID", at("approved_amount")),
        ("DATE_INVALID", at("event_date")),
        ("CHOICE_INVALID", at("elected")),
        ("TEXT_INVALID", at("remark")),
    ]


def test_values_are_stored_in_their_form(tmp_path, policy):
    row = {
        "application_no": "ＳＱ-9\u200b ", "measure": "跨境电商+产业带活动", "uscc": "91110108551385082q", "approved_amount": "¥1,234.5元",
        "event_date": "2025年3月5日", "evidence_nos": "A1；A2、A3\nA1", "applicant_name": " 示例（东莞）公司 ", "other_public_funds": None,
    }  # fmt: skip
    read = taken(policy, save(tmp_path / "a.xlsx", lines(row))).rows.iloc[0]
    assert read["application_no"] == "SQ-9"
    assert (read["measure"], read["uscc"], read["evidence_nos"]) == ("M06A", "91110108551385082Q", "A1;A2;A3")
    assert (read["approved_amount_fen"], read["other_public_funds_fen"], read["basis_amount_fen"]) == (
        123450,
        0,
        90000050,
    )
    assert read["event_date"].date() == date(2025, 3, 5)
    assert (read["applicant_name"], read["payee_type"], read["instalment"], read["elected"]) == (
        "示例（东莞）公司",
        "企业",
        1,
        "",
    )
    assert read["extra"] == {}
