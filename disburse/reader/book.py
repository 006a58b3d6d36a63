"""What the parts besides the sheets say: which sheets there are, the shared texts, what the styles show."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from disburse.reader.markup import LOCAL, letters, parse, unescaped
from disburse.reader.unreadable import ambiguous, interrupted, irregular, two_values

if TYPE_CHECKING:
    from collections.abc import Iterator
    from xml.etree import ElementTree as ET

    from disburse.reader.package import Package


Shown = Literal["number", "date", "elapsed"]


@dataclass(frozen=True, slots=True)
class Entry:
    """A worksheet of the list of sheets.

    order          its position in the workbook
    named_as_list  whether a name of the workbook says that it is the list of findings of a marked copy
    named_column   the column that a name says holds the findings of a marked copy
    """

    name: str
    order: int
    part: str
    hidden: bool
    named_as_list: bool
    named_column: int | None


@dataclass(frozen=True, slots=True)
class Book:
    """The workbook without its cells; `shows[s]` is what style number `s` shows a number as."""

    sheets: list[Entry]
    strings: list[str] = field(default_factory=list)
    shows: list[Shown] = field(default_factory=list)
    from_1904: bool = False


def read_book(package: Package) -> Book:
    """The workbook the package holds. Raises Unreadable."""
    part = next((target for kind, target in package.relations("").values() if kind == "officeDocument"), "")
    if not part or part not in package:
        raise irregular("不是 Excel 工作簿", "it is no Excel workbook")
    tree = package.tree(part)
    related = package.relations(part)
    by_kind = dict(related.values())
    setting = tree.find("{*}workbookPr")
    return Book(
        list(_entries(tree, related, package)),
        _strings(package, by_kind.get("sharedStrings")),
        _styles(package, by_kind.get("styles")),
        setting is not None and setting.get("date1904") in ("1", "true"),
    )


def _entries(tree: ET.Element, related: dict[str, tuple[str, str]], package: Package) -> Iterator[Entry]:
    """Every worksheet, in order."""
    seen: set[str] = set()
    findings, columns = _own(tree)
    for order, sheet in enumerate(tree.iterfind("{*}sheets/{*}sheet")):
        name = unescaped(sheet.get("name", ""))
        if name.casefold() in seen:
            raise ambiguous(f"有两张工作表都叫“{name}”", f"two sheets are called “{name}”")
        seen.add(name.casefold())
        key = next((value for attribute, value in sheet.attrib.items() if attribute.endswith("}id")), "")
        if not key:
            continue  # a module of macros of an old version
        kind, part = related.get(key, ("", ""))
        if kind == "" or (kind == "worksheet" and part not in package):
            raise irregular(f"工作表“{name}”的内容缺失", f"the content of sheet “{name}” is missing")
        if kind == "worksheet":
            hidden = sheet.get("state", "visible") != "visible"
            yield Entry(name, order, part, hidden, name == findings, columns.get(str(order)))


LIST_NAME = "_disburse_list"
"""The name by which a marked copy refers to its sheet of findings (disburse/marked.py)."""

COLUMN_NAME = "_disburse_column"
"""The name by which a sheet of a marked copy refers to its column of findings."""

_ADDED = re.compile(r"(?:'((?:[^']|'')+)'|([^'!]+))!\$([A-Z]{1,3})(?:\$1|:\$\3|\$1:\$\3\$1048576)")


def _own(book: ET.Element) -> tuple[str, dict[str, int]]:
    """What names say this program added to a marked copy: the sheet of findings, the columns by the sheet's position."""
    findings, columns = "", dict[str, int]()
    for name in book.iterfind("{*}definedNames/{*}definedName"):
        within = _ADDED.fullmatch(name.text or "")
        if within and name.get("name") == LIST_NAME:
            findings = (within[1] or within[2]).replace("''", "'")
        elif within and name.get("name") == COLUMN_NAME:
            columns[name.get("localSheetId", "")] = letters(within[3].encode())
    return findings, columns


class _Strings:
    """Takes in the shared texts: the runs of each joined, without its reading aid (phonetic) runs."""

    def __init__(self) -> None:
        self.found: list[str] = []
        self._runs: list[str] = []
        self._in_text, self._in_run, self._aside = False, False, 0

    def start(self, name: str, _: dict[str, str]) -> None:
        if self._in_text:
            raise interrupted()
        match LOCAL.get(name):
            case "si":
                self._runs = []
            case "r":
                self._in_run = True
            case "rPh":
                self._aside += 1
            case "t":
                if self._runs and not self._in_run and not self._aside:
                    raise two_values()
                self._in_text = not self._aside

    def end(self, name: str) -> None:
        match LOCAL.get(name):
            case "t":
                self._in_text = False
            case "r":
                self._in_run = False
            case "rPh":
                self._aside -= 1
            case "si":
                self.found.append(unescaped("".join(self._runs)))

    def text(self, data: str) -> None:
        if self._in_text:
            self._runs.append(data)

    def mark(self, *_: object) -> None:
        if self._in_text:
            raise interrupted()


def _strings(package: Package, part: str | None) -> list[str]:
    if part is None or part not in package:
        return []
    taken = _Strings()
    with package.open(part) as stream:
        parse(stream, taken.start, taken.end, taken.text, taken.mark)
    return taken.found


_BUILT_IN: dict[str, Shown] = {
    **{str(number): "date" for number in (*range(14, 23), *range(27, 37), 45, 47, *range(50, 59))},
    "46": "elapsed",
}
"""What the built-in formats show that do not show a number, the Chinese ones (27–36, 50–58) among them."""

_NOT_PATTERN = re.compile(r'"[^"]*"|\\.|_.|\*.|\[(?!h+\]|m+\]|s+\])[^\]]*\]|general|e[+-]', re.IGNORECASE | re.DOTALL)
"""What of a number format stands for itself: quoted, escaped, padding, colours and conditions, exponents."""


def shows(number_format: str) -> Shown:
    """What a number format shows a number as.

    >>> [shows(each) for each in ("yyyy-mm-dd", 'm"月"d"日"', "[$-804]aaaa", "e/m/d", "h:mm AM/PM")]
    ['date', 'date', 'date', 'date', 'date']
    >>> [shows(each) for each in ("General", "0.00E+00", "[Red]0.00", '0.0"days"', "#,##0_);(#,##0)")]
    ['number', 'number', 'number', 'number', 'number']
    >>> shows("[h]:mm")
    'elapsed'
    """
    pattern = _NOT_PATTERN.sub("", number_format).split(";")[0].lower()
    if "[" in pattern:
        return "elapsed"
    return "date" if any(sign in pattern for sign in "ymdhse") or "aaa" in pattern else "number"


class _Styles:
    """Takes in the number formats, and the format of each cell style."""

    def __init__(self) -> None:
        self.shows: list[Shown] = []
        self._custom: dict[str, Shown] = {}
        self._in_cells = False

    def start(self, name: str, attributes: dict[str, str]) -> None:
        match LOCAL.get(name):
            case "numFmt":
                self._custom.setdefault(attributes.get("numFmtId", ""), shows(attributes.get("formatCode", "")))
            case "cellXfs":
                self._in_cells = True
            case "xf" if self._in_cells:
                number = attributes.get("numFmtId", "0").strip()
                self.shows.append(self._custom.get(number, _BUILT_IN.get(number, "number")))

    def end(self, name: str) -> None:
        if LOCAL.get(name) == "cellXfs":
            self._in_cells = False


def _styles(package: Package, part: str | None) -> list[Shown]:
    if part is None or part not in package:
        return []
    taken = _Styles()
    with package.open(part) as stream:
        parse(stream, taken.start, taken.end)
    return taken.shows
