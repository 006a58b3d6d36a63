"""How much room text needs: lines in a cell, height of a row, scale on paper.

Neither Excel nor LibreOffice grows rows reliably around wrapped Chinese text or merged cells, so heights are
written. They are generous on purpose: a machine without the font named in the file takes a wider one.
"""

from __future__ import annotations

import re
from functools import lru_cache
from math import ceil
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

POINTS_PER_EM_LINE = 1.45
"""Height of a line by font size; the tallest of the usual Chinese fonts."""

MAX_HEIGHT = 409.0
"""What Excel allows a row."""

DEFAULT_HEIGHT = 15.0
"""Of a row for which none is written."""

SAFE = 0.93
"""Part of a page that is counted on: screens and printers round columns, and with them the scale, each in its way."""

LINES_WITH_TOTAL = 3
"""Lines that go with the total where it must stand on a page of its own."""

_PIXELS_PER_POINT = 96 / 72
_WORD = re.compile(r"[!-~]+|.", re.DOTALL)


def ems(text: str) -> float:
    """Width of one line of text in units of the font size."""
    return sum(1.0 if sign > "\u2000" else 0.72 if sign.isupper() or sign in "mw@%&" else 0.58 for sign in text)


@lru_cache(maxsize=100_000)
def lines(text: str, width: float, size: float) -> int:
    """How many lines `text` takes in a cell `width` characters wide, in a font of `size` points.

    >>> lines("东莞示例科技有限公司", width=10, size=10)
    2
    """
    room = max(pixels(width) - 6, 8) / (size * _PIXELS_PER_POINT)
    if len(text) <= room and "\n" not in text:
        return 1
    return sum(_paragraph(part, room) for part in text.split("\n"))


def _paragraph(text: str, room: float) -> int:
    count, used = 1, 0.0
    for word in _WORD.findall(text):
        needed = ems(word)
        if used + needed <= room:
            used += needed
        elif needed <= room:
            count, used = count + 1, needed
        else:  # longer than a line: broken anywhere, begun on a line of its own
            rows = ceil(needed / (room - 0.72))
            count, used = count + rows - (0 if used else 1), needed % (room - 0.72)
    return count


def height(count: float, size: float) -> float:
    """Height in points of a row of `count` lines."""
    return min(round(count * size * POINTS_PER_EM_LINE + 5, 2), MAX_HEIGHT)


def pixels(width: float) -> int:
    """Pixels of a column `width` characters wide, at 96 per inch, as Excel computes them."""
    return int(width * 7 + 0.5) + 5


def scale(widths: Iterable[float], paper_mm: float, margins_mm: float) -> float:
    """The scale at which columns of these widths fit across the paper; never above 1."""
    return min(1.0, (paper_mm - margins_mm) / 25.4 * 96 / sum(pixels(width) for width in widths))


def last_page(heights: Sequence[float], rows: range, repeat: int, room: float) -> int | None:
    """The row the last page must begin with, so that what follows `rows` stands with the last of them.

    `room` is the height of a page, `repeat` the row printed again on every further page. None: one page holds all.

    >>> last_page([20, *[30] * 10, 100], range(1, 11), 0, 420)
    >>> last_page([20, *[30] * 10, 100], range(1, 11), 0, 400)
    8
    >>> last_page([20, *[30] * 10, 100], range(1, 11), 0, 200)
    9
    """
    after = sum(heights[rows.stop :])
    begin, used = 0, sum(heights[: rows.start])
    for row in rows:
        if used + heights[row] > room:
            begin, used = row, heights[repeat]
        used += heights[row]
    if used + after <= room or not rows:
        return begin or None
    used = heights[repeat] + after
    for row in reversed(rows[-LINES_WITH_TOTAL:]):
        used += heights[row]
        if used > room and row != rows[-1]:
            return row + 1
    return rows[-LINES_WITH_TOTAL:][0]
