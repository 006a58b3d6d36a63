"""What the child sends of a file, in order: for each sheet its beginning, its rows in blocks, its end."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from disburse.reader import unreadable
from disburse.reader.unreadable import ambiguous, too_large

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from disburse.reader.cell import Cell, Range

BLOCK = 1000
"""Rows sent at once."""


class Begin(NamedTuple):
    name: str
    order: int
    hidden: bool = False
    named_as_list: bool = False
    named_column: int | None = None


class End(NamedTuple):
    merged: list[Range]
    hidden_rows: frozenset[int]


Rows = list[list["Cell"]]
"""Rows from Excel's first one on without a gap; each ends with its last cell in use."""

Message = Begin | End | Rows


def in_blocks(lines: Iterable[list[Cell]], extent: Extent) -> Iterator[Rows]:
    """The rows of a sheet, the first one first, each cut off after its last cell in use."""
    block: Rows = []
    for row, line in enumerate(lines):
        while line and line[-1] == "":
            line.pop()
        if line:
            extent.count(row, line)
        block.append(line)
        if len(block) == BLOCK:
            yield block
            block = []
    yield block


class Extent:
    """How much of a file has been taken in; raises Unreadable when it is more than may be."""

    def __init__(self) -> None:
        self.height = self.width = 0
        self._before = self._filled = 0

    def begin(self) -> None:
        """Another sheet begins."""
        self._before += self.height * self.width
        self.height = self.width = 0

    def count(self, row: int, line: Sequence[Cell]) -> None:
        """Take note of the cells in use of a row."""
        self.height, self.width = row + 1, max(self.width, len(line))
        area = self._before + self.height * self.width
        if area > unreadable.MAX_CELLS:
            raise too_large(unreadable.cells(area), unreadable.cells(unreadable.MAX_CELLS))
        self._filled += len(line) - line.count("")
        if self._filled > unreadable.MAX_FILLED:
            raise too_large(unreadable.filled(self._filled), unreadable.filled(unreadable.MAX_FILLED))

    def check_merged(self, merged: Sequence[Range]) -> None:
        """No two merged cells of the sheet may overlap: which of them holds the value would be anybody's guess."""
        lines = sum(bottom - top + 1 for top, _, bottom, _ in merged)
        if lines > unreadable.MAX_MERGED:
            raise too_large(unreadable.merged(lines), unreadable.merged(unreadable.MAX_MERGED))
        taken = bytearray(self.height * self.width)
        for top, left, bottom, right in merged:
            wide = min(right + 1, self.width) - left
            for row in range(top, min(bottom + 1, self.height)) if wide > 0 else ():
                at = row * self.width + left
                if any(taken[at : at + wide]):
                    raise ambiguous("有互相重叠的合并单元格", "merged cells overlap")
                taken[at : at + wide] = b"\x01" * wide
