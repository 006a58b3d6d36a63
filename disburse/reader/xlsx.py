"""Excel's own format: the sheets of a workbook, in blocks of rows."""

from __future__ import annotations

import zipfile
import zlib
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET
from xml.parsers import expat

from disburse.reader import unreadable
from disburse.reader.block import BLOCK, Begin, End, Extent
from disburse.reader.book import read_book
from disburse.reader.cell import ErrorValue, NotCalculated
from disburse.reader.kind import check_archive
from disburse.reader.markup import letters
from disburse.reader.package import Package
from disburse.reader.rows import Frame, general_rows, plain_rows
from disburse.reader.unreadable import ambiguous, damaged
from disburse.reader.values import Converters

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from disburse.reader.block import Message
    from disburse.reader.book import Book, Entry
    from disburse.reader.cell import Cell
    from disburse.reader.rows import Written
    from disburse.reader.values import Converter

_FAULTS = (
    zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, ET.ParseError, expat.ExpatError, UnicodeError,
)  # fmt: skip
"""What the standard library raises at a file that is not what it says."""


def read_xlsx(path: Path, *, plain: bool) -> Iterator[Message]:
    """The worksheets of the file. Raises NotPlain, where only the plain form is to be read; Unreadable; OSError."""
    try:
        with Package(path) as package:
            check_archive(package)
            package.verify()
            book = read_book(package)
            extent = Extent()
            for entry in book.sheets:
                yield from _sheet(package, book, entry, extent, plain=plain)
    except _FAULTS as error:
        raise damaged() from error


def _sheet(package: Package, book: Book, entry: Entry, extent: Extent, *, plain: bool) -> Iterator[Message]:
    frame = Frame(plain=plain)
    sheet = _Sheet(book, extent)
    yield Begin(entry.name, entry.order, entry.hidden, entry.named_as_list, entry.named_column)
    with package.open(entry.part) as stream:
        for attributes, cells in (plain_rows if plain else general_rows)(stream, frame):
            sheet.take(attributes, cells)
            if len(sheet.rows) >= BLOCK:
                yield sheet.block()
    yield sheet.block()
    extent.check_merged(frame.merged)
    yield End(frame.merged, frozenset(sheet.hidden))


class _Sheet:
    """Rows as written → rows of cells, each at its place, none twice."""

    def __init__(self, book: Book, extent: Extent) -> None:
        self.rows: list[list[Cell]] = []
        self.hidden: set[int] = set()
        self._converters = Converters(book)
        self._columns = _Columns()
        self._shapes: dict[tuple[tuple[bytes, ...], tuple[bytes, ...]], _Shape] = {}
        self._extent = extent
        self._extent.begin()
        self._row = -1

    def block(self) -> list[list[Cell]]:
        """The rows taken in since the last block."""
        rows, self.rows = self.rows, []
        return rows

    def take(self, attributes: dict[bytes, bytes], cells: list[Written]) -> None:
        written = attributes.get(b"r")
        number = self._row + 1 if written is None else _row_number(written)
        if number <= self._row:
            raise ambiguous(f"第 {number + 1} 行重复或次序不对", f"row {number + 1} is repeated or out of order")
        self._row = number
        if _hidden(attributes):
            self.hidden.add(number)
        line = self._line(cells, str(number + 1).encode())
        while line and line[-1] == "":
            line.pop()
        if line:
            self.rows.extend([] for _ in range(number - self._extent.height))
            self._extent.count(number, line)
            self.rows.append(line)

    def _line(self, cells: list[Written], number: bytes) -> list[Cell]:
        """The cells of a row, each in its column. Rows of one shape – almost all of a sheet – are taken column by column."""
        if not cells:
            return []
        columns, rows, attributes, formulas, values, contents, inlines = zip(*cells, strict=True)
        if rows.count(number) < len(rows) and any(row and row.lstrip(b"0") != number for row in rows):
            raise ambiguous(
                f"第 {number.decode()} 行里写有别行的格", f"row {number.decode()} holds a cell of another row"
            )
        shape = self._shape(columns, attributes, number)
        if any(inlines) or shape.has_inlines:
            contents = tuple(map(_by_type, attributes, contents, inlines))
        if any(formulas) or shape.has_errors:
            found = [*map(_cell, shape.converters, attributes, formulas, values, contents)]
        else:
            pairs = zip(shape.converters, contents, strict=True)
            found = [convert(content) if content else "" for convert, content in pairs]
        if shape.without_gaps:
            return found
        line: list[Cell] = [""] * (shape.places[-1] + 1)
        for at, cell in zip(shape.places, found, strict=True):
            line[at] = cell
        return line

    def _shape(self, columns: tuple[bytes, ...], attributes: tuple[bytes, ...], number: bytes) -> _Shape:
        shape = self._shapes.get((columns, attributes))
        if shape is None:
            shape = _Shape(self._places(columns, number), [self._converters[each] for each in attributes], attributes)
            if len(self._shapes) == _SHAPES:
                self._shapes.clear()
            self._shapes[columns, attributes] = shape
        return shape

    def _places(self, columns: tuple[bytes, ...], number: bytes) -> list[int]:
        places: list[int] = []
        after = 0
        for column in columns:
            at = self._columns[column] if column else after
            if at < after:
                where = f"{column.decode()}{number.decode()}"
                raise ambiguous(f"{where} 格重复或次序不对", f"cell {where} is repeated or out of order")
            places.append(at)
            after = at + 1
        return places


_SHAPES = 1000
"""So many are kept: a sheet made to have a new one in each row shall not fill the memory."""


class _Shape:
    """What the rows that have the same columns, types and styles have in common."""

    def __init__(self, places: list[int], converters: list[Converter], attributes: tuple[bytes, ...]) -> None:
        self.places, self.converters = places, converters
        self.without_gaps = places[-1] == len(places) - 1
        self.has_inlines = any(_INLINE in each for each in attributes)
        self.has_errors = any(b't="e"' in each for each in attributes)


_INLINE = b't="inlineStr"'


def _by_type(attributes: bytes, content: bytes, inline: bytes) -> bytes:
    """The one of the two places a value can stand in that the type of the cell names."""
    is_inline = _INLINE in attributes
    if (content and not inline) if is_inline else inline:
        raise ambiguous("单元格的值写在了别的地方", "the value of a cell stands where it does not belong")
    return inline if is_inline else content


def _cell(convert: Converter, attributes: bytes, formula: bytes, value: bytes, content: bytes) -> Cell:
    if content:
        return convert(content)
    if b't="e"' in attributes:
        return ErrorValue("#VALUE!")
    if formula and not (value and b't="str"' in attributes):
        return NotCalculated()
    return ""


class _Columns(dict[bytes, int]):
    """Columns by their letters."""

    def __missing__(self, column: bytes) -> int:
        found = letters(column)
        if not (column.isalpha() and column.isupper()) or found >= unreadable.MAX_COLUMNS:
            raise damaged()
        self[column] = found
        return found


def _row_number(written: bytes) -> int:
    if not written.isdigit() or not 1 <= int(written[:10]) <= unreadable.MAX_ROWS:
        raise damaged()
    return int(written) - 1


def _hidden(attributes: dict[bytes, bytes]) -> bool:
    if attributes.get(b"hidden") in (b"1", b"true"):
        return True
    height = attributes.get(b"ht", b"1")
    return not height.strip(b"0.")
