"""The book between the months, as its keepers use it: real files, a real store, a process of its own."""

from __future__ import annotations

import csv
import io
import json
import os
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

from disburse.cli import group
from disburse.store import open_store
from tests.months import CODES
from tests.test_commands import OTHER, SIGNED, disburse, lines
from tests.workbook import submission

if TYPE_CHECKING:
    from pathlib import Path

BACK = ("--date", "2025-07-08", "--reason", "退票", "--document-no", "银退1号", *SIGNED)

MORE = {"application_no": "A3", "measure": "M06B", "approved_amount": "300000", "event_date": "2025-04-01"}

OPENING: dict[str, Any] = {
    "application_no": "OLD-1", "measure": "M06B", "applicant_name": "东莞甲公司", "uscc": CODES[0],
    "paid_amount": "400000", "pay_date": "2025-04-28", "document_no": "东财工〔2025〕12号", "event_date": "2025-03-05",
    "payee_name": "东莞甲公司", "account_no": "622202020012345678", "bureau": "市商务局",
}  # fmt: skip


@pytest.fixture(scope="module")
def paid(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An office that has paid two awards of M06B (500,000 in all per enterprise) in June, and holds a third row."""
    office = tmp_path_factory.mktemp("office")
    submission(
        office / "in" / "a.xlsx",
        {"application_no": "A1", "measure": "M06B", "approved_amount": "400000"},
        {"application_no": "A2", "measure": "M10", "approved_amount": "2000.50", **OTHER},
        {"application_no": "H1", "measure": "M10", "approved_amount": "3000", "payee_name": "别人"},
    )
    book(office, "2025-06", "in")
    return office


@pytest.fixture
def office(paid: Path, tmp_path: Path) -> Path:
    (tmp_path / "disburse.db").write_bytes((paid / "disburse.db").read_bytes())
    return tmp_path


class Here:
    """What a command printed and how it ended, run in this process: for the many short questions to one book."""

    def __init__(self, office: Path, *arguments: str) -> None:
        os.chdir(office)
        done = CliRunner().invoke(group(), arguments, prog_name="disburse", auto_envvar_prefix="DISBURSE")
        if done.exception and not isinstance(done.exception, SystemExit):
            raise done.exception
        self.returncode, self.stdout, self.stderr = done.exit_code, done.stdout, done.stderr


@pytest.fixture(autouse=True)
def _working_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)


def book(office: Path, month: str, folder: str) -> None:
    out = f"out-{folder}"
    ran = Here(office, "run", month, folder, "--out", out)
    assert ran.returncode == 0, ran.stderr
    posted = Here(office, "post", out, *SIGNED)
    assert posted.returncode == 0, posted.stderr


def outcome(office: Path, folder: str) -> dict[str, str]:
    (line,) = lines(office / f"out-{folder}" / "outcomes.csv")
    return line


def history(office: Path, *conditions: str) -> dict[str, Any]:
    done = Here(office, "history", "--json", *conditions)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_returned_by_the_bank_and_paid_again(office: Path) -> None:
    """退票, mended, 补发: both stand in the history, and only one of them counts."""
    done = disburse("reverse", "A1", *BACK, cwd=office)
    assert done.returncode == 0, done.stderr
    assert "净额 400,000.00 → 0.00 元" in done.stdout
    again = {"application_no": "A1", "measure": "M06B", "approved_amount": "400000", "account_no": "622202020088888888"}
    submission(office / "again" / "a.xlsx", again)
    ran = Here(office, "run", "2025-07", "again", "--out", "out-again")
    assert ran.returncode == 0, ran.stderr
    assert (outcome(office, "again")["status"], outcome(office, "again")["paid"]) == ("paid", "400000.00")
    assert Here(office, "post", "out-again", *SIGNED).returncode == 0
    found = history(office, "--application", "A1")
    assert found["totals"] == {
        "payments": 2, "paid": "800000.00", "reversals": 1, "back": "-400000.00", "net": "400000.00",
    }  # fmt: skip
    told = [
        (line["batch"], line["kind"], line["paid"], line["net"], line["refers_to_batch"]) for line in found["lines"]
    ]
    assert told == [
        ("2025-06-1", "payment", "400000.00", "0.00", None),
        ("冲正-2025-07-1", "reversal", "-400000.00", None, "2025-06-1"),
        ("2025-07-1", "payment", "400000.00", "400000.00", "2025-06-1"),
    ]
    submission(office / "more" / "a.xlsx", {**again, "application_no": "A3", "event_date": "2025-04-01"})
    Here(office, "run", "2025-08", "more", "--out", "out-more")
    more = outcome(office, "more")
    assert (more["paid"], more["reasons"]) == ("100000.00", "LIMIT_REACHED"), "the limit counts the net, once"
    submission(office / "twice" / "a.xlsx", again)
    Here(office, "run", "2025-08", "twice", "--out", "out-twice")
    assert outcome(office, "twice")["reasons"].split(";")[0] == "ALREADY_PAID"


def test_a_run_made_before_the_reversal_is_not_booked_after_it(office: Path) -> None:
    submission(office / "more" / "a.xlsx", MORE)
    Here(office, "run", "2025-07", "more", "--out", "out-more")
    assert outcome(office, "more")["paid"] == "100000.00"
    assert disburse("reverse", "A1", *BACK, "--amount", "0.01", cwd=office).returncode == 0
    refused = Here(office, "post", "out-more", *SIGNED)
    assert refused.returncode == 2
    assert "重新运行 disburse run" in refused.stderr
    Here(office, "run", "2025-07", "more", "--out", "out-more2")
    assert outcome(office, "more2")["paid"] == "100000.01"


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["NONE", *BACK], "NONE"),
        (["A1", *BACK, "--amount", "400000.01"], "400,000.00"),
        (["A1", *BACK, "--amount", "12万"], "1234.50"),
        (["A1", *BACK, "--amount", "0"], "0.00"),
        (["A1", *BACK[2:]], "--date"),
        (["A1", *BACK[:4], *SIGNED], "--document-no"),
        (["A1", *BACK[:6], "--prepared-by", "张", "--approved-by", "张"], "不同的人"),
        (["A1", "--date", "2025-06-01", *BACK[2:]], "2025-06-30"),
        (["A1", *BACK[:2], "--reason", "其他", *BACK[4:]], "退票、退款、追回"),
        (["H1", *BACK], "H1"),
    ],
)
def test_a_reversal_that_cannot_be_is_one_sentence(office: Path, arguments: list[str], told: str) -> None:
    before = (office / "disburse.db").read_bytes()
    done = Here(office, "reverse", *arguments)
    assert done.returncode == 2
    assert told in done.stderr
    assert done.stdout == ""
    assert (office / "disburse.db").read_bytes() == before


def test_a_mistyped_store_is_not_made(tmp_path: Path) -> None:
    for command in (["reverse", "A1", *BACK], ["verify"]):
        done = Here(tmp_path, *command)
        assert done.returncode == 2
        assert "disburse.db" in done.stderr
    assert Here(tmp_path, "history").returncode == 0
    assert [*tmp_path.iterdir()] == []


def test_history_answers_by_each_condition(office: Path) -> None:
    assert Here(office, "reverse", "A2", *BACK, "--amount", "0.50").returncode == 0
    for conditions, found in [
        ((), ["A1", "A2", "A2"]),
        (("--measure", "M06B"), ["A1"]),
        (("--measure", "m06b"), ["A1"]),
        (("--enterprise", "91110108551385082q"), ["A1"]),
        (("--enterprise", "东莞乙"), ["A2", "A2"]),
        (("--enterprise", "%"), []),
        (("--batch", "2025-06-1"), ["A1", "A2"]),
        (("--batch", "冲正-2025-07-1"), ["A2"]),
        (("--month", "2025-07"), ["A2"]),
        (("--month", "2025-06", "--measure", "M10"), ["A2"]),
        (("--application", "Ａ2"), ["A2", "A2"]),
        (("--subject", "ZX-1"), []),
    ]:
        assert [line["application_no"] for line in history(office, *conditions)["lines"]] == found, conditions
    assert [line["application_no"] for line in history(office, "--open")["lines"]] == ["H1"]
    assert history(office, "--open", "--measure", "M06B")["lines"] == []
    assert Here(office, "history", "--open", "--subject", "x").returncode == 2
    assert Here(office, "history", "--month", "2025-13").returncode == 2


def test_history_on_the_screen_and_as_csv(office: Path) -> None:
    assert Here(office, "reverse", "A2", *BACK, "--amount", "0.50").returncode == 0
    screen = Here(office, "history").stdout
    assert "拨付 2 笔 402,000.50 元，冲正 1 笔 -0.50 元，净额 402,000.00 元" in screen
    assert "退票 银退1号，冲 2025-06-1!" in screen
    assert "待核" in Here(office, "history", "--open").stdout
    text = Here(office, "history", "--csv").stdout
    assert text.startswith("\ufeffbatch,line,kind,")
    told = [*csv.DictReader(io.StringIO(text.removeprefix("\ufeff")))]
    assert [line["paid"] for line in told] == ["400000.00", "2000.50", "-0.50"]
    assert [line["net"] for line in told] == ["400000.00", "2000.00", ""]


def test_the_book_is_verified_and_a_change_is_found(office: Path) -> None:
    whole = disburse("verify", cwd=office)
    assert whole.returncode == 0, whole.stderr
    head = open_store(f"sqlite:///{office / 'disburse.db'}", create=False).head()
    assert f"链首 1 {head.hash}" in whole.stdout
    for given in (f"1:{head.hash}", f"1 {head.hash[:12]}", f"1:{head.hash.upper()}"):
        assert Here(office, "verify", "--head", given).returncode == 0
    for given, told in ((f"2:{head.hash}", "（序号 2）不符"), (f"1:{'0' * 64}", "链首与回执不同")):
        done = Here(office, "verify", "--head", given)
        assert done.returncode == 1
        assert told in done.stdout
    assert Here(office, "verify", "--head", "1:abc").returncode == 2


def test_an_office_starts_in_the_middle_of_the_policys_life(tmp_path: Path) -> None:
    """What was paid before counts in limits, in repeated applications and in the budget, and stands in the chain."""
    submission(tmp_path / "期初.xlsx", {**OPENING, "application_no": "OLD-1"}, name="history")
    done = disburse("import", "期初.xlsx", *SIGNED, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "批次 期初-1：期初 1 笔，合计 400,000.00 元" in done.stdout
    assert "此前已导入" in Here(tmp_path, "import", "期初.xlsx", *SIGNED).stdout
    new = {
        "measure": "M06B",
        "approved_amount": "300000",
        "event_date": "2025-04-01",
        "account_no": "622202020012345678",
    }
    submission(tmp_path / "in" / "a.xlsx", {**new, "application_no": "OLD-1"}, {**new, "application_no": "N1"})
    submission(tmp_path / "预算.xlsx", {"fund": "东府〔2025〕2号", "year": 2025, "budget_amount": "450000", "mode": "按序"}, name="budget")  # fmt: skip
    ran = disburse("run", "2025-06", "in", "--out", "out", "--budget", "预算.xlsx", cwd=tmp_path)
    assert ran.returncode == 0, ran.stderr
    told = {line["application_no"]: line for line in lines(tmp_path / "out" / "outcomes.csv")}
    assert told["OLD-1"]["reasons"] == "ALREADY_PAID"
    assert (told["N1"]["paid"], told["N1"]["reasons"]) == ("50000.00", "LIMIT_REACHED;BUDGET_REACHED")
    assert disburse("post", "out", *SIGNED, cwd=tmp_path).returncode == 0
    assert Here(tmp_path, "verify").returncode == 0
    assert [line["kind"] for line in history(tmp_path)["lines"]] == ["opening", "payment"]
    assert Here(tmp_path, "reverse", "OLD-1", *BACK).returncode == 0, "opening lines come back like others"


def test_an_import_with_faults_names_them_all(tmp_path: Path) -> None:
    submission(tmp_path / "期初.xlsx", {**OPENING, "measure": "M99"}, {**OPENING, "uscc": "1"}, name="history")
    done = Here(tmp_path, "import", "期初.xlsx", *SIGNED)
    assert done.returncode == 2
    assert "C2" in done.stderr
    assert "E3" in done.stderr
    assert not (tmp_path / "disburse.db").exists()


def test_the_banks_results_are_booked_in_one_go(office: Path) -> None:
    row = {"account_no": "622202020012345678", "payee_name": "东莞甲公司", "amount": "400000.00", "result": "失败"}
    submission(office / "结果.xlsx", {**row, "reason": "户名不符"}, name="settlement")
    wanting = Here(office, "settle", "结果.xlsx", *SIGNED)
    assert wanting.returncode == 2
    assert "--document-no" in wanting.stderr
    given = ("--date", "2025-07-08", "--document-no", "TP-1", *SIGNED)
    done = disburse("settle", "结果.xlsx", *given, cwd=office)
    assert done.returncode == 0, done.stderr
    assert "A1（分期 1，批次 2025-06-1）东莞甲公司：退票：户名不符，凭证 TP-1，净额 400,000.00 → 0.00 元" in done.stdout
    again = Here(office, "settle", "结果.xlsx", *given)
    assert again.returncode == 0
    assert "没有重复记账" in again.stdout
    (office / "结果.csv").write_text(
        "账号,户名,金额,结果\n622202020012345678,东莞甲公司,1.00,失败\n", encoding="utf-8-sig"
    )
    refused = Here(office, "settle", "结果.csv", *given)
    assert refused.returncode == 2
    assert "都不相符" in refused.stderr
    assert history(office)["totals"]["net"] == "2000.50"


def test_the_book_is_kept_safe_and_brought_back(office: Path) -> None:
    kept = disburse("backup", "备份/六月.db", cwd=office)
    assert kept.returncode == 0, kept.stderr
    assert "已备份到 备份/六月.db：1 批 2 笔，净额 402,000.50 元，已核对" in kept.stdout
    assert Here(office, "backup", "备份/六月.db").returncode == 2
    assert "不是空的" in Here(office, "restore", "备份/六月.db").stderr
    back = disburse("--store", "sqlite:///新.db", "restore", "备份/六月.db", cwd=office)
    assert back.returncode == 0, back.stderr
    assert back.stdout.splitlines()[-1] == kept.stdout.splitlines()[-1]
    assert (office / "新.db").exists()
    for file in ("无.db", "out-in"):
        assert Here(office, "--store", "sqlite:///再.db", "restore", file).returncode == 2
    assert not (office / "再.db").exists()
