"""The checks the table schemas name, as pandera checks, and the pandera schema built from a table's YAML.

What is allowed is said in schemas/tables/*.yaml and decided by pandera; a check taken out there is a check not made.
No check ever raises: one that did would hide every other row of its column.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd
import pandera.pandas as pa
from pandera.errors import SchemaErrorReason, SchemaErrors

from disburse.errors import SchemaInvalid
from disburse.findings import catalogue
from disburse.intake.identifiers import is_account, is_cnaps, is_uscc
from disburse.language import say
from disburse.money import to_fen
from disburse.shipped import shipped
from disburse.tables import Check, Column, Table

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from disburse.policy import Policy

DTYPE = {"amount": "Int64", "integer": "Int64", "date": "datetime64[s]"}
"""Type of a column by its kind; all others are text."""

Test = Callable[[pd.Series], "pd.Series[bool]"]


@dataclass(frozen=True)
class Asked:
    """What a check may look at besides its own column. `frame` holds every column of the form; a blank is missing."""

    frame: pd.DataFrame
    policy: Policy


@dataclass(frozen=True, slots=True)
class Failure:
    """One cell that a check refused."""

    row: int
    field: str
    code: str
    expected: str


def _above(column: Column, check: Check, _: Asked) -> Test:
    bound = to_fen(check.than) if column.kind == "amount" else int(check.than)
    return lambda values: values > bound


def _at_least(column: Column, check: Check, _: Asked) -> Test:
    bound = to_fen(check.than) if column.kind == "amount" else int(check.than)
    return lambda values: values >= bound


def _at_most(column: Column, check: Check, _: Asked) -> Test:
    bound = to_fen(check.than) if column.kind == "amount" else int(check.than)
    return lambda values: values <= bound


def _nothing_where_unpaid(_: Column, __: Check, asked: Asked) -> Test:
    """Nothing above 0 under a measure that pays no money."""
    unpaid = {measure.code for measure in asked.policy.measures if not measure.pays}
    return lambda values: ~(asked.frame.loc[values.index, "measure"].isin(unpaid) & (values > 0).fillna(value=False))


def _not_above(_: Column, check: Check, asked: Asked) -> Test:
    """No more than the column named by `than`, where that is filled."""
    return lambda values: ~(values > asked.frame.loc[values.index, check.than]).fillna(value=False)


def _by_value(holds: Callable[[str], bool]) -> Callable[[Column, Check, Asked], Test]:
    """A check of each text on its own, asked once of every distinct one."""

    def make(_: Column, __: Check, ___: Asked) -> Test:
        def test(values: pd.Series) -> pd.Series[bool]:
            held = {each: holds(each) for each in values.dropna().unique()}
            return pd.Series([held.get(each, True) for each in values], index=values.index, dtype=bool)

        return test

    return make


def _choice(column: Column, _: Check, __: Asked) -> Test:
    return lambda values: values.isin(column.choices)


def _measure_known(_: Column, __: Check, asked: Asked) -> Test:
    return lambda values: values.isin(asked.policy.by_code)


def _bureau_of_measure(_: Column, __: Check, asked: Asked) -> Test:
    """The measure's own bureaus; any bureau of the policy where the measure is not known."""
    policy = asked.policy
    may = {(code, bureau) for code in policy.by_code for bureau in policy.bureaus_of(code)}

    def test(values: pd.Series) -> pd.Series[bool]:
        measures = asked.frame.loc[values.index, "measure"]
        held = [
            pair in may if pair[0] in policy.by_code else pair[1] in policy.bureaus
            for pair in zip(measures, values, strict=True)
        ]
        return pd.Series(held, index=values.index, dtype=bool)

    return test


def _finding_code(_: Column, __: Check, ___: Asked) -> Test:
    return lambda values: values.isin(catalogue())


CHECKS: dict[str, Callable[[Column, Check, Asked], Test]] = {
    "above": _above,
    "at_least": _at_least,
    "at_most": _at_most,
    "nothing_where_unpaid": _nothing_where_unpaid,
    "not_above": _not_above,
    "uscc": _by_value(is_uscc),
    "cnaps": _by_value(is_cnaps),
    "account": _by_value(is_account),
    "choice": _choice,
    "measure_known": _measure_known,
    "bureau_of_measure": _bureau_of_measure,
    "finding_code": _finding_code,
}
"""Checks of a column by the name the YAML gives them."""


def _any_filled(check: Check) -> Callable[[pd.DataFrame], pd.Series[bool]]:
    """One of the columns named by `than` is filled."""
    return lambda frame: frame[check.than.split()].notna().any(axis=1)


def _unique(check: Check) -> Callable[[pd.DataFrame], pd.Series[bool]]:
    """No two rows have the same values in all of the columns named by `than`."""
    return lambda frame: ~frame.duplicated(check.than.split(), keep=False)


TABLE_CHECKS = {"any_filled": _any_filled, "unique": _unique}
"""Checks over whole rows by the name the YAML gives them."""

NEEDED = Check(check="needed", code="CELL_REQUIRED")
"""What `required: conditional` stands for."""

FILLED = Check(check="filled", code="CELL_REQUIRED")
"""What `required: always` stands for; pandera calls it not_nullable."""


def _needed(column: Column, asked: Asked) -> Test:
    """Filled where the measure needs it; the amount also where the measure is not known."""
    policy = asked.policy
    where = {code for code in policy.by_code if column.field in policy.columns_required(code)}

    def test(values: pd.Series) -> pd.Series[bool]:
        measures = asked.frame.loc[values.index, "measure"]
        needed = measures.isin(where)
        if column.field == "approved_amount":
            needed |= ~measures.isin(policy.by_code)
        allowed: pd.Series[bool] = ~(needed & values.isna())
        return allowed

    return test


def schema(form: Table, asked: Asked) -> tuple[pa.DataFrameSchema, dict[str, Check]]:
    """The pandera schema of a form, and its checks by the name they have there. Raises SchemaInvalid."""
    _refuse_unknown(form)
    named: dict[str, Check] = {}
    columns = {column.field: _column(column, asked, named) for column in form.columns}
    whole = []
    for number, check in enumerate(form.checks):
        name = f"{form.table}.{number}.{check.check}"
        named[name] = check
        whole.append(pa.Check(TABLE_CHECKS[check.check](check), name=name, ignore_na=False))
    return pa.DataFrameSchema(columns, checks=whole), named


def _column(column: Column, asked: Asked, named: dict[str, Check]) -> pa.Column:
    checks = []
    for number, check in enumerate(column.checks):
        name = f"{column.field}.{number}.{check.check}"
        named[name] = check
        checks.append(pa.Check(CHECKS[check.check](column, check, asked), name=name))
    if column.required == "conditional":
        name = f"{column.field}.needed"
        named[name] = NEEDED
        checks.append(pa.Check(_needed(column, asked), name=name, ignore_na=False))
    return pa.Column(DTYPE.get(column.kind, "str"), checks=checks, nullable=column.required != "always")


def _refuse_unknown(form: Table) -> None:
    pairs: list[tuple[Check, Iterable[str], str]] = [
        (check, CHECKS, column.field) for column in form.columns for check in column.checks
    ]
    pairs += [(check, TABLE_CHECKS, form.table) for check in form.checks]
    faults = []
    for check, known, where in pairs:
        if check.check not in known:
            names = ", ".join(known)
            faults.append(
                say(
                    f"{where}: 没有检查 {check.check}；可用的：{names}",
                    f"{where}: there is no check {check.check}; known: {names}",
                )
            )
        if check.code not in catalogue():
            faults.append(say(f"{where}: 没有问题代码 {check.code}", f"{where}: there is no finding {check.code}"))
    if faults:
        raise SchemaInvalid(shipped("tables", f"{form.table}.yaml"), faults)


def failures(form: Table, asked: Asked) -> Iterator[Failure]:
    """Every cell of `asked.frame` that pandera refuses."""
    built, named = schema(form, asked)
    try:
        built.validate(asked.frame, lazy=True)
    except SchemaErrors as errors:
        for error in errors.schema_errors:
            yield from _failures(error, form, named)


def _failures(error: pa.errors.SchemaError, form: Table, named: dict[str, Check]) -> Iterator[Failure]:
    if error.reason_code is SchemaErrorReason.SERIES_CONTAINS_NULLS:
        check, field = FILLED, str(error.schema.name)
    elif error.reason_code is SchemaErrorReason.DATAFRAME_CHECK and getattr(error.check, "name", None) in named:
        check = named[error.check.name]
        whole = error.check.name.startswith(f"{form.table}.")
        field = check.than.split()[0] if whole else str(error.schema.name)
    else:
        raise error
    expected = str(check.expected) if check.expected else ""
    for row in dict.fromkeys(error.failure_cases["index"]):
        yield Failure(int(row), field, check.code, expected)
