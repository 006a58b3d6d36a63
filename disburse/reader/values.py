"""Cells as they are meant: what is written in a cell, by its type and style, as a Python value."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from math import isfinite
from typing import TYPE_CHECKING

from disburse.reader.cell import ErrorValue
from disburse.reader.markup import unescaped
from disburse.reader.rows import NotPlain
from disburse.reader.unreadable import damaged

if TYPE_CHECKING:
    from disburse.reader.book import Book
    from disburse.reader.cell import Cell

Converter = Callable[[bytes], "Cell"]
"""The bytes of a value that is not empty → the cell."""

_ATTRIBUTE = re.compile(r' (s|t|cm|vm|ph)="([A-Za-z0-9]*)"')
_ATTRIBUTES = re.compile(rf"(?:{_ATTRIBUTE.pattern})* ?")
_NUMBER = re.compile(rb"\s*[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[Ee][+-]?[0-9]{1,4})?\s*")
_NO_NUMBER = (b"NaN", b"INF", b"-INF")


class Converters(dict[bytes, Converter]):
    """The converter for a cell's attributes as they are written, e.g. ` s="3" t="s"`."""

    def __init__(self, book: Book) -> None:
        super().__init__()
        self._book = book
        self._date = _Dates(from_1904=book.from_1904)
        self._kinds: dict[str, Converter] = {
            "s": shared(book.strings), "str": text, "inlineStr": text, "b": truth, "e": error, "d": iso_date,
        }  # fmt: skip

    def __missing__(self, attributes: bytes) -> Converter:
        written = attributes.decode("latin-1")
        pairs = _ATTRIBUTE.findall(written)
        given = dict(pairs)
        if len(given) < len(pairs) or not _ATTRIBUTES.fullmatch(written):
            raise NotPlain
        self[attributes] = self._converter(given.get("t", "n"), given.get("s", "0"))
        return self[attributes]

    def _converter(self, kind: str, style: str) -> Converter:
        if kind != "n":
            if kind not in self._kinds:
                raise damaged()
            return self._kinds[kind]
        known = style.isascii() and style.isdigit() and int(style[:9]) < len(self._book.shows)
        shown = self._book.shows[int(style)] if known else "number"
        by_shown: dict[str, Converter] = {"number": number, "date": self._date, "elapsed": elapsed}
        return by_shown[shown]


def shared(strings: list[str]) -> Converter:
    """The converter for the number of a shared text."""

    def one(value: bytes) -> Cell:
        if value.isdigit():
            at = int(value)
        elif value.strip().isdigit():
            at = int(value.strip())
        else:
            raise damaged()
        if at >= len(strings):
            raise damaged()
        return strings[at]

    return one


def number(value: bytes) -> Cell:
    """A number; one beyond all bounds shows as an error, as it would in Excel."""
    if not value.isdigit() and not _NUMBER.fullmatch(value):
        value = _decoded(value).encode()
        if value.strip() in _NO_NUMBER:
            return ErrorValue("#NUM!")
        if not _NUMBER.fullmatch(value):
            raise damaged()
    found = float(value)
    return found if isfinite(found) else ErrorValue("#NUM!")


def text(value: bytes) -> Cell:
    return unescaped(_decoded(value))


_ENTITY = re.compile(r"&(?:amp|lt|gt|quot|apos|#[0-9]{1,7}|#x[0-9A-Fa-f]{1,6});")
_NAMED = {"&amp;": "&", "&lt;": "<", "&gt;": ">", "&quot;": '"', "&apos;": "'"}


def _decoded(value: bytes) -> str:
    """The text of an XML value. Raises NotPlain where there is more in it than text and plain entities."""
    try:
        found = value.decode()
    except UnicodeDecodeError:
        raise NotPlain from None
    if "\r" in found:
        found = found.replace("\r\n", "\n").replace("\r", "\n")
    if "&" not in found:
        return found
    if found.count("&") > len(_ENTITY.findall(found)):
        raise NotPlain
    return _ENTITY.sub(_entity, found)


def _entity(entity: re.Match[str]) -> str:
    written = entity[0]
    if written in _NAMED:
        return _NAMED[written]
    code = int(written[3:-1], 16) if written[2] in "xX" else int(written[2:-1])
    if code > 0x10FFFF or 0xD800 <= code <= 0xDFFF or code == 0:
        raise NotPlain
    return chr(code)


def truth(value: bytes) -> Cell:
    known = {b"1": True, b"true": True, b"0": False, b"false": False}
    if value.strip() not in known:
        raise damaged()
    return known[value.strip()]


def error(value: bytes) -> Cell:
    return ErrorValue(_decoded(value).strip())


def iso_date(value: bytes) -> Cell:
    """A date written as text, as strict files do; whatever else stands there is text."""
    written = _decoded(value).strip()
    try:
        return datetime.fromisoformat(written.removesuffix("Z"))
    except ValueError:
        return written


def elapsed(value: bytes) -> Cell:
    days = number(value)
    return timedelta(milliseconds=round(days * DAY)) if isinstance(days, float) and abs(days) < 1e8 else days


_FIRST, _FIRST_OF_1904 = datetime(1899, 12, 30), datetime(1904, 1, 1)  # noqa: DTZ001 – a cell has no zone

DAY = 86_400_000
"""Milliseconds: no program shows a shorter time."""


class _Dates(dict[bytes, "Cell"]):
    """Serial days as written → date, or date and time; before day 1, a time of day; out of bounds, the number."""

    def __init__(self, *, from_1904: bool) -> None:
        super().__init__()
        self._from_1904 = from_1904

    def __call__(self, value: bytes) -> Cell:
        return self[value]

    def __missing__(self, value: bytes) -> Cell:
        days = number(value)
        found = self._day(days) if isinstance(days, float) else days
        if len(self) < 100_000:
            self[value] = found
        return found

    def _day(self, days: float) -> Cell:
        milliseconds = round(days * DAY) if 0 <= days < 2_958_466 else -1
        if milliseconds < 0 or (60 * DAY <= milliseconds < 61 * DAY and not self._from_1904):
            return days  # Excel counts a 29 February 1900
        if milliseconds < DAY and not self._from_1904:
            return (_FIRST + timedelta(milliseconds=milliseconds)).time()
        first = _FIRST_OF_1904 if self._from_1904 else _FIRST
        early = timedelta(days=1) if milliseconds < 60 * DAY and not self._from_1904 else timedelta()
        moment = first + early + timedelta(milliseconds=milliseconds)
        return moment if milliseconds % DAY else moment.date()
