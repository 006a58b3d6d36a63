"""What a marked copy has that the workbook sent has not, and how it is known again: by what it says.

Names and colours do not survive every program and every clerk; the words do. A name of ours is no more than a hint: a
column of the bureau's may have come to stand where the name points.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from disburse.findings import catalogue
from disburse.language import Wording

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

COLUMN = Wording(zh="问题", en="问题 Findings")
"""The heading of the column of findings."""

LIST = (
    Wording(zh="企业", en="Enterprise"),
    Wording(zh="申报编号", en="Application no."),
    Wording(zh="问题", en="What"),
    Wording(zh="如何改正", en="How to mend"),
    Wording(zh="列", en="Column"),
    Wording(zh="单元格", en="Cell"),
    Wording(zh="依据", en="Reference"),
)
"""The headings of the sheet of findings."""

WITHIN = 20
"""Lines from the top in which the headings of the list are looked for."""

_COLUMN = frozenset((COLUMN.zh, COLUMN.en))
_LISTS = tuple([getattr(each, language) for each in LIST] for language in ("zh", "en"))
_MEND = 3
_SIGNS = (COLUMN.zh.encode(), COLUMN.zh.encode("ascii", "xmlcharrefreplace"), LIST[_MEND].en.encode(), b"&#x")
"""A heading as bytes, however it is escaped."""


def is_list(lines: Iterable[Mapping[int, object]], *, named: bool) -> bool:
    """Whether a sheet is a list of ours: all headings side by side on a line; one is enough where it is named so.

    lines  the first WITHIN lines, each column (from 0) → text
    """
    for line in lines:
        for headings in _LISTS:
            found = [column for column, text in line.items() if text == headings[_MEND]]
            for column in found:
                first = column - _MEND
                if named or all(line.get(first + at) == heading for at, heading in enumerate(headings)):
                    return True
    return False


def may_be_ours(xml: bytes) -> bool:
    """Whether a part's XML can hold a heading of ours at all; most are settled by this."""
    return any(sign in xml for sign in _SIGNS)


def is_entry(text: object) -> bool:
    """Whether the text is what a column of ours says of a row: it begins with the code of a finding and its title.

    >>> is_entry("CELL_REQUIRED 必填项为空：“收款账号”不能为空。"), is_entry("CELL_REQUIRED"), is_entry("已改")
    (True, False, False)
    """
    code, _, rest = text.partition(" ") if isinstance(text, str) else ("", "", "")
    known = catalogue().get(code)
    return known is not None and rest.startswith((known.title.zh, known.title.en))


def is_column(texts: Iterable[object], *, named: bool) -> bool:
    """Whether a column is one of ours: it has our heading, and an entry or the name."""
    headed = entered = False
    for text in texts:
        headed = headed or heads_column(text)
        entered = entered or is_entry(text)
    return headed and (named or entered)


def heads_column(text: object) -> bool:
    """Whether the text is the heading of a column like ours."""
    return text in _COLUMN
