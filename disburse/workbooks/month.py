"""All that the month's workbooks are written from, and the sums they must agree on."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from disburse.errors import Unbalanced
from disburse.findings import catalogue
from disburse.language import say
from disburse.money import yuan
from disburse.workbooks.words import STATUS, measure_name, nobody, numbers, titles, word

if TYPE_CHECKING:
    from datetime import date

    import pandas as pd

    from disburse.findings import Placed
    from disburse.policy import Policy
    from disburse.settlement import Settlement

BUDGET_UNIT = "预算单位"
"""The payee type that is paid by a transfer of budget, not through a bank."""


@dataclass(frozen=True)
class Month:
    """One run, ready to be written.

    settlement   the result
    policy       the policy it was calculated under
    month        `2025-06`
    pay_date     the day of payment
    run_hash     hexadecimal, names the run on every printed page
    not_checked  the lists that were not given, in words
    placed       every finding with its place in a file and its wording
    open_items   held or carried before and not sent again: application_no, instalment, status, month, batch, bureau,
                 approved_amount_fen, reasons (codes joined by ";"); may be empty
    """

    settlement: Settlement
    policy: Policy
    month: str
    pay_date: date
    run_hash: str
    not_checked: tuple[str, ...]
    placed: list[Placed]
    open_items: pd.DataFrame

    @cached_property
    def rows(self) -> pd.DataFrame:
        """The settlement's rows with what the sheets show of them in words and sums. Raises Unbalanced.

        approved_fen, paid_fen  int64, 0 where unread or never reached, and outside the sums (registered, replaced)
        withheld_fen            approved less paid
        bank_fen, transfer_fen  paid through a bank, by a transfer of budget
        bureau_name             a bureau of the policy, or the word for none
        status_word, title (of the measure), readings (their numbers on the sheet 口径)
        """
        rows, policy = self.settlement.rows.copy(), self.policy
        money = self.settlement.stands
        rows["approved_fen"] = rows["approved_amount_fen"].fillna(0).where(money, 0).astype("int64")
        rows["paid_fen"] = rows["paid_fen"].fillna(0).where(money, 0).astype("int64")
        rows["withheld_fen"] = rows["approved_fen"] - rows["paid_fen"]
        unit = rows["payee_type"] == BUDGET_UNIT
        rows["bank_fen"], rows["transfer_fen"] = rows["paid_fen"].where(~unit, 0), rows["paid_fen"].where(unit, 0)
        known = set(policy.bureaus)
        rows["bureau_name"] = [each if each in known else nobody() for each in rows["bureau"]]
        rows["status_word"] = [word(STATUS, each) for each in rows["status"]]
        measures = {code: policy.by_code.get(code) for code in rows["measure"].unique()}
        rows["title"] = rows["measure"].map({code: measure_name(policy, code) for code in measures})
        rows["readings"] = rows["measure"].map({code: self._readings_of(code) for code in measures})
        self._assert_sound(rows)
        return rows

    @cached_property
    def sums(self) -> dict[str, int]:
        """Approved, paid and withheld fen of the whole run."""
        return {name: int(self.rows[f"{name}_fen"].sum()) for name in ("approved", "paid", "withheld")}

    @cached_property
    def in_order(self) -> pd.Index[int]:
        """The rows' labels as lines are read: by fund, measure, the policy's order, and place in the files."""
        funds = {fund.name: i for i, fund in enumerate(self.policy.funds)}
        measures = {measure.code: i for i, measure in enumerate(self.policy.measures)}
        rows = self.rows
        keys = rows[["order"]].assign(
            fund=rows["fund"].map(funds).fillna(len(funds)),
            measure=rows["measure"].map(measures).fillna(len(measures)),
            place=range(len(rows)),
        )
        return keys.sort_values(["fund", "measure", "order", "place"]).index

    def reasons(self, codes: str, *, without: frozenset[str] = frozenset()) -> str:
        """The titles of codes joined by ";" as the settlement gives them."""
        return titles(code for code in codes.split(";") if code and code not in without)

    def balance(self) -> tuple[str, str]:
        """The two control lines: rows in = Σ statuses, approved = paid + withheld."""
        counts = self.rows["status"].value_counts()
        parts = " + ".join(f"{status} {counts.get(name, 0)}" for name, status in STATUS.items())
        money = {name: yuan(fen, thousands=True) for name, fen in self.sums.items()}
        return (
            say(f"行数核对：报送 {len(self.rows)} 行 = {parts}", f"Rows: {len(self.rows)} sent = {parts}"),
            say(
                f"金额核对：核定 {money['approved']} 元 = 拨付 {money['paid']} 元 + 未拨付 {money['withheld']} 元"
                "（不含登记和已被更正的行）",
                f"Amounts: approved {money['approved']} = paid {money['paid']} + withheld {money['withheld']} yuan",
            ),
        )

    def _readings_of(self, code: str) -> str:
        if code not in self.policy.by_code:
            return ""
        mine = self.policy.readings_of(code)
        return numbers(i for i, reading in enumerate(self.policy.readings, 1) if reading in mine)

    def _assert_sound(self, rows: pd.DataFrame) -> None:
        """What is signed must add up; a fault here is ours, and nothing is written."""
        odd = sorted(set(rows["status"]) - set(STATUS))
        paying = rows["status"].isin(["paid", "reduced"])
        if odd or not (rows["paid_fen"] > 0).eq(paying).all() or (rows["withheld_fen"] < 0).any():
            raise Unbalanced(
                f"结果自相矛盾，未写出任何文件：状态与拨付金额不符 {odd}",
                f"The result contradicts itself, nothing was written: statuses and amounts do not agree {odd}",
            )


def severity_of(code: str) -> str:
    """Severity of a finding code; "" for one the catalogue does not know."""
    known = catalogue().get(code)
    return known.severity if known else ""
