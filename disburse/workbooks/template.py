"""The workbooks a clerk fills in: the application form, and the form of each list."""

from __future__ import annotations

from typing import TYPE_CHECKING

from disburse.errors import Usage
from disburse.tables import table
from disburse.workbooks.book import Book
from disburse.workbooks.form import Form, write_choices_sheet, write_form_sheet
from disburse.workbooks.guide import write_guide

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from disburse.policy import Policy


def write_template(path: Path, policy: Policy, measures: Sequence[str] = ()) -> None:
    """The application form for these measures, by code or title; for all of them when there are none."""
    unknown = [each for each in measures if each not in policy.code_of]
    if unknown:
        known = ", ".join(policy.by_code)
        raise Usage(
            f"没有这样的措施：{', '.join(unknown)}；可选：{known}。",
            f"No such measure: {', '.join(unknown)}; choose from {known}.",
        )
    chosen = {policy.code_of[each] for each in measures}
    _write(path, Form(table("application"), policy, tuple(code for code in policy.by_code if code in chosen)))


def write_form(path: Path, name: str, policy: Policy) -> None:
    """The form of the table `name`: one of the lists, or any other there is a schema for."""
    _write(path, Form(table(name), policy))


def _write(path: Path, form: Form) -> None:
    with Book(path) as book:
        write_form_sheet(book, form, str(form.table.sheet))
        write_guide(book, form)
        write_choices_sheet(book, form)
