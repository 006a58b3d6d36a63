"""`explain`: every row of every run can be explained, in the files' own words and amounts."""

from __future__ import annotations

import csv
import io
import json
import re
import shutil
from pathlib import Path

import pytest

from disburse.audit.explanation import explain
from disburse.errors import Refused, Usage
from disburse.money import to_fen
from disburse.screen.auditor import explanations_json, show_explanations
from tests.audit.office import MONTHS


def lines(file: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(file.read_text(encoding="utf-8-sig"), newline="")))


@pytest.mark.parametrize("month", MONTHS)
def test_every_row_is_explained_to_the_fen(office: Path, month: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The reductions lead from the amount approved to the amount paid; each has an article; each code is told."""
    folder = office / "out" / month
    for number in sorted({line["application_no"] for line in lines(folder / "outcomes.csv")} - {""}):
        for each in explain(folder, number, None):
            row = each.outcome
            codes = set(row["reasons"].split(";")) - {""}
            assert codes <= {line["code"] for line in each.findings} | {one.cut["code"] for one in each.reductions}
            if row["entitled"] and row["status"] != "held":
                fallen = sum(to_fen(one.cut["before"]) - to_fen(one.cut["after"]) for one in each.reductions)
                assert to_fen(row["approved"]) - fallen == to_fen(row["paid"])
            assert all(one.cut["article"] for one in each.reductions)
            assert bool(each.payment) == (row["status"] in ("paid", "reduced"))
        shown = explain(folder, number, None)
        show_explanations(shown)
        explanations_json(shown)
    assert "Traceback" not in capsys.readouterr().out


def test_a_limit_is_explained_by_what_was_booked(office: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """“Was this award limited rightly?”: ceiling − used before, by batch and application = left."""
    show_explanations(explain(office / "out" / "2025-07", "KJ-2025-017", None))
    said = capsys.readouterr().out
    assert "上限 1,000,000.00 − 此前已用 900,000.00 = 余 100,000.00 元" in said
    assert "其中批次 2025-05-1：KJ-2025-001 分期 1，600,000.00 元" in said
    assert "其中批次 2025-06-1：KJ-2025-010 分期 1，300,000.00 元" in said
    assert "东府〔2025〕2号 (五)" in said
    assert "待主管部门确认" in said


def test_what_this_batch_has_used_is_named_too(office: Path) -> None:
    (reduction,) = explain(office / "out" / "2025-07", "KJ-2025-018", None)[0].reductions
    assert reduction.batches == ["2025-05-1", "2025-06-1", "本批"]
    assert sum(to_fen(line["net"]) for line in reduction.booked) == to_fen(reduction.cut["used_before"])


def test_winner_and_loser_name_each_other(office: Path) -> None:
    folder = office / "out" / "2025-06"
    (loser,), (winner,) = (explain(folder, number, None) for number in ("GX-2025-010", "SW-2025-013"))
    assert "SW-2025-013" in loser.reductions[0].message
    assert [line["application_no"] for line in winner.matter] == ["GX-2025-010"]


def test_a_waiver_is_named(office: Path) -> None:
    (each,) = explain(office / "out" / "2025-07", "SW-2025-010", None)
    assert [(line["code"], line["approver"]) for line in each.waivers] == [("ACCOUNT_CHANGED", "审批乙")]


def test_a_correction_and_what_it_replaced_are_told_apart(office: Path) -> None:
    folder = office / "out" / "2025-05"
    (gone,) = (line for line in lines(folder / "outcomes.csv") if line["status"] == "replaced")
    both = explain(folder, gone["application_no"], None)
    assert sorted(each.outcome["status"] == "replaced" for each in both) == [False, True]
    replaced = next(each for each in both if each.outcome["status"] == "replaced")
    assert (replaced.payment, replaced.reductions) == (None, [])


def test_json_says_the_same(office: Path, disburse) -> None:
    done = disburse("explain", "out/2025-07", "KJ-2025-017", "--json", cwd=office)
    (said,) = json.loads(done.stdout)
    (cut,) = said["reductions"]
    assert (said["status"], said["paid"], cut["after"], cut["ceiling"]) == (
        "reduced",
        "100000.00",
        "100000.00",
        "1000000.00",
    )
    assert [line["application_no"] for line in cut["booked"]] == ["KJ-2025-001", "KJ-2025-010"]


def test_an_unknown_application_is_told_with_the_nearest(office: Path) -> None:
    with pytest.raises(Usage, match="KJ-2025-017"):
        explain(office / "out" / "2025-07", "KJ-2025-17", None)
    with pytest.raises(Usage):
        explain(office / "out" / "2025-07", "KJ-2025-017", 2)
    assert explain(office / "out" / "2025-07", "KJ-2025-017", 1)


def test_a_folder_that_was_touched_is_not_quoted(copied: Path) -> None:
    file = copied / "out" / "2025-07" / "cuts.csv"
    file.write_bytes(file.read_bytes().replace(b"100000.00", b"200000.00"))
    with pytest.raises(Refused, match=r"cuts\.csv"):
        explain(copied / "out" / "2025-07", "KJ-2025-017", None)


def test_the_page_for_auditors_is_true(office: Path, tmp_path: Path, disburse) -> None:
    """docs/audit.md shows what happens in the sample after its commands."""
    page = (Path(__file__).parents[2] / "docs" / "audit.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"```console\n(.*?)```", page, re.DOTALL)
    shutil.copytree(office / "out", tmp_path / "out")
    told = [part.splitlines() for part in block.split("$ ")[1:]]
    assert [command.split()[1] for command, *_ in told] == ["recheck", "explain"]
    for command, *expected in told:
        lines = disburse(*command.split()[1:], cwd=tmp_path).stdout.splitlines()
        assert len(lines) == len(expected), lines
        for line, wanted in zip(lines, expected, strict=True):
            assert re.fullmatch(re.escape(wanted).replace("…", ".*"), line), line
