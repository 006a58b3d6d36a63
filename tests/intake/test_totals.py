"""Declared totals against the rows, to the fen."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from tests.intake.made import FIELDS, HEADINGS, at, found, lines, save, taken, total

REAL = Path(__file__).parents[1] / "real"


def months(*amounts):
    return lines(*({"approved_amount": amount} for amount in amounts))


@pytest.mark.parametrize("label", ["合计", "总计", "合 计", "合计：", "合计（元）", "合计 Total", "Total", "全市总计"])
@pytest.mark.parametrize("first", [True, False])
def test_a_total_first_or_last_must_agree_to_the_fen(tmp_path, policy, label, first):
    for amount, wrong in ((30.04, False), (30.03, True), (30.05, True)):
        heading, *rows = months(10.01, 20.03)
        line = total(label, approved_amount=amount)
        path = save(tmp_path / f"{amount}.xlsx", [heading, line, *rows] if first else [heading, *rows, line])
        intake = taken(policy, path)
        assert found(intake) == ([("TOTAL_MISMATCH", at("approved_amount", 2 if first else 4))] if wrong else [])
        assert len(intake.rows) == 2
        assert [finding.row for finding in intake.findings] == ([0, 1] if wrong else [])


def test_a_wrong_total_says_expected_found_and_difference_and_counts_on_every_row_of_its_file(tmp_path, policy):
    bad = save(tmp_path / "b.xlsx", [*months(10, 20), total("合计", approved_amount=40)], months(5))
    good = save(tmp_path / "a.xlsx", [*months(10, 21), total("合计", approved_amount=31)])
    intake = taken(policy, good, bad)
    assert [finding.row for finding in intake.findings] == [2, 3, 4]
    (placed,) = intake.placed()
    assert (placed.source_file, placed.source_sheet, placed.cell, placed.value) == (
        "b.xlsx",
        "表1",
        at("approved_amount", 4),
        "40",
    )
    assert all(text in placed.message for text in ("30.00", "40.00", "10.00", "合计"))
    assert placed.application_no == ""


def test_every_amount_column_whose_total_is_filled_is_compared(tmp_path, policy):
    line = total("合计", approved_amount=30, basis_amount=1, other_public_funds="-")
    intake = taken(policy, save(tmp_path / "a.xlsx", [*months(10, 20), line]))
    assert found(intake) == [("TOTAL_MISMATCH", at("basis_amount", 4))]


def test_subtotals_take_the_rows_since_the_total_line_before(tmp_path, policy):
    heading, a, b, c = months(10, 20, 40)
    sub = [total("小计", approved_amount=30), total("小 计", approved_amount=40), total("合计", approved_amount=70)]
    assert found(taken(policy, save(tmp_path / "a.xlsx", [heading, a, b, sub[0], c, sub[1], sub[2]]))) == []
    assert found(taken(policy, save(tmp_path / "b.xlsx", [heading, a, sub[0], b, c, sub[1], sub[2]]))) == [
        ("TOTAL_MISMATCH", at("approved_amount", 3)),
        ("TOTAL_MISMATCH", at("approved_amount", 6)),
    ]


def test_subtotals_above_their_rows_take_the_rows_below(tmp_path, policy):
    heading, a, b, c = months(10, 20, 40)
    sub = [total("合计", approved_amount=70), total("小计", approved_amount=30), total("小计", approved_amount=40)]
    assert found(taken(policy, save(tmp_path / "a.xlsx", [heading, sub[0], sub[1], a, b, sub[2], c]))) == []


def test_a_subtotal_that_declares_nothing_ends_its_group_before_a_repeated_heading_too(tmp_path, policy):
    heading, a, b, c = months(10, 20, 40)
    empty, blank = total("小计"), [None] * len(heading)
    page = [heading, total("小计", approved_amount=30), a, b, empty, blank, heading, c]
    assert found(taken(policy, save(tmp_path / "a.xlsx", page))) == []


def test_hidden_and_invalid_rows_are_in_the_sum(tmp_path, policy):
    def hide(sheet):
        sheet.row_dimensions[2].hidden = True

    rows = lines({"approved_amount": 10}, {"approved_amount": 20, "uscc": "1"})
    intake = taken(policy, save(tmp_path / "a.xlsx", [*rows, total("合计", approved_amount=30)], change=hide))
    assert found(intake) == [("ROW_HIDDEN", "A2"), ("USCC_INVALID", at("uscc", 3))]


@pytest.mark.parametrize("amount", ["x", 0, -10, 1.234])
def test_a_column_with_an_amount_that_is_not_understood_is_not_compared(tmp_path, policy, amount):
    intake = taken(
        policy, save(tmp_path / "a.xlsx", [*months(10, amount), total("合计", approved_amount=99, basis_amount=1)])
    )
    cells = [cell for code, cell in found(intake) if code == "TOTAL_MISMATCH"]
    assert cells == [at("basis_amount", 4)]


def test_a_blank_amount_counts_nothing(tmp_path, policy):
    intake = taken(policy, save(tmp_path / "a.xlsx", [*months(10, None), total("合计", approved_amount=10)]))
    assert found(intake) == [("CELL_REQUIRED", at("approved_amount", 3))]


def test_totals_in_ten_thousands_and_the_noise_of_sums(tmp_path, policy):
    heading, *rows = months(0.1, 0.2)
    heading = ["核定金额(万元)" if each == HEADINGS["approved_amount"] else each for each in heading]
    intake = taken(policy, save(tmp_path / "a.xlsx", [heading, *rows, total("合计", approved_amount=0.1 + 0.2)]))
    assert found(intake) == []
    noisy = total("合计", approved_amount=999999999.3000001)
    assert found(taken(policy, save(tmp_path / "b.xlsx", [*months(999999999.1, 0.2), noisy]))) == []


def test_a_total_that_cannot_be_read_is_named_but_condemns_no_row(tmp_path, policy):
    intake = taken(
        policy,
        save(tmp_path / "a.xlsx", [*months(10), total("合计", approved_amount="约10", basis_amount="=SUM(H2:H2)")]),
    )
    assert found(intake) == [("AMOUNT_INVALID", at("approved_amount", 3))]
    assert [finding.row for finding in intake.findings] == [-1]


def test_a_wrong_total_of_a_file_without_rows_stands_on_no_row(tmp_path, policy):
    intake = taken(policy, save(tmp_path / "a.xlsx", [*lines(), total("合计", approved_amount=1)]))
    assert [(finding.code, finding.row) for finding in intake.findings] == [("TOTAL_MISMATCH", -1)]


def test_a_company_called_total_is_a_row(tmp_path, policy):
    row = {"application_no": None, "applicant_name": "东莞市合计科技有限公司"}
    intake = taken(policy, save(tmp_path / "a.xlsx", lines(row)))
    assert found(intake) == [("CELL_REQUIRED", "A2")]


def test_the_published_table_with_its_subtotal_in_the_first_row(tmp_path, policy):
    with (REAL / "gd_2015_techreform_batch4_city_allocation.csv").open(encoding="utf-8") as file:
        _, (label, declared), *cities = [*csv.reader(file)]
    for amount, expected in ((int(declared), []), (int(declared) + 1, [("TOTAL_MISMATCH", at("approved_amount", 3))])):
        heading, *rows = lines(*({"applicant_name": city, "approved_amount": int(value)} for city, value in cities))
        heading = ["计划安排额度" if each == HEADINGS["remark"] else each for each in heading]
        heading = ["奖补金额(万元)" if each == HEADINGS["approved_amount"] else each for each in heading]
        sheet = [["安排计划表"], heading, total(label, FIELDS, approved_amount=amount), *rows]
        intake = taken(policy, save(tmp_path / "a.xlsx", sheet))
        assert [each for each in found(intake) if each[0] == "TOTAL_MISMATCH"] == expected
        assert intake.rows["approved_amount_fen"].sum() == 140_000 * 1_000_000
