"""The exceptions: each bureau its own, all of it, and nothing of another's."""

from __future__ import annotations

import zipfile
from dataclasses import replace
from html import unescape
from typing import TYPE_CHECKING, Any

import openpyxl
import pytest

from disburse.tables import table
from disburse.workbooks.exceptions import file_name, write_exceptions
from tests.workbooks.conftest import FORMULA, INDUSTRY, REFORM, SCIENCE, TRADE

if TYPE_CHECKING:
    from pathlib import Path

    from disburse.workbooks.month import Month

TO_MEND = ("invalid", "rejected", "held")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, month: Month) -> Path:
    folder = tmp_path_factory.mktemp("run") / "exceptions"
    write_exceptions(folder, month)
    return folder


def table_of(path: Path, name: str, *, data_only: bool = True) -> list[dict[str, Any]]:
    """The lines under the heading row that names 申报编号, blank ones left out."""
    rows = list(openpyxl.load_workbook(path, data_only=data_only)[name].iter_rows(values_only=True))
    start = next(i for i, row in enumerate(rows) if "申报编号" in row)
    found = [dict(zip(rows[start], row, strict=True)) for row in rows[start + 1 :]]
    return [{str(k): v for k, v in line.items()} for line in found if any(value is not None for value in line.values())]


def test_one_workbook_for_each_bureau_with_something_to_mend_or_know(folder: Path) -> None:
    assert sorted(path.stem for path in folder.iterdir()) == sorted(
        [SCIENCE, REFORM, TRADE, INDUSTRY, "市人力资源社会保障局", "市公安局", "未识别单位"]
    )


def test_a_bureau_with_nothing_to_mend_or_know_gets_none(tmp_path: Path, month: Month) -> None:
    rows = month.settlement.rows[month.settlement.rows["status"] == "paid"].assign(reasons="")
    write_exceptions(tmp_path / "x", replace(month, settlement=replace(month.settlement, rows=rows), placed=[]))
    assert list((tmp_path / "x").iterdir()) == []


def test_no_workbook_holds_anything_of_another_bureau(folder: Path, month: Month) -> None:
    rows = month.rows
    for path in folder.iterdir():
        archive = zipfile.ZipFile(path)
        inside = unescape("".join(archive.read(name).decode("utf-8") for name in archive.namelist()))
        for row in rows[rows["bureau_name"] != path.stem].itertuples():
            others = {row.application_no, row.account_no, row.approval_no, row.subject_no, row.matter_no} - {""}
            mine = rows[rows["bureau_name"] == path.stem]
            if row.applicant_name not in set(mine["applicant_name"]):
                others.add(row.applicant_name)
            found = {
                each for each in others if f">{each}<" in inside or (each == row.application_no and each in inside)
            }
            assert not found, (path.stem, found)


def test_every_finding_reaches_its_bureau(folder: Path, month: Month) -> None:
    shown = [line for path in folder.iterdir() for line in table_of(path, "问题清单")]
    total = [placed for placed in month.placed if placed.code == "TOTAL_MISMATCH"]
    assert len(shown) == len(month.placed)
    assert next(line["申报编号"] for line in table_of(folder / f"{TRADE}.xlsx", "问题清单")) is None
    assert len(total) == 1


def test_a_finding_on_a_file_goes_to_every_bureau_in_it_and_no_other(tmp_path: Path, month: Month) -> None:
    rows = month.settlement.rows.copy()
    rows.loc[rows["bureau"].isin([SCIENCE, TRADE]), "source_file"] = "合报.xlsx"
    placed = [replace(each, source_file="合报.xlsx") for each in month.placed if each.code == "TOTAL_MISMATCH"]
    write_exceptions(tmp_path, replace(month, settlement=replace(month.settlement, rows=rows), placed=placed))
    for path in tmp_path.iterdir():
        told = "TOTAL_MISMATCH" in {line["代码"] for line in table_of(path, "问题清单")}
        assert told == (path.stem in (SCIENCE, TRADE))


def test_a_number_that_two_bureaus_use_is_told_apart_by_the_row(tmp_path: Path, month: Month) -> None:
    rows = month.settlement.rows.copy()
    two = rows.index[rows["application_no"].isin(["BT-2025-0022", "BT-2025-0023"])]
    rows.loc[two, ["source_file", "source_sheet", "application_no"]] = ["合报.xlsx", "申报表", "SQ-1"]
    found = next(each for each in month.placed if each.application_no == "BT-2025-0023")
    found = replace(found, source_file="合报.xlsx", application_no="SQ-1", message="只给商务局")
    write_exceptions(tmp_path, replace(month, settlement=replace(month.settlement, rows=rows), placed=[found]))
    told = [path.stem for path in tmp_path.iterdir() if any(line["说明"] for line in table_of(path, "问题清单"))]
    assert told == [TRADE]


def test_a_finding_on_no_row_is_told_to_no_bureau(tmp_path: Path, month: Month) -> None:
    found = replace(month.placed[0], source_file="别处.xlsx", application_no="SQ-X")
    rows = month.settlement.rows[month.settlement.rows["status"] == "paid"]
    write_exceptions(tmp_path, replace(month, settlement=replace(month.settlement, rows=rows), placed=[found]))
    assert [path.stem for path in tmp_path.iterdir()] == ["未识别单位"]


def test_bad_rows_come_back_in_the_form_marked_as_corrections(folder: Path, month: Month) -> None:
    headings = [column.heading.zh for column in table("application").columns]
    for path in folder.iterdir():
        total, *lines = table_of(path, "待改正")
        mine = month.rows[(month.rows["bureau_name"] == path.stem) & month.rows["status"].isin(TO_MEND)]
        assert list(total)[: len(headings)] == headings
        assert total["申报编号"] == "合计"
        assert total["核定金额(元)"] == mine["approved_amount_fen"].fillna(0).sum() / 100
        assert [line["申报编号"] or "" for line in lines] == mine["application_no"].tolist()
        assert {line["更正"] for line in lines} <= {"是"}
        assert openpyxl.load_workbook(path).sheetnames == ["问题清单", "待改正", "填报说明", "选项"]


def test_what_could_not_be_read_is_blank_and_unknown_columns_come_along(folder: Path) -> None:
    lines = {line["申报编号"]: line for line in table_of(folder / f"{SCIENCE}.xlsx", "待改正")}
    bad = lines["BT-2025-0029"]
    assert bad["核定金额(元)"] is None
    assert bad["统一社会信用代码"] == "91110108551385082X"
    assert bad["=1+1"] == "@SUM(1)"
    assert lines["BT-2025-0025"]["企业名称"] == FORMULA


def test_only_the_declared_totals_are_formulas(folder: Path) -> None:
    for path in folder.iterdir():
        for sheet in openpyxl.load_workbook(path).worksheets:
            for row in sheet.iter_rows():
                for cell in row:
                    if cell.data_type == "f":
                        assert sheet.title == "待改正"
                        assert cell.value.startswith(("=SUM(", "=COUNTA("))


def test_the_form_in_it_has_the_drop_downs(folder: Path) -> None:
    rules = openpyxl.load_workbook(folder / f"{SCIENCE}.xlsx")["待改正"].data_validations.dataValidation
    assert sum(rule.type == "list" for rule in rules) == 5


def test_the_same_bytes_again(folder: Path, tmp_path: Path, month: Month) -> None:
    write_exceptions(tmp_path, month)
    for path in folder.iterdir():
        assert (tmp_path / path.name).read_bytes() == path.read_bytes()


@pytest.mark.parametrize(
    ("bureau", "expected"), [("市科技局", "市科技局"), ("../../etc/x", "_.._etc_x"), ("..", "_"), ("a:b\x00", "a_b_")]
)
def test_a_name_is_never_a_path(bureau: str, expected: str) -> None:
    assert file_name(bureau) == expected
