"""The tables as data: schemas/tables/*.yaml, one model for reading, checking, templates and the data dictionary."""

from __future__ import annotations

from functools import cache
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict

from disburse.language import Wording
from disburse.shipped import shipped
from disburse.yamlfile import load_yaml

Kind = Literal["text", "identifier", "identifiers", "amount", "integer", "date", "choice", "measure", "bureau"]
"""How a cell is read (spec section 2).

text        any text; numbers become text, dates and truth values are refused
identifier  text; a number is refused. Stored normalised (NFKC, no zero-width signs, no white space around)
identifiers several identifiers in one cell, separated by ; ； 、 or a line break; stored joined by ";"
amount      fen (Int64)
integer     whole number (Int64)
date        day (datetime64[s])
choice      one of `choices`
measure     a measure's code or title; stored as the code
bureau      a bureau's name
"""

_WORDS = {"true": True, "false": False}


def _flag(value: object) -> object:
    return _WORDS.get(value, value) if isinstance(value, str) else value


def _whole(value: object) -> object:
    return int(value) if isinstance(value, str) and value.isdigit() else value


Flag = Annotated[bool, BeforeValidator(_flag)]
Whole = Annotated[int, BeforeValidator(_whole)]


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Check(_Strict):
    """A pandera check by name, the finding code its failure becomes, and what the message says was expected."""

    check: str
    code: str
    than: str = ""
    """The check's argument, where it takes one (`above`, `at_least`)."""
    expected: Wording | None = None


class Column(_Strict):
    """One column of a table: heading, form, checks and what the data dictionary says of it."""

    field: str
    heading: Wording
    synonyms: tuple[str, ...] = ()
    kind: Kind
    required: Literal["always", "column", "conditional", "no"] = "no"
    """always: column and cell; column: only the column; conditional: the cell where the measure needs it."""
    choices: tuple[str, ...] = ()
    checks: tuple[Check, ...] = ()
    meaning: Wording
    example: str = ""
    width: Whole = 14


class Table(_Strict):
    """One table schema: the application workbook or one of the lists."""

    table: str
    title: Wording
    sheet: Wording
    about: Wording
    columns: tuple[Column, ...]
    checks: tuple[Check, ...] = ()
    """Checks over the whole table, by name."""
    paid_columns: tuple[str, ...] = ()
    """Columns that must be there unless every row is of a measure that pays no money."""
    totals: Flag = False
    """Whether 合计 rows declare totals that must agree."""
    row_when: tuple[str, ...] = ()
    """Fields of which one must be filled to make a line a row, the row's own number first; any when empty."""

    def __getitem__(self, field: str) -> Column:
        return next(column for column in self.columns if column.field == field)

    def fields(self, *kinds: str) -> list[str]:
        """Names of the columns of these kinds (all without any)."""
        return [column.field for column in self.columns if not kinds or column.kind in kinds]

    def model_post_init(self, _: Any) -> None:
        seen: dict[str, str] = {}
        for column in self.columns:
            for word in {*column.heading.both(), *column.synonyms}:
                if seen.setdefault(word, column.field) != column.field:
                    raise ValueError(f"{word}: {seen[word]} / {column.field}")


LISTS = ("register", "exclusions", "awards", "budget", "waivers")
"""The lists `run` takes besides the applications."""

FORMS = (*LISTS, "history", "settlement")
"""Every table that has a form besides the applications: the lists, and what `import` and `settle` take in."""


@cache
def table(name: str) -> Table:
    """The shipped table schema `name`: application, or one of FORMS."""
    return load_yaml(shipped("tables", f"{name}.yaml"), Table)
