"""XML of the office formats: parsed event by event, in either of its two namespaces, and its ways of writing text."""

from __future__ import annotations

import re
from typing import IO, TYPE_CHECKING
from xml.parsers import expat

from disburse.reader.unreadable import document_type, irregular

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Start = Callable[[str, dict[str, str]], None]
    End = Callable[[str], None]
    Text = Callable[[str], None]

_NAMESPACES = (
    "http://schemas.openxmlformats.org/spreadsheetml/2006/main",
    "http://purl.oclc.org/ooxml/spreadsheetml/main",
)
"""Transitional (what Excel writes) and strict."""

_NAMES = (
    "worksheet", "sheetData", "row", "c", "v", "f", "is", "t", "r", "rPh", "extLst", "mergeCell", "si",
    "numFmt", "cellXfs", "xf",
)  # fmt: skip

LOCAL = {f"{namespace} {name}": name for namespace in _NAMESPACES for name in _NAMES}
"""Elements by the names the parser gives them; those not here are no concern of ours."""

CHUNK = 1 << 20


def parser(start: Start, end: End, text: Text | None = None) -> expat.XMLParserType:
    """A parser with these handlers; the names of elements are those of LOCAL."""

    def refuse(*_: object) -> None:
        raise document_type()

    made = expat.ParserCreate(namespace_separator=" ")
    made.buffer_text = True
    made.StartElementHandler = start
    made.EndElementHandler = end
    if text:
        made.CharacterDataHandler = text
    made.StartDoctypeDeclHandler = refuse
    return made


def parse(
    stream: IO[bytes], start: Start, end: End, text: Text | None = None, mark: Callable[..., None] | None = None
) -> None:
    """Parse the whole stream; `mark` is told of comments and the like. Raises expat.ExpatError, Unreadable."""
    made = parser(start, end, text)
    made.CommentHandler = made.ProcessingInstructionHandler = mark
    chunk = stream.read(CHUNK)
    check_encoding(chunk)
    while chunk:
        made.Parse(chunk, False)  # noqa: FBT003 – positional in the library
        chunk = stream.read(CHUNK)
    made.Parse(b"", True)  # noqa: FBT003


def encoding(start: bytes) -> str:
    """The encoding an XML part declares at its start, in lower case; UTF-8 where it says nothing."""
    declared = re.match(rb'[^<]*<\?xml[^>]*?encoding\s*=\s*["\']([^"\'>]*)', start[:400].replace(b"\x00", b""))
    return declared[1].decode("latin-1").lower() if declared else "utf-8"


def check_encoding(start: bytes) -> None:
    """Refuse an encoding the parser does not have."""
    if encoding(start) not in ("utf-8", "utf-16", "us-ascii", "iso-8859-1"):
        raise irregular("文件内部不是 UTF-8 编码", "the parts of the file are not UTF-8")


_ESCAPE = re.compile(r"_x([0-9A-Fa-f]{4})_")


def unescaped(text: str) -> str:
    r"""The text with Excel's own escapes resolved: `_x000D_` is a carriage return, `_x005F_` an underscore.

    >>> unescaped("一_x000D_二_x005F_x000D_")
    '一\r二_x000D_'
    """
    if "_x" not in text or not _ESCAPE.search(text):
        return text
    plain = _ESCAPE.sub(lambda escape: chr(int(escape[1], 16)), text)
    return plain.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def letters(column: bytes) -> int:
    """The column of its letters, from 0.

    >>> letters(b"A"), letters(b"XFD")
    (0, 16383)
    """
    number = 0
    for letter in column:
        number = number * 26 + letter - 64
    return number - 1


def ranges(reference: str) -> Iterator[tuple[int, int, int, int]]:
    """The ranges of a reference, e.g. `A1:B2`, from 0; nothing where it is none."""
    for each in reference.split():
        found = re.fullmatch(r"\$?([A-Z]{1,3})\$?([0-9]{1,7})(?::\$?([A-Z]{1,3})\$?([0-9]{1,7}))?", each)
        if found:
            left, top = letters(found[1].encode()), int(found[2]) - 1
            right = letters(found[3].encode()) if found[3] else left
            bottom = int(found[4]) - 1 if found[4] else top
            yield min(top, bottom), min(left, right), max(top, bottom), max(left, right)
