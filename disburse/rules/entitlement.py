"""Step 4: entitlement = min(approved, the measure's formula if it has one, the measure's ceiling for one row)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from disburse.findings import Finding
from disburse.language import say
from disburse.money import round_down, times
from disburse.policy.model import ByRate, ByTier
from disburse.policy.values import in_force
from disburse.rules.days import days
from disburse.rules.keys import key
from disburse.rules.step import Cut, Step, lines, money

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from disburse.case import Case
    from disburse.policy import Measure

STEP = "entitlement"


def entitlement(rows: pd.DataFrame, case: Case) -> Step:
    """What each row is entitled to, in fen.

    rows  open rows of paying measures
    Every value is the one in force on the row's day (rules/days.py); the result is rounded down as the policy says.
    """
    findings: list[Finding] = []
    cuts: list[Cut] = []
    amounts: list[int] = []
    for row, day in zip(lines(rows), days(rows, case), strict=True):
        measure = case.policy.by_code[row.measure]
        amount = int(row.approved_amount_fen)
        for cut, values in _cuts(row, measure, day):
            if cut.after_fen < amount:
                made = cut._replace(before_fen=amount)
                amount = made.after_fen
                cuts.append(made)
                shown = {"before": money(made.before_fen), "after": money(amount), **values}
                findings.append(Finding(row.Index, made.code, "approved_amount", shown, made.article))
        unit = case.policy.rounding.unit
        if round_down(amount, unit) < amount:
            rounded = round_down(amount, unit)
            reference = case.policy.rounding.reference
            cuts.append(Cut(row.Index, STEP, "ROUNDED", "rounding", reference, amount, rounded))
            shown = {"before": money(amount), "after": money(rounded), "unit": unit}
            findings.append(Finding(row.Index, "ROUNDED", "approved_amount", shown, reference))
            amount = rounded
        amounts.append(amount)
    return Step(findings, pd.Series(amounts, index=rows.index, dtype="int64"), cuts)


def _cuts(row: Any, measure: Measure, day: date) -> Iterator[tuple[Cut, dict[str, str]]]:
    """The most this row may get by formula, by other funds, by ceiling, in this order; before_fen still open."""
    if isinstance(measure.formula, ByRate):
        rate = in_force(measure.formula.rate, day)
        if rate is None:
            raise LookupError(f"{measure.code}: {day}")
        basis = int(row.basis_amount_fen)
        by_rate = times(basis, rate.value)
        percent = f"{(rate.value * 100).normalize():f}%"
        words = say(f"核定依据金额 {money(basis)} 元 × {percent}", f"Basis {money(basis)} × {percent}")
        yield Cut(row.Index, STEP, "FORMULA_LOWER", measure.code, rate.reference, 0, by_rate), {"formula": words}
        if measure.formula.less_other_funds:
            other = int(row.other_public_funds_fen)
            left = max(by_rate - other, 0)
            deducted = Cut(row.Index, STEP, "FUNDS_DEDUCTED", measure.code, rate.reference, 0, left)
            yield deducted, {"found": money(other)}
    elif isinstance(measure.formula, ByTier):
        tier_fen, reference = _tier(row, measure.formula)
        words = say(
            f"分档表（{row.category} {row.quantity}）".replace("（ ", "（"),
            f"Tier table ({row.category} {row.quantity})",
        )
        yield Cut(row.Index, STEP, "FORMULA_LOWER", measure.code, reference, 0, tier_fen), {"formula": words}
    ceiling = measure.ceiling_on(day)
    if ceiling is not None:
        cut = Cut(row.Index, STEP, "CEILING", measure.code, ceiling.reference, 0, ceiling.fen, ceiling.fen)
        yield cut, {"ceiling": money(ceiling.fen)}


def _tier(row: Any, formula: ByTier) -> tuple[int, str]:
    """Fen and reference of the highest tier reached (its lower bound included); 0 below the lowest."""
    quantity, category = int(row.quantity), key(row.category)
    reached = [tier for tier in formula.tiers if tier.at_least <= quantity and key(tier.category) in ("", category)]
    if not reached:
        return 0, formula.tiers[0].reference
    tier = max(reached, key=lambda each: each.at_least)
    return tier.amount.fen * (quantity if tier.each else 1), tier.reference
