"""A bureau's way: check, mend in the marked copy, check again, until nothing is left; nothing of its own is ever lost."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import openpyxl
import pytest
from openpyxl.workbook.defined_name import DefinedName

from tests.intake.made import HEADINGS, SOUND, at, lines, save
from tests.months import CODES
from tests.test_commands import disburse, tree
from tests.workbook import submission

if TYPE_CHECKING:
    from collections.abc import Callable

FILES = Path(__file__).parent / "intake" / "files"
FAULTY = {"uscc": "91110108551385082A", "approved_amount": "约5万", "payee_name": "东莞示例科技有限公司"}


def faulty(path: Path) -> Path:
    return save(path, [["2025年申报表"], [], *lines({}, FAULTY)])


def found(path: Path, cwd: Path) -> list[tuple[str, str, str]]:
    findings = json.loads(disburse("check", path, "--json", cwd=cwd).stdout)["findings"]
    return [(each["code"], each["source_sheet"], each["cell"]) for each in findings]


def test_mend_in_the_copy_until_it_is_clean(tmp_path: Path) -> None:
    original = faulty(tmp_path / "a.xlsx")
    sent = original.read_bytes()
    done = disburse("check", "a.xlsx", "--annotate", "标注", cwd=tmp_path)
    assert done.returncode == 1
    assert "可以报送" not in done.stderr
    copy = tmp_path / "标注" / "a.xlsx"
    assert "标注副本：标注/a.xlsx（2 处）" in done.stdout
    assert original.read_bytes() == sent
    assert found(copy, tmp_path) == found(original, tmp_path) != []

    book = openpyxl.load_workbook(copy)
    sheet = book["表1"]
    assert sheet[at("uscc", 5)].comment is not None
    sheet[at("uscc", 5)] = SOUND["uscc"]
    book.save(copy)
    disburse("check", copy, "--annotate", "标注2", cwd=tmp_path)
    again = openpyxl.load_workbook(tmp_path / "标注2" / "a.xlsx")["表1"]
    assert again[at("uscc", 5)].comment is None
    assert again[at("uscc", 5)].fill.patternType is None
    assert again[at("approved_amount", 5)].comment is not None

    sheet[at("approved_amount", 5)] = 50000
    book.save(copy)
    last = disburse("check", copy, "--annotate", "标注3", cwd=tmp_path)
    assert last.returncode == 0, last.stdout
    assert last.stderr.splitlines()[-1] == "下一步：可以报送。"
    clean = openpyxl.load_workbook(tmp_path / "标注3" / "a.xlsx")
    assert clean.sheetnames == ["表1"]
    assert clean["表1"].max_column == len(HEADINGS)


def test_a_copy_of_a_copy_does_not_pile_up(tmp_path: Path) -> None:
    faulty(tmp_path / "a.xlsx")
    disburse("check", "a.xlsx", "--annotate", "1", cwd=tmp_path)
    disburse("check", "1/a.xlsx", "--annotate", "2", cwd=tmp_path)
    assert (tmp_path / "1" / "a.xlsx").read_bytes() == (tmp_path / "2" / "a.xlsx").read_bytes()


def test_the_copies_in_the_folder_that_is_checked_are_not_checked_with_it(tmp_path: Path) -> None:
    faulty(tmp_path / "a.xlsx")
    for _ in range(2):
        done = disburse("check", ".", "--annotate", "标注", cwd=tmp_path)
        assert "共 2 行，2 个问题" in done.stdout
    assert "标注/a.xlsx" in done.stdout, "what is left out is named"


def test_a_row_that_a_correction_replaces_is_named(tmp_path: Path) -> None:
    """Marked by mistake, it would put somebody else's application out of force without a word."""
    other = {"corrects": "是", "payee_name": "东莞示例科技有限公司", "applicant_name": "东莞示例科技有限公司"}
    save(tmp_path / "a.xlsx", lines({"application_no": "A-1"}, {"application_no": "A-1", **other}))
    done = disburse("check", "a.xlsx", cwd=tmp_path)
    assert f"不再计算：a.xlsx!表1!2  A-1  {SOUND['applicant_name']}" in done.stdout


def test_nothing_is_written_over(tmp_path: Path) -> None:
    faulty(tmp_path / "a.xlsx")
    (tmp_path / "o").mkdir()
    (tmp_path / "o" / "a.xlsx").write_text("mine")
    for _ in range(2):
        done = disburse("check", "a.xlsx", "--annotate", "o", cwd=tmp_path)
        assert "o/a (2).xlsx" in done.stdout
    assert (tmp_path / "o" / "a.xlsx").read_text() == "mine"
    assert sorted(path.name for path in (tmp_path / "o").iterdir()) == ["a (2).xlsx", "a.xlsx"]


def test_a_folder_that_cannot_be_written_is_a_sentence(tmp_path: Path) -> None:
    faulty(tmp_path / "a.xlsx")
    (tmp_path / "o").write_text("a file")
    done = disburse("check", "a.xlsx", "--annotate", "o", cwd=tmp_path)
    assert done.returncode == 2
    assert "o" in done.stderr


@pytest.mark.parametrize("suffix", ["xls", "csv"])
def test_a_file_that_cannot_be_marked_comes_back_as_its_values(tmp_path: Path, suffix: str) -> None:
    if suffix == "csv":
        row = {**SOUND, **FAULTY, "application_no": "=1+1"}
        text = [",".join(HEADINGS.values()), ",".join(str(row.get(field) or "") for field in HEADINGS)]
        (tmp_path / "a.csv").write_text("\n".join(text), encoding="utf-8")
    else:
        source = tmp_path / "a.xls"
        source.write_bytes((FILES / "faulty.xls").read_bytes())
    done = disburse("check", f"a.{suffix}", "--annotate", "o", "--json", cwd=tmp_path)
    told = json.loads(done.stdout)
    assert told["copies"] == [f"o/a.{suffix}.xlsx"]
    assert ("COPY_INCOMPLETE" in {each["code"] for each in told["findings"]}) == (suffix == "xls")
    book = openpyxl.load_workbook(tmp_path / "o" / f"a.{suffix}.xlsx")
    assert book.sheetnames[0] == "问题清单"
    marked = {cell.coordinate for row in book.worksheets[1].iter_rows() for cell in row if cell.comment}
    assert marked == {each["cell"] for each in told["findings"] if each["cell"]}
    assert all(cell.data_type != "f" for page in book for row in page.iter_rows() for cell in row)


def test_what_stops_a_file_is_marked_too_and_the_unreadable_has_no_copy(tmp_path: Path) -> None:
    save(tmp_path / "b.xlsx", lines({}, fields=[field for field in HEADINGS if field != "uscc"]))
    save(tmp_path / "c.xlsx", [["什么也没有"]])
    (tmp_path / "d.xlsx").write_bytes(b"PK\x03\x04damaged")
    done = disburse("check", "b.xlsx", "c.xlsx", "d.xlsx", "--annotate", "o", cwd=tmp_path)
    assert done.returncode == 2
    assert sorted(path.name for path in (tmp_path / "o").iterdir()) == ["b.xlsx", "c.xlsx"]
    book = openpyxl.load_workbook(tmp_path / "o" / "b.xlsx")
    assert "统一社会信用代码" in book["问题清单"]["C2"].value
    assert book["表1"]["A1"].comment is not None
    assert "TABLE_NOT_FOUND" in openpyxl.load_workbook(tmp_path / "o" / "c.xlsx")["问题清单"]["C2"].value


def test_run_hands_every_workbook_back(tmp_path: Path) -> None:
    submission(tmp_path / "in" / "甲局.xlsx", {"measure": "M06B"}, {"measure": "M10", "approval_no": None})
    submission(tmp_path / "in" / "sub" / "甲局.xlsx", {"application_no": "B1", "measure": "M04", "uscc": CODES[1],
               "applicant_name": "东莞乙公司", "account_no": "6222020200999"})  # fmt: skip
    done = disburse("run", "2025-06", "in", "--out", "out", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    names = {each for each in tree(tmp_path / "out") if each.startswith("annotated/")}
    assert len(names) == 2
    assert all(name.startswith("annotated/甲局~") and name.endswith(".xlsx") for name in names)
    texts = [openpyxl.load_workbook(tmp_path / "out" / name).worksheets[0]["C2"].value or "" for name in sorted(names)]
    assert any("NOT_APPROVED" in text for text in texts)
    assert "annotated/" in json.dumps(json.loads((tmp_path / "out" / "run.json").read_text())["outputs"])


def resaved(copy: Path, change: Callable[[openpyxl.Workbook], object]) -> Path:
    """The copy as a clerk's program saves it after a change; the names in it are not kept up by this one."""
    book = openpyxl.load_workbook(copy)
    change(book)
    book.save(copy)
    return copy


def drop_names(book: openpyxl.Workbook) -> None:
    book.defined_names.clear()
    for sheet in book:
        sheet.defined_names.clear()


CHANGES: dict[str, Callable[[openpyxl.Workbook], object]] = {
    "list renamed": lambda book: setattr(book["问题清单"], "title", "要改的"),
    "list moved to the end": lambda book: book.move_sheet("问题清单", 1),
    "list deleted": lambda book: book.remove(book["问题清单"]),
    "table renamed": lambda book: setattr(book["表1"], "title", "六月"),
    "names lost": drop_names,
    "line put in above the list": lambda book: book["问题清单"].insert_rows(1, 2),
    "column taken out of the list": lambda book: book["问题清单"].delete_cols(7),
    "own words in the column": lambda book: book["表1"].cell(5, len(HEADINGS) + 1, "已电话核实"),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
def test_a_copy_sent_in_reads_as_the_original_whatever_a_clerk_did_to_our_parts(
    tmp_path: Path, change: Callable[[openpyxl.Workbook], object]
) -> None:
    original = faulty(tmp_path / "a.xlsx")
    disburse("check", "a.xlsx", "--annotate", "1", cwd=tmp_path)
    copy = resaved(tmp_path / "1" / "a.xlsx", change)
    places = [(code, cell) for code, _, cell in found(copy, tmp_path)]
    assert places == [(code, cell) for code, _, cell in found(original, tmp_path)]
    disburse("check", copy, "--annotate", "2", cwd=tmp_path)
    again = openpyxl.load_workbook(tmp_path / "2" / "a.xlsx")
    assert len(again.sheetnames) == 2
    sheet = again[again.sheetnames[-1]]
    assert [cell.value for cell in sheet[3]].count("问题") == 1
    assert sheet.max_column == len(HEADINGS) + 1


def test_a_name_left_behind_takes_no_column_of_the_bureau_out(tmp_path: Path) -> None:
    """A column put in by a program that keeps no names: the name now points at 备注, which holds what the bureau wrote."""
    save(tmp_path / "a.xlsx", lines({}, {**FAULTY, "remark": "不得丢失"}))
    disburse("check", "a.xlsx", "--annotate", "1", cwd=tmp_path)
    copy = resaved(tmp_path / "1" / "a.xlsx", lambda book: book["表1"].insert_cols(1))
    assert [(code, cell) for code, _, cell in found(copy, tmp_path)] == [
        ("USCC_INVALID", at("uscc", 3, ["", *HEADINGS])), ("AMOUNT_INVALID", at("approved_amount", 3, ["", *HEADINGS])),
    ]  # fmt: skip
    submission(tmp_path / "in" / "b.xlsx", {"remark": "不得丢失"})
    book = openpyxl.load_workbook(tmp_path / "in" / "b.xlsx")
    sheet = book["申报表"]
    (column,) = (cell.column_letter for cell in sheet[1] if cell.value == "备注")
    sheet.defined_names["_disburse_column"] = DefinedName("_disburse_column", attr_text=f"'申报表'!${column}:${column}")
    book.save(tmp_path / "in" / "b.xlsx")
    assert disburse("run", "2025-06", "in", "--out", "out", cwd=tmp_path).returncode == 0
    detail = openpyxl.load_workbook(tmp_path / "out" / "ledger.xlsx")
    assert any(cell.value == "不得丢失" for page in detail for row in page.iter_rows() for cell in row)


def test_a_number_typed_again_in_the_values_of_an_xls_keeps_its_digits(tmp_path: Path) -> None:
    (tmp_path / "a.xls").write_bytes((FILES / "faulty.xls").read_bytes())
    disburse("check", "a.xls", "--annotate", "o", cwd=tmp_path)
    sheet = openpyxl.load_workbook(tmp_path / "o" / "a.xls.xlsx").worksheets[1]
    (code,) = (cell for row in sheet for cell in row if cell.data_type == "n" and (cell.value or 0) > 10**17)
    assert code.number_format == "@"
    days = [cell.column_letter for row in sheet for cell in row if cell.is_date]
    assert days
    assert all(sheet.column_dimensions[each].width > 10 for each in days), "a narrower day shows as ####"
