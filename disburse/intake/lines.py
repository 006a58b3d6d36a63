"""The lines below a heading: which are applications, which declare totals, and which are titles, notes and signatures."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Literal

from disburse.intake.headings import squashed
from disburse.intake.sheet import ErrorValue, NotCalculated, Range
from disburse.rules.keys import key

if TYPE_CHECKING:
    from collections.abc import Sequence

    from disburse.intake.headings import Heading
    from disburse.intake.sheet import Cell, Sheet
    from disburse.tables import Table

_LABEL = re.compile(
    r"(?:.{0,12})?(合计|总计|小计|共计)(?:金额|数|人民币)?(?:grandtotal|subtotal|total)?"
    r"(?:\(.*\))?:?(?:\d+[家户项个行条笔])?|(grandtotal|total|subtotal):?"
)
_PARTIAL = {"小计", "subtotal"}
_OF_PAGE = "本页"

_PUNCTUATED = re.compile(r"[:。;,、]|^(?:注|备注|说明)")
_DAY = r"[0-9]{4}(?:[-/.][0-9]{1,2}[-/.][0-9]{1,2}|年[0-9]{1,2}月(?:[0-9]{1,2}日)?)"
_NOTE = re.compile(
    rf"{_DAY}$|(?:制表|填表|填报|编制|经办|审核|复核|审批|批准|负责|主管|分管|联系|电话|手机|传真|邮箱|地址|日期|时间|打印"
    r"|附件|附表|单位|盖章|公章|签[字名章]|备注|说明|附?注[:0-9]|第[0-9一二三四五六七八九十]+[页批组类期]|共[0-9]+页|[0-9]{4}年[^号]*$|[0-9]{1,2}\.[^0-9]{2}"
    r"|(?:tel|phone|fax|date|page|prepared|approved|signed|notes?)\b)",
    re.IGNORECASE,
)
"""How a title, note or signature begins, whatever digits it has."""

_IN_WORDS = re.compile(
    r"[约共]?(?:人民币)?[零〇一二三四五六七八九十百千万亿两壹贰叁肆伍陆柒捌玖拾佰仟]+[元圆角分整正多余零〇一二三四五六七八九壹贰叁肆伍陆柒捌玖]*(?:左右)?"
)
"""An amount in Chinese numerals."""

_PAGE = re.compile(r"(?:第[0-9]+页|[,/]?共[0-9]+页|page[0-9]+(?:of[0-9]+)?|-[0-9]+-)*")
"""The number of a printed page."""

_NOTHING = re.compile(r"无|/|-+|—+")
"""What stands in a cell for nothing."""

_CODE, _CODE_DIGITS = 15, 8
"""Signs and digits a text under 统一社会信用代码 has at least to be taken for one, right or wrong."""

_TELLING = 4
"""Filled columns from which on a line is an application, whatever stands for its number; signatures take up to three."""


@dataclass(frozen=True)
class TotalLine:
    """A line that declares totals: of all rows of the table, or (小计) of a part of them. `row` counts from 0."""

    row: int
    kind: Literal["all", "part"]
    label: str


Over = dict[int, dict[int, Range]]
"""Column → line → the merged cell that reaches over it and other lines."""


def lines(sheet: Sheet, heading: Heading, end: int, form: Table, over: Over) -> tuple[list[int], list[TotalLine]]:
    """Rows and total lines between the heading and `end`.

    A line is a row when one of the form's `row_when` is filled (any column of the form where it names none), wherever
    it stands; so is one with a credit code, or with so much in it that it can be no note: nothing is dropped because
    its number is missing. A line with 合计, 总计 or 小计 and no number of its own is a total line; others are footers.
    """
    if not form.row_when:
        return _listed(sheet, heading, end)
    asked = _Asked.of(sheet, heading, form, over)
    titles = _titles_between(sheet, heading, end)
    rows: list[int] = []
    totals: list[TotalLine] = []
    taken: set[int] = set()
    for row in range(heading.below, end):
        line = sheet.cells[row]
        first = line[asked.number]
        if not (isinstance(first, str) and first.isascii() and _is_number(first)) or asked.labelled(line):
            if row in titles or not any(cell != "" for cell in line):
                continue
            total = _total(line)
            if total and (not _written(first) or _total([first])) and not asked.has_code(line):
                totals.append(TotalLine(row, *total))
                continue
            if not (asked.tells(line, wide=row in asked.wide) or asked.reaches(row, taken)):
                continue
        elif row in titles:
            continue
        rows.append(row)
        taken.add(row)
    return rows, totals


def _listed(sheet: Sheet, heading: Heading, end: int) -> tuple[list[int], list[TotalLine]]:
    """The lines of a list: all that have anything in its columns, but totals and notes."""
    columns = sorted(heading.columns.values())
    rows: list[int] = []
    totals: list[TotalLine] = []
    for row in range(heading.below, end):
        line = sheet.cells[row]
        total = _total(line) if any(cell != "" for cell in line) else None
        if total and not _code_in(line, heading):
            totals.append(TotalLine(row, *total))
        elif not all(_is_footer(line[column]) for column in columns):
            rows.append(row)
    return rows, totals


@dataclass(frozen=True)
class _Asked:
    """What is asked of each line of a table of applications.

    number   column of the row's own number
    telling  columns of amounts
    columns  all columns of the form
    wide     lines whose number is merged with cells beside it: titles of groups
    """

    heading: Heading
    number: int
    telling: tuple[int, ...]
    columns: tuple[int, ...]
    wide: frozenset[int]
    over: Over

    @classmethod
    def of(cls, sheet: Sheet, heading: Heading, form: Table, over: Over) -> _Asked:
        number = heading.columns[form.columns[0].field]
        telling = tuple(heading.columns[each] for each in form.row_when[1:] if each in heading.columns)
        wide = frozenset(merged[0] for merged in sheet.merged if merged[3] > merged[1] == number)
        return cls(heading, number, telling, tuple(sorted(heading.columns.values())), wide, over)

    def has_code(self, line: Sequence[Cell]) -> bool:
        return _code_in(line, self.heading)

    def labelled(self, line: Sequence[Cell]) -> bool:
        """Whether what stands for the number belongs to a label before it: `联系电话：`."""
        return any(isinstance(cell, str) and _is_label(cell) for cell in line[: self.number])

    def tells(self, line: Sequence[Cell], *, wide: bool) -> bool:
        """Whether the line is an application. A footer often begins in the same column: `制表：…`, `市科技局（盖章）`.

        wide  its number is merged with cells beside it
        """
        first = line[self.number]
        amounts = [line[column] for column in self.telling]
        if any(_is_number_cell(cell) for cell in amounts) or self.has_code(line):
            return True
        own = _is_number(first) if isinstance(first, str) else _is_number_cell(first)
        if own and not wide and not self.labelled(line):
            return True
        if any(_is_amount(cell) for cell in amounts) and not any(_is_label(cell) for cell in line):
            return True
        return sum(_tells(line[column]) for column in self.columns) >= _TELLING

    def reaches(self, row: int, taken: set[int]) -> bool:
        """Whether a number or amount merged with that of a row above reaches this line: it would count for it too."""
        columns = (self.number, *self.telling)
        return any((merged := self.over.get(each, {}).get(row)) is not None and merged[0] in taken for each in columns)


def _total(line: Sequence[Cell]) -> tuple[Literal["all", "part"], str] | None:
    """Kind and label of a total line, as its first such cell says."""
    for cell in line:
        if isinstance(cell, str) and 1 < len(cell) <= 40:
            within = _LABEL.fullmatch(squashed(cell))
            if within:
                part = (within[1] or within[2]) in _PARTIAL or squashed(cell).startswith(_OF_PAGE)
                return "part" if part else "all", cell.strip()
    return None


def _titles_between(sheet: Sheet, heading: Heading, end: int) -> frozenset[int]:
    """The lines directly before the next table's heading that hold one text, or notes: its title, no rows of this one.

    A 小计 that declares nothing is no title: it still ends a group.
    """
    found = set()
    columns = sorted(heading.columns.values())
    for row in range(end - 1, heading.below - 1, -1):
        if end == len(sheet.cells):
            break
        telling = [cell for column in columns if (cell := sheet.cells[row][column]) != "" and _tells(cell)]
        if (
            len(telling) > 1
            or _total(sheet.cells[row])
            or any(not isinstance(cell, str) or key(cell).isascii() for cell in telling)
        ):
            break
        found.add(row)
    return frozenset(found)


def _code_in(line: Sequence[Cell], heading: Heading) -> bool:
    """Whether the line has what looks like a credit code: then it is an application, whatever its remark says."""
    code = line[heading.columns["uscc"]] if "uscc" in heading.columns else ""
    if isinstance(code, str):
        text = key(code) if len(code) >= _CODE else ""
        return len(text) >= _CODE and sum(map(str.isdigit, text)) >= _CODE_DIGITS and not _NOTE.match(text)
    return isinstance(code, (int, float)) and abs(code) >= 10 ** (_CODE - 1)


def _written(cell: Cell) -> bool:
    return bool(key(cell)) and not _NOTHING.fullmatch(key(cell)) if isinstance(cell, str) else True


def _is_number(text: str) -> bool:
    """Whether the text may be the number of an application rather than a note: it has a digit and no punctuation."""
    text = key(text)
    return any(sign.isdigit() for sign in text) and not _PUNCTUATED.search(text) and not _NOTE.match(text)


def _is_number_cell(cell: Cell) -> bool:
    """Whether the cell is a number, or was to be one."""
    return isinstance(cell, (int, float, ErrorValue, NotCalculated))


def _is_amount(cell: Cell) -> bool:
    """Whether the text is meant for an amount, in digits or in words."""
    if not isinstance(cell, str) or isinstance(cell, date):
        return False
    text = key(cell)
    return bool(_IN_WORDS.fullmatch(text)) or (
        any(map(str.isdigit, text)) and ":" not in text and not _NOTE.match(text)
    )


def _is_label(cell: Cell) -> bool:
    """Whether the text only says what stands beside it: `联系电话：`."""
    return isinstance(cell, str) and bool(key(cell).endswith(":") or (not cell.isascii() and _NOTE.match(key(cell))))


def _tells(cell: Cell) -> bool:
    """Whether the cell says something of an application, and not who signed what."""
    if not isinstance(cell, str):
        return True
    text = key(cell)
    return bool(text) and ":" not in text and not (_NOTE.match(text) and not text[0].isdigit())


def is_page_number(line: Sequence[Cell]) -> bool:
    """Whether the line only says which page this is."""
    return all(isinstance(cell, str) and _PAGE.fullmatch(squashed(cell)) for cell in line if cell != "")


def is_title(line: Sequence[Cell]) -> bool:
    """Whether the line holds one text and nothing else."""
    filled = [cell for cell in line if cell != ""]
    return len(filled) == 1 and isinstance(filled[0], str)


def _is_footer(cell: Cell) -> bool:
    return isinstance(cell, str) and (not key(cell) or bool(_PUNCTUATED.search(key(cell)) and ":" in key(cell)))
