"""Findings are values: what is wrong or remarkable, where, and how to mend it.

The catalogue (schemas/findings.yaml) fixes code, severity and wording; its order is the order of precedence.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel, ConfigDict

from disburse.language import Wording
from disburse.shipped import shipped
from disburse.yamlfile import load_yaml

if TYPE_CHECKING:
    from disburse.errors import FileUnreadable

Severity = Literal["stop", "error", "reject", "hold", "carry", "reduce", "notice"]

STATUS_OF: dict[str, str] = {"error": "invalid", "reject": "rejected", "hold": "held", "carry": "carried"}
"""The status a finding gives its row; `reduce` and `notice` give none."""

TO_MEND = frozenset({"stop", "error", "reject", "hold"})
"""Severities that make `check` answer 1."""


class Code(BaseModel):
    """One entry of the catalogue."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    code: str
    severity: Severity
    title: Wording
    message: Wording
    remedy: Wording


class _Catalogue(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    findings: tuple[Code, ...]


@cache
def catalogue() -> dict[str, Code]:
    """Every code in order of precedence."""
    return {each.code: each for each in load_yaml(shipped("findings.yaml"), _Catalogue).findings}


@cache
def precedence(code: str) -> int:
    """Place of `code` in the catalogue: the lower, the earlier it is named."""
    return list(catalogue()).index(code)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a finding points in a file: `cell` as Excel shows it, e.g. `K17`; `column` the heading as written."""

    source_file: str
    sheet: str = ""
    cell: str = ""
    column: str = ""


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding on one row of the applications table.

    row        index label of the row in the applications table; -1 where it is on no row (then `place` is given)
    code       one of the catalogue's
    column     field of the table it points at, e.g. `approved_amount`; "" where it is the whole row
    values     what the catalogue's message needs ({found}, {expected}, …), already in the users' form and language;
               {column} is filled with the heading when the finding is placed
    reference  document and article, or the rule, it rests on
    place      given where it is not the row's own cell of `column`: a total line, a merged cell, a heading.
               Findings of one code at one place are reported once, yet count on each of their rows.
    """

    row: int
    code: str
    column: str = ""
    values: dict[str, str] = field(default_factory=dict)
    reference: str = ""
    place: Place | None = None

    @property
    def severity(self) -> Severity:
        return catalogue()[self.code].severity


@dataclass(frozen=True, slots=True)
class Placed:
    """A finding ready for people: one line of findings.csv, `check --json` and the exceptions."""

    code: str
    severity: Severity
    source_file: str
    source_sheet: str
    cell: str
    application_no: str
    column: str
    value: str
    message: str
    remedy: str
    reference: str
    discreet: str = ""
    """The message as the bureau that sent the row may read it: without what other bureaus sent."""


def message(code: str, values: dict[str, str]) -> str:
    """The catalogue's message with `values` filled in, in the current language."""
    return str(catalogue()[code].message).format_map(values)


def discreet(values: dict[str, str]) -> dict[str, str]:
    """The values of a message for the bureau's eyes: `other_discreet` in the place of `other`, and so on."""
    return {name: values.get(f"{name}_discreet", text) for name, text in values.items()}


def remedy(code: str, values: dict[str, str]) -> str:
    """How to mend it, in the current language."""
    return str(catalogue()[code].remedy).format_map(values)


def stopped(error: FileUnreadable) -> Placed:
    """What stops a file, as a finding."""
    return Placed(
        code=error.code, severity="stop", source_file=error.name, source_sheet=error.sheet, cell=error.cell,
        application_no="", column=error.column, value="", message=str(error.found), remedy=str(error.mend or remedy(error.code, {})),
        reference="",
    )  # fmt: skip


def of_file(name: str, code: str, **values: str) -> Placed:
    """A finding on a file as a whole."""
    return Placed(
        code=code, severity=catalogue()[code].severity, source_file=name, source_sheet="", cell="", application_no="",
        column="", value="", message=message(code, values), remedy=remedy(code, values), reference="",
    )  # fmt: skip


def masked(account_no: str) -> str:
    """An account number as it may be shown: its last four digits; signs that do not belong in it stay visible.

    >>> masked("6222-0202 00123")
    '****-**** *0123'
    """
    return "".join("*" if sign.isalnum() else sign for sign in account_no[:-4]) + account_no[-4:]
