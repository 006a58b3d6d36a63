"""The workbook comes back as it was sent, with nothing added but the marks, and the marks can be taken away again."""

from __future__ import annotations

import re
import struct
import subprocess
import zipfile
import zlib
from typing import TYPE_CHECKING

import openpyxl
import pytest
import xlsxwriter
from lxml import etree
from openpyxl.cell.cell import MergedCell
from openpyxl.comments import Comment

from disburse.findings import Placed, catalogue
from disburse.workbooks.annotated import Area, Marks, write_annotated

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytestmark = pytest.mark.filterwarnings("ignore:.*extension is not supported:UserWarning")  # openpyxl's reading of ours

SHEET = "申报表"
EVIL = '=HYPERLINK("http://x","y")</t></is><c>_x0041_\x0b'


def placed(cell: str, code: str = "CELL_REQUIRED", text: str = "不能为空", sheet: str = SHEET) -> Placed:
    return Placed(code, catalogue()[code].severity, "a.xlsx", sheet, cell, "SQ-1", "列", "", text, "请填写", "第五条")


def marks(*found: Placed, tables: dict[str, list[Area]] | None = None) -> Marks:
    lines: dict[str, dict[int, list[Placed]]] = {}
    for each in found:
        row = int(re.sub("[A-Z]", "", each.cell)) - 1
        lines.setdefault(each.source_sheet, {}).setdefault(row, []).append(each)
    return Marks([(each, "东莞甲公司") for each in found], lines, tables or {SHEET: [Area(3, 1, 29, 12)]})


FOUND = (placed("D10"), placed("D10", "USCC_INVALID", EVIL), placed("E8", "PAYEE_MISMATCH"), placed("C4", "COLUMN_UNKNOWN"),
         placed("K33"), placed("J12", "CEILING"))  # fmt: skip


def picture() -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    pixels = b"".join(b"\0" + b"\xff\0\0" * 8 for _ in range(8))
    header = struct.pack(">IIBBBBB", 8, 8, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(pixels)) + chunk(b"IEND", b"")


@pytest.fixture
def rich(tmp_path: Path) -> Path:
    """A workbook with everything a bureau's workbook may have."""
    image = tmp_path / "p.png"
    image.write_bytes(picture())
    with xlsxwriter.Workbook(str(tmp_path / "rich.xlsx")) as book:
        sheet, bold = book.add_worksheet(SHEET), book.add_format({"bold": True})
        yellow = book.add_format({"bg_color": "#FFFF00", "num_format": "#,##0.00"})
        hatched = book.add_format({"pattern": 4, "fg_color": "red"})
        for row in range(3, 30):
            for column in range(1, 10):
                look = {3: yellow, 9: hatched}.get(column)
                sheet.write(row, column, row * column + 0.5 if column % 2 else f"文字{row}", look)
        sheet.write_rich_string("A1", "a", bold, "粗", "体")
        sheet.write_formula("A2", "=1+1", None, 2)
        sheet.write_formula("C2", "=1/0", None, "#DIV/0!")
        sheet.write_dynamic_array_formula("D2:D2", "=LEN(A1)", None, 3)
        sheet.insert_textbox("L3", "盖章处")
        sheet.insert_image("L10", str(image))
        sheet.embed_image("K4", str(image))
        sheet.add_sparkline("K6", {"range": "B5:J5"})
        sheet.conditional_format("B4:B20", {"type": "data_bar", "data_bar_2010": True})
        sheet.data_validation("E4:E20", {"validate": "list", "source": ["a", "b"]})
        sheet.write_comment("D10", "原有批注", {"author": "张"})
        sheet.write_comment("B5", "别处批注", {"author": "张"})
        sheet.insert_button("M20", {"macro": "x"})
        sheet.insert_checkbox("K8", True)  # noqa: FBT003
        sheet.autofilter("B4:J30")
        sheet.set_row(5, None, None, {"hidden": True})
        sheet.set_column("L:XFD", 5)
        sheet.merge_range("A3:H3", "标题")
        sheet.repeat_rows(3)
        other = book.add_worksheet("二'号")
        other.add_table("A1:C5")
        chart = book.add_chart({"type": "line"})
        chart.add_series({"values": f"={SHEET}!$B$5:$B$9"})
        other.insert_chart("F2", chart)
        other.activate()
        other.print_area("A1:C9")
        book.define_name("合计数", f"={SHEET}!$A$1")
    return tmp_path / "rich.xlsx"


FIRST = "xl/worksheets/sheet1.xml"


def parts(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def canonical(xml: bytes) -> bytes:
    return etree.tostring(etree.fromstring(xml), method="c14n2")


def test_only_the_parts_a_mark_needs_are_touched(tmp_path: Path, rich: Path) -> None:
    notice = write_annotated(rich, tmp_path / "b.xlsx", "a.xlsx", marks(*FOUND))
    assert notice is not None
    assert "1 个单元格的标记底色" in notice.message, "J12 has a pattern of its own"
    before, after = parts(rich), parts(tmp_path / "b.xlsx")
    changed = {name for name in before if before[name] != after.get(name)}
    assert changed == {
        "[Content_Types].xml", "xl/workbook.xml", "xl/_rels/workbook.xml.rels", "xl/styles.xml",
        "xl/worksheets/sheet1.xml", "xl/worksheets/sheet2.xml", "xl/comments1.xml", "xl/drawings/vmlDrawing1.vml",
    }  # fmt: skip
    assert set(after) - set(before) == {"xl/worksheets/disburse-list.xml"}
    untabbed = before["xl/worksheets/sheet2.xml"].replace(b' tabSelected="1"', b"")
    assert after["xl/worksheets/sheet2.xml"] == untabbed


def test_nothing_but_the_marks_differs(tmp_path: Path, rich: Path) -> None:
    write_annotated(rich, tmp_path / "b.xlsx", "a.xlsx", marks(*FOUND))
    one, two = openpyxl.load_workbook(rich), openpyxl.load_workbook(tmp_path / "b.xlsx")
    assert two.sheetnames == ["问题清单", SHEET, "二'号"]
    assert two.active.title == "问题清单"
    marked = {each.cell for each in FOUND}
    for row in two[SHEET].iter_rows():
        for cell in row:
            was = one[SHEET][cell.coordinate]
            if isinstance(cell, MergedCell) or cell.column_letter == "M":
                continue
            assert getattr(cell.value, "text", cell.value) == getattr(was.value, "text", was.value), cell.coordinate
            for aspect in ("font", "border", "number_format", "alignment", "protection"):
                assert repr(getattr(cell, aspect)) == repr(getattr(was, aspect))
            if cell.coordinate not in marked:
                assert repr(cell.fill) == repr(was.fill)
                assert (cell.comment and cell.comment.text) == (was.comment and was.comment.text)
            else:
                assert cell.comment
    assert two["二'号"].print_area == "'二''号'!$A$1:$C$9"
    assert two[SHEET].print_title_rows == "$4:$4"
    assert two.defined_names["合计数"].attr_text == f"{SHEET}!$A$1"


def test_the_marks_say_what_was_found(tmp_path: Path, rich: Path) -> None:
    write_annotated(rich, tmp_path / "b.xlsx", "a.xlsx", marks(*FOUND))
    book = openpyxl.load_workbook(tmp_path / "b.xlsx")
    sheet, listed = book[SHEET], book["问题清单"]
    assert sheet["D10"].comment.text.startswith("原有批注\n──── 问题 ────\n【必填项为空】不能为空\n→ 请填写\n【")
    assert (sheet["D10"].fill.patternType, sheet["D10"].fill.bgColor.rgb) == ("lightUp", "FFFFFF00")
    assert (sheet["E8"].fill.patternType, sheet["E8"].fill.fgColor.rgb) == ("solid", "FFFFC469")
    assert sheet["J12"].fill.patternType == "darkGray" or sheet["J12"].fill.fgColor.rgb == "FFFF0000"
    assert (sheet["M4"].value, sheet["M8"].value) == ("问题", "PAYEE_MISMATCH 收款户名不是申报企业：不能为空")
    assert "\\x0b" in sheet["M10"].value
    assert sheet["M10"].value.count("；") == 1
    assert sheet["M33"].value.startswith("CELL_REQUIRED")
    assert sheet.auto_filter.ref == "B4:M30"
    assert sheet.column_dimensions["M"].width == 60
    assert [cell.value for cell in listed[1]] == ["企业", "申报编号", "问题", "如何改正", "列", "单元格", "依据"]
    assert listed["F2"].hyperlink.location == f"'{SHEET}'!D10"
    assert [cell.value for cell in listed[2]][3:] == ["请填写", "列", f"{SHEET}!D10", "第五条"]
    assert listed.max_row == 1 + len(FOUND) + 1, "each finding, and that J12 has no colour"
    assert listed.auto_filter.ref == "A1:G8"
    cells = [cell for page in book for row in page.iter_rows() for cell in row]
    assert sum(cell.data_type == "f" for cell in cells) == 3  # the workbook's own


def test_a_format_that_is_not_there_does_not_come_to_mean_a_mark(tmp_path: Path, rich: Path) -> None:
    """A cell may name a format beyond the list; it looks like one without a format, and must go on doing so."""
    contents = parts(rich)
    sheet = contents[FIRST]
    count = re.search(rb'<cellXfs count="([0-9]+)"', contents["xl/styles.xml"])
    assert count
    beyond = re.sub(rb'<c r="B20"( s="[0-9]+")?', rb'<c r="B20" s="%s"' % count[1], sheet)
    assert beyond != sheet
    write_annotated(packed(tmp_path, {**contents, FIRST: beyond}), tmp_path / "b.xlsx", "a.xlsx", marks(*FOUND))
    assert openpyxl.load_workbook(tmp_path / "b.xlsx")[SHEET]["B20"].fill.patternType is None


def test_comments_laid_out_over_lines_do_not_pile_up(tmp_path: Path, rich: Path) -> None:
    contents = parts(rich)
    spread = re.sub(rb"<(text|r)>", rb"<\1>\n  ", contents["xl/comments1.xml"])
    made = packed(tmp_path, {**contents, "xl/comments1.xml": spread})
    write_annotated(made, tmp_path / "b.xlsx", "a.xlsx", marks(*FOUND))
    write_annotated(tmp_path / "b.xlsx", tmp_path / "c.xlsx", "a.xlsx", marks(*FOUND))
    assert parts(tmp_path / "b.xlsx")["xl/comments1.xml"] == parts(tmp_path / "c.xlsx")["xl/comments1.xml"]


def test_a_cell_may_be_named_in_small_letters(tmp_path: Path, rich: Path) -> None:
    contents = parts(rich)
    small = re.sub(rb'<c r="[A-Z]+', lambda found: b'<c r="' + found[0][6:].lower(), contents[FIRST])
    write_annotated(packed(tmp_path, {**contents, FIRST: small}), tmp_path / "b.xlsx", "a.xlsx", marks(*FOUND))
    sheet = openpyxl.load_workbook(tmp_path / "b.xlsx")[SHEET]
    assert (sheet["D10"].value, sheet["D10"].fill.patternType) == (27.5, "lightUp")


def packed(folder: Path, contents: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(folder / "a.xlsx", "w") as archive:
        for name, content in contents.items():
            archive.writestr(name, content)
    return folder / "a.xlsx"


def test_a_copy_of_a_copy_is_the_same_copy(tmp_path: Path, rich: Path) -> None:
    write_annotated(rich, tmp_path / "b.xlsx", "a.xlsx", marks(*FOUND))
    write_annotated(tmp_path / "b.xlsx", tmp_path / "c.xlsx", "a.xlsx", marks(*FOUND))
    assert (tmp_path / "b.xlsx").read_bytes() == (tmp_path / "c.xlsx").read_bytes()


def test_what_was_mended_loses_its_marks(tmp_path: Path, rich: Path) -> None:
    write_annotated(rich, tmp_path / "b.xlsx", "a.xlsx", marks(*FOUND))
    write_annotated(tmp_path / "b.xlsx", tmp_path / "c.xlsx", "a.xlsx", marks(placed("E8")))
    one, sheet = openpyxl.load_workbook(rich)[SHEET], openpyxl.load_workbook(tmp_path / "c.xlsx")[SHEET]
    assert repr(sheet["D10"].fill) == repr(one["D10"].fill)
    assert sheet["D10"].comment.text == "原有批注"
    assert (sheet["J12"].comment, sheet["M10"].value) == (None, None)
    assert sheet["M8"].value.startswith("CELL_REQUIRED")


def test_without_findings_every_mark_is_gone(tmp_path: Path, rich: Path) -> None:
    write_annotated(rich, tmp_path / "b.xlsx", "a.xlsx", marks(*FOUND))
    write_annotated(tmp_path / "b.xlsx", tmp_path / "c.xlsx", "a.xlsx", Marks(()))
    before, after = parts(rich), parts(tmp_path / "c.xlsx")
    assert set(before) == set(after)
    assert before["xl/drawings/vmlDrawing1.vml"] == after["xl/drawings/vmlDrawing1.vml"]
    one, two = openpyxl.load_workbook(rich), openpyxl.load_workbook(tmp_path / "c.xlsx")
    assert [*one.defined_names, *one[SHEET].defined_names] == [*two.defined_names, *two[SHEET].defined_names]
    assert two[SHEET].auto_filter.ref == one[SHEET].auto_filter.ref
    for row in one[SHEET].iter_rows():
        for was in row:
            cell = two[SHEET][was.coordinate]
            assert repr(cell.fill) == repr(was.fill)
            assert (cell.comment and cell.comment.text) == (was.comment and was.comment.text)


def test_a_sound_workbook_stays_as_it_is(tmp_path: Path, rich: Path) -> None:
    write_annotated(rich, tmp_path / "b.xlsx", "a.xlsx", Marks(()))
    assert parts(rich) == parts(tmp_path / "b.xlsx")


def test_marks_survive_another_program_and_can_still_be_taken_away(tmp_path: Path) -> None:
    """LibreOffice renumbers formats, sheets and comments as Excel does when it saves."""
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = SHEET
    for row in range(4, 12):
        for column in range(2, 8):
            sheet.cell(row, column, f"{row}-{column}")
    sheet["C6"].comment = Comment("自己的话", "李")
    book.save(tmp_path / "a.xlsx")
    tables = {SHEET: [Area(3, 1, 10, 7)]}
    write_annotated(tmp_path / "a.xlsx", tmp_path / "b.xlsx", "a", marks(placed("C6"), placed("D7"), tables=tables))
    (tmp_path / "o").mkdir()
    profile = f"-env:UserInstallation={(tmp_path / 'profile').as_uri()}"
    subprocess.run(["soffice", profile, "--headless", "--convert-to", "xlsx", "--outdir", str(tmp_path / "o"),
                    str(tmp_path / "b.xlsx")], check=True, capture_output=True, timeout=120)  # fmt: skip
    saved = openpyxl.load_workbook(tmp_path / "o" / "b.xlsx")
    assert saved.sheetnames == ["问题清单", SHEET]
    assert saved[SHEET]["H6"].value.startswith("CELL_REQUIRED")
    write_annotated(tmp_path / "o" / "b.xlsx", tmp_path / "c.xlsx", "a", marks(placed("D7"), tables=tables))
    again = openpyxl.load_workbook(tmp_path / "c.xlsx")
    assert again.sheetnames == ["问题清单", SHEET]
    assert again[SHEET]["C6"].comment.text == "自己的话"
    assert again[SHEET]["C6"].fill.patternType is None
    assert (again[SHEET]["H4"].value, again[SHEET]["H6"].value, again[SHEET]["I4"].value) == ("问题", None, None)
    assert again[SHEET]["D7"].comment.text.count("必填项为空") == 1


def prefixed(xml: bytes) -> bytes:
    xml = re.sub(rb"<(/?)([A-Za-z])", rb"<\1x:\2", re.sub(rb"<\?xml.*?\?>", b"", xml))
    return xml.replace(b"xmlns=", b"xmlns:x=")


def nameless(xml: bytes) -> bytes:
    return re.sub(rb'(<(?:row|c)) r="[A-Z0-9]+"', rb"\1", xml)


@pytest.mark.parametrize("change", [prefixed, nameless])
def test_a_sheet_written_in_another_way(tmp_path: Path, change: Callable[[bytes], bytes]) -> None:
    book = openpyxl.Workbook()
    book.active.title = SHEET
    for row in range(1, 12):
        book.active.append([f"{row}-{column}" for column in range(1, 8)])
    book.save(tmp_path / "a.xlsx")
    with zipfile.ZipFile(tmp_path / "x.xlsx", "w") as archive:
        for name, content in parts(tmp_path / "a.xlsx").items():
            archive.writestr(name, change(content) if name == "xl/worksheets/sheet1.xml" else content)
    found = (placed("B6"), placed("K7"), placed("B14"))
    write_annotated(tmp_path / "x.xlsx", tmp_path / "b.xlsx", "a", marks(*found, tables={SHEET: [Area(0, 0, 10, 7)]}))
    sheet = openpyxl.load_workbook(tmp_path / "b.xlsx")[SHEET]
    assert [[cell.value for cell in row[:7]] for row in sheet.iter_rows(max_row=11)] == [
        [f"{row}-{column}" for column in range(1, 8)] for row in range(1, 12)
    ]
    assert all(sheet[each.cell].comment and sheet[each.cell].fill.patternType == "solid" for each in found)
    assert (sheet["H1"].value, sheet["H6"].value[:13]) == ("问题", "CELL_REQUIRED")
