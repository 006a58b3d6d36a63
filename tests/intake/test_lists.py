"""The lists: read by the same rules, used whole or not at all."""

from __future__ import annotations

import csv

import pandas as pd
import pytest

from disburse.errors import FileUnreadable, ListInvalid
from disburse.intake import read_list
from disburse.tables import LISTS, table

SOUND = {
    "register": {"措施代码": "M05A", "统一社会信用代码": "91110108551385082Q", "补贴对象编号": "ZX-1", "名称": "示例", "起始日期": "2025-02-05", "截止日期": ""},
    "exclusions": {"统一社会信用代码": "91110108551385082Q", "企业名称": "", "文号": "东环罚1", "原因": "处罚", "起始日期": "", "截止日期": "2026-02-28"},
    "awards": {"统一社会信用代码": "91110108551385082Q", "事项编号": "SX-1", "级别": "市", "政策文号": "东1", "金额(元)": "200000.50", "奖励日期": "2024-11-20"},
    "budget": {"资金": "东府〔2025〕2号", "年度": "2025", "预算金额(元)": "1,000,000", "方式": "按比例"},
    "waivers": {"申报编号": "SQ-1", "问题代码": "ACCOUNT_CHANGED", "批准人": "张三", "理由": "已核实", "有效期至": "2025-12-31"},
}  # fmt: skip

FAULTS = [
    ("register", {"措施代码": "M99"}, "A2"),
    ("register", {"措施代码": ""}, "A2"),
    ("register", {"统一社会信用代码": "", "补贴对象编号": ""}, "B2"),
    ("register", {"统一社会信用代码": "91110108551385082X"}, "B2"),
    ("register", {"起始日期": "去年"}, "E2"),
    ("exclusions", {"统一社会信用代码": ""}, "A2"),
    ("awards", {"级别": "区"}, "C2"),
    ("awards", {"金额(元)": "20万"}, "E2"),
    ("awards", {"金额(元)": ""}, "E2"),
    ("budget", {"年度": "2025.5"}, "B2"),
    ("budget", {"年度": "25"}, "B2"),
    ("budget", {"方式": "随机"}, "D2"),
    ("waivers", {"问题代码": "NO_SUCH_CODE"}, "B2"),
    ("waivers", {"有效期至": "明年"}, "E2"),
    ("waivers", {"批准人": ""}, "C2"),
    ("waivers", {"理由": "无 "}, ""),
]


def written(path, *rows):
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.DictWriter(file, rows[0].keys())
        writer.writeheader()
        writer.writerows(rows)
    return path


@pytest.mark.parametrize("name", LISTS)
def test_a_sound_list_is_read_and_headed_as_the_contract_says(tmp_path, policy, name):
    assert [column.heading.zh for column in table(name).columns] == [*SOUND[name]]
    frame = read_list(written(tmp_path / "a.csv", SOUND[name]), name, policy)
    assert len(frame) == 1
    assert not [column for column in frame.columns if frame[column].dtype == object]


def test_the_frames_are_as_the_calculation_takes_them(tmp_path, policy):
    budget = read_list(written(tmp_path / "b.csv", SOUND["budget"]), "budget", policy)
    assert budget.to_dict("records") == [
        {"fund": "东府〔2025〕2号", "year": 2025, "budget_fen": 100_000_000, "mode": "prorate"}
    ]
    awards = read_list(written(tmp_path / "a.csv", SOUND["awards"]), "awards", policy)
    assert [*awards.columns] == ["uscc", "matter_no", "level", "document_no", "amount_fen", "award_date"]
    assert awards["amount_fen"].tolist() == [20_000_050]
    register = read_list(written(tmp_path / "r.csv", SOUND["register"]), "register", policy)
    assert register["end_date"].tolist() == [pd.NaT]
    assert register["start_date"].dtype == "datetime64[s]"
    exclusions = read_list(written(tmp_path / "e.csv", SOUND["exclusions"]), "exclusions", policy)
    assert exclusions["applicant_name"].tolist() == [""]


@pytest.mark.parametrize(("name", "change", "cell"), FAULTS)
def test_one_faulty_cell_refuses_the_list(tmp_path, policy, name, change, cell):
    path = written(tmp_path / "名单.csv", SOUND[name] | change)
    if not cell:
        assert len(read_list(path, name, policy)) == 1
        return
    with pytest.raises(ListInvalid, match=r"名单\.csv 有 1 处问题") as caught:
        read_list(path, name, policy)
    assert f"{cell}：" in caught.value.zh


def test_every_fault_is_named(tmp_path, policy):
    rows = [
        SOUND["budget"],
        SOUND["budget"] | {"年度": "2026"},
        SOUND["budget"],
        SOUND["budget"] | {"方式": "", "年度": "x"},
    ]
    with pytest.raises(ListInvalid, match="有 4 处问题") as caught:
        read_list(written(tmp_path / "b.csv", *rows), "budget", policy)
    assert "另有一行" in str(caught.value)


def test_a_list_with_other_headings_is_unreadable(tmp_path, policy):
    with pytest.raises(FileUnreadable, match="截止日期") as caught:
        read_list(
            written(tmp_path / "a.csv", {k: v for k, v in SOUND["register"].items() if k != "截止日期"}),
            "register",
            policy,
        )
    assert caught.value.code == "COLUMN_MISSING"
    with pytest.raises(FileUnreadable) as caught:
        read_list(written(tmp_path / "w.csv", SOUND["waivers"]), "register", policy)
    assert caught.value.code == "TABLE_NOT_FOUND"


def test_an_empty_list_is_a_list(tmp_path, policy):
    path = tmp_path / "a.csv"
    path.write_text(",".join(SOUND["exclusions"]) + "\n,,,,,\n制表：张三,,,,,\n", "utf-8")
    frame = read_list(path, "exclusions", policy)
    assert len(frame) == 0
    assert frame["start_date"].dtype == "datetime64[s]"
