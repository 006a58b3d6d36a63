"""The gate before the reader: what an .xlsx holds besides its values, and what must not reach the reader at all.

The reader shows error cells and formulas without a result as blank, does not say which rows are hidden, and can be
brought down by a small file. So the parts of the file are looked at first, as bytes: fast, and only as far as they
have the plain form every spreadsheet program writes; anything else is refused rather than guessed.
"""

from __future__ import annotations

import posixpath
import re
import zipfile
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from xlsxwriter.utility import xl_cell_to_rowcol

from disburse import marked
from disburse.language import Wording

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MAX_BYTES = 300 << 20
"""All parts of one file, unpacked."""

MAX_RATIO, RATIO_FROM = 400, 10_000_000
"""Unpacked to packed size of one part, asked of parts above RATIO_FROM bytes: sheets pack to a tenth."""

MAX_CELLS = 10_000_000
"""Rows × columns up to the last cell in use, over all sheets of a file."""

MAX_ROWS, MAX_COLUMNS = 1_048_576, 16_384
"""What Excel has."""


class Irregular(Exception):
    """The file is not an ordinary workbook: `reason` says what is wrong with it."""

    def __init__(self, zh: str, en: str) -> None:
        super().__init__(zh)
        self.reason = Wording(zh=zh, en=en)


class TooLarge(Exception):
    """Over a limit: what is allowed and what was found."""

    def __init__(self, expected: Wording, found: Wording) -> None:
        super().__init__(expected.zh)
        self.expected, self.found = expected, found


class Encrypted(Exception):
    """The file needs a password."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What the reader does not say of one sheet. Rows and columns count from 0.

    own_list    whether a name says that it is the list of findings of a marked copy
    own_column  the column that a name says holds the findings of a marked copy
    """

    name: str
    cells: int
    errors: dict[tuple[int, int], str]
    not_calculated: frozenset[tuple[int, int]]
    hidden_rows: frozenset[int]
    own_list: bool = False
    own_column: int | None = None


def inspect(path: Path) -> list[Facts]:
    """Facts of every sheet in the workbook's order. Raises Irregular, TooLarge, Encrypted, OSError."""
    try:
        with zipfile.ZipFile(path) as archive:
            parts = _parts(archive)
            _unpackable(archive)
            own_list, own_columns, sheets = _sheets(archive, parts)
            facts = [
                _facts(name, _xml(archive, part), own_list=name == own_list, own_column=own_columns.get(at))
                for at, name, part in sheets
            ]
            size = sum(each.cells for each in facts)
            if size > MAX_CELLS:
                raise TooLarge(cells(MAX_CELLS), cells(size))
            return facts
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError, KeyError) as error:
        if isinstance(error, RecursionError):
            raise
        raise _broken() from error


def _broken() -> Irregular:
    return Irregular("文件不完整或已损坏", "the file is incomplete or damaged")


def _parts(archive: zipfile.ZipFile) -> dict[str, str]:
    """Names of the parts by the name in lower case, after the checks on the archive as a whole."""
    names = [info.filename for info in archive.infolist()]
    if any(info.flag_bits & 1 for info in archive.infolist()):
        raise Encrypted
    parts = {name.lower(): name for name in names}
    if len(parts) != len(names):
        raise Irregular("文件内部有同名的部件", "parts of the file have the same name")
    size = sum(info.file_size for info in archive.infolist())
    if size > MAX_BYTES:
        raise TooLarge(_megabytes(MAX_BYTES), _megabytes(size))
    for info in archive.infolist():
        if info.file_size > RATIO_FROM and info.file_size > MAX_RATIO * info.compress_size:
            raise TooLarge(_times(MAX_RATIO), _times(info.file_size // max(info.compress_size, 1)))
    return parts


def _megabytes(size: int) -> Wording:
    return Wording(zh=f"解压后 {size >> 20:,} MB", en=f"{size >> 20:,} MB unpacked")


def _times(ratio: int) -> Wording:
    return Wording(zh=f"压缩率 {ratio:,} 倍", en=f"compressed {ratio:,} to 1")


def cells(count: int) -> Wording:
    """A number of cells in words."""
    return Wording(zh=f"{count:,} 格", en=f"{count:,} cells")


def _unpackable(archive: zipfile.ZipFile) -> None:
    """The parts the reader takes in besides the sheets: whole, plain XML, and without a false count."""
    for info in archive.infolist():
        part = info.filename.lower()
        if not part.endswith((".xml", ".rels")) or "worksheets/" in part:
            continue
        xml = _xml(archive, info.filename)
        if part.endswith("sharedstrings.xml"):
            start = re.search(rb"<(?:[A-Za-z0-9_]+:)?sst\b[^>]*>", xml)
            declared = [
                int(count) for count in re.findall(rb"ount\s*=\s*[\"']\s*([0-9]{1,20})", start[0] if start else b"")
            ]
            if max(declared, default=0) > max(len(xml), 1) * 100:
                raise _broken()


def _xml(archive: zipfile.ZipFile, part: str) -> bytes:
    """A part's bytes. Refuses document types (they can grow without bound) and anything but UTF-8."""
    xml = archive.read(part).removeprefix(b"\xef\xbb\xbf")
    encoding = re.search(rb'encoding\s*=\s*["\']([^"\']+)', xml[:200])
    if b"\x00" in xml[:8] or (encoding and encoding[1].lower() not in (b"utf-8", b"utf8", b"us-ascii")):
        raise Irregular("文件内部不是 UTF-8 编码", "the parts of the file are not UTF-8")
    if b"<!" in xml and (b"<!DOCTYPE" in xml or b"<!ENTITY" in xml):
        raise Irregular("文件内部含有文档类型定义", "the file holds a document type definition")
    return xml


def _sheets(archive: zipfile.ZipFile, parts: dict[str, str]) -> tuple[str, dict[int, int], list[tuple[int, str, str]]]:
    """What names say this program added (see `_own`); position, name and part of every worksheet, in order."""
    book = _target(archive, parts, "_rels/.rels", "officeDocument")
    if not book.lower().endswith(".xml"):
        raise Irregular("不是 .xlsx 或 .xlsm 工作簿", "it is no .xlsx or .xlsm workbook")
    folder, file = posixpath.split(book)
    related = _relations(archive, parts, f"{folder}/_rels/{file}.rels", folder)
    seen: set[str] = set()
    tree = _tree(archive, parts, book)
    sheets = []
    for position, sheet in enumerate(tree.iterfind("{*}sheets/{*}sheet")):
        name = sheet.attrib["name"]
        if name.casefold() in seen:
            raise Irregular(f"有两张工作表都叫“{name}”", f"two sheets are called “{name}”")
        seen.add(name.casefold())
        key = next((value for attribute, value in sheet.attrib.items() if attribute.endswith("}id")), "")
        kind, target = related[key]
        if kind == "worksheet":
            sheets.append((position, name, parts[target.lower()]))
    return *_own(tree), sheets


_ADDED = re.compile(r"(?:'((?:[^']|'')+)'|([^'!]+))!\$([A-Z]{1,3})(?:\$1|:\$\3|\$1:\$\3\$1048576)")


def _own(book: ET.Element) -> tuple[str, dict[int, int]]:
    """What names say this program added to a marked copy: the sheet of findings, and the columns by the sheet's position."""
    findings, columns = "", dict[int, int]()
    for name in book.iterfind("{*}definedNames/{*}definedName"):
        within = _ADDED.fullmatch(name.text or "")
        if within and name.get("name") == marked.LIST_NAME:
            findings = (within[1] or within[2]).replace("''", "'")
        elif within and name.get("name") == marked.COLUMN_NAME:
            columns[int(name.get("localSheetId", -1))] = int(xl_cell_to_rowcol(f"{within[3]}1")[1])
    return findings, columns


def _tree(archive: zipfile.ZipFile, parts: dict[str, str], part: str) -> ET.Element:
    try:
        return ET.fromstring(_xml(archive, parts[part.lower()]))  # noqa: S314 – without document type, see _xml
    except ET.ParseError as error:
        raise _broken() from error


def _relations(archive: zipfile.ZipFile, parts: dict[str, str], part: str, folder: str) -> dict[str, tuple[str, str]]:
    """Kind and part of every relation by its id."""
    return {
        relation.attrib["Id"]: (
            relation.attrib["Type"].rsplit("/", 1)[-1],
            posixpath.normpath(posixpath.join("/", folder, relation.attrib["Target"])).lstrip("/"),
        )
        for relation in _tree(archive, parts, part)
    }


def _target(archive: zipfile.ZipFile, parts: dict[str, str], part: str, kind: str) -> str:
    if part not in parts:
        raise Irregular("不是 Excel 工作簿", "it is no Excel workbook")
    return next((target for found, target in _relations(archive, parts, part, "").values() if found == kind), "")


_ROW = re.compile(rb'<row\s(?:[^>]*?\s)?r="([0-9]{1,7})"')
_HIDDEN = re.compile(rb'<row\s(?=[^>]*?\bhidden="(?:1|true)")(?:[^>]*?\s)?r="([0-9]{1,7})"')
_BARE = re.compile(rb"<(?:c|row)[>/\t\r\n]")
_CELL = re.compile(rb'<c r="([A-Z]{1,3})[0-9]{1,7}"')
_CELL_ROW = re.compile(rb'<c\s(?:[^>]*?\s)?r="[A-Z]{1,3}([0-9]{1,7})"')
_LOOSE = re.compile(rb"<(?:c|row)\s[^>]*?(?:'|\s=|=\s)")
_ESCAPED_NUMBER = re.compile(
    rb'<c\s(?![^>]*\bt="(?:s|str|e|b|d|inlineStr)")[^>]*>\s*(?:<f[^>]*/>|<f[^>]*>[^<]*</f>)?\s*<v[^>]*>[^<]*&'
)
_TWO_VALUES = re.compile(rb"</v>\s*<v[\s>]")
_CELL_ANYWHERE = re.compile(rb'<c\s(?:[^>]*?\s)?r="([A-Z]{1,3})[0-9]{1,7}"')
_CELL_IN_USE = re.compile(rb'<c\s(?:[^>]*?\s)?r="([A-Z]{1,3}[0-9]{1,7})"[^>]*(?<!/)>')
_REFERENCE = re.compile(rb'(?:^|\s)r="([A-Z]{1,3}[0-9]{1,7})"')
_ERROR = re.compile(rb'<c\s([^>]*?\bt="e"[^>]*?)(?:/>|>((?:(?!<c[\s>]).)*?)</c>)', re.DOTALL)
_VALUE = re.compile(rb"<v[^>]*>([^<]*)</v>")
_NO_RESULT = re.compile(
    rb"<c\s([^>]*[^>/])>\s*<f(?:\s[^>]*?)?(?:/>|>[^<]*</f>)\s*(?:<v\s*/>|<v(?:\s[^>]*)?>\s*</v>)?\s*</c>"
)


def _facts(name: str, xml: bytes, *, own_list: bool, own_column: int | None) -> Facts:
    xml = _plain(xml)
    return Facts(
        name,
        cells=_size(xml),
        errors=dict(_errors(xml)) if b't="e"' in xml else {},
        not_calculated=frozenset(_not_calculated(xml)) if re.search(rb"<f[\s>/]", xml) else frozenset(),
        hidden_rows=frozenset(int(row) - 1 for row in _HIDDEN.findall(xml)),
        own_list=own_list,
        own_column=own_column,
    )


def _plain(xml: bytes) -> bytes:
    """The sheet without a namespace prefix; refused where cells or rows are written in a form not expected."""
    prefix = re.match(rb"\s*(?:<\?xml[^>]*\?>)?\s*<([A-Za-z0-9_]+):worksheet\b", xml)
    if prefix:
        xml = xml.replace(b"<" + prefix[1] + b":", b"<").replace(b"</" + prefix[1] + b":", b"</")
    start = xml.find(b"<sheetData")
    if b"<!" in xml or xml.find(b"<?", max(start, 0)) >= 0:
        raise _unusual()
    return xml


def _unusual() -> Irregular:
    return Irregular(
        "工作表内部的写法不常见，读取可能出错", "the sheet is written in an unusual way and could be misread"
    )


def _size(xml: bytes) -> int:
    """Rows × columns up to the last cell in use. Every row and cell says where it is, in the plain way, within Excel's bounds."""
    rows = _ROW.findall(xml)
    columns = _CELL.findall(xml)
    written = xml.count(b"<c ")
    if len(columns) != written:
        columns = _CELL_ANYWHERE.findall(xml)
    if len(columns) != written or len(rows) != xml.count(b"<row ") or _BARE.search(xml) or _ambiguous(xml):
        raise _unusual()
    last_row = max(map(int, {*rows, *_CELL_ROW.findall(xml)}), default=0)
    last_column = _last(set(columns))
    if last_row > MAX_ROWS or last_column > MAX_COLUMNS:
        raise _broken()
    if last_row * last_column <= MAX_CELLS:
        return last_row * last_column
    used = [xl_cell_to_rowcol(cell.decode()) for cell in _CELL_IN_USE.findall(xml)]
    last_row, last_column = max((row for row, _ in used), default=0) + 1, max((col for _, col in used), default=0) + 1
    if last_row * last_column > MAX_CELLS:
        raise TooLarge(cells(MAX_CELLS), cells(last_row * last_column))
    return last_row * last_column


def _ambiguous(xml: bytes) -> bool:
    """Attributes or values written so that two readers could take them for different things."""
    loose = (b"'" in xml or b" =" in xml or b"= " in xml) and _LOOSE.search(xml)
    return bool(loose or (b"&" in xml and _ESCAPED_NUMBER.search(xml)) or _TWO_VALUES.search(xml))


def _last(columns: set[bytes]) -> int:
    return max((int(xl_cell_to_rowcol(f"{column.decode()}1")[1]) + 1 for column in columns), default=0)


def _errors(xml: bytes) -> Iterator[tuple[tuple[int, int], str]]:
    for attributes, content in _ERROR.findall(xml):
        value = _VALUE.search(content)
        yield _where(attributes), value[1].decode(errors="replace").strip() if value else "#VALUE!"


def _not_calculated(xml: bytes) -> Iterator[tuple[int, int]]:
    for attributes in _NO_RESULT.findall(xml):
        if b't="str"' not in attributes and b't="e"' not in attributes:
            yield _where(attributes)


def _where(attributes: bytes) -> tuple[int, int]:
    reference = _REFERENCE.search(attributes)
    if not reference:
        raise _unusual()
    row, column = xl_cell_to_rowcol(reference[1].decode())
    return row, column
