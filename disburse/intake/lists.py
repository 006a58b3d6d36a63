"""The lists beside the applications: read by the same rules, and used whole or not at all."""

from __future__ import annotations

from typing import TYPE_CHECKING

from disburse.errors import ListInvalid, Usage
from disburse.intake import grid
from disburse.intake.applications import Intake
from disburse.intake.reading import read
from disburse.intake.stops import together
from disburse.intake.workbook import read_workbook
from disburse.language import say
from disburse.tables import Table, table

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    import pandas as pd

    from disburse.findings import Finding, Placed
    from disburse.policy import Policy

NAMES = {
    "budget_amount": "budget_fen", "amount": "amount_fen",
    "paid_amount": "paid_fen", "approved_amount": "approved_amount_fen",
}  # fmt: skip
"""Amount columns as the frames call them."""

MODES = {"按序": "sequence", "按比例": "prorate", "结转": "carry"}
"""How a budget is used up, by the word a clerk writes."""


def read_list(path: Path, name: str, policy: Policy) -> pd.DataFrame:
    """The list `name` (one of tables.FORMS) as settlement takes it: text "" when blank, a blank date NaT.

    Raises FileUnreadable for a file that cannot be read; ListInvalid with every faulty cell.
    """
    return usable(path, read_form(path, name, policy))


def read_form(path: Path, name: str, policy: Policy) -> Intake:
    """The list with its faults, for whoever has more to find in it. Raises FileUnreadable."""
    form = table(name)
    if not path.exists():
        raise Usage(f"找不到名单 {path}；请检查路径", f"there is no list {path}; check the path")
    tables, stopped = grid.tables(path, path.name, read_workbook(path, path.name), form)
    if stopped:
        raise together(stopped)
    frame, findings = read(tables, form, policy)
    return Intake(frame, findings, tables, form=form)


def usable(path: Path, read: Intake, more: Iterable[Finding] = ()) -> pd.DataFrame:
    """The rows of a list in which nothing is wrong. Raises ListInvalid with every finding, its own and `more`."""
    findings = [*read.findings, *more]
    if findings:
        raise ListInvalid(path, sentences(read, findings))
    return _finished(read.rows, read.form)


def sentences(read: Intake, findings: Iterable[Finding]) -> list[str]:
    """Findings on a list as the operator reads them."""
    return [_sentence(each) for each in read.placed(findings)]


def _sentence(placed: Placed) -> str:
    where = say("，", ", ").join(filter(None, [placed.source_sheet, placed.cell]))
    return f"{where}{say('：', ': ')}{placed.message}{say('', ' ')}{placed.remedy}"


def _finished(frame: pd.DataFrame, form: Table) -> pd.DataFrame:
    rows = frame[form.fields()].rename(columns=NAMES)
    texts = [name for name in rows.columns if rows[name].dtype == "str"]
    rows = rows.fillna(dict.fromkeys(texts, ""))
    if "mode" in rows:
        rows["mode"] = rows["mode"].replace(MODES)
    return rows
