"""Which lines are applications, which declare totals, and which are titles, notes and signatures."""

from __future__ import annotations

import pytest

from tests.intake.made import FIELDS, HEADINGS, at, found, lines, save, taken, total

NUMBER, AMOUNT = FIELDS.index("application_no"), FIELDS.index("approved_amount")


def line(**cells):
    return [cells.get(field) for field in FIELDS]


@pytest.mark.parametrize(
    "footer",
    [
        {"application_no": "2025年6月3日"},
        {"application_no": "2025-06-03"},
        {"application_no": "2025.6.3"},
        {"application_no": "联系电话 0769-22830000"},
        {"application_no": "联系人 张三 13800000000"},
        {"application_no": "联系电话：", "measure": "0769-22830000"},
        {"application_no": "联系电话：", "approved_amount": "0769-22830000"},
        {"application_no": "制表人 王五", "uscc": "审核人 赵六", "approved_amount": "2025年6月3日"},
        {"application_no": "填表日期 2025年6月3日"},
        {"application_no": "第1页 共2页"},
        {"application_no": "1. 市科技局"},
        {"application_no": "2025年第一批"},
        {"approved_amount": "2025年6月3日"},
        {"applicant_name": "注：本表一式2份"},
    ],
)
def test_a_note_or_signature_is_no_row_whatever_digits_it_has(tmp_path, policy, footer):
    intake = taken(policy, save(tmp_path / "a.xlsx", [*lines({}), line(**footer)]))
    assert (found(intake), len(intake.rows)) == ([], 1)


@pytest.mark.parametrize(
    "row",
    [
        {"application_no": "SQ-7"},
        {"application_no": "东科申字2025第12号"},
        {"application_no": "20250603"},
        {"application_no": 7},
        {"approved_amount": "三十万"},
        {"approved_amount": "约叁拾万元"},
        {"approved_amount": "约5万"},
        {"approved_amount": 350000},
        {"basis_amount": "350000元"},
        {"uscc": "91110108551385082Q"},
        {"uscc": "9111 0108 5513 8508 2Q", "remark": "合计"},
        {"measure": "M12C", "applicant_name": "某公司", "bureau": "市教育局", "event_date": "2025年3月5日"},
        {"application_no": "2025年6月3日", "approved_amount": 5000},
        {"application_no": "联系电话 1", "uscc": "91110108551385082Q"},
    ],
)
def test_nothing_that_may_be_an_application_is_dropped(tmp_path, policy, row):
    intake = taken(policy, save(tmp_path / "a.xlsx", [*lines({}), line(**row)]))
    assert intake.rows["source_row"].tolist() == [2, 3]
    assert ("CELL_REQUIRED", at("measure", 3)) in found(intake) or "measure" in row
    assert all(cell.endswith("3") for _, cell in found(intake))


def pages(*parts, between=()):
    """The same heading before every part."""
    heading, *rows = lines(*({"approved_amount": 10 * n} for n in range(1, 7)))
    sheet, rows = [], iter(rows)
    for number, part in enumerate(parts):
        sheet += [*(between if number else ()), heading]
        sheet += [next(rows) if each == "row" else each for each in part]
    return sheet


def test_a_heading_printed_on_every_page_goes_on_with_its_table(tmp_path, policy):
    declared = total("合计", approved_amount=60)
    for number, (parts, between) in enumerate(
        [
            ((["row"], ["row", "row", declared]), ()),
            ((["row"], ["row"], ["row", declared]), ([],)),
            ((["row", "row", "row"], [declared]), ()),
            (([declared, "row"], ["row", "row"]), ([],)),
            ((["row"], ["row", "row", declared]), (["第1页 共2页"],)),
        ]
    ):
        intake = taken(policy, save(tmp_path / f"{number}.xlsx", pages(*parts, between=between)))
        assert (found(intake), len(intake.tables), len(intake.rows)) == ([], 1, 3)
    wrong = pages(["row"], ["row", total("合计", approved_amount=20)])
    assert found(taken(policy, save(tmp_path / "wrong.xlsx", wrong))) == [("TOTAL_MISMATCH", at("approved_amount", 5))]


def test_a_title_printed_on_every_page_goes_on_too(tmp_path, policy):
    sheet = [["申报汇总表"], *pages(["row"], ["row", total("合计", approved_amount=30)], between=([], ["申报汇总表"]))]
    assert found(taken(policy, save(tmp_path / "a.xlsx", sheet))) == []


def test_the_pages_of_a_table_may_have_their_own_totals(tmp_path, policy):
    first, second = total("本页合计", approved_amount=10), total("本页小计", approved_amount=50)
    sheet = pages(["row", first], ["row", "row", second, total("总计", approved_amount=60)])
    assert found(taken(policy, save(tmp_path / "a.xlsx", sheet))) == []


def test_groups_under_their_own_titles_and_headings_have_one_total(tmp_path, policy):
    parts = (
        ["row", total("小计", approved_amount=10)],
        ["row", total("小计", approved_amount=20), total("合计", approved_amount=30)],
    )
    intake = taken(policy, save(tmp_path / "a.xlsx", [["一、科技类"], *pages(*parts, between=([], ["二、商务类"]))]))
    assert (found(intake), len(intake.tables)) == ([], 1)


@pytest.mark.parametrize(
    ("parts", "between"),
    [
        ((["row", total("合计", approved_amount=10)], ["row", total("合计", approved_amount=20)]), ([],)),
        (([total("合计", approved_amount=10), "row"], [total("合计", approved_amount=20), "row"]), ()),
        ((["row"], ["row", total("合计", approved_amount=20)]), ([], ["第二批"])),
    ],
)
def test_a_table_that_has_ended_does_not_go_on(tmp_path, policy, parts, between):
    intake = taken(policy, save(tmp_path / "a.xlsx", pages(*parts, between=between)))
    assert (found(intake), len(intake.tables)) == ([], 2)


def test_what_stops_a_table_of_several_pages_is_said_once(tmp_path, policy):
    sheet = [[*each, "镇街" if each[0] == HEADINGS["application_no"] else None] for each in pages(["row"], ["row"])]
    intake = taken(policy, save(tmp_path / "a.xlsx", sheet), stop=False)
    assert [(each.code, each.cell) for each in intake.stopped] == [("COLUMN_REPEATED", "AE1")]


@pytest.mark.parametrize(
    ("order", "sums"),
    [
        ("s r r s t", (0, 30)),  # the first group is empty
        ("s r r s t", ("-", 30)),
        ("s s r r t", (0, 30)),  # above their rows
        ("t s r s r", (10, 20)),
        ("t s r r s", (30, 0)),  # above their rows, the last group is empty
        ("r s r s t", (10, 20)),
        ("r s s r t", (10, 0)),  # a row below, in no group
    ],
)
def test_groups_may_be_empty(tmp_path, policy, order, sums):
    heading, *rows = lines({"approved_amount": 10}, {"approved_amount": 20})
    left, parts = iter(rows), iter(sums)
    make = {
        "r": lambda: next(left),
        "s": lambda: total("小计", approved_amount=next(parts)),
        "t": lambda: total("合计", approved_amount=30),
    }
    sheet = [heading, *(make[each]() for each in order.split())]
    assert found(taken(policy, save(tmp_path / "a.xlsx", sheet))) == []


@pytest.mark.parametrize(
    ("words", "wrong"),
    [
        ("叁拾伍万元整", False), ("人民币叁拾伍万圆整", False), ("（大写）叁拾伍万元", False), ("三十五万元", False),
        ("叁拾伍万零壹元整", True), ("叁拾伍万元零壹分", True),
    ],
)  # fmt: skip
@pytest.mark.parametrize("unit", ["元", "万元"])
def test_a_total_in_words_is_compared_too(tmp_path, policy, words, wrong, unit):
    heading, row = lines({"approved_amount": 350000 if unit == "元" else 35})
    heading = [text.replace("核定金额(元)", f"核定金额({unit})") for text in heading]
    intake = taken(policy, save(tmp_path / "a.xlsx", [heading, row, total("合计", approved_amount=words)]))
    assert found(intake) == ([("TOTAL_MISMATCH", at("approved_amount", 3))] if wrong else [])


def test_a_column_with_data_and_no_heading_is_named_and_kept(tmp_path, policy):
    heading, *rows = lines({}, {})
    sheet = [
        ["标题"],
        [*heading, None, None],
        [*rows[0], None, None],
        [*rows[1], None, "补充材料"],
        ["合计", *[None] * len(FIELDS), "x"],
    ]
    intake = taken(policy, save(tmp_path / "a.xlsx", sheet))
    assert found(intake) == [("COLUMN_UNKNOWN", "AF2")]
    assert "AF 列" in intake.placed()[0].message
    assert intake.rows["extra"].tolist() == [{"AF 列（没有表头）": ""}, {"AF 列（没有表头）": "补充材料"}]


def test_a_finding_on_a_heading_over_two_lines_is_at_its_first(tmp_path, policy):
    heading, row = lines({})
    upper, lower = [*heading, "科室意见"], [None] * (len(FIELDS) + 1)
    payee = [FIELDS.index(each) for each in ("payee_name", "bank_name", "cnaps", "account_no")]
    for column in payee:
        upper[column], lower[column] = "收款信息" if column == payee[0] else None, heading[column]

    def merge(sheet):
        sheet.merge_cells(start_row=1, end_row=1, start_column=payee[0] + 1, end_column=payee[-1] + 1)
        for column in {*range(len(FIELDS) + 1)} - {*payee}:
            sheet.merge_cells(start_row=1, end_row=2, start_column=column + 1, end_column=column + 1)

    intake = taken(policy, save(tmp_path / "a.xlsx", [upper, lower, row], change=merge))
    assert found(intake) == [("COLUMN_UNKNOWN", "AE1")]
    upper[0] = "编号"
    intake = taken(policy, save(tmp_path / "b.xlsx", [upper, lower, row], change=merge), stop=False)
    assert [(each.code, each.cell) for each in intake.stopped] == [("COLUMN_MISSING", "A1")]
