"""`recheck` as an auditor uses it: a folder alone, a folder with the store, a ledger that came back by mail."""

from __future__ import annotations

import json
import re
import shutil
import sqlite3
import subprocess
import zipfile
from contextlib import closing
from pathlib import Path

import openpyxl
import pytest

from disburse.audit.recheck import recheck, recheck_ledger
from disburse.dossier import RECORD, digest, sealed
from disburse.errors import FileUnreadable, Refused, Usage
from disburse.money import capital, to_fen
from tests.audit.mutation import CSV, forge, missed
from tests.audit.office import MONTHS, play


def silent(_: str) -> None:
    pass


def store(office: Path) -> str:
    return f"sqlite:///{office / 'disburse.db'}"


def edited(folder: Path, sheet: str, cell: str, value: object, name: str = "寄回.xlsx") -> Path:
    """The ledger of a run with one cell typed over, as it comes back by mail."""
    book = openpyxl.load_workbook(folder / "ledger.xlsx", data_only=True)  # sums as the values they carry
    book[sheet][cell] = value
    file = folder.parent / name
    book.save(file)
    return file


def places(differences) -> set[tuple[str, str]]:
    return {(each.sheet, each.cell) for each in differences}


@pytest.mark.parametrize("month", MONTHS)
def test_an_untouched_run_shows_no_difference(office: Path, month: str) -> None:
    review = recheck(office / "out" / month, store(office), silent)
    assert review.differences == []
    assert len(review.checks) == 10
    assert review.month is not None


def test_the_sample_with_short_budgets_shows_no_difference(tmp_path: Path) -> None:
    play(tmp_path, "02-short-budget")
    for folder in (tmp_path / "out").iterdir():
        assert recheck(folder, store(tmp_path), silent).differences == []


def test_the_folder_alone_is_enough(office: Path, tmp_path: Path, disburse) -> None:
    """On another machine there is neither the store nor the bureaus' files."""
    shutil.copytree(office / "out" / "2025-07", tmp_path / "auditor" / "七月")
    done = disburse("recheck", "七月", cwd=tmp_path / "auditor")
    assert done.returncode == 0
    assert "差异  " not in done.stdout.replace("无差异  ", "")
    assert (tmp_path / "auditor" / "七月-复核报告.xlsx").is_file()
    assert not (tmp_path / "auditor" / "disburse.db").exists()


def test_the_report_never_lies_in_the_folder(copied: Path, disburse) -> None:
    before = sorted((copied / "out" / "2025-07").rglob("*"))
    done = disburse("recheck", "out/2025-07", "--report", "out/2025-07/r.xlsx", cwd=copied)
    assert (done.returncode, "写到别处" in done.stderr) == (2, True)
    assert disburse("recheck", "out/2025-07", cwd=copied).returncode == 0
    assert sorted((copied / "out" / "2025-07").rglob("*")) == before


def test_a_report_is_not_written_over(copied: Path, disburse) -> None:
    report = copied / "out" / "2025-07-复核报告.xlsx"
    assert disburse("recheck", "out/2025-07", cwd=copied).returncode == 0
    first = report.read_bytes()
    assert disburse("recheck", "out/2025-07", cwd=copied).returncode == 0
    assert [file.name for file in (copied / "out").glob("*.xlsx")] == [report.name], "the same report is one file"
    (copied / "out" / "2025-07" / "新.txt").write_text("加进来的", encoding="utf-8")
    assert disburse("recheck", "out/2025-07", cwd=copied).returncode == 1
    assert report.read_bytes() == first
    assert (copied / "out" / "2025-07-复核报告-2.xlsx").is_file()
    assert disburse("recheck", "out/2025-07", "--report", report, cwd=copied).returncode == 2


def test_files_added_and_removed_are_named(copied: Path) -> None:
    folder = copied / "out" / "2025-06"
    (folder / "annotated" / "多.xlsx").write_bytes(b"")
    gone = next((folder / "exceptions").iterdir())
    gone.unlink()
    found = recheck(folder, None, silent).differences
    assert {each.file for each in found} == {"annotated/多.xlsx", f"exceptions/{gone.name}"}


def test_an_input_that_cannot_be_read_any_more_is_a_difference(copied: Path) -> None:
    folder = copied / "out" / "2025-06"
    file = next((folder / "inputs" / "applications").rglob("*.xlsx"))
    file.write_bytes(b"PK\x03\x04 cut off")
    found = recheck(folder, None, silent).differences
    assert file.relative_to(folder).as_posix() in {each.file for each in found}
    assert any(each.file == "inputs/" and file.name in each.found for each in found)


@pytest.mark.parametrize("content", ["", "{", "[]", '{"run": "x"}', "null"])
def test_a_record_that_is_none_is_refused(copied: Path, disburse, content: str) -> None:
    (copied / "out" / "2025-06" / RECORD).write_text(content, encoding="utf-8")
    for command in (("recheck", "out/2025-06"), ("explain", "out/2025-06", "KJ-2025-012")):
        done = disburse(*command, cwd=copied)
        assert (done.returncode, RECORD in done.stderr) == (2, True)


def test_a_folder_that_is_no_run_is_refused(tmp_path: Path, disburse) -> None:
    for subject, said in ((".", RECORD), ("没有", "找不到")):
        done = disburse("recheck", subject, cwd=tmp_path)
        assert (done.returncode, said in done.stderr) == (2, True)


@pytest.mark.parametrize("name", ["/etc/passwd", "../../disburse.db", "inputs/../../../x", "run.json"])
def test_a_record_does_not_lead_out_of_its_folder(copied: Path, disburse, name: str) -> None:
    file = copied / "out" / "2025-06" / RECORD
    record = json.loads(file.read_text(encoding="utf-8"))
    record["opening"]["bookings"]["file"] = name
    file.write_text(json.dumps(record), encoding="utf-8")
    assert disburse("recheck", "out/2025-06", cwd=copied).returncode == 2


def test_a_run_in_english_is_checked_in_chinese(copied: Path, disburse) -> None:
    given = ("--lang", "en", "run", "2025-05", "inputs/2025-05", "--out", "out/english")
    assert disburse(*given, cwd=copied).returncode == 0
    done = disburse("recheck", "out/english", cwd=copied)
    assert (done.returncode, "ledger.xlsx  9 张工作表" in done.stdout) == (0, True)


def test_a_forged_amount_is_found_to_the_cell(copied: Path) -> None:
    """ledger.csv raised, and every hash mended: the second calculation knows what it should be."""
    folder = copied / "out" / "2025-05"
    file = folder / "ledger.csv"
    file.write_bytes(file.read_bytes().replace(b",365123.45,", b",865123.45,"))
    forge(folder, "ledger.csv")
    found = [each for each in recheck(folder, None, silent).differences if each.file == "ledger.csv"]
    assert [
        (each.cell, each.application_no, each.column, each.expected, each.found, each.difference) for each in found
    ] == [("I4", "GX-2025-001", "paid", "365123.45", "865123.45", "500000.00")]


def test_a_line_left_out_and_one_put_in_are_found_as_lines(copied: Path) -> None:
    folder = copied / "out" / "2025-05"
    file = folder / "outcomes.csv"
    lines = file.read_bytes().split(b"\r\n")
    file.write_bytes(b"\r\n".join([*lines[:5], *lines[6:]]))
    forge(folder, "outcomes.csv")
    found = [each for each in recheck(folder, None, silent).differences if each.file == "outcomes.csv"]
    assert {each.cell for each in found} == {"6:6", ""}, "the line, and that its row has no status"
    file.write_bytes(b"\r\n".join([*lines[:5], lines[3], *lines[5:]]))
    forge(folder, "outcomes.csv")
    found = [each for each in recheck(folder, None, silent).differences if each.file == "outcomes.csv"]
    assert {each.cell for each in found} == {"6:6", ""}


def past_the_guards(folder: Path, statement: str) -> None:
    with closing(sqlite3.connect(folder / "disburse.db")) as connection:
        for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            connection.execute(f"DROP TRIGGER {name}")
        assert connection.execute(statement).rowcount == 1
        connection.commit()


def test_a_booked_line_that_was_changed_is_found(copied: Path) -> None:
    past_the_guards(copied, "UPDATE posting SET paid_fen = paid_fen - 1 WHERE application_no = 'KJ-2025-010'")
    for month in ("2025-06", "2025-07"):  # the run that booked it, and the run that counted it
        found = recheck(copied / "out" / month, store(copied), silent).differences
        assert [(each.application_no, each.column, each.difference) for each in found][:1] == [
            ("KJ-2025-010", "paid", "-0.01")
        ]
    assert recheck(copied / "out" / "2025-06", None, silent).differences == []


def test_a_booked_outcome_that_was_changed_is_found(copied: Path) -> None:
    past_the_guards(
        copied,
        "UPDATE outcome SET status = 'rejected' WHERE (batch_no, line) IN"
        " (SELECT batch_no, line FROM outcome WHERE batch_no = 1 AND status = 'held' LIMIT 1)",
    )
    found = recheck(copied / "out" / "2025-05", store(copied), silent).differences
    of_run, *of_chain = [(each.file, each.column, each.expected, each.found) for each in found]
    assert of_run == ("账簿 2025-05-1（处理结果）", "status", "held", "rejected")
    assert {each[:2] for each in of_chain} == {("账簿 2025-05-1", "链")}


def test_a_change_of_what_the_run_had_no_part_in_is_found_too(copied: Path) -> None:
    past_the_guards(copied, "UPDATE posting SET payee_name = payee_name || '改' WHERE batch_no = 3 AND line = 1")
    found = recheck(copied / "out" / "2025-05", store(copied), silent).differences
    assert {(each.file, each.column) for each in found} == {("账簿 2025-07-1", "链")}
    assert any(each.cell == "第 1 笔" for each in found)


def test_the_chain_must_hold_the_head_that_the_run_started_from(copied: Path) -> None:
    """A book made anew, whole in itself, is another book."""
    folder = copied / "out" / "2025-06"
    record = json.loads((folder / RECORD).read_text(encoding="utf-8"))
    record["opening"]["hash"] = "0" * 64
    record = sealed({name: value for name, value in record.items() if name != "run"})
    (folder / RECORD).write_text(json.dumps(record, ensure_ascii=False), encoding="utf-8")
    found = recheck(folder, store(copied), silent).differences
    assert any("链首与回执不同" in each.found for each in found)


def test_a_run_that_was_not_booked_is_found(copied: Path) -> None:
    past_the_guards(copied, f"UPDATE batch SET run_hash = '{'0' * 64}' WHERE batch_no = 1")
    found = recheck(copied / "out" / "2025-05", store(copied), silent).differences
    assert found[0].expected == "本次运行已记账"


def test_a_store_that_is_not_there_is_refused(office: Path, tmp_path: Path) -> None:
    for check in (recheck, lambda folder, url, told: recheck_ledger(folder / "ledger.xlsx", None, url, told)):
        with pytest.raises(Refused, match="不存在或是空的"):
            check(office / "out" / "2025-05", f"sqlite:///{tmp_path / 'leer.db'}", silent)


def test_the_store_of_the_settings_is_not_asked_for_by_itself(copied: Path, disburse) -> None:
    (copied / "disburse.toml").write_text('store = "sqlite:///anders.db"\n', encoding="utf-8")
    assert disburse("recheck", "out/2025-05", cwd=copied).returncode == 0
    assert disburse("--store", "sqlite:///anders.db", "recheck", "out/2025-05", cwd=copied).returncode == 2
    assert disburse("recheck", "out/2025-05", "--store", "sqlite:///disburse.db", cwd=copied).returncode == 0


class TestLedger:
    """A ledger by itself, with its run, with the store."""

    def test_an_untouched_one_holds(self, office: Path) -> None:
        for month in MONTHS:
            folder = office / "out" / month
            assert recheck_ledger(folder / "ledger.xlsx", None, None, silent).differences == []
            assert recheck_ledger(folder / "ledger.xlsx", None, store(office), silent).differences == []
            assert recheck_ledger(folder / "ledger.xlsx", folder, store(office), silent).differences == []

    def test_saved_by_another_program_it_still_holds(self, office: Path, tmp_path: Path) -> None:
        """Styles and stored values are written anew; what is said stays the same."""
        soffice = shutil.which("soffice")
        if soffice is None:
            pytest.skip("needs LibreOffice")
        folder = office / "out" / "2025-06"
        subprocess.run(
            [soffice, f"-env:UserInstallation=file://{tmp_path}/profile", "--headless", "--convert-to", "xlsx:Calc MS Excel 2007 XML",
             "--outdir", tmp_path, folder / "ledger.xlsx"],
            check=True, capture_output=True, timeout=180,
        )  # fmt: skip
        saved = tmp_path / "ledger.xlsx"
        assert saved.read_bytes() != (folder / "ledger.xlsx").read_bytes()
        for run in (folder, None):
            assert recheck_ledger(saved, run, None, silent).differences == []

    @pytest.mark.parametrize("run", [True, False])
    def test_an_amount_typed_over_is_found_at_its_cell(self, copied: Path, run: bool) -> None:
        folder = copied / "out" / "2025-05"
        file = edited(folder, "拨付清单", "F6", 999999.99)
        found = recheck_ledger(file, folder if run else None, None, silent).differences
        assert ("拨付清单", "F6") in places(found)
        assert run == (places(found) == {("拨付清单", "F6")})

    def test_an_account_typed_over_is_found_at_its_cell(self, copied: Path) -> None:
        folder = copied / "out" / "2025-05"
        file = edited(folder, "拨付清单", "I6", "62220202000000000")
        for given in ((folder, None), (None, store(copied)), (None, None)):
            assert ("拨付清单", "I6") in places(recheck_ledger(file, *given, silent).differences)

    def test_a_total_typed_over_is_found_by_the_arithmetic_alone(self, copied: Path) -> None:
        folder = copied / "out" / "2025-07"
        sheet = openpyxl.load_workbook(folder / "ledger.xlsx", data_only=True)["拨付清单"]
        total = next(row for row in sheet.iter_rows() if str(row[0].value).startswith("合计"))
        words = next(row for row in sheet.iter_rows() if "大写" in str(row[0].value))
        cell = total[5]
        file = edited(folder, "拨付清单", cell.coordinate, cell.value + 0.01)
        assert places(recheck_ledger(file, None, None, silent).differences) == {("拨付清单", cell.coordinate)}
        fen = to_fen(f"{cell.value:.2f}")
        said = str(words[0].value).replace(capital(fen), capital(fen + 1))
        file = edited(folder, "拨付清单", words[0].coordinate, said)
        found = recheck_ledger(file, None, None, silent).differences
        assert [(each.cell, each.expected, each.found) for each in found] == [
            (words[0].coordinate, capital(fen), capital(fen + 1))
        ]

    def test_a_formula_that_would_show_something_else_is_found(self, copied: Path) -> None:
        """What the cell carries is right; the program that opens it would calculate a million more."""
        folder = copied / "out" / "2025-07"
        file = copied / "寄回.xlsx"
        with zipfile.ZipFile(folder / "ledger.xlsx") as before, zipfile.ZipFile(file, "w") as after:
            for part in before.infolist():
                content = before.read(part)
                if part.filename.endswith("sheet1.xml"):
                    (formula, *_) = re.findall(rb"<f>SUM[^<]*</f>", content)
                    content = content.replace(formula, formula.replace(b"</f>", b"+1000000</f>"), 1)
                after.writestr(part, content)
        for run in (folder, None):
            found = recheck_ledger(file, run, None, silent).differences
            assert [(each.sheet, "+1000000" in each.found) for each in found if not each.file.endswith(".json")] == [
                ("拨付清单", True)
            ]

    @pytest.mark.parametrize(
        ("part", "old", "new", "place"),
        [
            ("xl/styles.xml", "#,##0.00_ ", "&quot;9&quot;#,##0.00_ ", ("拨付清单", "F6")),
            ("xl/styles.xml", "#,##0.00_ ", "#,##0,_ ", ("拨付清单", "F6")),
            ("xl/styles.xml", "#,##0.00_ ", ";;;", ("拨付清单", "F6")),
            ("xl/styles.xml", 'formatCode="@"', 'formatCode="0;0;0;&quot;8888&quot;"', ("拨付清单", "I6")),
            ("xl/workbook.xml", '<sheet name="核减"', '<sheet name="核减" state="hidden"', ("核减", "")),
            ("xl/worksheets/sheet1.xml", '<row r="6"', '<row r="6" hidden="1"', ("拨付清单", "6:6")),
        ],
    )
    def test_what_is_there_but_is_not_shown_is_found(
        self, copied: Path, part: str, old: str, new: str, place: tuple[str, str]
    ) -> None:
        folder = copied / "out" / "2025-05"
        file = copied / "寄回.xlsx"
        with zipfile.ZipFile(folder / "ledger.xlsx") as before, zipfile.ZipFile(file, "w") as after:
            for each in before.infolist():
                content = before.read(each)
                if each.filename == part:
                    assert old.encode() in content
                    content = content.replace(old.encode(), new.encode())
                after.writestr(each, content)
        for run in (folder, None):
            assert place in places(recheck_ledger(file, run, None, silent).differences)

    def test_without_run_and_store_it_says_what_it_did_not_do(self, office: Path, tmp_path: Path, disburse) -> None:
        file = shutil.copy(office / "out" / "2025-05" / "ledger.xlsx", tmp_path / "清单.xlsx")
        done = disburse("recheck", file, cwd=tmp_path)
        assert (done.returncode, "没有重新计算" in done.stdout) == (0, True)
        report = openpyxl.load_workbook(tmp_path / "清单-复核报告.xlsx").worksheets[0]
        said = "\n".join(str(cell.value) for row in report for cell in row if cell.value)
        assert "没有核对。" in said, "nobody signs for a calculation that was not made"
        assert "另一套逐行计算" not in said
        assert digest(Path(file)) in said

    def test_the_ledger_of_another_month_is_not_this_ones(self, office: Path) -> None:
        assert recheck_ledger(
            office / "out" / "2025-05" / "ledger.xlsx", office / "out" / "2025-06", None, silent
        ).differences

    def test_what_is_no_ledger_is_refused(self, office: Path, tmp_path: Path) -> None:
        with pytest.raises(Usage):
            recheck_ledger(next((office / "inputs" / "2025-06").glob("*.xlsx")), None, None, silent)
        (tmp_path / "x.xlsx").write_bytes(b"")
        with pytest.raises(FileUnreadable):
            recheck_ledger(tmp_path / "x.xlsx", None, None, silent)


@pytest.mark.parametrize("name", CSV)
def test_a_file_for_machines_that_is_gone_is_found(copied: Path, name: str) -> None:
    folder = copied / "out" / "2025-06"
    (folder / name).unlink()
    assert name in {each.file for each in recheck(folder, None, silent).differences}


def test_single_changes_drawn_at_random_are_all_found(office: Path) -> None:
    """`make mutations` draws a thousand."""
    assert missed(office, 12, seed=7) == []
