"""A run's month calculated again from its folder, by the second calculation, and written out as the run should have.

The rules are those of `disburse.verify.plain` alone; only the reading of workbooks and the layout of what is written
are shared with `run`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

import pandas as pd

from disburse.case import Case, Lists
from disburse.dossier import CONSULTED, inputs_of
from disburse.errors import Refused
from disburse.findings import catalogue
from disburse.intake import read_applications, read_list
from disburse.language import Language, say, speaking
from disburse.policy import load_policy
from disburse.records import lines_of, read_bookings, records
from disburse.settlement import Settlement
from disburse.store.frames import BOOKED, OPEN_ITEMS, SUMS
from disburse.tables import LISTS, table
from disburse.verify.admission import NEVER_WAIVED
from disburse.verify.lines import compared
from disburse.verify.plain import PlainCut, recalculate
from disburse.verify.sources import Sources
from disburse.workbooks.month import Month

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from disburse.intake import Intake
    from disburse.verify.plain import Recalculated

    Progress = Callable[[str], None]

CHAIN = ("entitled_fen", "alone_fen", "distinct_fen", "limited_fen", "paid_fen")


@dataclass(frozen=True)
class Recalculation:
    """What the run should have come to.

    language  the run was written in
    month   as the run's workbooks are written from it; without placed findings
    intake  the applications, read again
    files   outcomes.csv, cuts.csv and ledger.csv as they should be
    """

    language: Language
    month: Month
    intake: Intake
    files: Mapping[str, bytes]


def recalculation(
    folder: Path, record: dict[str, Any], progress: Progress, policy: Path | None = None
) -> Recalculation:
    """The month of `folder`, whose run.json says `record`, calculated again.

    policy  another policy file than the run's own
    Raises Mendable where something of it can no longer be read.
    """
    language: Language = "en" if record.get("language") == "en" else "zh"
    inputs = inputs_of(folder, record)
    with speaking(language):
        in_force = load_policy(policy or inputs.policy)
        lists = Lists(**{name: read_list(path, name, in_force) for name, path in inputs.lists.items()})
        booked, sums, open_items = (consulted(folder, record, name) for name in CONSULTED)
        case = Case(in_force, booked, lists, inputs.pay_date, sums)
        intake = read_applications(list(inputs.sources), in_force, stop=True, progress=progress)
        progress(say("逐行重新计算", "Calculating again, row by row"))
        settlement = settlement_of(intake.rows, recalculate(intake.rows, intake.findings, case), case)
        not_checked = tuple(str(table(name).title) for name in LISTS if name not in inputs.lists)
    month = Month(
        settlement=settlement,
        policy=in_force,
        month=record["month"],
        pay_date=date.fromisoformat(record["pay_date"]),
        run_hash=record["run"],
        not_checked=not_checked,
        placed=[],
        open_items=open_items,
    )
    files = records(settlement, [], record["month"])
    said = {name: files[name] for name in ("outcomes.csv", "cuts.csv", "ledger.csv")}
    return Recalculation(language, month, intake, said)


READ = {"bookings": BOOKED, "sums": SUMS, "open_items": OPEN_ITEMS}
"""The columns of what a run had read from the store; of `sums` those that its policy asks for."""


def consulted(folder: Path, record: Mapping[str, Any], name: str) -> pd.DataFrame:
    """What the run had read from the store, from its copy in `inputs/`."""
    file = str(record["opening"][name]["file"])
    try:
        if not (folder / file).is_file():
            raise ValueError(say("没有这个文件", "there is no such file"))
        content, columns = (folder / file).read_bytes(), READ[name]
        if name == "sums":  # it has the columns that the run's policy asks for
            told = lines_of(content)[0]
            columns = {column: dtype for column, dtype in columns.items() if column.removesuffix("_fen") in told}
        return read_bookings(content, columns)
    except (OSError, ValueError, IndexError) as error:
        raise Refused(
            f"{file} 无法读取（{error}）；请向财政部门另要一份完整的文件夹",
            f"{file} cannot be read ({error}); ask the finance office for another copy of the folder",
        ) from error


def settlement_of(applications: pd.DataFrame, result: Recalculated, case: Case) -> Settlement:
    """The outcomes of the second calculation in the form that workbooks and CSV files are written from."""
    by_row = {outcome.row: outcome for outcome in result.outcomes}
    outcomes = [by_row[row] for row in applications.index]
    measures = case.policy.by_code
    known = [measures.get(code) for code in applications["measure"]]
    rows = applications.assign(
        status=pd.Series([outcome.status for outcome in outcomes], dtype="str"),
        reasons=pd.Series([";".join(outcome.reasons) for outcome in outcomes], dtype="str"),
        fund=pd.Series([measure.fund if measure else "" for measure in known], dtype="str"),
        article=pd.Series([measure.article if measure else "" for measure in known], dtype="str"),
        **{name: pd.array([getattr(outcome, name) for outcome in outcomes], dtype="Int64") for name in CHAIN},
    )
    rows["order"] = _places(rows, case)
    sources = Sources(applications, result, case)
    cuts = pd.DataFrame(result.cuts, columns=list(PlainCut._fields))
    cuts["batches"] = pd.Series([sources.batches(cut) for cut in result.cuts], dtype="str")
    whole = {"row": "int64", "before_fen": "int64", "after_fen": "int64", "used_before_fen": "int64"}
    used, idle = _waivers(rows, sources.waived(), case)
    return Settlement(
        rows=rows, findings=[], cuts=cuts.astype({**whole, "ceiling_fen": "Int64"}), waivers=used, idle_waivers=idle,
        budgets=_budgets(rows, case),
    )  # fmt: skip


def _places(rows: pd.DataFrame, case: Case) -> pd.Series[int]:
    """Place of each row in the policy's order, -1 for those out of it (spec section 4)."""
    competitive = {measure.code for measure in case.policy.measures if measure.competitive}

    def order(row: Any) -> tuple[Any, ...]:
        rank = row.rank if row.measure in competitive and not pd.isna(row.rank) else None
        return rank is None, rank or 0, row.approved_date, row.application_no, row.instalment

    ranked = rows[["rank", "measure", "approved_date", "application_no", "instalment"]]
    placed = ranked[~rows["status"].isin(["invalid", "replaced"])]
    ordered = sorted(placed.itertuples(), key=order)
    return pd.Series({row.Index: place for place, row in enumerate(ordered)}, dtype="int64").reindex(
        rows.index, fill_value=-1
    )


def _waivers(rows: pd.DataFrame, waived: Mapping[int, Sequence[str]], case: Case) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The waivers that opened something, with the row, and those that did not, with why."""
    columns = ["application_no", "code", "approver", "reason", "valid_until"]
    opened: dict[tuple[str, str], list[int]] = {}
    for row, codes in waived.items():
        for code in codes:
            opened.setdefault((str(rows.loc[row, "application_no"]), code), []).append(row)
    used: list[tuple[Any, ...]] = []
    idle: list[tuple[Any, ...]] = []
    lines: list[Any] = [] if case.lists.waivers is None else list(case.lists.waivers.itertuples())
    for line in lines:
        said = tuple(getattr(line, column) for column in columns)
        here = opened.get((line.application_no, line.code), [])
        why = _without_effect(line, case)
        if here and not why:
            used += [(*said, row) for row in here]
        else:
            idle.append((*said, why or say("本批没有这一问题", "nothing of this kind in this batch")))
    return pd.DataFrame(used, columns=[*columns, "row"]), pd.DataFrame(idle, columns=[*columns, "why"])


def _without_effect(waiver: Any, case: Case) -> str:
    """Why a waiver opens nothing, whatever it finds; "" where it may."""
    assert case.pay_date is not None
    if catalogue()[waiver.code].severity != "hold" or waiver.code in NEVER_WAIVED:
        return say("该代码不能放行", "this code cannot be waived")
    if not pd.isna(waiver.valid_until) and waiver.valid_until.date() < case.pay_date:
        return say(f"{waiver.valid_until:%Y-%m-%d} 已到期", f"expired on {waiver.valid_until:%Y-%m-%d}")
    return ""


def _budgets(rows: pd.DataFrame, case: Case) -> pd.DataFrame:
    """Each line of the budget list for the year of payment: what it holds, what was used before, what is paid now."""
    assert case.pay_date is not None
    year, lines = case.pay_date.year, []
    budgets, funds = case.lists.budget, {compared(fund.name): fund.name for fund in case.policy.funds}
    listed: list[Any] = [] if budgets is None else list(budgets[budgets["year"] == year].itertuples())
    for line in sorted(listed, key=lambda each: str(each.fund)):
        fund = funds.get(compared(line.fund), line.fund)
        booked = case.balances[(case.balances["fund"] == fund) & (case.balances["pay_year"] == year)]
        paid = rows.loc[rows["fund"] == fund, "paid_fen"]
        lines.append((fund, year, line.mode, line.budget_fen, sum(booked["net_fen"]), sum(paid.dropna())))
    names = ["fund", "year", "mode", "budget_fen", "used_before_fen", "paid_fen"]
    return pd.DataFrame(lines, columns=names)
