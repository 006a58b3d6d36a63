"""Heading rows: where a table begins on a sheet, which column means what, and in which unit an amount is written."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Literal

from disburse.money import FEN_PER
from disburse.rules.keys import key

if TYPE_CHECKING:
    from disburse.intake.sheet import Cell, Sheet
    from disburse.tables import Table

UNITS = {**FEN_PER, "千元": 100_000, "百万元": 100_000_000, "亿元": 10_000_000_000, "yuan": 100}
"""Fen in one of each unit a heading, or a line above it, may name."""

LONGEST = 40
"""Characters a heading may have; anything longer is content."""

_MARKS = re.compile(r"^\*+|\*+$|\((?:必填|选填)\)$")
_UNIT = "|".join(sorted(UNITS, key=len, reverse=True))
_NAMED = rf"(?:人民币)?({_UNIT})(?:人民币)?"
_IN_HEADING = re.compile(rf"(.+?)[(\[【〔/:,]?(?:单位:?)?{_NAMED}[)\]】〕]?")
_IN_BRACKETS = re.compile(rf"[(\[【〔](?:单位:?)?{_NAMED}[)\]】〕]")
_AT_END = re.compile(rf"(?!注|备注|说明).*{_IN_BRACKETS.pattern}$")
_ALONE = re.compile(rf"[(\[【〔]?(?:单位:?)?{_NAMED}[)\]】〕]?")
_WITH_HINT = re.compile(r"(.+?)\(([^()]{1,30})\)")
_HINT = re.compile(
    r"[0-9]位|全称|必填|选填|一致|格式|保留|具体到|精确到|下拉|例如|如[:0-9]|年.?月.?日|yyyy|文本|可留空|可不填"
)
"""What a hint for whoever fills in the form speaks of; anything else in brackets may be part of the name."""

_ASIDE = re.compile(r"[(\[【〔].{0,8}[)\]】〕]")
_ABOVE = re.compile(rf"单位\s*[:;为]?\s*[(\[【〔]?\s*(?:人民币)?\s*({_UNIT})(?:\s*人民币)?(?![一-鿿])")
_UNCLEAR = re.compile(r"(?<![送报管制款目])单位[^0-9,。一二三四五六七八九十百千]{0,6}[百千]?[万亿]元(?!.{0,9}公司)")


@dataclass(frozen=True)
class Heading:
    """One heading row; rows and columns count from 0.

    top      its first line: a heading may stand on two
    row      its last line
    columns  field → column
    units    fen per unit, of the amount fields whose own heading says so
    written  column → heading as written, of every column that has one
    extra    the columns that are none of the form's
    repeated pairs of columns that mean the same: the later one, the first one
    under    1 where the line below only names units
    """

    top: int
    row: int
    columns: dict[str, int] = field(default_factory=dict)
    units: dict[str, int] = field(default_factory=dict)
    written: dict[int, str] = field(default_factory=dict)
    extra: list[int] = field(default_factory=list)
    repeated: list[tuple[int, int]] = field(default_factory=list)
    under: int = 0

    @property
    def below(self) -> int:
        return self.row + 1 + self.under

    def missing(self, form: Table) -> list[str]:
        """The fields whose column every table must have, and this one has not."""
        return [each for each in required(form) if each not in self.columns]


@dataclass(frozen=True)
class Unclear:
    """A text above a table that names a unit in a way that is not understood. Row and column count from 0."""

    row: int
    column: int
    text: str


def required(form: Table) -> list[str]:
    return [column.field for column in form.columns if column.required in ("always", "column")]


@lru_cache(maxsize=4096)
def squashed(text: str) -> str:
    """A heading or label as it is compared: NFKC, no zero-width sign, no white space at all, lower case.

    >>> squashed("核定 金额（万元）")
    '核定金额(万元)'
    """
    return "".join(key(text).split()).casefold()


class Vocabulary:
    """What the headings of one form are called."""

    def __init__(self, form: Table) -> None:
        self._plain: dict[str, str] = {}
        self._amounts: dict[str, str] = {}
        self._known: dict[str, tuple[str, int] | None] = {}
        for column in form.columns:
            for word in {*column.heading.both(), *column.synonyms}:
                text = squashed(word)
                self._plain[text] = column.field
                if column.kind == "amount":
                    within = _IN_HEADING.fullmatch(text)
                    self._amounts[within[1] if within else text] = column.field

    def meaning(self, text: str) -> tuple[str, int] | None:
        """Field and fen per unit (0 where the heading names none); None for anything that is no heading."""
        if text not in self._known:
            self._known[text] = self._look_up(text)
        return self._known[text]

    def _look_up(self, text: str) -> tuple[str, int] | None:
        if len(text) > LONGEST:
            return None
        name = _MARKS.sub("", squashed(text))
        within = _IN_HEADING.fullmatch(name)
        if within and within[1] in self._amounts:
            return self._amounts[within[1]], UNITS[within[2]]
        if name in self._amounts:
            return self._amounts[name], 0
        return (self._plain[name], 0) if name in self._plain else self._without_hint(name)

    def _without_hint(self, name: str) -> tuple[str, int] | None:
        """A heading that also says how to fill it in: `收款账号(与开户许可证一致)`, `核定金额(万元,保留两位小数)`."""
        within = _WITH_HINT.fullmatch(name)
        if not within or not _HINT.search(within[2]):
            return None
        parts = re.split("[,;、]", within[2])
        units = [UNITS[part] for part in parts if part in UNITS]
        if sum("元" in part for part in parts) != len(units) or len(units) > 1:
            return None
        if units:
            return (self._amounts[within[1]], units[0]) if within[1] in self._amounts else None
        return self.meaning(within[1])


def headings(sheet: Sheet, form: Table) -> list[Heading]:
    """Every heading row of the sheet, from top to bottom. A sheet may hold several tables, or none."""
    words, telling = Vocabulary(form), form.fields("amount", "date")
    down, across = _merged_texts(sheet)
    found: list[Heading] = []
    row = 0
    while row < len(sheet.cells):
        if found and _is_content(sheet.cells[row], found[-1], telling):
            row += 1
            continue
        heading = _heading(sheet, row, form, words, down, across)
        while heading and (lower := _lower(sheet, heading, form, words, down, across)):
            heading = lower
        if heading:
            heading = _with_units_below(sheet, heading)
            found.append(heading)
            row = heading.below - 1
        row += 1
    return found


def _lower(
    sheet: Sheet, heading: Heading, form: Table, words: Vocabulary, down: dict[int, dict[int, str]],
    across: dict[tuple[int, int], str],
) -> Heading | None:  # fmt: skip
    """The heading with the line below it, where that only has further headings: the columns of a group, often under its name.

    A cell that is blank there, merged with the one above or not, keeps the heading above; a unit or aside adds to it.
    """
    row = heading.row + 1
    line = sheet.cells[row] if row < len(sheet.cells) else []
    texts = {column: cell for column, cell in enumerate(line) if cell != ""}
    if not _are_headings([*texts.values()], heading, words) and not (row in down and not texts):
        return None
    joined: list[Cell] = [*line]
    for column, text in heading.written.items():
        below = texts.get(column, "")
        if not below or (isinstance(below, str) and _ASIDE.fullmatch(squashed(below))):
            joined[column] = f"{text}{below}"
    groups = {column: text for column, text in heading.written.items() if not words.meaning(text)}
    spanned = {column: max((c for c in heading.written if c <= column), default=-1) for column in texts}
    beside = {(heading.row, column): groups[at] for column, at in spanned.items() if at in groups}
    return _heading(sheet, row, form, words, down, beside | across, top=heading.top, line=joined)


def _are_headings(cells: list[Cell], heading: Heading, words: Vocabulary) -> bool:
    """Whether these are further headings: mostly columns the heading has not, and nothing with a digit.

    The name of a group may itself be one of a column: 申报企业 over 企业名称 and 统一社会信用代码.
    """
    texts = [cell for cell in cells if isinstance(cell, str) and len(cell) <= LONGEST]
    known = {meaning[0] for text in texts if (meaning := words.meaning(text))}
    new = known - heading.columns.keys()
    digits = any(sign.isdigit() for text in texts if not words.meaning(text) for sign in text)
    return len(texts) == len(cells) and bool(new) and not digits and 2 * len(new) >= len(known)


def _with_units_below(sheet: Sheet, heading: Heading) -> Heading:
    """The heading with the line under it, where that only names units: `(万元)` below 核定金额."""
    if heading.below >= len(sheet.cells):
        return heading
    texts = {column: cell for column, cell in enumerate(sheet.cells[heading.below]) if cell != ""}
    units: dict[int, int] = {}
    for column, cell in texts.items():
        text = squashed(cell) if isinstance(cell, str) and len(cell) <= LONGEST else ""
        within = _ALONE.fullmatch(text)
        if within:
            units[column] = UNITS[within[1]]
        elif not isinstance(cell, str) or (text and not _ASIDE.fullmatch(text)) or len(cell) > LONGEST:
            return heading
    if not units:
        return heading
    named = {name: units[column] for name, column in heading.columns.items() if column in units}
    return replace(heading, units=named | heading.units, under=1)


def _is_content(line: list[Cell], heading: Heading, telling: list[str]) -> bool:
    """A quick no: a line with a number or date under such a column of the table above is no heading row."""
    columns = heading.columns
    return any(not isinstance(line[columns[each]], str) for each in telling if each in columns)


def _merged_texts(sheet: Sheet) -> tuple[dict[int, dict[int, str]], dict[tuple[int, int], str]]:
    """Texts of merged cells: those that reach down into lower lines, by line, and those that reach across."""
    down: dict[int, dict[int, str]] = {}
    across: dict[tuple[int, int], str] = {}
    for first_row, first_column, last_row, last_column in sheet.merged:
        text = _text_at(sheet, first_row, first_column)
        if not text or len(text) > LONGEST or last_row - first_row > 3:
            continue
        for row in range(first_row + 1, last_row + 1):
            down.setdefault(row, {})[first_column] = text
        for column in range(first_column, min(last_column, first_column + LONGEST) + 1):
            across[last_row, column] = text
    return down, across


def _text_at(sheet: Sheet, row: int, column: int) -> str:
    if row < len(sheet.cells) and column < len(sheet.cells[row]):
        cell = sheet.cells[row][column]
        return cell if isinstance(cell, str) else ""
    return ""


def _heading(
    sheet: Sheet, row: int, form: Table, words: Vocabulary, down: dict[int, dict[int, str]],
    across: dict[tuple[int, int], str], top: int | None = None, line: list[Cell] | None = None,
) -> Heading | None:  # fmt: skip
    """The heading row at `row`, if there is one: half of the required columns, or the number of the row and three more."""
    line = line or sheet.cells[row]
    for column, text in down.get(row, {}).items():
        if column < len(line) and line[column] == "":
            line = [*line[:column], text, *line[column + 1 :]]
    texts = [(column, cell) for column, cell in enumerate(line) if isinstance(cell, str) and cell]
    known = [(column, meaning) for column, text in texts if (meaning := words.meaning(text))]
    fields = {meaning[0] for _, meaning in known}
    needed = required(form)
    enough = 2 * len(fields.intersection(needed)) >= len(needed)
    if not known or not (enough or (form.columns[0].field in fields and len(fields) >= 4)):
        return None
    heading = Heading(row if top is None else top, row, written={c: t.strip() for c, t in texts if t.strip()})
    for column, (name, fen_per) in known:
        if name in heading.columns:
            heading.repeated.append((column, heading.columns[name]))
            continue
        heading.columns[name] = column
        unit = fen_per or _unit_in(across.get((row - 1, column), ""))
        if unit:
            heading.units[name] = unit
    named = {column for column, _ in known}
    heading.extra.extend(column for column in heading.written if column not in named)
    return heading


def _unit_in(text: str) -> int:
    """Fen per unit of a bracketed unit in a heading that spans several columns; 0 without one."""
    within = _IN_BRACKETS.search(squashed(text))
    return UNITS[within[1]] if within else 0


def unit_above(sheet: Sheet, heading: Heading, first: int, below: int) -> int | Unclear:
    """Fen per unit as the nearest of the lines from `first` to above `below` says; 0 where none does.

    `单位:万元` speaks of the table, and so does a title that ends in `(万元)`. In the line directly above the heading such
    a cell may speak of some columns only: it does where it spans them, and the heading has taken its unit already.
    """
    unclear: Unclear | None = None
    for row in range(below - 1, first - 1, -1):
        for column, cell in enumerate(sheet.cells[row]):
            if not isinstance(cell, str) or not ("元" in cell or "单" in cell):
                continue
            text = squashed(cell)
            within = _ABOVE.search(key(cell)) or _ABOVE.search(text)
            if not within or not _ALONE.fullmatch(text):
                group = _group(sheet, row, column, heading) if _AT_END.match(text) and row == heading.top - 1 else ""
                if group == "spans":
                    continue
                if group == "unclear":
                    return Unclear(row, column, cell.strip())
            within = within or _AT_END.match(text)
            if within:
                return UNITS[within[1]]
            if not unclear and _UNCLEAR.search(text):
                unclear = Unclear(row, column, cell.strip())
    return unclear or 0


def _group(sheet: Sheet, row: int, column: int, heading: Heading) -> Literal["", "spans", "unclear"]:
    """Whether the cell directly above the heading is the name of some of its columns, not of the table."""
    left, right = min(heading.written), max(heading.written)
    reach = next((m[3] for m in sheet.merged if m[0] <= row <= m[2] and m[1] == column and m[3] > column), column)
    alone = all(cell == "" for at, cell in enumerate(sheet.cells[row]) if at != column)
    if (alone and (column <= left or reach == column)) or 2 * (reach - column + 1) > right - left + 1:
        return ""
    return "unclear" if reach == column else "spans"
