"""Step 1 across rows: corrections replace, repeated applications and those already paid are invalid (spec 4.1)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from disburse.findings import Finding
from disburse.rules.step import SHOWN, Step, among, lines, money

if TYPE_CHECKING:
    from disburse.case import Case

PAIR = ["application_no", "instalment"]


def replaced(rows: pd.DataFrame) -> pd.Index[int]:
    """Labels of the rows that a row marked 更正 replaces, whatever else is wrong with either.

    rows  the whole applications table
    The one marked row of a pair (申报编号, 分期) replaces every unmarked one; two marked rows replace nothing.
    """
    paired = _paired(rows)
    marked = paired["corrects"] == "是"
    marks = marked.groupby([paired[name] for name in PAIR]).transform("sum")
    return paired.index[(marks == 1) & ~marked]


def validity(rows: pd.DataFrame, case: Case) -> Step:
    """APPLICATION_REPEATED and ALREADY_PAID.

    rows  every row that is not replaced, also those invalid for another cell
    """
    paired = _paired(rows)
    return Step([*_repeated(paired), *_already_paid(paired, case)])


def _paired(rows: pd.DataFrame) -> pd.DataFrame:
    return rows[(rows["application_no"] != "") & rows["instalment"].notna()]


def _repeated(paired: pd.DataFrame) -> list[Finding]:
    twice = paired[paired.duplicated(PAIR, keep=False)]
    found = []
    for (application_no, instalment), rows in twice.groupby(PAIR, sort=False):
        several = list(lines(rows))
        for row in several:
            others = [other for other in several[: SHOWN + 2] if other.Index != row.Index]
            values = {"found": str(application_no), "instalment": str(instalment), **among(others, row.bureau)}
            found.append(Finding(row.Index, "APPLICATION_REPEATED", "application_no", values))
    return found


def _already_paid(paired: pd.DataFrame, case: Case) -> list[Finding]:
    booked = case.paid_before
    if booked.empty:
        return []
    paid = booked.groupby(PAIR).agg(net_fen=("net_fen", "sum"), batch=("batch", "last"))
    pairs = pd.MultiIndex.from_arrays([paired["application_no"], paired["instalment"].astype("int64")], names=PAIR)
    again = paired[pairs.isin(paid.index)]
    found = []
    for row in lines(again):
        before = paid.loc[(row.application_no, int(row.instalment))]
        values = {
            "found": row.application_no,
            "instalment": str(row.instalment),
            "batch": str(before["batch"]),
            "amount": money(int(before["net_fen"])),
        }
        found.append(Finding(row.Index, "ALREADY_PAID", "application_no", values))
    return found
