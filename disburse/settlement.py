"""The calculation as a whole, pure: applications + policy + what was booked + lists → outcomes, cuts and findings, balanced."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import pandas as pd

from disburse.case import Case, Lists
from disburse.errors import Unbalanced
from disburse.findings import STATUS_OF, Finding, catalogue, precedence
from disburse.language import say
from disburse.money import yuan
from disburse.rules import CALCULATE, EXAMINE
from disburse.rules.budget import budgets
from disburse.rules.duplication import Distinct, winner_unpaid
from disburse.rules.step import Cut
from disburse.rules.validity import replaced

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from disburse.policy import Policy

__all__ = ["STATUSES", "Case", "Lists", "Settlement", "examine", "settle"]

STATUSES = ("paid", "reduced", "rejected", "held", "carried", "invalid", "registered", "replaced")
AMOUNTS = tuple(column for _, column in CALCULATE)
NEVER_WAIVED = frozenset({"ELECTION_AMBIGUOUS", "WINNER_UNPAID"})


@dataclass(frozen=True)
class Settlement:
    """The month's result.

    rows      the applications table in source order, with
              status    one of STATUSES ("" only from `examine`: nothing found against the row)
              entitled_fen, alone_fen, distinct_fen, limited_fen, paid_fen   Int64, the chain of amounts after
                        entitlement, standing alone, non-duplication, limits and budget; NA where never reached
              reasons   codes in order of precedence, joined by ";"
              order     place in the policy's order (0 first), -1 for invalid and replaced rows
              fund, article   of the measure, "" where it is unknown
    findings  every finding that stands, on every row
    cuts      one line per reduction: row, step, code, rule, article, before_fen, after_fen, ceiling_fen (Int64, NA
              where there is none), used_before_fen, batches (";"-joined), in the order made
    waivers   the waivers that had an effect: application_no, code, approver, reason, valid_until, row
    idle_waivers  the others, with `why`
    budgets   fund, year, mode, budget_fen, used_before_fen, paid_fen, one line per line of the budget list of that year
    """

    rows: pd.DataFrame
    findings: list[Finding]
    cuts: pd.DataFrame
    waivers: pd.DataFrame
    idle_waivers: pd.DataFrame
    budgets: pd.DataFrame

    @property
    def counted(self) -> pd.DataFrame:
        """The rows that stand in sums: benefits carry no money, replaced rows are counted in the row that replaced them."""
        return self.rows[self.stands]

    @property
    def stands(self) -> pd.Series[bool]:
        """Which rows stand in sums. A measure with an article and no fund is a benefit, whatever its row says."""
        benefit = (self.rows["article"] != "") & (self.rows["fund"] == "")
        return ~benefit & (self.rows["status"] != "replaced")

    @property
    def totals(self) -> Totals:
        approved, paid = (int(self.counted[name].fillna(0).sum()) for name in ("approved_amount_fen", "paid_fen"))
        return Totals(approved, paid, approved - paid)


class Totals(NamedTuple):
    """Sums over the counted rows, in fen; withheld is what was approved and not paid."""

    approved_fen: int
    paid_fen: int
    withheld_fen: int


def examine(rows: pd.DataFrame, found: Iterable[Finding], case: Case) -> Settlement:
    """Steps 1–3, as `check` makes them. found: what reading the workbooks has found already."""
    return _Month(rows, found, case).examine().result()


def settle(rows: pd.DataFrame, found: Iterable[Finding], case: Case) -> Settlement:
    """The whole month. Raises Unbalanced if a control total does not hold (that would be our own fault)."""
    settlement = _Month(rows, found, case).examine().calculate().result()
    balance(settlement)
    return settlement


def balance(settlement: Settlement) -> None:
    """Rows in = Σ statuses; Σ approved = Σ paid + Σ withheld; every amount of the chain only falls; cuts explain each fall."""
    rows = settlement.rows
    if not rows["status"].isin(STATUSES).all():
        raise Unbalanced("有申报未得出结果，未写出任何文件", "A row ended without a status; nothing was written")
    counted = settlement.counted
    approved = counted["approved_amount_fen"].fillna(0).astype("int64")
    paid = counted["paid_fen"].fillna(0).astype("int64")
    if ((paid < 0) | (paid > approved)).any() or (paid > 0).ne(counted["status"].isin(["paid", "reduced"])).any():
        raise Unbalanced(
            "实付金额与核定金额、状态不符，未写出任何文件", "Paid, approved and status disagree; nothing was written"
        )
    calculated = rows[rows["entitled_fen"].notna()]
    fallen = calculated["approved_amount_fen"].astype("int64") - calculated["paid_fen"].astype("int64")
    cut = (settlement.cuts["before_fen"] - settlement.cuts["after_fen"]).groupby(settlement.cuts["row"]).sum()
    settled = calculated["status"] != "held"
    if not fallen[settled].eq(cut.reindex(fallen[settled].index, fill_value=0)).all():
        raise Unbalanced(
            f"核减明细与核减总额不符（{yuan(int(fallen.sum()))} 元），未写出任何文件",
            f"The cuts do not explain what was withheld ({yuan(int(fallen.sum()))}); nothing was written",
        )


class _Month:
    """The table on its way through the steps."""

    def __init__(self, rows: pd.DataFrame, found: Iterable[Finding], case: Case) -> None:
        self.case = case
        gone = replaced(rows)
        self.findings = [finding for finding in found if finding.row not in set(gone)]
        self.cuts: list[Cut] = []
        self.rows = rows.assign(status="", order=-1, **of_measure(rows, case.policy))
        self.rows.loc[gone, "status"] = "replaced"
        for column in AMOUNTS:
            self.rows[column] = pd.array([pd.NA] * len(rows), dtype="Int64")
        self.waived: dict[tuple[str, str], list[int]] = {}
        self._close(self.findings)

    def examine(self) -> _Month:
        validity, eligibility, questions = EXAMINE
        self._take(validity(self.rows[self.rows["status"] != "replaced"], self.case).findings)
        valid = self.rows[self.rows["status"] == ""]
        self._take(eligibility(valid, self.case).findings)
        self._take(self._unwaived(questions(self._open(), valid, self.case).findings))
        return self

    def calculate(self) -> _Month:
        without_money = [measure.code for measure in self.case.policy.measures if not measure.pays]
        benefits = self._open()["measure"].isin(without_money)
        self.rows.loc[benefits.index[benefits], "status"] = "registered"
        self._set_order()
        winners: dict[int, int] = {}
        for step, column in CALCULATE:
            result = step(self._open().sort_values("order"), self.case)
            self.cuts += result.cuts
            if result.amount is not None:
                self.rows.loc[result.amount.index, column] = result.amount.astype("Int64")
            if isinstance(result, Distinct):
                winners = result.winners
            self._take(result.findings)
            self._nothing_left(column)
        self._hold_losers(winners)
        self._finish()
        return self

    def result(self) -> Settlement:
        self.rows["reasons"] = _reasons(self.findings).reindex(self.rows.index, fill_value="")
        return Settlement(
            rows=self.rows,
            findings=self.findings,
            cuts=_cut_table(self.cuts),
            waivers=self._waivers(used=True),
            idle_waivers=self._waivers(used=False),
            budgets=self._budgets(),
        )

    def _open(self) -> pd.DataFrame:
        return self.rows[self.rows["status"] == ""]

    def _take(self, findings: list[Finding]) -> None:
        self.findings += findings
        self._close(findings)

    def _close(self, findings: list[Finding]) -> None:
        """Give every row still open the status of its gravest finding."""
        for severity, status in STATUS_OF.items():
            hit = {finding.row for finding in findings if finding.severity == severity and finding.row >= 0}
            labels = self.rows.index[self.rows.index.isin(hit) & (self.rows["status"] == "")]
            self.rows.loc[labels, "status"] = status

    def _nothing_left(self, column: str) -> None:
        """A row that comes to 0 is rejected, whatever took it there."""
        zero = (self.rows["status"] == "") & (self.rows[column] == 0).fillna(value=False).astype(bool)
        self.rows.loc[zero, "status"] = "rejected"

    def _set_order(self) -> None:
        competitive = [measure.code for measure in self.case.policy.measures if measure.competitive]
        rows = self.rows[~self.rows["status"].isin(["invalid", "replaced"])]
        ranked = rows["rank"].where(rows["measure"].isin(competitive))
        by = rows.assign(rank=ranked)[["rank", "approved_date", "application_no", "instalment"]]
        ordered = by.sort_values(list(by.columns), na_position="last", kind="stable").index
        self.rows.loc[ordered, "order"] = range(len(ordered))

    def _hold_losers(self, winners: dict[int, int]) -> None:
        """Where the winner was rejected after step 6, a person decides about the losers."""
        status = self.rows["status"]
        losers = {loser for loser, winner in winners.items() if status[winner] == "rejected"}
        self.rows.loc[sorted(losers), "status"] = "held"
        self.findings = [
            winner_unpaid(finding) if finding.code == "LOWER_AWARD" and finding.row in losers else finding
            for finding in self.findings
        ]
        self.cuts = [
            cut._replace(code="WINNER_UNPAID") if cut.code == "LOWER_AWARD" and cut.row in losers else cut
            for cut in self.cuts
        ]

    def _finish(self) -> None:
        """Rows that went out on the way are paid 0; the open ones are paid, or reduced where it is less than approved."""
        calculated = self.rows["entitled_fen"].notna()
        self.rows.loc[calculated, "paid_fen"] = self.rows.loc[calculated, "paid_fen"].fillna(0)
        opened = self.rows["status"] == ""
        whole = opened & (self.rows["paid_fen"] == self.rows["approved_amount_fen"]).fillna(value=False).astype(bool)
        self.rows.loc[opened, "status"] = "reduced"
        self.rows.loc[whole, "status"] = "paid"

    def _unwaived(self, findings: list[Finding]) -> list[Finding]:
        """What no waiver opens; a waiver opens one code on one application until its last day."""
        valid = self._valid_waivers()
        if not valid:
            return findings
        application = self.rows["application_no"]
        standing = []
        for finding in findings:
            at = (str(application[finding.row]), finding.code)
            if finding.severity == "hold" and at in valid:
                self.waived.setdefault(at, []).append(finding.row)
            else:
                standing.append(finding)
        return standing

    def _valid_waivers(self) -> set[tuple[str, str]]:
        return {(line.application_no, line.code) for line in self._waiver_lines() if not self._no_effect(line)}

    def _waiver_lines(self) -> list[Any]:
        waivers = self.case.lists.waivers
        return [] if waivers is None else list(waivers.itertuples())

    def _no_effect(self, waiver: Any) -> str:
        """Why this waiver cannot open anything; "" where it can."""
        known = catalogue()[waiver.code]
        if known.severity != "hold" or waiver.code in NEVER_WAIVED:
            return say("该代码不能放行", "this code cannot be waived")
        if self.case.pay_date is not None and waiver.valid_until < pd.Timestamp(self.case.pay_date):
            return say(f"{waiver.valid_until:%Y-%m-%d} 已到期", f"expired on {waiver.valid_until:%Y-%m-%d}")
        return ""

    def _waivers(self, *, used: bool) -> pd.DataFrame:
        columns = ["application_no", "code", "approver", "reason", "valid_until"]
        found: list[tuple[Any, ...]] = []
        for line in self._waiver_lines():
            fixed = tuple(getattr(line, column) for column in columns)
            rows = self.waived.get((line.application_no, line.code), []) if not self._no_effect(line) else []
            if used:
                found += [(*fixed, row) for row in dict.fromkeys(rows)]
            elif not rows:
                found.append(
                    (*fixed, self._no_effect(line) or say("本批没有这一问题", "nothing of this kind in this batch"))
                )
        return pd.DataFrame(found, columns=[*columns, "row" if used else "why"])

    def _budgets(self) -> pd.DataFrame:
        paid = self.rows["paid_fen"].fillna(0).astype("int64").groupby(self.rows["fund"]).sum()
        return pd.DataFrame(
            [
                (line.fund, line.year, line.mode, line.budget_fen, line.used_fen, int(paid.get(line.fund, 0)))
                for line in budgets(self.case)
            ],
            columns=["fund", "year", "mode", "budget_fen", "used_before_fen", "paid_fen"],
        )


def of_measure(rows: pd.DataFrame, policy: Policy) -> dict[str, pd.Series[str]]:
    """The columns `fund` and `article` of the rows' measures, "" where the measure is unknown or pays nothing."""
    of: dict[str, Callable[[str], str]] = {
        "fund": lambda code: policy.by_code[code].fund if code in policy.by_code else "",
        "article": lambda code: policy.by_code[code].article if code in policy.by_code else "",
    }
    return {column: rows["measure"].map(value).astype("str") for column, value in of.items()}


def _reasons(findings: list[Finding]) -> pd.Series[str]:
    """Codes of each row in order of precedence, each once, notices last (they are last in the catalogue)."""
    codes: dict[int, set[str]] = {}
    for finding in findings:
        if finding.row >= 0:
            codes.setdefault(finding.row, set()).add(finding.code)
    return pd.Series({row: ";".join(sorted(found, key=precedence)) for row, found in codes.items()}, dtype="str")


def _cut_table(cuts: list[Cut]) -> pd.DataFrame:
    table = pd.DataFrame(cuts, columns=list(Cut._fields))
    whole = {"row": "int64", "before_fen": "int64", "after_fen": "int64", "used_before_fen": "int64"}
    return table.astype({**whole, "ceiling_fen": "Int64"})
