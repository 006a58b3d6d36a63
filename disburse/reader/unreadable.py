"""Why a file cannot be read, and the limits of what is read."""

from __future__ import annotations

Words = tuple[str, str]
"""Chinese, English."""

MAX_BYTES = 300 << 20
"""All parts of one file, unpacked."""

MAX_RATIO, RATIO_FROM = 400, 10 << 20
"""Unpacked to packed size of one part, asked of parts above RATIO_FROM bytes: sheets pack to a tenth."""

MAX_CELLS = 10 << 20
"""Rows × columns up to the last cell in use, over all sheets of a file."""

MAX_FILLED = 4 << 20
"""Cells that hold something, over all sheets of a file: 100,000 rows of 40 columns."""

MAX_MERGED = 2 << 20
"""Lines of all the merged cells of a sheet together."""

SECONDS = 15
"""What the child may take for one file."""

MEMORY = 700 << 20
"""Bytes the child, and what it sends, may take up for one file."""

MAX_ROWS, MAX_COLUMNS = 1_048_576, 16_384
"""What Excel has."""


class Unreadable(Exception):
    """`code` is one of the catalogue's workbook group; `found` and `expected` fill its message."""

    def __init__(self, code: str, found: Words = ("", ""), expected: Words = ("", "")) -> None:
        super().__init__(code, found, expected)
        self.code, self.found, self.expected = code, found, expected


def irregular(zh: str, en: str) -> Unreadable:
    """The file is not an ordinary workbook."""
    return Unreadable("WORKBOOK_UNREADABLE", (zh, en))


def damaged() -> Unreadable:
    return irregular("文件不完整或已损坏", "the file is incomplete or damaged")


def ambiguous(zh: str, en: str) -> Unreadable:
    """Two programs could take the file for different things, so neither reading is safe."""
    return irregular(f"{zh}，不同的软件可能读出不同的内容", f"{en}, so that two programs could read it differently")


def document_type() -> Unreadable:
    """It can grow without bound, and no workbook has one."""
    return irregular("文件内部含有文档类型定义", "the file holds a document type definition")


def interrupted() -> Unreadable:
    return ambiguous("单元格的内容中夹有注释或标记", "the content of a cell is interrupted by a comment or mark")


def two_values() -> Unreadable:
    return ambiguous("一个单元格里写有两个值", "a cell holds two values")


def encrypted() -> Unreadable:
    """The file needs a password."""
    return Unreadable("WORKBOOK_ENCRYPTED")


def too_large(found: Words, expected: Words) -> Unreadable:
    return Unreadable("WORKBOOK_TOO_LARGE", found, expected)


def cells(count: int) -> Words:
    """A number of cells in words."""
    return f"{count:,} 格", f"{count:,} cells"


def filled(count: int) -> Words:
    return f"{count:,} 个有内容的格", f"{count:,} cells with content"


def merged(lines: int) -> Words:
    return f"合并单元格共 {lines:,} 行", f"{lines:,} lines of merged cells"


def megabytes(size: int) -> Words:
    """A size in words; never less than it is."""
    whole = -(-size >> 20)
    return f"{whole:,} MB", f"{whole:,} MB"


def out_of_memory() -> Unreadable:
    size = megabytes(MEMORY)
    return too_large((f"读取时超出内存 {size[0]}", f"reading it took more than {size[1]} of memory"), size)


def out_of_time() -> Unreadable:
    limit = f"{SECONDS} 秒内读完", f"{SECONDS} seconds of reading"
    return too_large((f"{SECONDS} 秒仍未读完", f"not read after {SECONDS} seconds"), limit)
