"""A marked copy differs from the workbook sent by nothing but its marks, whichever program wrote it and whatever is in it."""

from __future__ import annotations

import zipfile
from datetime import date
from typing import TYPE_CHECKING

import openpyxl
import pytest
from openpyxl.chart import BarChart, Reference
from openpyxl.comments import Comment
from openpyxl.formatting.rule import CellIsRule
from openpyxl.packaging.custom import StringProperty
from openpyxl.styles import Alignment, Border, Font, PatternFill, Protection, Side
from openpyxl.workbook.defined_name import DefinedName
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.table import Table

from disburse.workbooks.annotated import Area, Marks, write_annotated
from tests.workbooks.sameness import differences
from tests.workbooks.test_annotated import FOUND, SHEET, marks, parts, placed, rich

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

__all__ = ["rich"]

RELATIONS = "xl/worksheets/_rels/sheet1.xml.rels"
THREADS = "http://schemas.microsoft.com/office/spreadsheetml/2018/threadedcomments"

pytestmark = pytest.mark.filterwarnings("ignore:.*extension is not supported:UserWarning")


def office(path: Path) -> Path:
    """What an office puts into a table: protection, print set-up, hidden lines, merged cells, names, lists, a chart."""
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = SHEET
    for row in range(4, 34):
        for column in range(2, 13):
            cell = sheet.cell(row, column, f"{row}-{column}" if column % 2 else row * column + 0.25)
            cell.number_format = "#,##0.00"
            cell.protection = Protection(locked=column == 3)
            if column == 4:
                cell.font, cell.fill = Font("楷体", 14, bold=True), PatternFill("solid", "FFEEDDCC")
                cell.border, cell.alignment = Border(left=Side("thick")), Alignment("center", wrap_text=True)
    sheet["E8"], sheet["B4"] = date(2025, 3, 5), "=HYPERLINK(A1)"
    sheet["J12"].fill = PatternFill("solid", start_color="FF00FF00")
    sheet["C6"].comment, sheet["D10"].comment = Comment("自己的话", "科室"), Comment("原有批注\n", "科室")
    sheet.merge_cells("B1:M2")
    sheet.freeze_panes, sheet.auto_filter.ref = "C5", "B4:M33"
    sheet.row_dimensions[7].hidden, sheet.column_dimensions["G"].hidden = True, True
    sheet.column_dimensions["H"].width, sheet.row_dimensions[9].height = 33, 44
    sheet.protection.sheet, sheet.protection.password = True, "x"
    sheet.conditional_formatting.add("F4:F30", CellIsRule("greaterThan", ["9"], fill=PatternFill("solid", "FFFF0000")))
    rule = DataValidation("list", '"是,否"')
    rule.add("K5:K20")
    sheet.add_data_validation(rule)
    sheet.print_title_rows, sheet.print_area, sheet.oddFooter.center.text = "4:4", "B1:M33", "&P"
    other = book.create_sheet("数 据'")
    for row in ("a", "b"), (1, 2), (3, 4):
        other.append(row)
    other.add_table(Table(displayName="T", ref="A1:B3"))
    chart = BarChart()
    chart.add_data(Reference(other, min_col=2, min_row=1, max_row=3), titles_from_data=True)
    sheet.add_chart(chart, "O4")
    book.create_sheet("隐藏").sheet_state = "hidden"
    book.defined_names["率"] = DefinedName("率", attr_text=f"{SHEET}!$B$4")
    other.defined_names["局部"] = DefinedName("局部", attr_text="'数 据'''!$A$1")
    book.custom_doc_props.append(StringProperty(name="文号", value="东财〔2025〕1号"))
    book.active = 1
    book.save(path)
    return path


def with_macros(path: Path) -> Path:
    """The same with macros, a comment thread and a part that no program knows."""
    made = office(path)
    contents = parts(made)
    kind = b"openxmlformats-officedocument.spreadsheetml.sheet.main+xml", b"ms-excel.sheet.macroEnabled.main+xml"
    types = (
        b'<Default Extension="bin" ContentType="application/vnd.ms-office.vbaProject"/>'
        b'<Override PartName="/xl/threadedComments/t1.xml" '
        b'ContentType="application/vnd.ms-excel.threadedcomments+xml"/></Types>'
    )
    thread = (
        b'<Relationship Id="t1" Target="../threadedComments/t1.xml" '
        b'Type="http://schemas.microsoft.com/office/2017/10/relationships/threadedComment"/></Relationships>'
    )
    changes = {"[Content_Types].xml": (b"</Types>", types), RELATIONS: (b"</Relationships>", thread)}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in contents.items():
            archive.writestr(name, content.replace(*changes.get(name, kind)).replace(*kind))
        archive.writestr("xl/vbaProject.bin", bytes(range(256)) * 40)
        archive.writestr(
            "xl/threadedComments/t1.xml",
            f'<ThreadedComments xmlns="{THREADS}"><threadedComment ref="C6"/></ThreadedComments>',
        )
    return path


MORE = (placed("M15"), placed("B40"), placed("C6"))


@pytest.mark.parametrize("make", [office, with_macros])
def test_an_office_workbook_comes_back_the_same(tmp_path: Path, make: Callable[[Path], Path]) -> None:
    original = make(tmp_path / "a.xlsm")
    given = marks(*FOUND, *MORE, tables={SHEET: [Area(3, 1, 32, 13)]})
    notice = write_annotated(original, tmp_path / "b.xlsm", "a.xlsm", given)
    cells = {each.cell for each in (*FOUND, *MORE)}
    assert differences(original, tmp_path / "b.xlsm", {SHEET: cells}, {SHEET: 14}) == []
    assert (notice is not None) == (make is with_macros), "a cell in a thread cannot have a comment of ours besides"
    write_annotated(tmp_path / "b.xlsm", tmp_path / "c.xlsm", "a.xlsm", given)
    assert (tmp_path / "b.xlsm").read_bytes() == (tmp_path / "c.xlsm").read_bytes()
    write_annotated(tmp_path / "c.xlsm", tmp_path / "d.xlsm", "a.xlsm", Marks(()))
    assert differences(original, tmp_path / "d.xlsm", {}, {}) == []


def test_a_workbook_with_pictures_and_shapes_comes_back_the_same(tmp_path: Path, rich: Path) -> None:
    write_annotated(rich, tmp_path / "b.xlsx", "a.xlsx", marks(*FOUND))
    patterned = {"J12"}  # a pattern of its own is left alone
    cells = {each.cell for each in FOUND} - patterned
    left = differences(rich, tmp_path / "b.xlsx", {SHEET: cells}, {SHEET: 13})
    assert left == ["申报表: comment on J12 came"]


@pytest.mark.parametrize(
    ("part", "old", "new", "told"),
    [
        ("xl/worksheets/sheet1.xml", b"<v>60.25</v>", b"<v>60.26</v>", "another content"),
        ("xl/worksheets/sheet1.xml", b'width="33"', b'width="34"', "widths"),
        ("xl/worksheets/sheet1.xml", b'ht="44"', b'ht="45"', "row 9"),
        ("xl/worksheets/sheet1.xml", b'<mergeCell ref="B1:M2"/>', b'<mergeCell ref="B1:M3"/>', "around the rows"),
        ("xl/worksheets/sheet1.xml", b' r="7" hidden="1"', b' r="7"', "row 7"),
        ("xl/styles.xml", b'<sz val="14"/>', b'<sz val="15"/>', "fonts"),
        ("xl/workbook.xml", b"$B$4</definedName>", b"$B$5</definedName>", "names"),
        ("xl/charts/chart1.xml", b"</chartSpace>", b" </chartSpace>", "changed"),
        ("xl/tables/table1.xml", b"A1:B3", b"A1:B2", "changed"),
    ],
)
def test_the_comparison_sees_every_other_change(tmp_path: Path, part: str, old: bytes, new: bytes, told: str) -> None:
    original = office(tmp_path / "a.xlsx")
    write_annotated(original, tmp_path / "b.xlsx", "a.xlsx", marks(*FOUND, tables={SHEET: [Area(3, 1, 32, 13)]}))
    contents = parts(tmp_path / "b.xlsx")
    changed = contents[part].replace(old, new, 1)
    assert changed != contents[part]
    with zipfile.ZipFile(tmp_path / "b.xlsx", "w") as archive:
        for name, content in (contents | {part: changed}).items():
            archive.writestr(name, content)
    cells = {each.cell for each in FOUND}
    assert any(told in each for each in differences(original, tmp_path / "b.xlsx", {SHEET: cells}, {SHEET: 14}))
