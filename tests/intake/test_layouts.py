"""Layouts as clerks make them: where a unit stands and of what it speaks, which lines are rows, which are not."""

from __future__ import annotations

import pytest

from disburse.errors import FileUnreadable
from tests.intake.made import FIELDS, found, lines, save, taken, total

G, H, J = FIELDS.index("approved_amount"), FIELDS.index("basis_amount"), FIELDS.index("other_public_funds")


def plain(*rows, unit=""):
    """A table whose amount headings name no unit, or `unit`."""
    heading, *body = lines(*rows)
    return [[text.replace("(元)", unit) for text in heading], *body]


def fen(intake):
    return intake.rows["approved_amount_fen"].tolist()


def test_a_unit_above_some_columns_speaks_only_of_these(tmp_path, policy):
    group = [None] * len(FIELDS)
    group[0], group[H] = "基本情况", "投入情况（万元）"

    def merge(sheet):
        sheet.merge_cells(start_row=2, end_row=2, start_column=H + 1, end_column=J + 1)

    table = plain({"approved_amount": 300000.5, "basis_amount": 90})
    intake = taken(policy, save(tmp_path / "a.xlsx", [["标题"], group, *table], change=merge))
    assert (found(intake), fen(intake)) == ([], [30000050])
    assert intake.rows["basis_amount_fen"].tolist() == [90_000_000]


@pytest.mark.parametrize("title", ["资金安排表（万元）", "单位：万元"])
def test_a_title_over_the_table_speaks_of_all_of_it(tmp_path, policy, title):
    def merge(sheet):
        sheet.merge_cells(start_row=1, end_row=1, start_column=1, end_column=len(FIELDS))

    intake = taken(policy, save(tmp_path / "a.xlsx", [[title], *plain({"approved_amount": 30})], change=merge))
    assert (found(intake), fen(intake)) == ([], [30_000_000])


def test_the_unit_of_a_heading_or_remark_is_not_that_of_the_next_table(tmp_path, policy):
    second = [[], ["第二部分"], *plain({"application_no": "B", "approved_amount": 1500})]
    for name, first, expected in (
        ("a.xlsx", plain({"approved_amount": 30, "basis_amount": 90}, unit="(万元)"), 30_000_000),
        ("b.xlsx", plain({"approved_amount": 30, "remark": "其中设备投入（万元）"}), 3000),
    ):
        intake = taken(policy, save(tmp_path / name, [*first, *second]))
        assert (found(intake), fen(intake)) == ([], [expected, 150_000])


@pytest.mark.parametrize(("above", "second"), [(None, 30_000_000), ("单位:元", 3000)])
def test_a_unit_above_the_first_table_holds_for_the_sheet_until_another(tmp_path, policy, above, second):
    row = {"approved_amount": 30, "basis_amount": 90}
    sheet = [["单位:万元"], *plain(row), [], [above], *plain(row | {"application_no": "B"})]
    intake = taken(policy, save(tmp_path / "a.xlsx", sheet))
    assert (found(intake), fen(intake)) == ([], [30_000_000, second])


@pytest.mark.parametrize(
    "above", ["单位：万元人民币", "单位：人民币万元", "单位为万元", "单位:（万元）", "单位；万元", "单位：万元、个"]
)
def test_a_unit_is_understood_however_it_is_written(tmp_path, policy, above):
    intake = taken(policy, save(tmp_path / "a.xlsx", [[above], *plain({"approved_amount": 30})]))
    assert (found(intake), fen(intake)) == ([], [30_000_000])


@pytest.mark.parametrize("above", ["单位：人民币（万元）整", "金额单位是万元的"])
def test_a_unit_that_is_not_understood_stops(tmp_path, policy, above):
    path = save(tmp_path / "a.xlsx", [[above], *plain({"approved_amount": 30})])
    with pytest.raises(FileUnreadable, match="看不懂") as caught:
        taken(policy, path)
    assert (caught.value.code, caught.value.cell) == ("UNIT_UNCLEAR", "A1")
    assert "单位:万元" in str(caught.value)
    assert len(taken(policy, save(tmp_path / "b.xlsx", [[above], *lines({})])).rows) == 1


@pytest.mark.parametrize("merged", [True, False])
def test_a_line_of_units_under_the_heading_belongs_to_it(tmp_path, policy, merged):
    heading, *rows = plain({"approved_amount": 30, "basis_amount": 90}, {})
    units = [None] * len(FIELDS)
    units[G] = units[H] = "（万元）"
    units[0] = "(必填)" if not merged else None

    def merge(sheet):
        for column in range(len(FIELDS)):
            if merged and units[column] is None:
                sheet.merge_cells(start_row=1, end_row=2, start_column=column + 1, end_column=column + 1)

    intake = taken(policy, save(tmp_path / "a.xlsx", [heading, units, *rows], change=merge))
    assert (found(intake), fen(intake)[0]) == ([], 30_000_000)
    assert intake.rows["source_row"].tolist() == [3, 4]


@pytest.mark.parametrize("merged", [True, False])
def test_the_name_of_a_group_may_be_that_of_a_column(tmp_path, policy, merged):
    """申报企业 over 企业名称 and 统一社会信用代码: the line below says which column is which."""
    heading, row = lines({})
    upper, lower = list(heading), [None] * len(heading)
    groups = {"申报企业": ("applicant_name", "uscc"), "收款单位": ("payee_name", "bank_name")}
    for name, fields in groups.items():
        for at, each in enumerate(FIELDS.index(field) for field in fields):
            upper[each], lower[each] = (name if at == 0 else None), heading[each]

    def merge(sheet):
        for first, _ in groups.values():
            column = FIELDS.index(first) + 1
            sheet.merge_cells(start_row=1, end_row=1, start_column=column, end_column=column + 1)
        for column, text in enumerate(lower, start=1):
            if merged and text is None:
                sheet.merge_cells(start_row=1, end_row=2, start_column=column, end_column=column)

    intake = taken(policy, save(tmp_path / "a.xlsx", [upper, lower, row], change=merge))
    assert found(intake) == []
    sound = taken(policy, save(tmp_path / "b.xlsx", [heading, row])).rows
    for column in ("applicant_name", "uscc", "payee_name", "bank_name"):
        assert intake.rows[column].tolist() == sound[column].tolist() != [""]


def test_a_title_between_two_tables_is_no_row(tmp_path, policy):
    for title in ("附件2", "2025年6月申报表（第二批）"):
        intake = taken(policy, save(tmp_path / "a.xlsx", [*lines({}), [], [title], *lines({"application_no": "B1"})]))
        assert list(intake.rows["application_no"]) == ["SQ-1", "B1"]
        who = ["填报单位（盖章）：某局", *[None] * 5, "填报日期：2025年6月3日"]
        above = [[title], ["资金安排明细表（元）"], who]
        intake = taken(policy, save(tmp_path / "b.xlsx", [*lines({}), [], *above, *lines({"application_no": "B1"})]))
        assert list(intake.rows["application_no"]) == ["SQ-1", "B1"]
        assert found(intake) == []


def test_a_total_line_may_have_a_stroke_for_its_number(tmp_path, policy):
    line = total("/", applicant_name="合计", approved_amount=350000)
    intake = taken(policy, save(tmp_path / "a.xlsx", [*lines({}), line]))
    assert (len(intake.rows), found(intake)) == (1, [])


def test_a_row_whose_remark_speaks_of_a_total_is_a_row(tmp_path, policy):
    intake = taken(policy, save(tmp_path / "a.xlsx", lines({"remark": "三年合计", "application_no": None})))
    assert found(intake) == [("CELL_REQUIRED", "A2")]


@pytest.mark.parametrize("number", ["A", "注1", "甲"])
def test_a_full_line_is_a_row_whatever_its_number_looks_like(tmp_path, policy, number):
    row = {"application_no": number, "approved_amount": None, "uscc": None}
    intake = taken(policy, save(tmp_path / "a.xlsx", lines(row)))
    assert len(intake.rows) == 1
    assert {code for code, _ in found(intake)} == {"CELL_REQUIRED"}


@pytest.mark.parametrize("declared", [1e27, 1e300])
def test_a_total_beyond_all_money_is_a_finding(tmp_path, policy, declared):
    intake = taken(policy, save(tmp_path / "a.xlsx", [*lines({}), total("合计", approved_amount=declared)]))
    assert {code for code, _ in found(intake)} == {"AMOUNT_INVALID"}


@pytest.mark.parametrize(
    ("field", "heading"),
    [
        ("account_no", "收款账号（与开户许可证一致）"),
        ("uscc", "统一社会信用代码\n（18位）"),
        ("bank_name", "开户行（具体到支行）"),
        ("event_date", "事项发生日期（格式：2025-03-05）"),
        ("applicant_name", "*单位名称（全称）"),
        ("approved_amount", "核定金额（元，保留两位小数）"),
    ],
)
def test_a_hint_in_a_heading_is_no_part_of_its_name(tmp_path, policy, field, heading):
    table = plain({"approved_amount": 35000})
    table[0][FIELDS.index(field)] = heading
    intake = taken(policy, save(tmp_path / "a.xlsx", table))
    assert (found(intake), fen(intake)) == ([], [3_500_000])


def test_a_hint_may_name_the_unit(tmp_path, policy):
    table = plain({"approved_amount": 35.5, "basis_amount": 90})
    table[0][G] = "核定金额（万元，保留两位小数）"
    intake = taken(policy, save(tmp_path / "a.xlsx", table))
    assert (found(intake), fen(intake)) == ([], [35_500_000])


@pytest.mark.parametrize(
    "heading", ["核定金额（省级）", "核定金额（万元以下保留两位）", "企业名称（曾用名）", "收款账号（备用）"]
)
def test_what_else_stands_in_brackets_may_change_the_meaning(tmp_path, policy, heading):
    table = lines({})
    intake = taken(policy, save(tmp_path / "a.xlsx", [[*table[0], heading], table[1]]))
    assert found(intake) == [("COLUMN_UNKNOWN", "AE1")]
