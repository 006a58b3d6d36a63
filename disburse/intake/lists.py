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
    from pathlib import Path

    import pandas as pd

    from disburse.findings import Placed
    from disburse.policy import Policy

NAMES = {"budget_amount": "budget_fen", "amount": "amount_fen"}
"""Amount columns as the frames call them."""

MODES = {"按序": "sequence", "按比例": "prorate", "结转": "carry"}
"""How a budget is used up, by the word a clerk writes."""


def read_list(path: Path, name: str, policy: Policy) -> pd.DataFrame:
    """The list `name` (one of tables.LISTS) as settlement takes it: text "" when blank, a blank date NaT.

    Raises FileUnreadable for a file that cannot be read; ListInvalid with every faulty cell.
    """
    form = table(name)
    if not path.exists():
        raise Usage(f"找不到名单 {path}；请检查路径", f"there is no list {path}; check the path")
    tables, stopped = grid.tables(path, path.name, read_workbook(path, path.name), form)
    if stopped:
        raise together(stopped)
    frame, findings = read(tables, form, policy)
    if findings:
        raise ListInvalid(path, _sentences(Intake(frame, findings, tables, form=form)))
    return _finished(frame, form)


def _sentences(intake: Intake) -> list[str]:
    return [_sentence(each) for each in intake.placed()]


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
