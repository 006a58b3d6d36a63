"""CSV: one sheet without a name, all text; UTF-8 or GB18030, whichever the whole file is."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

from disburse.reader import unreadable
from disburse.reader.block import Begin, End, Extent, in_blocks
from disburse.reader.unreadable import irregular, too_large

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from disburse.reader.block import Message
    from disburse.reader.cell import Cell

ENCODINGS = ("utf-8-sig", "gb18030")


def read_csv(path: Path) -> Iterator[Message]:
    """The one sheet. Raises Unreadable, OSError."""
    size = path.stat().st_size
    if size > unreadable.MAX_BYTES:
        raise too_large(unreadable.megabytes(size), unreadable.megabytes(unreadable.MAX_BYTES))
    yield Begin("", 0)
    try:
        with path.open(encoding=_encoding(path), newline="") as file:
            lines: Iterator[list[Cell]] = ([*fields] for fields in csv.reader(file, strict=True))
            yield from in_blocks(lines, Extent())
    except csv.Error as error:
        raise irregular(f"CSV 格式有误（{error}）", f"the CSV is malformed ({error})") from error
    yield End([], frozenset())


def _encoding(path: Path) -> str:
    """The encoding the whole file can be read in."""
    for encoding in ENCODINGS:
        empty = True
        try:
            with path.open(encoding=encoding, newline="") as file:
                while text := file.read(1 << 20):
                    if "\x00" in text:
                        raise _not_text()
                    empty = empty and not text.strip()
        except UnicodeDecodeError:
            continue
        if empty:
            raise irregular("文件是空的", "the file is empty")
        return encoding
    raise _not_text()


def _not_text() -> unreadable.Unreadable:
    return irregular("CSV 文件应为 UTF-8 或 GB18030 编码", "a CSV file must be UTF-8 or GB18030")
