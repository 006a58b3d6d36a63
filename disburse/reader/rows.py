"""The rows and cells of one sheet as they are written.

Two ways of taking them in, one outcome. Almost every program writes cells in one plain form, which regular expressions
take in several times faster than any parser, and only that form: the first thing they do not expect raises NotPlain,
and the sheet is taken in again event by event, as XML is meant.
"""

from __future__ import annotations

import re
from typing import IO, TYPE_CHECKING, NamedTuple

from disburse.reader.markup import CHUNK, LOCAL, check_encoding, encoding, parser, ranges
from disburse.reader.unreadable import Unreadable, damaged, interrupted, irregular, two_values

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from xml.parsers import expat

    from disburse.reader.cell import Range


class NotPlain(Exception):
    """The sheet is not written in the plain form."""


class Written(NamedTuple):
    """A cell as it is written, all of it bytes; what is not there is empty.

    attributes  all but the reference, each as ` name="value"`
    formula     `<f` where it has one
    value       `<v` where it has one, be it empty
    content     what stands in its value
    inline      the text of a cell of type inlineStr
    """

    column: bytes
    row: bytes
    attributes: bytes
    formula: bytes
    value: bytes
    content: bytes
    inline: bytes


Row = tuple[dict[bytes, bytes], list[Written]]
"""The attributes of a row, and its cells."""


class Frame:
    """What a sheet says around its rows; in the general way also its rows. Fed with its XML, piece by piece."""

    def __init__(self, *, plain: bool) -> None:
        self._plain = plain
        self.merged: list[Range] = []
        self.rows: list[Row] = []
        self.in_data = False
        self._seen_data = False
        self._depth = 0
        self._parser = parser(self._start, self._end)

    def feed(self, chunk: bytes, *, last: bool = False) -> None:
        self._parser.Parse(chunk, last)

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        name = LOCAL.get(name, "")
        if self.in_data:
            if self._plain:
                raise NotPlain  # rows that were not taken off before
            if name != "row":
                raise _strange()
            _General(self._parser, attributes, self._row_ended)
        elif self._depth == 1 and name != "worksheet":
            raise _strange()
        elif self._depth == 2 and name == "sheetData":
            if self._seen_data:
                raise _strange()
            self.in_data = self._seen_data = True
        elif name == "mergeCell":
            self.merged += ranges(attributes.get("ref", ""))

    def _end(self, _: str) -> None:
        self._depth -= 1
        self.in_data = self.in_data and self._depth != 1

    def _row_ended(self, row: Row) -> None:
        self._depth -= 1
        self.rows.append(row)
        self._parser.StartElementHandler, self._parser.EndElementHandler = self._start, self._end


def _strange() -> Unreadable:
    return irregular("工作表内部的写法不是 Excel 的格式", "a sheet is not written in Excel's format")


class _General:
    """One row, event by event: cells stand one level below it, their values two, texts of their own three or four."""

    def __init__(self, parser: expat.XMLParserType, attributes: dict[str, str], ended: Callable[[Row], None]) -> None:
        self._attributes = {name.encode(): value.encode() for name, value in attributes.items()}
        self._cells: list[Written] = []
        self._parser, self._ended = parser, ended
        self._depth = 0
        self._given: dict[str, str] = {}
        self._formula = self._value = b""
        self._parts: dict[bool, list[str]] = {}
        self._within = self._run = ""
        parser.StartElementHandler, parser.EndElementHandler = self._start, self._end
        parser.CommentHandler = parser.ProcessingInstructionHandler = self._interrupted

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        name = LOCAL.get(name, "")
        if self._parser.CharacterDataHandler:
            raise interrupted()
        if self._depth == 1:
            if name not in ("c", "extLst"):
                raise _strange()
            self._given, self._formula, self._value, self._parts = attributes, b"", b"", {}
        elif self._depth == 2:
            self._start_part(name)
        elif self._within == "is":
            self._start_inline(name)

    def _start_part(self, name: str) -> None:
        self._within = name
        if name == "f":
            self._formula = b"<f"
        elif name == "v":
            self._take(value=True)
        elif name == "is" and False in self._parts:
            raise two_values()

    def _start_inline(self, name: str) -> None:
        if self._depth == 3:
            self._run = name
        if name == "t" and (self._depth == 3 or (self._depth == 4 and self._run == "r")):
            if False in self._parts and self._run == "t":
                raise two_values()
            self._take(value=False)

    def _take(self, *, value: bool) -> None:
        """Take the text from here to the end of the element."""
        if self._value and value:
            raise two_values()
        self._value = b"<v" if value else self._value
        self._parser.CharacterDataHandler = self._parts.setdefault(value, []).append

    def _end(self, name: str) -> None:
        self._depth -= 1
        self._parser.CharacterDataHandler = None
        if self._depth == 0 and LOCAL.get(name) == "c":
            self._cells.append(self._cell())
        elif self._depth < 0:
            self._parser.CommentHandler = self._parser.ProcessingInstructionHandler = None
            self._ended((self._attributes, self._cells))

    def _interrupted(self, *_: object) -> None:
        if self._parser.CharacterDataHandler:
            raise interrupted()

    def _cell(self) -> Written:
        reference = self._given.get("r", "").strip().upper()
        column = reference.rstrip("0123456789")
        kind = "".join(f' {name}="{self._given[name].strip()}"' for name in ("s", "t") if name in self._given)
        value, inline = (_escaped("".join(self._parts.get(each, ()))) for each in (True, False))
        row = reference[len(column) :]
        if reference and not (row and row.isascii()):
            raise damaged()
        return Written(column.encode(), row.encode(), kind.encode(), self._formula, self._value, value, inline)


def _escaped(text: str) -> bytes:
    return text.replace("&", "&amp;").encode()


_LONGEST = 32 * CHUNK
"""A row, or all that stands before the rows, in the plain form."""

_OPEN = re.compile(rb"<sheetData(?: [^<>]*)?>")
_EMPTY = re.compile(rb"<sheetData(?: [^<>]*)?/>")
_ROW = re.compile(rb'\s*<row((?: [A-Za-z0-9:]+="[^"<>&]*")*) ?(/?)>\s*')
_ATTRIBUTE = re.compile(rb' ([A-Za-z0-9:]+)="([^"]*)"')
_WRITTEN = re.compile(
    rb'<c r="([A-Z]+)([0-9]+)"([^<>/]*)'
    rb"(?:>\s*(?:(<f)[^<>]*(?:(?<=/)>|>[^<]*</f>)\s*)?"
    rb'(?:(<v)(?: xml:space="preserve")?(?:/>|>([^<]*)</v>)'
    rb'|<is>\s*<t(?: xml:space="preserve")?>([^<]*)</t>\s*</is>)?\s*</c>|/>)\s*(?=<c |\Z)'
)


def plain_rows(stream: IO[bytes], frame: Frame) -> Iterator[Row]:
    """Attributes and cells of each row, in the order of the file. Raises NotPlain, expat.ExpatError, Unreadable."""
    text = _Text(stream)
    frame.feed(text.before_rows())
    if text.has_rows:
        if not frame.in_data:
            raise NotPlain
        while (row := text.row()) is not None:
            yield row
    if b"<!" in text.buffer:
        raise NotPlain
    while text.buffer:
        frame.feed(text.buffer)
        text.buffer = stream.read(CHUNK)
    frame.feed(b"", last=True)


class _Text:
    """The bytes of a sheet, a chunk at a time."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self.buffer = b""
        self.at = 0
        self.has_rows = False

    def _more(self) -> bool:
        chunk = self._stream.read(CHUNK)
        self.buffer = self.buffer[self.at :] + chunk
        self.at = 0
        return bool(chunk)

    def before_rows(self) -> bytes:
        """All up to the rows, taken off the buffer; all of a sheet without any."""
        self._more()
        start = self.buffer[:200]
        if b"\x00" in start or encoding(start) != "utf-8":
            raise NotPlain
        while not (opened := _OPEN.search(self.buffer) or _EMPTY.search(self.buffer)) and self._more():
            if len(self.buffer) > _LONGEST:
                raise NotPlain
        end = opened.end() if opened else len(self.buffer)
        before, self.buffer = self.buffer[:end], self.buffer[end:]
        if b"<!" in before:
            raise NotPlain
        self.has_rows = bool(opened and not before.endswith(b"/>"))
        return before

    def row(self) -> Row | None:
        """The next row; none where the rows are over."""
        while True:
            opened = _ROW.match(self.buffer, self.at)
            end = -1
            if opened:
                end = opened.end() if opened[2] else self.buffer.find(b"</row>", opened.end())
            if opened and end >= 0:
                return self._taken(opened, end)
            if not opened and self.buffer[self.at : self.at + 64].lstrip().startswith(b"</sheetData"):
                self.buffer = self.buffer[self.at :]
                return None
            if len(self.buffer) > _LONGEST or not self._more():
                raise NotPlain

    def _taken(self, opened: re.Match[bytes], end: int) -> Row:
        found = _ATTRIBUTE.findall(opened[1])
        attributes = dict(found)
        if len(attributes) < len(found) or b"xmlns" in opened[1]:
            raise NotPlain
        if opened[2]:
            self.at = end
            return attributes, []
        within = self.buffer[opened.end() : end]
        self.at = end + len(b"</row>")
        cells: list[Written] = _WRITTEN.findall(within)
        if len(cells) != within.count(b"<c ") or (within and not within.startswith(b"<c ")):
            raise NotPlain
        return attributes, cells


def general_rows(stream: IO[bytes], frame: Frame) -> Iterator[Row]:
    """As plain_rows, of a sheet however it is written. Raises expat.ExpatError, Unreadable."""
    first = more = True
    while more:
        chunk = stream.read(CHUNK)
        if first:
            check_encoding(chunk)
        first, more = False, bool(chunk)
        frame.feed(chunk, last=not more)
        yield from frame.rows
        frame.rows.clear()
