"""Rows drawn for inspection, and a month under another policy."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import openpyxl
import pytest

from disburse.audit.recheck import recheck
from disburse.audit.sample import _drawn, draw
from disburse.audit.trial import trial
from disburse.errors import Refused
from disburse.shipped import shipped
from disburse.workbooks.month import Month


@pytest.fixture(scope="module")
def month(office: Path) -> Month:
    month = recheck(office / "out" / "2025-07", None, lambda _: None).month
    assert month is not None
    return month


def test_the_same_seed_draws_the_same_rows(month: Month) -> None:
    one, other, third = (draw(month, 5, seed).drawn["application_no"].tolist() for seed in (1, 1, 2))
    assert one == other != third
    assert len(set(one)) == 5


def test_a_larger_sample_begins_with_the_smaller(month: Month) -> None:
    few, many = (draw(month, count, 3).drawn["application_no"].tolist() for count in (3, 9))
    assert many[:3] == few


def test_no_more_is_drawn_than_was_paid(month: Month) -> None:
    drawn = draw(month, 10_000, 1).drawn
    assert sorted(drawn.index) == sorted(month.rows.index[month.rows["paid_fen"] > 0])


def test_every_fen_has_the_same_chance() -> None:
    """A row of 90 fen of 100 comes first in about nine of ten drawings."""
    first = Counter(next(_drawn({1: 90, 2: 10}, 1, str(seed))) for seed in range(2000))
    assert 1740 < first[1] < 1860


def test_risks_name_what_the_sample_month_holds(month: Month) -> None:
    risks = draw(month, 1, 1).risks
    said = {(row.application_no, row.why) for row in risks.itertuples()}
    assert ("GX-2025-018", "金额第 1 高") in said
    assert ("FG-2025-011", "核减 2 次") in said
    assert any(number == "SW-2025-010" and why.startswith("经放行：收款账号变更") for number, why in said)


def test_the_working_paper_is_part_of_the_report(copied: Path, disburse) -> None:
    done = disburse("recheck", "out/2025-07", "--sample", 4, "--seed", 7, "--report", "底稿.xlsx", cwd=copied)
    assert done.returncode == 0
    assert "种子 7" in done.stdout
    book = openpyxl.load_workbook(copied / "底稿.xlsx")
    assert book.sheetnames == ["复核报告", "差异", "抽样底稿", "风险清单"]
    numbers = [row[1].value for row in book["抽样底稿"].iter_rows(min_row=4, max_row=7)]
    assert all(number in done.stdout for number in numbers)
    assert disburse("recheck", "out/2025-07", "--sample", 4, cwd=copied).returncode == 2


@pytest.fixture(scope="module")
def lower(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shipped policy with 900,000 yuan where it has 1,000,000 for a centre."""
    text = shipped("policies", "dongfu-2025-2.yaml").read_text(encoding="utf-8")
    before, limit, after = text.partition("  - id: M05A\n")
    assert "value: 1000000" in after
    file = tmp_path_factory.mktemp("policy") / "other.yaml"
    file.write_text(before + limit + after.replace("value: 1000000", "value: 900000", 1), encoding="utf-8")
    return file


def test_a_month_under_another_policy(office: Path, lower: Path) -> None:
    found = trial(office / "out" / "2025-07", lower, lambda _: None)
    assert [(row.application_no, row.was_fen, row.would_fen) for row in found.rows.itertuples()] == [
        ("KJ-2025-017", 10_000_000, 0)
    ]
    assert found.totals[0] - found.totals[1] == 10_000_000
    assert found.measures.set_index("title")["more_fen"].drop("M05A 概念验证中心奖励").eq(0).all()


def test_under_its_own_policy_nothing_differs(office: Path, disburse, copied: Path, lower: Path) -> None:
    own = copied / "out" / "2025-07" / "inputs" / "policy.yaml"
    done = disburse("recheck", "out/2025-07", "--policy", own, cwd=copied)
    assert (done.returncode, "0 行不同" in done.stdout) == (0, True)
    done = disburse("--policy", lower, "recheck", "out/2025-07", cwd=copied)
    assert (done.returncode, "KJ-2025-017" in done.stdout) == (1, True)
    assert sorted(file.name for file in (copied / "out").glob("*.xlsx")) == ["2025-07-试算-2.xlsx", "2025-07-试算.xlsx"]


def test_a_policy_that_asks_more_of_the_history_than_the_folder_holds_is_refused(
    office: Path, lower: Path, tmp_path: Path
) -> None:
    limit = """limits:
  - {id: town, title: {zh: 每镇街, en: Town}, article: 示例细则 第五条, measures: [M04], shared_by: town, window: policy,
     amount: [{from: 2025-02-05, value: 100, unit: 万元, reference: 示例细则 第五条}]}
"""
    wide = tmp_path / "wide.yaml"
    wide.write_text(lower.read_text(encoding="utf-8").replace("limits:\n", limit, 1), encoding="utf-8")
    with pytest.raises(Refused, match="历史记账"):
        trial(office / "out" / "2025-07", wide, lambda _: None)
    assert len(trial(office / "out" / "2025-05", wide, lambda _: None).measures), "nothing was booked before May"
