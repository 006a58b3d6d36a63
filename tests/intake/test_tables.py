"""Where tables stand: title rows, order, synonyms, units, several of them, footers, merged and hidden cells."""

from __future__ import annotations

from datetime import date

import pytest

from disburse.errors import FileUnreadable
from tests.intake.made import FIELDS, HEADINGS, SOUND, at, found, lines, patched, save, taken

BROAD = ["application_no", "measure", "applicant_name", "uscc", *FIELDS[4:]]


def test_order_of_headings_and_title_rows_do_not_matter(tmp_path, policy):
    straight = taken(policy, save(tmp_path / "a.xlsx", lines({}, {"approved_amount": 12.34})))
    fields = [*reversed(FIELDS)]
    turned = [["补贴申报汇总表"], [], ["填报单位：市商务局"], *lines({}, {"approved_amount": 12.34}, fields=fields)]
    turned = taken(policy, save(tmp_path / "b.xlsx", turned))
    where = ["source_file", "source_row"]
    assert straight.rows.drop(columns=where).equals(turned.rows.drop(columns=where)[straight.rows.columns.drop(where)])
    assert turned.rows["source_row"].tolist() == [5, 6]
    assert found(turned) == []


def test_rows_come_in_the_order_of_file_sheet_and_row_whatever_order_is_asked(tmp_path, policy):
    b = save(tmp_path / "b.xlsx", lines({"application_no": "B1"}), lines({"application_no": "B2"}))
    a = save(tmp_path / "a.xlsx", lines({"application_no": "A1"}, {"application_no": "A2"}))
    for order in ((a, b), (b, a)):
        rows = taken(policy, *order).rows
        assert rows["application_no"].tolist() == ["A1", "A2", "B1", "B2"]
        assert rows["source_sheet"].tolist() == ["表1", "表1", "表1", "表2"]
        assert rows["table"].tolist() == [0, 0, 1, 2]


def test_headings_are_found_by_synonym_and_in_any_typing(tmp_path, policy):
    table = lines({})
    written = {
        "核定金额(元)": "拟资助金额（元）",
        "收款账号": "帐号",
        "企业名称": "单位\n名称",
        "申报编号": "* 申报 编号",
        "统一社会信用代码": "社会统一信用代码*",
    }
    table[0] = [written.get(heading, heading) for heading in table[0]]
    intake = taken(policy, save(tmp_path / "a.xlsx", table))
    assert found(intake) == []
    assert intake.tables[0].heading.written[2] == "单位\n名称"
    english = [[column.heading.en for column in taken(policy, tmp_path / "a.xlsx").form.columns], lines({})[1]]
    assert found(taken(policy, save(tmp_path / "b.xlsx", english))) == []


@pytest.mark.parametrize(
    ("heading", "above", "fen"),
    [
        ("核定金额", "", 35_12),
        ("核定金额(元)", "单位:万元", 35_12),
        ("核定金额（万元）", "单位：元", 351_200_00),
        ("核定金额/万元", "", 351_200_00),
        ("核定金额", "单位：万元", 351_200_00),
        ("核定金额", "制表：某局    金额单位: 万元   2025年6月", 351_200_00),
        ("核定金额", "（单 位：人民币万元）", 351_200_00),
        ("核定金额", "资金安排表（万元）", 351_200_00),
        ("核定金额", "报送单位：元一公司", 35_12),
    ],
)
def test_units_are_read_from_the_heading_first_then_from_the_line_above(tmp_path, policy, heading, above, fen):
    table = lines({"approved_amount": 35.12})
    table[0] = [heading if each == HEADINGS["approved_amount"] else each for each in table[0]]
    intake = taken(policy, save(tmp_path / "a.xlsx", [[above], *table]))
    assert (found(intake), intake.rows["approved_amount_fen"].tolist()) == ([], [fen])


@pytest.mark.parametrize(
    ("cell", "result"),
    [
        (9171.0025, 9171002500),
        (0.000001, 1),
        (0.0000001, "AMOUNT_PRECISION"),
        ("35元", "AMOUNT_INVALID"),
        ("¥35", 35_000_000),
    ],
)
def test_amounts_under_a_heading_in_ten_thousands(tmp_path, policy, cell, result):
    table = lines({"approved_amount": cell})
    table[0] = ["核定金额(万元)" if each == HEADINGS["approved_amount"] else each for each in table[0]]
    intake = taken(policy, save(tmp_path / "a.xlsx", table))
    if isinstance(result, str):
        assert found(intake) == [(result, at("approved_amount"))]
    else:
        assert (found(intake), intake.rows["approved_amount_fen"].tolist()) == ([], [result])


def test_a_sheet_without_the_headings_is_skipped_and_several_tables_are_read(tmp_path, policy):
    one, other = lines({"application_no": "A"}), lines({"application_no": "B"}, {"application_no": "C", "remark": True})
    guide = [["填报说明"], *([heading, "必填", "说明"] for heading in HEADINGS.values())]
    stacked = [["表一"], *one, [], ["表二", None, "单位:万元"], *other]
    intake = taken(policy, save(tmp_path / "a.xlsx", guide, stacked))
    assert intake.rows["application_no"].tolist() == ["A", "B", "C"]
    assert intake.rows["source_row"].tolist() == [3, 7, 8]
    assert found(intake) == [("TEXT_INVALID", at("remark", 8))]


def test_headings_on_two_lines(tmp_path, policy):
    table = lines({}, {})
    payee = [FIELDS.index(field) for field in ("payee_name", "bank_name", "cnaps", "account_no")]
    amounts = [FIELDS.index("approved_amount"), FIELDS.index("basis_amount")]
    upper, lower = list(table[0]), [None] * len(FIELDS)
    for column in (*payee, *amounts):
        lower[column] = table[0][column].replace("(元)", "")
        upper[column] = None
    upper[payee[0]], upper[amounts[0]] = "收款信息", "金额（万元）"

    def merge(sheet):
        sheet.merge_cells(start_row=2, end_row=2, start_column=payee[0] + 1, end_column=payee[-1] + 1)
        sheet.merge_cells(start_row=2, end_row=2, start_column=amounts[0] + 1, end_column=amounts[-1] + 1)
        for column in range(len(FIELDS)):
            if lower[column] is None:
                sheet.merge_cells(start_row=2, end_row=3, start_column=column + 1, end_column=column + 1)

    intake = taken(policy, save(tmp_path / "a.xlsx", [["标题"], upper, lower, *table[1:]], change=merge))
    assert (found(intake), intake.rows["source_row"].tolist()) == ([], [4, 5])
    assert intake.rows["approved_amount_fen"].tolist() == [350_000_000_000] * 2


@pytest.mark.parametrize("suffix", ["xlsx", "csv"])
def test_headings_on_two_lines_need_not_be_merged(tmp_path, policy, suffix):
    heading, *rows = lines({"approved_amount": 35, "basis_amount": 90}, {"approved_amount": 35, "basis_amount": 90})
    upper, lower = [*heading], [None] * len(FIELDS)
    for names, group in (
        (["payee_name", "bank_name", "cnaps", "account_no"], "收款信息"),
        (["approved_amount", "basis_amount", "other_public_funds"], "金额（万元）"),
    ):
        for name in names:
            column = FIELDS.index(name)
            upper[column], lower[column] = group if name == names[0] else None, heading[column].replace("(元)", "")
    sheet = [["标题"], upper, lower, *rows]
    path = tmp_path / f"a.{suffix}"
    if suffix == "xlsx":
        save(path, sheet)
    else:
        path.write_text(
            "\n".join(",".join("" if c is None else str(c) for c in line) for line in sheet), encoding="utf-8"
        )
    intake = taken(policy, path)
    assert (found(intake), intake.rows["source_row"].tolist()) == ([], [4, 5])
    assert intake.rows["approved_amount_fen"].tolist() == [35_000_000] * 2


def test_a_note_merged_from_the_heading_down_takes_no_row_with_it(tmp_path, policy):
    heading, *rows = lines({}, {})

    def merge(sheet):
        sheet.merge_cells("AE1:AE3")

    intake = taken(policy, save(tmp_path / "a.xlsx", [[*heading, "填表须知"], *rows], change=merge))
    assert (found(intake), len(intake.rows)) == ([("COLUMN_UNKNOWN", "AE1")], 2)


def test_footers_are_no_rows_but_a_row_below_the_total_is(tmp_path, policy):
    table = lines({}, {"application_no": "SQ-2", "approved_amount": 50000})
    footers = [
        ["制表：张三  2025年6月3日", None, None, "复核：李四"],
        ["东莞市商务局（盖章）"],
        ["注1：本表一式两份。"],
        [None, None, "李四"],
    ]
    sheet = [*table[:2], ["合计", *[None] * 5, 400000], [], table[2], *footers]
    intake = taken(policy, save(tmp_path / "a.xlsx", sheet))
    assert intake.rows["application_no"].tolist() == ["SQ-1", "SQ-2"]
    assert intake.rows["source_row"].tolist() == [2, 5]
    assert found(intake) == []


def test_a_line_with_only_a_number_or_only_an_amount_is_a_row(tmp_path, policy):
    number, amount = [None] * len(FIELDS), [None] * len(FIELDS)
    number[0], amount[FIELDS.index("approved_amount")] = "SQ-7", 5
    intake = taken(policy, save(tmp_path / "a.xlsx", [*lines({}), number, amount]))
    assert intake.rows["source_row"].tolist() == [2, 3, 4]
    assert ("CELL_REQUIRED", "B3") in found(intake)
    assert ("CELL_REQUIRED", "A4") in found(intake)


def test_text_and_dates_of_merged_cells_hold_for_each_row(tmp_path, policy):
    cleared = dict.fromkeys(("applicant_name", "uscc", "event_date"))

    def merge(sheet):
        for field in cleared:
            column = FIELDS.index(field) + 1
            sheet.merge_cells(start_row=2, end_row=4, start_column=column, end_column=column)

    intake = taken(policy, save(tmp_path / "a.xlsx", lines({}, cleared, cleared), change=merge))
    assert found(intake) == []
    assert intake.rows["uscc"].tolist() == [SOUND["uscc"]] * 3
    assert intake.rows["event_date"].nunique() == 1
    intake = taken(policy, save(tmp_path / "b.xlsx", lines({"uscc": "1"}, cleared, cleared), change=merge))
    assert found(intake) == [("USCC_INVALID", at("uscc"))]
    assert [finding.row for finding in intake.findings] == [0, 1, 2]


@pytest.mark.parametrize("field", ["approved_amount", "basis_amount", "instalment", "application_no"])
def test_an_amount_number_or_application_merged_over_rows_would_count_twice(tmp_path, policy, field):
    value = {"instalment": 1, "application_no": "SQ-1"}.get(field, 500000)

    def merge(sheet):
        column = FIELDS.index(field) + 1
        sheet.merge_cells(start_row=2, end_row=3, start_column=column, end_column=column)

    table = lines({field: value}, {field: None}, {"application_no": "SQ-3"})
    intake = taken(policy, save(tmp_path / "a.xlsx", table, change=merge))
    assert found(intake) == [("CELL_MERGED", at(field))]
    assert [finding.row for finding in intake.findings] == [0, 1]
    assert len(intake.rows) == 3


def test_hidden_rows_count_and_are_named(tmp_path, policy):
    def hide(sheet):
        sheet.row_dimensions[3].hidden = True

    intake = taken(policy, save(tmp_path / "a.xlsx", lines({}, {}, {}), change=hide))
    assert found(intake) == [("ROW_HIDDEN", "A3")]
    assert intake.rows["hidden"].tolist() == [False, True, False]


def test_unknown_columns_are_named_once_and_kept(tmp_path, policy):
    table = [
        ["序号", *lines({})[0], "科室意见"],
        *([n, *line, f"同意{n}"] for n, line in enumerate(lines({}, {})[1:], start=1)),
    ]
    intake = taken(policy, save(tmp_path / "a.xlsx", table))
    assert found(intake) == [("COLUMN_UNKNOWN", "A1"), ("COLUMN_UNKNOWN", "AF1")]
    assert intake.rows["extra"].tolist() == [{"序号": "1", "科室意见": "同意1"}, {"序号": "2", "科室意见": "同意2"}]


def test_a_missing_conditional_column_is_asked_of_the_rows_that_need_it(tmp_path, policy):
    fields = [field for field in FIELDS if field != "basis_amount"]
    table = lines({}, {"measure": "M04", "bureau": "市科技局"}, fields=fields)
    intake = taken(policy, save(tmp_path / "a.xlsx", table))
    assert found(intake) == [("CELL_REQUIRED", "A2")]
    assert intake.placed()[0].column == HEADINGS["basis_amount"]
    assert intake.placed()[0].value == ""


@pytest.mark.parametrize("field", ["application_no", "bureau", "approval_no"])
def test_a_missing_required_column_stops(tmp_path, policy, field):
    fields = [each for each in FIELDS if each != field]
    path = save(tmp_path / "a.xlsx", [["标题"], *lines({}, fields=fields)])
    with pytest.raises(FileUnreadable, match=HEADINGS[field]) as caught:
        taken(policy, path)
    assert (caught.value.code, caught.value.sheet, caught.value.cell) == ("COLUMN_MISSING", "表1", "A2")


def test_two_columns_that_mean_the_same_stop(tmp_path, policy):
    path = save(tmp_path / "a.xlsx", [[*lines({})[0], "拟资助金额(万元)"], *lines({})[1:]])
    with pytest.raises(FileUnreadable, match="拟资助金额") as caught:
        taken(policy, path)
    assert (caught.value.code, caught.value.cell) == ("COLUMN_REPEATED", "AE1")


def test_all_that_stops_is_said_at_once_and_check_goes_on(tmp_path, policy):
    good = save(tmp_path / "a.xlsx", lines({}))
    nothing = save(tmp_path / "b.xlsx", [["一封信"]])
    missing = save(tmp_path / "c.xlsx", lines({}, fields=FIELDS[1:]), lines({}, fields=FIELDS[:-2]))
    with pytest.raises(FileUnreadable) as caught:
        taken(policy, good, nothing, missing)
    assert len(str(caught.value).splitlines()) == 3
    intake = taken(policy, good, nothing, missing, stop=False)
    assert [each.code for each in intake.stopped] == ["TABLE_NOT_FOUND", "COLUMN_MISSING", "COLUMN_MISSING"]
    assert len(intake.rows) == 1


def test_dates_in_the_formats_excel_keeps_for_east_asia(tmp_path, policy):
    path = save(tmp_path / "a.xlsx", lines({}))
    for number in (27, 31, 57, 58):
        patched(
            path,
            "xl/styles.xml",
            lambda xml, n=number: xml.replace(b'numFmtId="164" fontId', b'numFmtId="%d" fontId' % n),
        )
        assert taken(policy, path).rows["event_date"][0].date() == date(2025, 3, 5)


def test_a_csv_file_in_either_encoding_reads_like_a_workbook(tmp_path, policy):
    cells = [
        [str(cell) if cell is not None else "" for cell in line] for line in lines({"remark": "甲"}, {"uscc": "1"})
    ]
    text = "\r\n".join(",".join(line) for line in cells)
    for name, encoding in (("a.csv", "utf-8"), ("b.CSV", "utf-8-sig"), ("c.csv", "gb18030")):
        (tmp_path / name).write_bytes(text.encode(encoding))
        intake = taken(policy, tmp_path / name)
        assert found(intake) == [("USCC_INVALID", at("uscc", 3))]
        assert intake.rows["approved_amount_fen"].tolist() == [35_000_000] * 2


def test_an_empty_form_is_no_fault(tmp_path, policy):
    intake = taken(policy, save(tmp_path / "a.xlsx", lines()))
    assert (len(intake.rows), found(intake)) == (0, [])
    assert intake.rows["approved_amount_fen"].dtype == "Int64"
    assert intake.rows["event_date"].dtype == "datetime64[s]"
