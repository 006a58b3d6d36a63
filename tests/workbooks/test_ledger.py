"""The ledger: what is signed adds up, in figures, in formulas and in words."""

from __future__ import annotations

import re
import zipfile
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import openpyxl
import pytest

from disburse.errors import Unbalanced
from disburse.language import current
from disburse.money import capital
from disburse.settlement import STATUSES
from disburse.workbooks import fit
from disburse.workbooks.book import MARGIN_IN, SIZE
from disburse.workbooks.ledger import write_ledger
from disburse.workbooks.month import Month
from disburse.workbooks.words import STATUS
from tests.workbooks.conftest import LONG, ODD, signed_sheets

if TYPE_CHECKING:
    from pathlib import Path

    from openpyxl.workbook import Workbook
    from openpyxl.worksheet.worksheet import Worksheet


SHEETS = ["拨付清单", "指标调剂", "汇总", "明细", "核减", "登记事项", "放行", "口径", "未结"]


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory, month: Month) -> Path:
    path = tmp_path_factory.mktemp("ledger") / "ledger.xlsx"
    write_ledger(path, month)
    return path


@pytest.fixture(scope="module")
def live(path: Path) -> Workbook:
    return openpyxl.load_workbook(path)


@pytest.fixture(scope="module")
def values(path: Path) -> Workbook:
    return openpyxl.load_workbook(path, data_only=True)


def lines(sheet: Worksheet, first: str) -> list[dict[str, Any]]:
    """The lines of the table whose heading begins with `first`, up to its total."""
    rows = list(sheet.iter_rows(values_only=True))
    start = next(i for i, row in enumerate(rows) if row[0] == first)
    headings = [str(each) for each in rows[start]]
    found = []
    for row in rows[start + 1 :]:
        if not any(row) or str(row[0]).startswith("合计"):
            break
        found.append(dict(zip(headings, row, strict=True)))
    return found


def text_of(sheet: Worksheet) -> str:
    return "\n".join(str(value) for row in sheet.iter_rows(values_only=True) for value in row if value is not None)


def test_the_sheets_are_always_the_same(live: Workbook, tmp_path: Path, empty_month: Month) -> None:
    write_ledger(tmp_path / "empty.xlsx", empty_month)
    empty = openpyxl.load_workbook(tmp_path / "empty.xlsx", data_only=True)
    assert live.sheetnames == empty.sheetnames == SHEETS
    assert all("无" in text_of(empty[name]) for name in SHEETS if name != "口径")
    assert "零元整" in text_of(empty["拨付清单"])


def test_who_is_paid_and_how(values: Workbook, month: Month) -> None:
    rows = month.settlement.rows
    paid = rows[rows["paid_fen"].fillna(0) > 0]
    for name, mine in (
        ("拨付清单", paid[paid["payee_type"] == "企业"]),
        ("指标调剂", paid[paid["payee_type"] == "预算单位"]),
    ):
        shown = lines(values[name], "序号")
        found = {line["申报编号"]: (line["拨付金额(元)"], line["收款账号"], line["收款户名"]) for line in shown}
        assert found == {
            row.application_no: (row.paid_fen / 100, row.account_no, row.payee_name) for row in mine.itertuples()
        }
        assert [line["序号"] for line in shown] == list(range(1, len(mine) + 1))


@pytest.mark.parametrize("name", ["拨付清单", "指标调剂"])
def test_the_total_is_live_carries_its_value_and_is_said_in_words(live: Workbook, values: Workbook, name: str) -> None:
    shown = lines(values[name], "序号")
    at = next(row[0].row for row in values[name].iter_rows() if str(row[0].value).startswith("合计"))
    for column, heading in (("E", "核定金额(元)"), ("F", "拨付金额(元)")):
        fen = round(sum(line[heading] for line in shown) * 100)
        assert live[name][f"{column}{at}"].value == f"=SUM({column}5:{column}{at - 1})"
        assert values[name][f"{column}{at}"].value == fen / 100
    assert capital(fen) in text_of(values[name])


def test_where_two_funds_pay_each_has_its_part(live: Workbook, values: Workbook) -> None:
    rows = [row for row in values["拨付清单"].iter_rows() if str(row[0].value).startswith("其中：")]
    assert [(row[0].value, row[5].value) for row in rows] == [
        ("其中：东府〔2025〕2号（20 笔）", 30635804.40),
        ("其中：集聚区发展专项资金（1 笔）", 7000000),
    ]
    assert [live["拨付清单"][f"F{row[0].row}"].value for row in rows] == ["=SUM(F5:F24)", "=SUM(F25:F25)"]


def test_at_most_ten_columns_at_eight_points_or_larger(live: Workbook) -> None:
    for name in ("拨付清单", "指标调剂"):
        sheet = live[name]
        assert sheet.max_column <= 10
        assert (sheet.page_setup.orientation, int(sheet.page_setup.paperSize)) == ("landscape", 9)
        assert (sheet.page_setup.fitToWidth or 1, sheet.page_setup.fitToHeight) == (1, 0)
        assert len(widths(sheet)) == sheet.max_column
        sizes = {cell.font.sz for row in sheet.iter_rows() for cell in row if cell.value is not None}
        assert min(sizes) * fit.scale(widths(sheet), 297, 2 * MARGIN_IN * 25.4) >= 8
        assert max(sizes) >= SIZE


def test_the_signature_page(live: Workbook) -> None:
    text = text_of(live["拨付清单"])
    for each in (
        "未核对：认定名录、其他政策已获资助",
        "制表：",
        "复核：",
        "审批：",
        "2025-06",
        "2025-06-30",
        "东府〔2025〕2号",
    ):
        assert each in text
    for name in SHEETS:
        footer = live[name].oddFooter
        assert (footer.left.text.strip(), footer.right.text.strip()) == (
            "2025-06  东府〔2025〕2号",
            "运行校验码 0123456789ab",
        )
        assert "&P" in footer.center.text
        assert "&N" in footer.center.text
    assert live["拨付清单"].print_title_rows == "$4:$4"


def widths(sheet: Worksheet) -> list[float]:
    """Of every column; the file, and so the reader, holds neighbours of one width only once."""
    held = sorted(sheet.column_dimensions.values(), key=lambda each: each.min)
    return [each.width - 0.71 for each in held for _ in range(each.min, each.max + 1)]


def paged(sheet: Worksheet, room: float) -> list[list[int]]:
    """The rows on each page of `room` points, as a program makes pages: every print area begins a new one."""
    heights = [sheet.row_dimensions[row].height for row in range(1, sheet.max_row + 1)]
    areas = re.findall(r"\$A\$(\d+):\$J\$(\d+)", sheet.print_area or f"$A$1:$J${sheet.max_row}")
    pages: list[list[int]] = []
    for first, last in areas:
        used = room
        for row in range(int(first), int(last) + 1):
            if used + heights[row - 1] > room:
                used = 0 if not pages else heights[3]
                pages.append([])
            pages[-1].append(row)
            used += heights[row - 1]
    return pages


@pytest.mark.parametrize("language", ["zh", "en"])
def test_total_and_signatures_stand_together_with_a_payment_at_any_number_of_rows(
    tmp_path: Path, month: Month, language: str
) -> None:
    token = current.set(language)
    try:
        for count in range(61 if language == "zh" else 20):
            signed_sheets(tmp_path / "a.xlsx", month, count)
            for sheet in openpyxl.load_workbook(tmp_path / "a.xlsx").worksheets:
                room = (210 - 0.95 * 25.4) / 25.4 * 72 / fit.scale(widths(sheet), 297, 2 * MARGIN_IN * 25.4)
                last = max([4, *(cell.row for cell in sheet["A"] if isinstance(cell.value, int))])
                for part in (0.94, 0.97, 1, 1.03, 1.06, 1.1):
                    pages = paged(sheet, room * part)
                    assert [row for page in pages for row in page] == list(range(1, sheet.max_row + 1))
                    assert pages[-1][0] <= last, (count, part)
                    assert len(pages) == 1 or pages[-1][0] > 4, "a line of payment, not only the heading"
    finally:
        current.reset(token)


def test_lists_that_were_all_given_are_said_to_be(tmp_path: Path, month: Month) -> None:
    write_ledger(tmp_path / "a.xlsx", replace(month, not_checked=()))
    text = text_of(openpyxl.load_workbook(tmp_path / "a.xlsx")["拨付清单"])
    assert "未核对" not in text
    assert "各项名单均已提供并核对" in text


def test_remarks_say_instalment_waiver_and_reasons(values: Workbook) -> None:
    remarks = {line["申报编号"]: line["备注"] for line in lines(values["拨付清单"], "序号")}
    assert remarks["BT-2025-0001"] == "经放行：收款账号变更"
    assert remarks["BT-2025-0017"] == "第 2 期；超过单项最高限额"
    assert remarks["BT-2025-0016"] == "超过单项最高限额；达到累计限额"
    assert remarks["BT-2025-0002"] is None


def test_rows_are_high_enough_for_their_text(live: Workbook) -> None:
    sheet = live["拨付清单"]
    for row in sheet.iter_rows(min_row=5):
        if row[2].value == LONG:
            assert sheet.row_dimensions[row[0].row].height >= 3 * SIZE * 1.4


def test_the_month_is_conserved(values: Workbook, month: Month) -> None:
    text = text_of(values["汇总"])
    assert "报送 35 行" in text
    parts = [int(n) for n in re.findall(r"(\d+)(?= \+|\n)", text.split("报送 35 行 = ")[1].split("\n")[0] + "\n")]
    assert sum(parts) == 35
    sums = month.sums
    assert sums["approved"] == sums["paid"] + sums["withheld"]
    assert month.run_hash in text


@pytest.mark.parametrize("first", ["措施", "报送单位", "资金"])
def test_each_table_of_the_summary_adds_up_to_the_whole(values: Workbook, month: Month, first: str) -> None:
    table = lines(values["汇总"], first)
    assert sum(line["报送行数"] for line in table) == len(month.rows)
    for name, words in STATUS.items():
        assert sum(line[words.zh] for line in table) == (month.rows["status"] == name).sum()
    for heading, fen in (("核定金额(元)", "approved"), ("拨付合计(元)", "paid"), ("未拨付(元)", "withheld")):
        assert round(sum(line[heading] for line in table) * 100) == month.sums[fen]


def test_every_row_but_the_registered_has_its_chain_in_the_detail(values: Workbook, month: Month) -> None:
    shown = lines(values["明细"], "申报编号")
    rows = month.settlement.rows
    assert len(shown) == 33
    by_number = {line["申报编号"]: line for line in shown}
    chain = [
        by_number["BT-2025-0016"][name]
        for name in (
            "核定金额(元)",
            "应享金额(元)",
            "单独可享(元)",
            "不重复奖励后(元)",
            "限额后(元)",
            "拨付金额(元)",
            "未拨付(元)",
        )
    ]
    assert chain == [1500000, 1000000, 1000000, 1000000, 666666.67, 666666.67, 833333.33]
    assert by_number["BT-2025-0022"]["应享金额(元)"] is None
    assert by_number["BT-2025-0022"]["原因"] == "不在政策有效期内；公示未结束"
    assert by_number["BT-2025-0018"]["活动地点"] == "松山湖"
    assert by_number["BT-2025-0018"]["口径"] == "1,7-8,14-19"
    assert by_number["BT-2025-0033"]["核定金额(元)"] is None
    assert len(rows) == 35


def test_cuts_waivers_benefits_readings_and_open_items(values: Workbook, month: Month) -> None:
    cuts = lines(values["核减"], "申报编号")
    assert [(line["申报编号"], line["核减(元)"]) for line in cuts][:2] == [
        ("BT-2025-0016", 500000),
        ("BT-2025-0016", 333333.33),
    ]
    assert cuts[0]["规则"] == "M05A 概念验证中心奖励"
    assert cuts[1]["规则"] == "M05A 概念验证中心累计"
    assert {line["措施"] for line in lines(values["登记事项"], "申报编号")} == {"M12C 子女入学指标", "M13 人才服务"}
    waivers = lines(values["放行"], "效力")
    assert [(line["效力"], line["申报编号"], line["未生效原因"]) for line in waivers] == [
        ("已放行", "BT-2025-0001", None),
        ("未生效", "BT-2025-0022", "该代码不能放行"),
    ]
    readings = lines(values["口径"], "编号")
    assert len(readings) == len(month.policy.readings)
    assert {line["状态"] for line in readings} == {"待主管部门确认"}
    assert readings[6]["其他可选口径"] == "核定支出的……（另定）"
    assert [line["状态"] for line in lines(values["未结"], "申报编号")] == ["待核"]


def test_no_text_became_a_formula(path: Path, live: Workbook) -> None:
    for name in SHEETS:
        for row in live[name].iter_rows():
            for cell in row:
                assert cell.data_type != "f" or re.fullmatch(r"=(SUM\([A-Z]+\d+:[A-Z]+\d+\)|0)", cell.value)
                assert cell.data_type != "e"
    inside = b"".join(zipfile.ZipFile(path).read(name) for name in zipfile.ZipFile(path).namelist())
    assert b"<hyperlink" not in inside
    assert b"\x0b" not in inside
    assert "甲\\x0b乙" in text_of(live["明细"])
    assert ODD not in text_of(live["明细"])


def test_the_same_bytes_on_every_writing_and_under_any_clock(
    path: Path, tmp_path: Path, month: Month, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TZ", "America/New_York")
    monkeypatch.setenv("LC_ALL", "de_DE.UTF-8")
    write_ledger(tmp_path / "again.xlsx", month)
    assert (tmp_path / "again.xlsx").read_bytes() == path.read_bytes()


def test_streamed_or_held_in_memory_the_cells_are_the_same(
    values: Workbook, tmp_path: Path, month: Month, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("disburse.workbooks.ledger.STREAMED_FROM", 0)
    write_ledger(tmp_path / "streamed.xlsx", month)
    streamed = openpyxl.load_workbook(tmp_path / "streamed.xlsx", data_only=True)
    for name in SHEETS:
        rows = [sheet.iter_rows(values_only=True) for sheet in (values[name], streamed[name])]
        assert list(rows[0]) == list(rows[1])
        heights = [{k: d.height for k, d in s.row_dimensions.items()} for s in (values[name], streamed[name])]
        assert heights[0] == heights[1]


def test_a_result_that_contradicts_itself_is_not_written(tmp_path: Path, month: Month) -> None:
    rows = month.settlement.rows.copy()
    rows.loc[rows.index[0], "status"] = "held"
    with pytest.raises(Unbalanced):
        write_ledger(tmp_path / "a.xlsx", replace(month, settlement=replace(month.settlement, rows=rows)))
    assert not (tmp_path / "a.xlsx").exists()


def test_the_words_cover_every_status_in_order() -> None:
    assert tuple(STATUS) == STATUSES


def test_in_english(tmp_path: Path, month: Month) -> None:
    token = current.set("en")
    try:
        write_ledger(tmp_path / "a.xlsx", Month(**{name: getattr(month, name) for name in Month.__dataclass_fields__}))
    finally:
        current.reset(token)
    book = openpyxl.load_workbook(tmp_path / "a.xlsx", data_only=True)
    assert book.sheetnames[:4] == ["Payments", "Budget transfers", "Summary", "Detail"]
    assert "Prepared" in text_of(book["Payments"])
