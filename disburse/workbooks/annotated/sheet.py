"""The XML of one worksheet: cells marked, a column added, and everything else as it was.

The rows are rewritten as bytes, one by one and only where something changes, for a sheet can be large; what stands
around them is small and parsed.
"""

from __future__ import annotations

import re
from collections import deque
from functools import cached_property
from html import unescape
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

from lxml import etree
from xlsxwriter.utility import xl_cell_to_rowcol, xl_col_to_name, xl_rowcol_to_cell

from disburse.marked import may_be_ours
from disburse.workbooks import fit
from disburse.workbooks.annotated.package import Unmarkable, main, parsed, written
from disburse.workbooks.book import shown

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping

    from disburse.workbooks.annotated.package import Package

AFTER_ROWS = (
    "sheetCalcPr", "sheetProtection", "protectedRanges", "scenarios", "autoFilter", "sortState", "dataConsolidate",
    "customSheetViews", "mergeCells", "phoneticPr", "conditionalFormatting", "dataValidations", "hyperlinks",
    "printOptions", "pageMargins", "pageSetup", "headerFooter", "rowBreaks", "colBreaks", "customProperties",
    "cellWatches", "ignoredErrors", "smartTags", "drawing", "legacyDrawing", "legacyDrawingHF", "drawingHF", "picture",
    "oleObjects", "controls", "webPublishItems", "tableParts", "extLst",
)  # fmt: skip
"""What follows the rows, in the order the format asks for."""

LAST_ROW, LAST_COLUMN = 1_048_575, 16_383

WIDTH = 60
"""Characters the column of findings is wide."""

_NUMBER = re.compile(rb"""\sr\s*=\s*["']([A-Za-z]*)([0-9]+)["']""")
_STYLE = re.compile(rb"""(\ss\s*=\s*["'])([0-9]*)(["'])""")
_SPANS = re.compile(rb"""\sspans\s*=\s*["'][^"']*["']""")
_HIDDEN = re.compile(rb"""\shidden\s*=\s*["'](?:1|true)["']""")
_HEIGHT = re.compile(rb"""\sht\s*=\s*["']([0-9]+(?:\.[0-9]+)?)["']""")
_KIND = re.compile(rb"""\st\s*=\s*["']([A-Za-z]+)""")
_SHARED = re.compile(rb"<(?:[A-Za-z0-9_.-]+:)?v[^>]*>\s*([0-9]{1,9})\s*<")
_INLINE = re.compile(rb"<(?:[A-Za-z0-9_.-]+:)?t(?:\s[^>]*)?>([^<]*)<")
_ESCAPED = re.compile(r"_(?=x[0-9A-Fa-f]{4}_)")

Restyle = dict[int, "Callable[[int], int]"]
"""Column → the new format of its cell, from the old one."""


class SheetXml:
    """One worksheet of the package. Rows and columns count from 0."""

    def __init__(self, package: Package, part: str) -> None:
        self._package = package
        self.part = part
        xml = package.read(part)
        prefix = re.search(rb"<(?:([A-Za-z0-9_.-]+):)?worksheet[\s>]", xml)
        self._prefix = prefix[1] + b":" if prefix and prefix[1] else b""
        rows = re.search(
            rb"<%ssheetData\s*(?:/>|>(.*)</%ssheetData\s*>)" % (self._prefix, self._prefix), xml, re.DOTALL
        )
        if not rows:
            raise Unmarkable(part)
        self._xml = xml
        self._start, self._end = rows.span(1) if rows[1] else (0, 0)
        self.root = parsed(xml[: rows.start()] + b"<%ssheetData/>" % self._prefix + xml[rows.end() :])
        self.restyled: dict[int, Restyle] = {}
        """Row → what changes in its cells."""
        self.texts: dict[int, dict[int, tuple[str, int]]] = {}
        """Row → column → text and format of cells of ours."""
        self.cleared: Mapping[int, Collection[int]] = {}
        """Row → columns of the cells that are taken out."""
        self.everywhere: Mapping[int, int] = {}
        """Formats to be replaced in every cell."""

    @cached_property
    def _patterns(self) -> tuple[re.Pattern[bytes], re.Pattern[bytes]]:
        row, cell = self._prefix + b"row", self._prefix + b"c"
        form = rb"(<%s(?=[\s/>])[^>]*?)(?:/>|>(.*?)</%s\s*>)"
        return re.compile(form % (row, row), re.DOTALL), re.compile(form % (cell, cell), re.DOTALL)

    def texts_like_ours(self, strings: Mapping[int, str]) -> dict[int, dict[int, str]]:
        """Row → column → text, of every text cell of a sheet in which something could be of ours; else nothing.

        strings  the shared strings by number, where any could be of ours
        """
        inline = b"inlineStr" in self._xml and may_be_ours(self._xml)
        found: dict[int, dict[int, str]] = {}
        for row, line in self._rows() if strings or inline else ():
            for column, cell in self._cells(line[2] or b""):
                text = _text_of(cell, strings)
                if text:
                    found.setdefault(row, {})[column] = text
        return found

    def _rows(self) -> Iterator[tuple[int, re.Match[bytes]]]:
        """Number and XML of every row; one without a number follows the one before."""
        row = -1
        for found in self._patterns[0].finditer(self._xml, self._start, self._end):
            number = _NUMBER.search(found[1])
            row = int(number[2]) - 1 if number else row + 1
            yield row, found

    def _cells(self, inner: bytes) -> Iterator[tuple[int, re.Match[bytes]]]:
        """Column and XML of every cell of a row; one without a name follows the one before."""
        column = -1
        for found in self._patterns[1].finditer(inner):
            at = _NUMBER.search(found[1])
            column = int(xl_cell_to_rowcol(f"{at[1].decode().upper()}1")[1]) if at else column + 1
            yield column, found

    def save(self) -> None:
        """Put the sheet back into the package, its rows streamed."""
        skeleton = written(self.root)
        whole = re.search(rb"<%ssheetData\s*/>" % self._prefix, skeleton)
        assert whole
        deque(self._rewritten(), maxlen=0)  # every format there will be is known before the formats are written
        self._package.put(self.part, _Streamed(self, skeleton[: whole.start()], skeleton[whole.end() :]))

    def content(self, before: bytes, after: bytes) -> Iterator[bytes]:
        yield before
        if self._end or self.texts or self.restyled:
            yield b"<%ssheetData>" % self._prefix
            yield from self._rewritten()
            yield b"</%ssheetData>" % self._prefix
        else:
            yield b"<%ssheetData/>" % self._prefix
        yield after

    def _rewritten(self) -> Iterator[bytes]:
        """The rows; lines of ours that have no row yet in their places."""
        waiting = sorted(self.texts.keys() | self.restyled.keys() | self.cleared.keys())
        done = self._start
        for row, found in self._rows():
            while waiting and waiting[0] < row:
                yield self._xml[done : found.start()]
                done = found.start()
                yield self._line(waiting.pop(0), b"<%srow" % self._prefix, b"")
            if (waiting and waiting[0] == row) or self._bears(found[0]):
                del waiting[: 1 if waiting and waiting[0] == row else 0]
                yield self._xml[done : found.start()]
                done = found.end()
                yield self._line(row, found[1], found[2] or b"")
        yield self._xml[done : self._end]
        for each in waiting:
            yield self._line(each, b"<%srow" % self._prefix, b"")

    def last_format(self) -> int:
        """The highest number of a format that a cell or row names."""
        return max((int(each[2] or 0) for each in _STYLE.finditer(self._xml, self._start, self._end)), default=0)

    def bears(self) -> bool:
        """Whether any cell has one of the formats to be replaced everywhere."""
        return self._bears(self._xml[self._start : self._end])

    def _bears(self, xml: bytes) -> bool:
        return bool(self.everywhere) and any(int(each[2] or 0) in self.everywhere for each in _STYLE.finditer(xml))

    def _line(self, row: int, start: bytes, inner: bytes) -> bytes:
        """One row: its cells restyled, those of ours in their places."""
        texts, restyled, cleared = self.texts.get(row, {}), self.restyled.get(row, {}), self.cleared.get(row, ())
        if not _NUMBER.search(start):
            start += b' r="%d"' % (row + 1)
        own = _STYLE.search(start)
        base = int(own[2] or 0) if own and b"customFormat" in start else None
        cells, rest = list[tuple[int, bytes]](), inner
        for column, found in self._cells(inner):
            if column not in cleared and column not in texts:
                cells.append((column, self._cell(found, row, column, restyled.get(column))))
            rest = inner[found.end() :]
        there = {column for column, _ in cells}
        for column, style in restyled.items():
            if column not in there and column not in texts:
                plain = base if base is not None else self._style_of_column(column)
                cells.append((column, self._tag(row, column, style(plain)) + b"/>"))
        cells += [(column, self._text(row, column, *text)) for column, text in texts.items()]
        if texts:
            start = _SPANS.sub(b"", start)
        inside = b"".join(cell for _, cell in sorted(cells)) + rest
        return start + (b">" + inside + b"</%srow>" % self._prefix if inside else b"/>")

    def _cell(self, found: re.Match[bytes], row: int, column: int, style: Callable[[int], int] | None) -> bytes:
        """The cell as it was, but for its format."""
        whole, start = found[0], found[1]
        named = _NUMBER.search(start)
        own = _STYLE.search(start)
        old = int(own[2] or 0) if own else 0
        new = self.everywhere.get(old, old)
        new = style(new) if style else new
        if new == old and named:
            return whole
        head = _STYLE.sub(rb"\g<1>%d\g<3>" % new, start) if own else start + b' s="%d"' % new
        if not named:
            head += b' r="%s"' % xl_rowcol_to_cell(row, column).encode()
        return head + whole[len(start) :]

    def _tag(self, row: int, column: int, style: int) -> bytes:
        return b'<%sc r="%s" s="%d"' % (self._prefix, xl_rowcol_to_cell(row, column).encode(), style)

    def _text(self, row: int, column: int, text: str, style: int) -> bytes:
        return (
            self._tag(row, column, style)
            + b' t="inlineStr"><%sis><%st xml:space="preserve">' % (self._prefix, self._prefix)
            + xml_text(text).encode()
            + b"</%st></%sis></%sc>" % (self._prefix, self._prefix, self._prefix)
        )

    def _style_of_column(self, column: int) -> int:
        for each in self.root.iterfind(f"{main('cols')}/{main('col')}"):
            if int(each.get("min", 0)) <= column + 1 <= int(each.get("max", 0)):
                return int(each.get("style", 0))
        return 0

    def reaching(self, first: int, room: int, *, down: bool = False) -> tuple[int, int]:
        """Where `room` pixels from the left edge of column `first` (`down`: from the top of row `first`) end:
        the column or row, and the pixels within it.
        """
        sizes, usual = (self._heights, self._height) if down else (self._widths, self._width)
        last = LAST_ROW if down else LAST_COLUMN
        at = first
        while at < last and room > (size := sizes.get(at, usual)):
            room -= size
            at += 1
        return at, min(room, sizes.get(at, usual))

    @cached_property
    def _widths(self) -> dict[int, int]:
        """Column → pixels, of those with a width of their own."""
        widths: dict[int, int] = {}
        for each in self.root.iterfind(f"{main('cols')}/{main('col')}"):
            hidden = each.get("hidden") in ("1", "true")
            width = 0 if hidden else fit.pixels(float(each.get("width", 8.43)))
            widths |= dict.fromkeys(range(int(each.get("min", 1)) - 1, int(each.get("max", 1))), width)
        return widths

    @cached_property
    def _heights(self) -> dict[int, int]:
        """Row → pixels, of those with a height of their own."""
        heights = {}
        for row, found in self._rows():
            if hidden := _HIDDEN.search(found[1]):
                heights[row] = 0
            elif not hidden and (own := _HEIGHT.search(found[1])):
                heights[row] = round(float(own[1]) * 4 / 3)
        return heights

    @cached_property
    def _width(self) -> int:
        form = self.root.find(main("sheetFormatPr"))
        return max(fit.pixels(float(form.get("defaultColWidth", 8.43) if form is not None else 8.43)), 1)

    @cached_property
    def _height(self) -> int:
        form = self.root.find(main("sheetFormatPr"))
        return max(round(float(form.get("defaultRowHeight", 15) if form is not None else 15) * 4 / 3), 1)

    def widen(self, column: int) -> None:
        """Make the column as wide as findings need, and visible."""
        columns = self.root.find(main("cols"))
        if columns is None:
            columns = etree.Element(main("cols"))
            self.root.find(main("sheetData")).addprevious(columns)
        number = column + 1
        for each in list(columns):
            first, last = int(each.get("min", 0)), int(each.get("max", 0))
            if first <= number <= last:  # split the range it lies in
                if last > number:
                    after = _copy(each, number + 1, last)
                    each.addnext(after)
                if first < number:
                    each.addprevious(_copy(each, first, number - 1))
                columns.remove(each)
        new = etree.Element(main("col"), min=str(number), max=str(number), width=str(WIDTH), customWidth="1")
        before = [each for each in columns if int(each.get("max", 0)) < number]
        columns.insert(len(before), new)

    def narrow(self, column: int) -> None:
        """Take back the width of a column that was ours; what it split grows together again."""
        columns = self.root.find(main("cols"))
        number = str(column + 1)
        for own in list(columns if columns is not None else ()):
            if (own.get("min"), own.get("max"), own.get("width")) == (number, number, str(WIDTH)):
                before, after = own.getprevious(), own.getnext()
                columns.remove(own)
                if before is not None and after is not None and _split(before, after, column + 1):
                    before.set("max", after.get("max", ""))
                    columns.remove(after)
        if columns is not None and not len(columns):
            self.root.remove(columns)

    def reach(self, column: int) -> None:
        """The sheet's dimension, with the column in it."""
        dimension = self.root.find(main("dimension"))
        if dimension is not None:
            first, _, last = dimension.get("ref", "").partition(":")
            if re.fullmatch(r"[A-Z]{1,3}[0-9]{1,7}", last or first):
                row, col = xl_cell_to_rowcol(last or first)
                dimension.set("ref", f"{first}:{xl_rowcol_to_cell(row, max(col, column))}")

    def insert(self, element: etree._Element) -> None:
        """Put an element that follows the rows into its place."""
        order = AFTER_ROWS.index(etree.QName(element).localname)
        place = len(self.root)
        for at, each in enumerate(self.root):
            name = etree.QName(each).localname if isinstance(each.tag, str) else ""
            if name in AFTER_ROWS and AFTER_ROWS.index(name) > order:
                place = at
                break
        self.root.insert(place, element)


def _text_of(cell: re.Match[bytes], strings: Mapping[int, str]) -> str:
    """The text of a cell that holds one; "" for every other."""
    kind = _KIND.search(cell[1])
    inside = cell[2] or b""
    if kind and kind[1] == b"s":
        number = _SHARED.search(inside)
        return strings.get(int(number[1]), "") if number else ""
    if kind and kind[1] == b"inlineStr":
        return unescape(b"".join(_INLINE.findall(inside)).decode())
    return ""


class _Streamed:
    """The bytes of a sheet, made anew each time they are asked for."""

    def __init__(self, sheet: SheetXml, before: bytes, after: bytes) -> None:
        self._sheet, self._before, self._after = sheet, before, after

    def __iter__(self) -> Iterator[bytes]:
        return self._sheet.content(self._before, self._after)


def _split(before: etree._Element, after: etree._Element, number: int) -> bool:
    """Whether two ranges of columns are the halves of one that `number` has split."""
    touching = (before.get("max"), after.get("min")) == (str(number - 1), str(number + 1))
    looks = [
        {name: value for name, value in each.attrib.items() if name not in ("min", "max")} for each in (before, after)
    ]
    return touching and looks[0] == looks[1]


def _copy(column: etree._Element, first: int, last: int) -> etree._Element:
    return etree.Element(main("col"), {**column.attrib, "min": str(first), "max": str(last)})


def xml_text(text: str) -> str:
    """Text as it stands in a part: nothing in it is markup or an escape."""
    return _ESCAPED.sub("_x005F_", escape(shown(text)))


def column_range(column: int) -> str:
    """A whole column, as a defined name refers to it."""
    name = xl_col_to_name(column)
    return f"${name}:${name}"
