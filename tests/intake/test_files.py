"""Files and folders, and what stops a file before a row of it is read."""

from __future__ import annotations

import io
import struct
import zipfile

import openpyxl
import pytest
import xlsxwriter

from disburse.errors import FileUnreadable, Mendable, Usage
from disburse.findings import catalogue
from disburse.intake import sources
from disburse.reader import unreadable
from tests.intake.made import SOUND, at, found, lines, patched, save, taken


def test_folders_give_every_workbook_below_by_name_and_name_what_they_skip(tmp_path):
    for number, name in enumerate(
        ["b.XLSX", "sub/a.csv", "c.xls", "d.xlsm", "~$b.xlsx", ".x.xlsx", ".git/e.csv", "f.docx", "sub/~$a.csv"]
    ):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(str(number))
    taken_in, skipped, _ = sources([tmp_path])
    assert [source.name for source in taken_in] == ["a.csv", "b.XLSX", "c.xls", "d.xlsm"]
    assert skipped == [".git/e.csv", ".x.xlsx", "sub/~$a.csv", "~$b.xlsx"]
    assert sources([tmp_path / "sub", tmp_path / "c.xls"])[0] == [taken_in[0], taken_in[2]]


def test_two_files_of_one_name_carry_their_hash(tmp_path):
    for folder, name in (("x", "A.csv"), ("y", "a.csv"), ("z", "b.csv")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / name).write_text(folder)
    both = sources([tmp_path])[0]
    assert [source.name for source in both] == [f"A.csv~{both[0].sha256[:8]}", f"a.csv~{both[1].sha256[:8]}", "b.csv"]
    assert sources([tmp_path / "z", tmp_path / "y", tmp_path / "x"])[0] == both


def test_the_same_content_twice_is_refused_naming_both(tmp_path):
    (tmp_path / "a.csv").write_text("x")
    (tmp_path / "b.csv").write_text("x")
    with pytest.raises(Usage, match=r"a\.csv.*b\.csv"):
        sources([tmp_path])


@pytest.mark.parametrize("name", ["missing.xlsx", "missing", "empty", "a.docx", "a.xlsb", "a.txt"])
def test_what_is_no_workbook_is_refused(tmp_path, name):
    (tmp_path / "empty").mkdir()
    for other in ("a.docx", "a.xlsb", "a.txt", "empty/x.txt"):
        (tmp_path / other).write_text("x")
    with pytest.raises(Mendable, match=name.rsplit("/", 1)[-1]):
        sources([tmp_path / name])


def stopped(policy, path) -> FileUnreadable:
    with pytest.raises(FileUnreadable) as caught:
        taken(policy, path)
    assert catalogue()[caught.value.code].severity == "stop"
    assert path.name in caught.value.zh
    assert path.name in caught.value.en
    return caught.value


OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


@pytest.mark.parametrize("name", ["a.xlsx", "a.xls"])
@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "WORKBOOK_UNREADABLE"),
        (b"<html><table><tr><td>1</td></tr></table></html>", "WORKBOOK_UNREADABLE"),
        (b"\xef\xbb\xbf <?xml version='1.0'?>", "WORKBOOK_UNREADABLE"),
        (b"MIME-Version: 1.0", "WORKBOOK_UNREADABLE"),
        (b"\x00" * 5000, "WORKBOOK_UNREADABLE"),
        (b"PK\x03\x04" + b"x" * 200, "WORKBOOK_UNREADABLE"),
        (b"%PDF-1.7", "WORKBOOK_UNREADABLE"),
        ("申报编号,措施代码".encode(), "WORKBOOK_UNREADABLE"),
        (OLE + b"\x00" * 600, "WORKBOOK_UNREADABLE"),
        (OLE + b"\x00" * 600 + "EncryptedPackage".encode("utf-16-le"), "WORKBOOK_ENCRYPTED"),
    ],
)
def test_foreign_content_is_refused_whatever_the_suffix(tmp_path, policy, name, content, code):
    (tmp_path / name).write_bytes(content)
    assert stopped(policy, tmp_path / name).code == code


@pytest.mark.parametrize("name", ["b.xls", "b.csv"])
def test_a_workbook_under_another_suffix_is_read_as_what_it_is(tmp_path, policy, name):
    save(tmp_path / "a.xlsx", lines({})).rename(tmp_path / name)
    assert len(taken(policy, tmp_path / name).rows) == 1


def test_a_file_cut_short_or_with_a_damaged_part_is_unreadable(tmp_path, policy):
    path = save(tmp_path / "a.xlsx", lines({}))
    whole = path.read_bytes()
    for content in (whole[: len(whole) // 2], whole[:-30], whole.replace(whole[200:260], b"x" * 60)):
        path.write_bytes(content)
        assert stopped(policy, path).code == "WORKBOOK_UNREADABLE"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("word/document.xml", "<document/>")
    assert stopped(policy, path).code == "WORKBOOK_UNREADABLE"


SHEET = "xl/worksheets/sheet1.xml"


@pytest.mark.parametrize(
    ("part", "change"),
    [
        (SHEET, lambda xml: xml.replace(b"<worksheet", b"<!DOCTYPE x><worksheet", 1)),
        ("xl/workbook.xml", lambda xml: b'<!DOCTYPE x [<!ENTITY a "b">]>' + xml),
        (SHEET, lambda xml: xml.replace(b"<v>350000</v>", b"<v>35<!-- -->0000</v>")),
        (SHEET, lambda xml: xml.replace(b"<v>350000</v>", b"<v>35<?x?>0000</v>")),
        (SHEET, lambda xml: xml.replace(b"<v>350000</v>", b"<v>3</v><v>350000</v>")),
        (SHEET, lambda xml: xml.replace(b"<v>350000</v>", b"<is><t>350000</t></is>")),
        (SHEET, lambda xml: xml.replace(b'r="A2"', b'r="A3"')),
        (SHEET, lambda xml: xml.replace(b'r="B2"', b'r="A2"')),
        (SHEET, lambda xml: xml.replace(b'<row r="2"', b'<row r="1"')),
        (SHEET, lambda xml: xml.replace(b'r="A2"', b'r="A4294967298"')),
        (SHEET, lambda xml: xml[:-100]),
        ("xl/workbook.xml", lambda xml: xml.replace(b'name="\xe8\xa1\xa82"', b'name="\xe8\xa1\xa81"')),
    ],
)
def test_what_could_be_misread_or_bring_the_reader_down_is_refused(tmp_path, policy, part, change):
    path = save(tmp_path / "a.xlsx", lines({}), lines({}))
    patched(path, part, change)
    assert stopped(policy, path).code == "WORKBOOK_UNREADABLE"


def test_one_cell_in_the_far_corner_is_too_large_unless_it_is_empty(tmp_path, policy):
    path = save(tmp_path / "a.xlsx", lines({}), change=lambda sheet: sheet.cell(1_048_576, 16_384, "x"))
    error = stopped(policy, path)
    assert error.code == "WORKBOOK_TOO_LARGE"
    assert "17,179,869,184" in str(error)
    book = openpyxl.load_workbook(path)
    book.active.cell(1_048_576, 16_384).value = None
    book.active.cell(1_048_576, 16_384).number_format = "0.00"
    book.save(path)
    assert len(taken(policy, path).rows) == 1


def test_a_file_that_unpacks_to_far_more_than_it_is_is_too_large(tmp_path, policy):
    path = save(tmp_path / "a.xlsx", lines({}))
    patched(path, SHEET, lambda xml: xml + b" " * 20_000_000)
    assert stopped(policy, path).code == "WORKBOOK_TOO_LARGE"
    blocks = b"".join(number.to_bytes(4, "big") for number in range(1 << 18)) * (unreadable.MAX_BYTES // (1 << 20) + 1)
    patched(path, "docProps/app.xml", lambda _: blocks)
    assert stopped(policy, path).code == "WORKBOOK_TOO_LARGE"


def test_an_archive_with_a_password_is_encrypted(tmp_path, policy):
    path = save(tmp_path / "a.xlsx", lines({}))
    content = bytearray(path.read_bytes())
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        start = content.find(signature)
        while start >= 0:
            flags = struct.unpack_from("<H", content, start + offset)[0] | 1
            struct.pack_into("<H", content, start + offset, flags)
            start = content.find(signature, start + 1)
    path.write_bytes(content)
    assert stopped(policy, path).code == "WORKBOOK_ENCRYPTED"


def test_a_formula_with_its_value_counts_and_one_whose_value_is_empty_text_is_blank(tmp_path, policy):
    content = io.BytesIO()
    with xlsxwriter.Workbook(content, {"in_memory": True}) as book:
        sheet = book.add_worksheet("表1")
        for row, line in enumerate(lines({"approved_amount": None, "remark": None, "basis_amount": None})):
            for column, cell in enumerate(line):
                if cell is not None:
                    sheet.write(row, column, cell) if not hasattr(cell, "year") else sheet.write_string(
                        row, column, str(cell)
                    )
        sheet.write_formula(at("approved_amount"), "=1000*350", None, 350000)
        sheet.write_formula(at("basis_amount"), "=A1>0", None, "#VALUE!")
        sheet.write_formula(at("remark"), '=IF(1,"","x")', None, "")
    path = tmp_path / "a.xlsx"
    path.write_bytes(content.getvalue())
    blank = f'<c r="{at("remark")}"'.encode()
    patched(path, SHEET, lambda xml: xml.replace(blank, blank + b' t="str"'))
    intake = taken(policy, path)
    assert intake.rows["approved_amount_fen"].tolist() == [35_000_000]
    assert found(intake) == [("CELL_ERROR_VALUE", at("basis_amount"))]


def _prefixed(xml: bytes) -> bytes:
    opened = xml.replace(b"</", b"\x01").replace(b"<", b"<x:").replace(b"\x01", b"</x:")
    return opened.replace(b" xmlns=", b" xmlns:x=").replace(b"<x:?xml", b"<?xml")


@pytest.mark.parametrize(
    "change",
    [
        lambda xml: xml.decode().encode("utf-16"),
        lambda xml: xml.replace(b'<c r="A2"', b"<c r='A2'"),
        lambda xml: xml.replace(b'<c r="A2"', b'<c\nr = "a2"'),
        lambda xml: xml.replace(b'<c r="A2"', b"<c").replace(b'<c r="B2"', b"<c"),
        lambda xml: xml.replace(b'<row r="2"', b"<row").replace(b'<row r="3"', b"<row"),
        lambda xml: xml.replace(b"<v>350000</v>", b"<v>35&#48;0&#x30;0</v>"),
        lambda xml: xml.replace(b"<v>350000</v>", b"<!-- --><v><![CDATA[350000]]></v><!-- -->"),
        lambda xml: xml.replace(b"spreadsheetml/2006/main", b"!").replace(b"http://schemas.openxmlformats.org/!", b"http://purl.oclc.org/ooxml/spreadsheetml/main"),
        lambda xml: xml.replace(b"<v></v>", b"<v/>").replace(b"><", b">\r\n  <"),
        _prefixed,
    ],
)  # fmt: skip
def test_a_sheet_written_in_another_way_is_read_the_same(tmp_path, policy, change):
    rows = lines({"remark": "一 & 二 <三>"}, {"approved_amount": "#REF!", "basis_amount": "=1+1"})
    path = patched(save(tmp_path / "a.xlsx", rows), SHEET, change)
    intake = taken(policy, path)
    assert found(intake) == [
        ("CELL_ERROR_VALUE", at("approved_amount", 3)),
        ("FORMULA_NOT_CALCULATED", at("basis_amount", 3)),
    ]
    first = intake.rows.iloc[0]
    assert (first["application_no"], first["approved_amount_fen"], first["remark"]) == (
        "SQ-1",
        35_000_000,
        "一 & 二 <三>",
    )


def test_a_false_count_of_shared_strings_harms_nobody(tmp_path, policy):
    path = tmp_path / "a.xlsx"
    with xlsxwriter.Workbook(path) as book:
        book.add_worksheet().write_row(0, 0, lines()[0])
    patched(path, "xl/sharedStrings.xml", lambda xml: xml.replace(b'uniqueCount="', b'uniqueCount="42949672'))
    assert len(taken(policy, path).rows) == 0


def test_sound_row_is_sound(tmp_path, policy):
    intake = taken(policy, save(tmp_path / "a.xlsx", lines(SOUND)))
    assert (found(intake), intake.stopped) == ([], [])
