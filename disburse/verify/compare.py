"""What differs between two tables that should be one: cell by cell, lines that were put in or left out found as such.

Pure: cells in, differences out. It knows nothing of how either side came about.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from difflib import SequenceMatcher
from itertools import zip_longest
from typing import TYPE_CHECKING

from xlsxwriter.utility import xl_rowcol_to_cell

from disburse.language import say

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

Row = tuple[object, ...]
Pair = tuple[int | None, int | None]

NUMBERS = frozenset({"申报编号", "Application no.", "application_no"})
"""Headings of the column that says which application a line is about."""

SEARCHED = 400
"""Lines in a row that differ on either side, up to which each is looked for on the other side by its likeness."""

_AMOUNT = re.compile(r"-?[0-9]+\.[0-9]{2}")


@dataclass(frozen=True)
class Sheet:
    """A sheet or CSV file: every line from the first on. Blank is ""; a number stands for its 15 digits."""

    name: str
    rows: Sequence[Row]


@dataclass(frozen=True)
class Difference:
    """One cell, line, sheet or file that is not as it should be.

    cell        as Excel shows it, of the file found (of the one expected where the line is missing)
    column      heading of the column, or what is meant
    difference  found − expected where both are amounts or counts, else ""
    """

    file: str
    sheet: str = ""
    cell: str = ""
    application_no: str = ""
    column: str = ""
    expected: str = ""
    found: str = ""
    difference: str = ""


def compare(
    file: str, expected: Sequence[Sheet], found: Sequence[Sheet], headings: Iterable[str]
) -> Iterator[Difference]:
    """Every difference between two workbooks, or two CSV files as workbooks of one sheet.

    headings  those of all tables in them: a line that holds three of them names the columns of the lines below it
    """
    known, theirs = frozenset(headings), {sheet.name: sheet for sheet in found}
    for sheet in expected:
        if sheet.name in theirs:
            yield from _sheet(file, sheet, theirs[sheet.name], known)
        else:
            yield Difference(file, sheet.name, expected=say("有这张工作表", "this sheet"), found=say("无", "none"))
    for name in theirs.keys() - {sheet.name for sheet in expected}:
        yield Difference(file, name, expected=say("没有这张工作表", "no such sheet"), found=say("有", "there"))


def _sheet(file: str, expected: Sheet, found: Sheet, headings: frozenset[str]) -> Iterator[Difference]:
    mine, theirs = _rectangle(expected.rows), _rectangle(found.rows)
    if mine == theirs:
        return
    columns = _columns(mine, headings)
    for at, to in paired(mine, theirs):
        if at is None or to is None:
            yield _line(file, found.name, columns, mine, theirs, at, to)
            continue
        names = columns[at]
        number = _number(names, mine[at]) or _number(names, theirs[to])
        for column, (one, other) in enumerate(zip_longest(mine[at], theirs[to], fillvalue="")):
            if one != other:
                where = xl_rowcol_to_cell(to, column)
                yield Difference(
                    file, found.name, where, number, names.get(column, ""), shown(one), _told_apart(one, other),
                    apart(one, other),
                )  # fmt: skip


def _line(
    file: str, name: str, columns: list[dict[int, str]], mine: list[Row], theirs: list[Row], at: int | None,
    to: int | None,
) -> Difference:  # fmt: skip
    """A whole line that stands only on one side."""
    side, row = (mine, at) if at is not None else (theirs, to or 0)
    names = columns[min(row, len(columns) - 1)] if columns else {}
    words = [say("；", "; ").join(filter(None, map(shown, side[row]))), say("无此行", "no such line")]
    expected, found = words if at is not None else reversed(words)
    whole = say("整行", "whole line")
    return Difference(file, name, f"{row + 1}:{row + 1}", _number(names, side[row]), whole, expected, found)


def paired(mine: Sequence[Row], theirs: Sequence[Row]) -> Iterator[Pair]:
    """Which lines belong together, in order: (i, j) where they differ, (i, None) missing, (None, j) put in.

    Equal lines are left out. As many lines on both sides are taken as they stand; else the likest belong together.

    >>> list(paired([("a", 1), ("b", 2), ("c", 3)], [("a", 1), ("c", 4)]))
    [(1, None), (2, 1)]
    """
    begin, end = 0, 0
    shortest = min(len(mine), len(theirs))
    while begin < shortest and mine[begin] == theirs[begin]:
        begin += 1
    while end < shortest - begin and mine[-1 - end] == theirs[-1 - end]:
        end += 1
    one, other = mine[begin : len(mine) - end], theirs[begin : len(theirs) - end]
    for i, j in _blocks(one, other):
        yield (None if i is None else begin + i), (None if j is None else begin + j)


def _blocks(mine: Sequence[Row], theirs: Sequence[Row]) -> Iterator[Pair]:
    if len(mine) == len(theirs):
        yield from ((i, i) for i in range(len(mine)) if mine[i] != theirs[i])
        return
    for tag, i, stop, j, end in SequenceMatcher(None, mine, theirs, autojunk=False).get_opcodes():
        if tag != "equal":
            yield from ((_moved(a, i), _moved(b, j)) for a, b in _likest(mine[i:stop], theirs[j:end]))


def _moved(at: int | None, by: int) -> int | None:
    return None if at is None else at + by


def _likest(mine: Sequence[Row], theirs: Sequence[Row]) -> Iterator[Pair]:
    """Pairs in order: each line with the first further one on the other side that shares half of its cells."""
    if len(mine) == len(theirs) or max(len(mine), len(theirs)) > SEARCHED:
        yield from zip_longest(range(len(mine)), range(len(theirs)))
        return
    begin = 0
    for i, row in enumerate(mine):
        j = next((j for j in range(begin, len(theirs)) if _like(row, theirs[j])), None)
        if j is None:
            yield i, None
            continue
        yield from ((None, between) for between in range(begin, j))
        yield i, j
        begin = j + 1
    yield from ((None, j) for j in range(begin, len(theirs)))


def _like(one: Row, other: Row) -> bool:
    filled = [(a, b) for a, b in zip_longest(one, other, fillvalue="") if a not in (None, "") or b not in (None, "")]
    return 2 * sum(a == b for a, b in filled) >= len(filled)


def _rectangle(rows: Sequence[Row]) -> list[Row]:
    """The lines without blank cells at their ends and blank lines at the end, values in one form."""
    lines = [tuple(map(_value, row)) for row in rows]
    trimmed = [row[: 1 + max((i for i, cell in enumerate(row) if cell != ""), default=-1)] for row in lines]
    while trimmed and not trimmed[-1]:
        trimmed.pop()
    return trimmed


def _value(cell: object) -> object:
    match cell:
        case None:
            return ""
        case bool() | str():
            return cell
        case int() | float():
            return Decimal(f"{cell:.15g}").normalize()
        case datetime():
            return cell.date() if cell == datetime.combine(cell.date(), datetime.min.time()) else cell
    return cell


def _columns(rows: list[Row], headings: frozenset[str]) -> list[dict[int, str]]:
    """For each line the names of its columns: those of the heading of the table it stands in; one text alone ends a table."""
    names: dict[int, str] = {}
    found = []
    for row in rows:
        here = {i: cell for i, cell in enumerate(row) if isinstance(cell, str) and cell in headings}
        filled = sum(cell != "" for cell in row)
        names = here if len(here) >= 3 else names if filled > 1 else {}
        found.append(names)
    return found


def _number(names: dict[int, str], row: Row) -> str:
    """The application a line is about."""
    return next((str(row[i]) for i, name in names.items() if name in NUMBERS and i < len(row)), "")


def shown(cell: object) -> str:
    """A value as people read it in a list of differences.

    >>> shown(Decimal("1E+6")), shown(date(2025, 6, 30)), shown("甲")
    ('1000000', '2025-06-30', '甲')
    """
    if isinstance(cell, Decimal):
        return f"{cell:f}"
    return f"{cell:%Y-%m-%d}" if type(cell) is date else str(cell)


def _told_apart(expected: object, found: object) -> str:
    """The value found, with its kind where it would look like the one expected."""
    text = shown(found)
    return text + say("（文本）", " (text)") if isinstance(found, str) and text == shown(expected) else text


def apart(expected: object, found: object) -> str:
    """What was found less what was expected, where both are numbers, or amounts as the CSV files write them.

    >>> apart("100.00", "99.90"), apart(Decimal(3), Decimal(5)), apart("62220202", "62220203")
    ('-0.10', '2', '')
    """
    one, other = _amount(expected), _amount(found)
    return "" if one is None or other is None else f"{other - one:f}"


def _amount(cell: object) -> Decimal | None:
    if isinstance(cell, Decimal):
        return cell
    return Decimal(cell) if isinstance(cell, str) and _AMOUNT.fullmatch(cell) else None
