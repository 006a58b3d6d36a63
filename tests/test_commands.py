"""The commands as their users run them: real files, a real store, a process of its own."""

from __future__ import annotations

import csv
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from disburse.findings import catalogue
from disburse.money import capital, to_fen
from disburse.store import open_store
from tests.months import CODES
from tests.workbook import submission

SIGNED = ("--prepared-by", "制表甲", "--approved-by", "审批乙")


def disburse(*arguments: object, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the command; PYTHONUTF8 stands for a console that can show Chinese."""
    done = subprocess.run(
        [sys.executable, "-m", "disburse", *map(str, arguments)],
        cwd=cwd, capture_output=True, text=True, encoding="utf-8", check=False,
        env={**os.environ, "PYTHONUTF8": "1", **environment},
    )  # fmt: skip
    assert "Traceback" not in done.stderr, done.stderr
    return done


def lines(file: Path) -> list[dict[str, str]]:
    with file.open(encoding="utf-8-sig", newline="") as opened:
        return list(csv.DictReader(opened))


def tree(folder: Path) -> dict[str, str]:
    return {
        str(file.relative_to(folder)): hashlib.sha256(file.read_bytes()).hexdigest()
        for file in sorted(folder.rglob("*"))
        if file.is_file()
    }


OTHER = {"uscc": CODES[1], "applicant_name": "东莞乙公司", "account_no": "6222020200999"}


@pytest.fixture
def office(tmp_path: Path) -> Path:
    """A folder with two bureaus' submissions."""
    submission(tmp_path / "in" / "甲局.xlsx", {"measure": "M06B"}, {"measure": "M10", "approved_amount": "2000.50"})
    submission(
        tmp_path / "in" / "乙局.xlsx", {"application_no": "B1", "measure": "M04", "approved_amount": "600000", **OTHER}
    )
    return tmp_path


def test_a_month_from_workbooks_to_the_books(office: Path) -> None:
    ran = disburse("run", "2025-06", "in", "--out", "out", cwd=office)
    assert ran.returncode == 0, ran.stderr
    assert "核定 702,000.50 元 = 拨付 602,000.50 元 + 未拨付 100,000.00 元" in ran.stdout
    assert "未核对：" in ran.stdout
    assert not (office / "disburse.db").exists(), "run only reads the store"
    outcomes = {line["application_no"]: line for line in lines(office / "out" / "outcomes.csv")}
    assert (outcomes["B1"]["status"], outcomes["B1"]["paid"], outcomes["B1"]["reasons"]) == (
        "reduced",
        "500000.00",
        "CEILING",
    )
    posted = disburse("post", "out", *SIGNED, cwd=office)
    assert posted.returncode == 0, posted.stderr
    again = disburse("post", "out", *SIGNED, cwd=office)
    assert again.returncode == 0
    assert "此前已记账" in again.stdout
    booked = open_store(f"sqlite:///{office}/disburse.db", create=False).booked()
    assert sorted(booked["paid_fen"]) == [2000_50, 100_000_00, 500_000_00]
    second = disburse("run", "2025-06", "in", "--out", "out2", cwd=office)
    assert second.returncode == 0
    assert {line["reasons"].split(";")[0] for line in lines(office / "out2" / "outcomes.csv")} == {"ALREADY_PAID"}


def test_the_next_month_counts_what_was_booked(office: Path) -> None:
    disburse("run", "2025-06", "in", "--out", "out", cwd=office)
    disburse("post", "out", *SIGNED, cwd=office)
    submission(office / "july" / "甲局.xlsx", {"application_no": "C1", "measure": "M06B", "approved_amount": "450000"})
    disburse("run", "2025-07", "july", "--out", "out7", cwd=office)
    (line,) = lines(office / "out7" / "outcomes.csv")
    assert (line["status"], line["paid"], line["reasons"]) == ("reduced", "400000.00", "LIMIT_REACHED")
    (cut,) = lines(office / "out7" / "cuts.csv")
    assert (cut["step"], cut["ceiling"], cut["used_before"]) == ("alone", "500000.00", "100000.00")


def test_the_receipt_is_kept_beside_the_run_and_is_the_same_whoever_asks_again(office: Path) -> None:
    disburse("run", "2025-06", "in", "--out", "out", cwd=office)
    posted = disburse("post", "out", *SIGNED, "--reviewed-by", "复核丙", cwd=office)
    receipt = office / "out" / "receipt.txt"
    first = receipt.read_bytes()
    told = first.decode("utf-8-sig").replace("\r\n", "\n")
    assert told.endswith(posted.stdout)
    said = re.search(r"合计 ([0-9,.]+) 元（(.+?)）", told)
    assert said is not None
    assert said[2] == capital(to_fen(said[1].replace(",", "")))
    assert "制表 制表甲，复核 复核丙，审批 审批乙" in told
    receipt.unlink()
    again = disburse("post", "out", "--prepared-by", "别人", "--approved-by", "另一人", cwd=office)
    assert (again.returncode, receipt.read_bytes()) == (0, first)


def test_a_receipt_that_cannot_be_written_does_not_hide_the_booking(office: Path) -> None:
    disburse("run", "2025-06", "in", "--out", "out", cwd=office)
    (office / "out" / "receipt.txt").mkdir()
    posted = disburse("post", "out", *SIGNED, cwd=office)
    assert posted.returncode == 0
    assert "已记账，但回执没能写入" in posted.stderr
    assert "不会重复记账" in posted.stderr


def test_post_is_refused_when_the_limit_was_used_up_meanwhile(office: Path) -> None:
    submission(office / "a" / "a.xlsx", {"application_no": "C1", "measure": "M06B", "approved_amount": "300000"})
    submission(office / "b" / "b.xlsx", {"application_no": "C2", "measure": "M06B", "approved_amount": "400000"})
    for name in "ab":
        assert disburse("run", "2025-06", name, "--out", f"out-{name}", cwd=office).returncode == 0
    assert disburse("post", "out-a", *SIGNED, cwd=office).returncode == 0
    refused = disburse("post", "out-b", *SIGNED, cwd=office)
    assert refused.returncode == 2
    assert "重新运行 disburse run" in refused.stderr
    assert "C2（分期 1，b.xlsx 申报表!2）：计算时全额拨付 400000.00 元，现在部分拨付 200000.00 元。" in refused.stderr
    assert "“电商平台企业累计”上限 500,000.00 元" in refused.stderr
    assert "又记入 1 批（2025-06-1）" in refused.stderr
    booked = open_store(f"sqlite:///{office}/disburse.db", create=False).booked()
    assert list(booked["application_no"]) == ["C1"]


@pytest.mark.parametrize(
    "name",
    [
        "ledger.csv",
        "ledger.xlsx",
        "inputs/policy.yaml",
        "outcomes.csv",
        "inputs/applications/2/甲局.xlsx",
        "inputs/bookings.csv",
        "inputs/sums.csv",
    ],
)
def test_post_refuses_an_edited_file_by_name(office: Path, name: str) -> None:
    disburse("run", "2025-06", "in", "--out", "out", cwd=office)
    file = office / "out" / name
    file.write_bytes(file.read_bytes() + b" ")
    refused = disburse("post", "out", *SIGNED, cwd=office)
    assert refused.returncode == 2
    assert name in refused.stderr
    assert not open_store(f"sqlite:///{office}/disburse.db", create=False).head().sequence


def test_post_refuses_one_person_in_two_roles(office: Path) -> None:
    disburse("run", "2025-06", "in", "--out", "out", cwd=office)
    refused = disburse("post", "out", "--prepared-by", "张", "--approved-by", " 张 ", cwd=office)
    assert refused.returncode == 2
    assert "不同的人" in refused.stderr


def test_the_same_inputs_give_the_same_bytes_anywhere_and_in_any_order(office: Path) -> None:
    disburse("run", "2025-06", "in/甲局.xlsx", "in/乙局.xlsx", "--out", "one", cwd=office)
    other = office / "elsewhere"
    shutil.copytree(office / "in", other / "sent")
    disburse(
        "run", "2025-06", "sent/乙局.xlsx", "sent/甲局.xlsx", "--out", "two", cwd=other,
        TZ="America/New_York", LC_ALL="C", PYTHONHASHSEED="7", SOURCE_DATE_EPOCH="1",
    )  # fmt: skip
    assert tree(office / "one") == tree(other / "two")
    assert tree(office / "one")


BAD_USE: list[tuple[list[str], str]] = [
    (["run", "2025-13", "in", "--out", "out"], "2025-13"),
    (["run", "202506", "in", "--out", "out"], "202506"),
    (["run", "２０２５-06", "in", "--out", "out"], "2025-06"),
    (["run", "2025-06", "none.xlsx", "--out", "out"], "none.xlsx"),
    (["run", "2025-06", "empty", "--out", "out"], "empty"),
    (["run", "2025-06", "in", "--out", "in"], "不是空的"),
    (["run", "2025-06", "in", "--out", "in/甲局.xlsx"], "不是空的"),
    (["run", "2025-06", "in", "in/甲局.xlsx", "--out", "out"], "甲局.xlsx"),
    (["run", "2025-06", "in", "--out", "out", "--pay-date", "2025/06/30"], "2025/06/30"),
    (["run", "2025-06", "in", "--out", "out", "--exclusions", "none.xlsx"], "none.xlsx"),
    (["--policy", "none.yaml", "run", "2025-06", "in", "--out", "out"], "none.yaml"),
    (["--store", "mysql://x", "run", "2025-06", "in", "--out", "out"], "mysql"),
    (["--lang", "fr", "codes"], "fr"),
    (["post", "in", *SIGNED], "run.json"),
    (["post", "out"], "--prepared-by"),
    (["template", "-o", "a.xlsx", "--measure", "M99"], "M99"),
    (["template", "-o", "in/甲局.xlsx"], "已存在"),
    (["template", "-o", "a.doc"], ".xlsx"),
    (["runn"], "runn"),
]


@pytest.mark.parametrize(("arguments", "told"), BAD_USE, ids=[" ".join(a) for a, _ in BAD_USE])
def test_bad_use_is_one_sentence_and_nothing_is_written(office: Path, arguments: list[str], told: str) -> None:
    (office / "empty").mkdir()
    before = tree(office)
    done = disburse(*arguments, cwd=office)
    assert done.returncode == 2
    assert told in done.stderr
    assert done.stdout == ""
    assert tree(office) == before
    assert [file for file in office.iterdir() if file.name.startswith(".")] == []


def test_an_unknown_key_in_the_policy_names_its_line(office: Path) -> None:
    (office / "policy.yaml").write_text("policy: x\ntitel: y\n", encoding="utf-8")
    done = disburse("--policy", "policy.yaml", "run", "2025-06", "in", "--out", "out", cwd=office)
    assert done.returncode == 2
    assert "policy.yaml:2:1" in done.stderr
    assert "titel" in done.stderr


def test_a_file_that_stops_leaves_nothing_and_says_which(office: Path) -> None:
    (office / "in" / "坏.xlsx").write_bytes(b"")
    done = disburse("run", "2025-06", "in", "--out", "out", cwd=office)
    assert done.returncode == 2
    assert "坏.xlsx" in done.stderr
    assert not (office / "out").exists()
    checked = disburse("check", "in", "--json", cwd=office)
    assert checked.returncode == 2, "goes on past it, and says so"
    document = json.loads(checked.stdout)
    assert document["rows"] == 3
    assert [each["source_file"] for each in document["findings"] if each["severity"] == "stop"] == ["坏.xlsx"]


def test_check_answers_0_for_a_sound_file_and_makes_no_store(office: Path) -> None:
    done = disburse("check", "in/甲局.xlsx", cwd=office)
    assert done.returncode == 0
    assert "未核对" in done.stdout
    assert "未给出拨付日" in done.stdout
    assert not (office / "disburse.db").exists()


def test_check_answers_1_and_shows_all_findings_at_once(office: Path) -> None:
    faulty = submission(
        office / "faulty.xlsx",
        {"uscc": "91110108551385082X", "approved_amount": "-1"},
        {"approval_no": None, "elected": "否", "uscc": CODES[1], "applicant_name": "东莞乙公司", "account_no": "622202020099"},
    )  # fmt: skip
    done = disburse("check", faulty, "--json", cwd=office)
    assert done.returncode == 1
    found = {(each["code"], each["cell"]) for each in json.loads(done.stdout)["findings"]}
    assert {("USCC_INVALID", "D2"), ("AMOUNT_INVALID", "G2"), ("NOT_APPROVED", "O3"), ("DECLINED", "Q3")} <= found
    keys = {
        "code",
        "severity",
        "source_file",
        "source_sheet",
        "cell",
        "application_no",
        "column",
        "value",
        "message",
        "remedy",
    }
    assert all(keys <= each.keys() for each in json.loads(done.stdout)["findings"])


def test_two_files_of_one_name_are_told_apart(office: Path) -> None:
    submission(office / "x" / "申报.xlsx", {"measure": "M06B"})
    submission(office / "y" / "申报.xlsx", {"application_no": "B1", "measure": "M04", **OTHER})
    done = disburse("run", "2025-06", "x", "y", "--out", "out", cwd=office)
    assert done.returncode == 0, done.stderr
    names = [line["source_file"] for line in lines(office / "out" / "outcomes.csv")]
    digests = {hashlib.sha256((office / f / "申报.xlsx").read_bytes()).hexdigest()[:8] for f in "xy"}
    assert set(names) == {f"申报.xlsx~{digest}" for digest in digests}
    assert disburse("post", "out", *SIGNED, cwd=office).returncode == 0


def test_lock_files_and_hidden_files_are_skipped_and_named(office: Path) -> None:
    (office / "in" / "~$甲局.xlsx").write_bytes(b"x")
    (office / "in" / ".hidden.xlsx").write_bytes(b"x")
    done = disburse("run", "2025-06", "in", "--out", "out", cwd=office)
    assert done.returncode == 0
    assert "~$甲局.xlsx" in done.stdout
    assert ".hidden.xlsx" in done.stdout


def test_text_never_becomes_a_formula_in_any_file(office: Path) -> None:
    evil = '=HYPERLINK("http://example.invalid","x")'
    submission(office / "evil" / "a.xlsx", {"measure": "M06B", "remark": evil, "applicant_name": "+甲", "approval_no": "-1", "别的": evil}, extra=("别的",))  # fmt: skip
    submission(office / "evil" / "b.xlsx", {"application_no": "@B", "measure": "M06B", "uscc": CODES[1], "applicant_name": evil, "elected": "否"})  # fmt: skip
    assert disburse("run", "2025-06", "evil", "--out", "out", cwd=office).returncode == 0
    for file in (office / "out").glob("*.csv"):
        with file.open(encoding="utf-8-sig", newline="") as opened:
            assert not [
                cell for line in csv.reader(opened) for cell in line if cell[:1] in tuple("=+-@\t\r") and cell
            ], file
    import openpyxl

    books = [office / "out" / "ledger.xlsx", *(office / "out" / "exceptions").glob("*.xlsx")]
    assert len(books) > 1
    for file in books:
        for sheet in openpyxl.load_workbook(file):
            formulas = [c.value for row in sheet.iter_rows() for c in row if c.data_type == "f"]
            assert not [each for each in formulas if "HYPERLINK" in str(each) or "example" in str(each)], file
            assert not any(c.hyperlink for row in sheet.iter_rows() for c in row)


def test_template_filled_in_passes_check(office: Path) -> None:
    import openpyxl

    assert disburse("template", "-o", "表.xlsx", "--measure", "M06B", cwd=office).returncode == 0
    untouched = disburse("check", "表.xlsx", "--json", cwd=office)
    assert (untouched.returncode, json.loads(untouched.stdout)["rows"]) == (0, 0)
    book = openpyxl.load_workbook(office / "表.xlsx")
    sheet = book["申报表"]
    heading = next(row for row in sheet.iter_rows() if any(c.value == "申报编号" for c in row))
    place = {cell.value: cell.column for cell in heading if cell.value}
    first = next(r for r in range(heading[0].row + 1, 60) if sheet.cell(r, place["申报编号"]).value is None
                 and sheet.cell(r, place["核定金额(元)"]).value is None)  # fmt: skip
    values: dict[str, Any] = {
        "申报编号": "A1", "措施代码": "M06B", "企业名称": "东莞甲公司", "统一社会信用代码": CODES[0], "核定金额(元)": 1234.56,
        "事项发生日期": "2025-03-05", "审核通过日期": "2025-05-05", "公示截止日期": "2025-05-15", "批复文号": "东商务〔2025〕1号",
        "收款户名": "东莞甲公司", "开户银行": "示例银行", "收款账号": "6222020200123", "报送单位": "市商务局",
    }  # fmt: skip
    for name, value in values.items():
        sheet.cell(first, place[name]).value = value
    for row in sheet.iter_rows():  # openpyxl stores no values for formulas; a clerk's Excel does
        for cell in row:
            if cell.data_type == "f":
                cell.value = 1234.56 if cell.column == place["核定金额(元)"] else None
    book.save(office / "填好.xlsx")
    checked = disburse("check", "填好.xlsx", cwd=office)
    assert checked.returncode == 0, checked.stdout
    assert "共 1 行" in checked.stdout


@pytest.mark.parametrize("name", ["register", "exclusions", "awards", "budget", "waivers"])
def test_the_form_of_each_list_reads_as_an_empty_list(office: Path, name: str) -> None:
    assert disburse("template", "-o", "名单.xlsx", "--list", name, cwd=office).returncode == 0
    done = disburse("run", "2025-06", "in", "--out", "out", f"--{name}", "名单.xlsx", cwd=office)
    assert done.returncode == 0, done.stderr
    record = json.loads((office / "out" / "run.json").read_text(encoding="utf-8"))
    assert record["lists"][name]["sha256"]
    assert len(record["not_checked"]) == 4


def test_a_faulty_list_is_refused_whole(office: Path) -> None:
    submission(
        office / "名单.xlsx", {"uscc": "123", "applicant_name": "甲"}, {"reason": "无代码无名称"}, name="exclusions"
    )
    done = disburse("run", "2025-06", "in", "--out", "out", "--exclusions", "名单.xlsx", cwd=office)
    assert done.returncode == 2
    assert "名单.xlsx" in done.stderr
    assert not (office / "out").exists()


def test_help_answers_without_loading_pandas(tmp_path: Path) -> None:
    code = (
        "import sys; sys.argv = ['disburse', '--help']\n"
        "from disburse.cli import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "heavy = {'pandas', 'pandera', 'openpyxl', 'sqlalchemy', 'xlsxwriter', 'ruamel.yaml', 'pydantic'} & set(sys.modules)\n"
        "print('HEAVY', sorted(heavy))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=tmp_path)
    assert "HEAVY ['pydantic']" in done.stdout or "HEAVY []" in done.stdout
    assert "把各单位报送的补贴申报表" in done.stdout


def test_english_on_request(office: Path) -> None:
    done = disburse("--lang", "en", "run", "2025-06", "in", "--out", "out", cwd=office)
    assert done.returncode == 0
    assert "approved 702,000.50 = paid 602,000.50" in done.stdout
    assert "used" in (office / "out" / "findings.csv").read_text(encoding="utf-8-sig") or "ceiling" in (
        office / "out" / "findings.csv"
    ).read_text(encoding="utf-8-sig")
    assert disburse("post", "out", *SIGNED, cwd=office).returncode == 0, "recalculated in the run's language"
    assert "Usage:" in disburse("--help", cwd=office, DISBURSE_LANG="en").stdout


def test_settings_come_from_the_nearest_file_and_the_environment_beats_it(office: Path) -> None:
    (office / "disburse.toml").write_text('store = "sqlite:///books.db"\nlang = "en"\n', encoding="utf-8")
    below = office / "month"
    below.mkdir()
    ran = disburse("run", "2025-06", "../in", "--out", "out", cwd=below)
    assert "approved" in ran.stdout
    assert disburse("post", "out", *SIGNED, cwd=below).returncode == 0
    assert (office / "books.db").exists(), "a path in the file is relative to the file"
    assert "核定" in disburse("run", "2025-06", "../in", "--out", "out2", cwd=below, DISBURSE_LANG="zh").stdout
    (office / "disburse.toml").write_text('stroe = "x"\n', encoding="utf-8")
    refused = disburse("codes", cwd=below)
    assert refused.returncode == 2
    assert "stroe" in refused.stderr


def test_codes_prints_the_whole_catalogue(tmp_path: Path) -> None:
    printed = disburse("codes", cwd=tmp_path).stdout
    entries = json.loads(disburse("codes", "--json", cwd=tmp_path).stdout)
    assert [entry["code"] for entry in entries] == list(catalogue())
    for code in catalogue():
        assert code in printed


def test_a_pipe_gets_no_progress(office: Path) -> None:
    done = disburse("run", "2025-06", "in", "--out", "out", cwd=office)
    assert "\r" not in done.stderr + done.stdout
    assert "\x1b" not in done.stderr + done.stdout


def test_open_items_not_sent_again_are_named(office: Path) -> None:
    submission(office / "m1" / "a.xlsx", {"application_no": "H1", "measure": "M06B", "payee_name": "别人"})
    disburse("run", "2025-05", "m1", "--out", "o1", "--pay-date", "2025-06-01", cwd=office)
    assert disburse("post", "o1", *SIGNED, cwd=office).returncode == 0
    later = disburse("run", "2025-06", "in", "--out", "o2", cwd=office)
    assert "未结：H1" in later.stdout
    submission(office / "m3" / "a.xlsx", {"application_no": "H1", "measure": "M06B"})
    assert "未结" not in disburse("run", "2025-06", "m3", "--out", "o3", cwd=office).stdout


def test_a_bureau_reads_nothing_of_another_bureau(office: Path) -> None:
    """Two bureaus clash over voucher, account, names, subject and matter: each workbook holds only its own."""
    science = {"measure": "M05A", "subject_no": "ZX-1", "bureau": "市科技局", "evidence_nos": "FP-1", "matter_no": ""}
    industry = {"measure": "M12B", "subject_no": "ZX-1", "bureau": "市工业和信息化局", "evidence_nos": "FP-1"}
    submission(
        office / "clash" / "科技.xlsx",
        {**science, "application_no": "KEJI-1", "applicant_name": "东莞科技侧名称", "subject_name": "科技侧中心"},
        {
            **science,
            "application_no": "KEJI-2",
            "applicant_name": "东莞科技侧名称",
            "subject_name": "科技侧中心",
            "matter_no": "S9",
        },
    )
    submission(
        office / "clash" / "工信.xlsx",
        {**industry, "application_no": "GONGXIN-1", "applicant_name": "东莞工信侧名称", "subject_name": "工信侧项目"},
        {**industry, "application_no": "GONGXIN-2", "applicant_name": "东莞工信侧名称", "subject_name": "工信侧项目", "matter_no": "S9"},
        {**science, "application_no": "KEJI-1", "bureau": "市工业和信息化局", "applicant_name": "东莞工信侧名称"},
    )  # fmt: skip
    assert disburse("run", "2025-06", "clash", "--out", "out", cwd=office).returncode == 0
    import openpyxl

    for bureau, strange in (("市科技局", ("GONGXIN", "工信侧")), ("市工业和信息化局", ("KEJI-2", "科技侧"))):
        book = openpyxl.load_workbook(office / "out" / "exceptions" / f"{bureau}.xlsx")
        text = [str(c.value) for sheet in book for row in sheet.iter_rows() for c in row if c.value is not None]
        assert len(text) > 20
        assert not [each for each in text if any(word in each for word in strange)]
    told = (office / "out" / "findings.csv").read_text(encoding="utf-8-sig")
    assert "GONGXIN-1（工信.xlsx" in told, "finance reads the whole sentence"


def test_an_edited_record_is_refused(office: Path) -> None:
    """The pay date decides which year's budget is used: it must be the one that was signed."""
    disburse("run", "2025-06", "in", "--out", "out", cwd=office)
    file = office / "out" / "run.json"
    sound = file.read_text(encoding="utf-8")
    for old, new in (
        ('"pay_date": "2025-06-30"', '"pay_date": "2026-06-30"'),
        ('"lists": {', '"lists_": {'),
        ('"run": "', '"run": "0'),
    ):
        assert old in sound
        file.write_text(sound.replace(old, new, 1), encoding="utf-8")
        refused = disburse("post", "out", *SIGNED, cwd=office)
        assert refused.returncode == 2
        assert "run.json" in refused.stderr
    file.write_text("[]", encoding="utf-8")
    assert disburse("post", "out", *SIGNED, cwd=office).returncode == 2
    assert not (office / "disburse.db").exists()
    file.write_text(sound, encoding="utf-8")
    assert disburse("post", "out", *SIGNED, cwd=office).returncode == 0


def test_an_option_given_twice_is_refused(office: Path) -> None:
    """The first list would be dropped without a word."""
    for name in ("a", "b"):
        submission(office / f"{name}.xlsx", {"uscc": CODES[0], "document_no": "x"}, name="exclusions")
    done = disburse("run", "2025-06", "in", "--out", "out", "--exclusions", "a.xlsx", "--exclusions=b.xlsx", cwd=office)
    assert done.returncode == 2
    assert "--exclusions" in done.stderr
    assert not (office / "out").exists()


def test_inputs_of_like_names_are_all_kept(office: Path) -> None:
    submission(office / "c" / "x" / "a.xlsx", {"application_no": "X1", "measure": "M06B"})
    submission(office / "c" / "y" / "a.xlsx", {"application_no": "Y1", "measure": "M04", **OTHER})
    submission(office / "c" / "2-a.xlsx", {"application_no": "Z1", "measure": "M10", "approved_amount": "3000"})
    assert disburse("run", "2025-06", "c", "--out", "out", cwd=office).returncode == 0
    assert len([file for file in (office / "out" / "inputs" / "applications").rglob("*") if file.is_file()]) == 3
    assert disburse("post", "out", *SIGNED, cwd=office).returncode == 0


def test_a_store_named_in_the_settings_is_one_book_in_every_folder(office: Path) -> None:
    (office / "disburse.toml").write_text('store = "sqlite:///book.db"\n', encoding="utf-8")
    (office / "sub").mkdir()
    assert disburse("run", "2025-06", "../in", "--out", "out", cwd=office / "sub").returncode == 0
    assert disburse("post", "out", *SIGNED, cwd=office / "sub").returncode == 0
    again = disburse("run", "2025-07", "in", "--out", "july", cwd=office)
    assert "不存在或是空的" not in again.stdout
    assert {line["status"] for line in lines(office / "july" / "outcomes.csv")} == {"invalid"}


def test_what_silently_limits_nothing_is_said(office: Path) -> None:
    budget = {"fund": "东府[2025]2号", "year": 2025, "budget_amount": "1000", "mode": "按序"}
    submission(office / "budget.xlsx", budget, name="budget")
    done = disburse("run", "2025-06", "in", "--out", "out", "--budget", "budget.xlsx", cwd=office)
    assert done.returncode == 0
    assert "“东府[2025]2号”不是本政策的资金" in done.stdout
    assert "不存在或是空的" in done.stdout, "a mistyped store would drop all history"


def test_check_goes_on_past_what_is_missing_or_no_workbook(office: Path) -> None:
    (office / "note.docx").write_bytes(b"x")
    done = disburse("check", "--json", "none.xlsx", "note.docx", "in/甲局.xlsx", cwd=office)
    assert done.returncode == 2
    document = json.loads(done.stdout)
    assert document["rows"] == 2
    assert [each["source_file"] for each in document["findings"] if each["severity"] == "stop"] == [
        "none.xlsx",
        "note.docx",
    ]


@pytest.mark.skipif(sys.platform == "win32", reason="file names there are always text")
def test_a_name_in_another_encoding_is_a_sentence(office: Path) -> None:
    (office / "gbk").mkdir()
    shutil.copy(
        os.fsencode(office / "in" / "甲局.xlsx"), os.fsencode(office / "gbk") + b"/" + "甲局.xlsx".encode("gbk")
    )
    done = disburse("run", "2025-06", "gbk", "--out", "out", cwd=office)
    assert done.returncode == 2
    assert "改名" in done.stderr


def test_the_working_folder_itself_may_be_the_empty_one(office: Path) -> None:
    (office / "new").mkdir()
    (office / "link").symlink_to(office / "new", target_is_directory=True)
    assert disburse("run", "2025-06", "../in", "--out", ".", cwd=office / "new").returncode == 0
    assert (office / "new" / "run.json").exists()
    (office / "empty").mkdir()
    (office / "link2").symlink_to(office / "empty", target_is_directory=True)
    assert disburse("run", "2025-06", "in", "--out", "link2", cwd=office).returncode == 0
    assert (office / "empty" / "run.json").exists()
    assert tree(office / "empty") == tree(office / "new")
