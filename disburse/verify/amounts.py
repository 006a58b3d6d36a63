"""Steps 4–8 of the second calculation: each takes the rows still on their way, in the policy's order, and may only cut."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from itertools import combinations
from typing import TYPE_CHECKING, Any, NamedTuple

from disburse.findings import STATUS_OF
from disburse.verify.admission import any_of
from disburse.verify.lines import UNIT_FEN, compared, fen, holding, matter, rivals, term_day

if TYPE_CHECKING:
    from datetime import date

    from disburse.policy.model import Formula, Limit
    from disburse.verify.lines import Line, Month


class PlainCut(NamedTuple):
    """One reduction of one row: by what, from what to what, under which ceiling, after what had been used."""

    row: int
    step: str
    code: str
    rule: str
    article: str
    before_fen: int
    after_fen: int
    ceiling_fen: int | None
    used_before_fen: int


By = tuple[str, str, str]
"""What lowers an amount: step, rule, article."""

SHARED_BY = {"enterprise": "uscc", "subject": "subject_no", "carrier": "carrier_no", "matter": "matter_no"}
"""Whose number says who shares a limit; any other is a column of its own name."""


@dataclass(eq=False)
class Way:
    """One row on its way: what has been said of it, what it may still get, what it had after each step."""

    row: Line
    codes: set[str]
    pays: bool
    amount: int
    chain: dict[str, int] = field(default_factory=dict)
    cuts: list[PlainCut] = field(default_factory=list)
    winner: Way | None = None

    @property
    def open(self) -> bool:
        """Whether nothing said of it keeps it from money."""
        return self.pays and not any(any_of(severity, self.codes) for severity in STATUS_OF)

    def cut(self, code: str, by: By, after: int, *, ceiling: int | None = None, used: int = 0) -> None:
        """Less for this row, and why; nothing where it is not less."""
        if after < self.amount:
            step, rule, article = by
            self.cuts.append(PlainCut(self.row.label, step, code, rule, article, self.amount, after, ceiling, used))
            self.codes.add(code)
            self.amount = after


def in_order(way: Way, month: Month) -> tuple[Any, ...]:
    """The policy's order: rank after a competitive review, blank last; then approval, number, instalment."""
    row = way.row
    rank = row.rank if month.measures[row.measure].competitive else None
    return rank is None, rank or 0, row.approved_date, row.application_no, row.instalment


def entitle(ways: list[Way], month: Month) -> None:
    """Step 4: the least of what was approved, the formula and the ceiling for one row; then rounded down."""
    rounding = month.policy.rounding
    unit = UNIT_FEN[rounding.unit]
    for way in ways:
        row, day = way.row, term_day(way.row, month)
        measure = month.measures[row.measure]
        if measure.formula is not None:
            most, reference = by_formula(measure.formula, row, day)
            way.cut("FORMULA_LOWER", ("entitlement", measure.code, reference), most)
            if measure.formula.kind == "rate" and measure.formula.less_other_funds:
                left = max(most - row.other_public_funds_fen, 0)
                way.cut("FUNDS_DEDUCTED", ("entitlement", measure.code, reference), left)
        ceiling = holding(measure.ceiling, day)
        if ceiling is not None:
            by = ("entitlement", measure.code, ceiling.reference)
            way.cut("CEILING", by, fen(ceiling), ceiling=fen(ceiling))
        way.cut("ROUNDED", ("entitlement", "rounding", rounding.reference), way.amount // unit * unit)


def by_formula(formula: Formula, row: Line, day: date) -> tuple[int, str]:
    """Step 4: a rate of the basis, down to the fen; or the highest tier reached in the row's category, 0 below the lowest.

    With the article that says so.
    """
    if formula.kind == "rate":
        rate = holding(formula.rate, day)
        over, under = rate.value.as_integer_ratio()
        return row.basis_amount_fen * over // under, rate.reference
    tiers = [tier for tier in formula.tiers if compared(tier.category) in ("", row.category)]
    reached = [tier for tier in tiers if tier.at_least <= row.quantity]
    if not reached:
        return 0, formula.tiers[0].reference
    tier = max(reached, key=lambda tier: tier.at_least)
    return fen(tier) * (row.quantity if tier.each else 1), tier.reference


class Meter:
    """What one limit has used, in fen and in applications paid, under each key of those who share it."""

    def __init__(self, limit: Limit, month: Month) -> None:
        self.limit = limit
        self.fen: dict[Any, int] = defaultdict(int)
        self.numbers: dict[Any, set[str]] = defaultdict(set)
        # only a limit that counts awards, or asks who received them, needs the bookings one by one
        single = limit.times or {"enterprise", "subject", "carrier", "matter"} & set(limit.shared_by)
        for line in month.booked if single else month.balances:
            if line.measure in limit.measures and limit.window != "batch":
                self.use(line, line.net_fen)

    def key(self, line: Line) -> tuple[Any, ...]:
        """Who shares the limit, and the year where it is a limit of a year."""
        years = [self.limit.window] if self.limit.window in ("event_year", "pay_year") else []
        return tuple(getattr(line, SHARED_BY.get(name, name)) for name in (*self.limit.shared_by, *years))

    def use(self, line: Line, used: int) -> None:
        self.fen[self.key(line)] += used
        if self.limit.times:
            self.numbers[self.key(line)].add(line.application_no)

    def draw(self, way: Way, step: str, day: date) -> None:
        """The row cut to what is left; how often is asked before how much."""
        limit, used = self.limit, self.fen[self.key(way.row)]
        times, amount = holding(limit.times, day), holding(limit.amount, day)
        left, code = way.amount, ""
        if amount is not None:
            left = max(fen(amount) - used, 0)
            code = "LIMIT_REACHED" if left else "LIMIT_EXHAUSTED"
        if times is not None and len(self.numbers[self.key(way.row)] - {way.row.application_no}) >= times.value:
            left, code = 0, "ONCE_ONLY" if times.value == 1 else "LIMIT_EXHAUSTED"
        way.cut(code, (step, limit.id, limit.article), left, ceiling=fen(amount) if amount else None, used=used)


def stand_alone(ways: list[Way], month: Month) -> None:
    """Step 5: what every limit has left after all that was booked before."""
    meters = [Meter(limit, month) for limit in month.policy.limits]
    for way in ways:
        for meter in meters:
            if way.row.measure in meter.limit.measures:
                meter.draw(way, "alone", term_day(way.row, month))


def limit(ways: list[Way], month: Month) -> None:
    """Step 7: in order, what every limit has left after that and the rows before; used up in all of them."""
    meters = [Meter(limit, month) for limit in month.policy.limits]
    for way in ways:
        own = [meter for meter in meters if way.row.measure in meter.limit.measures]
        for meter in own:
            meter.draw(way, "limits", term_day(way.row, month))
        for meter in own:
            if way.amount:
                meter.use(way.row, way.amount)


def deduplicate(ways: list[Way], month: Month) -> None:
    """Step 6: one matter is not rewarded twice; the enterprise chooses, else the higher stands (就高、从优、不重复)."""
    rule = month.policy.duplication
    by = ("duplication", "duplication", rule.reference)
    rewards = _rewards(month)
    competing: dict[Any, list[Way]] = defaultdict(list)
    for way in ways:
        this = matter(way.row, month)
        before = [fen for line, fen in rewards[this] if line is None or rivals(way.row, line, month)]
        if before:
            left = max(way.amount - sum(before), 0) if rule.already_rewarded == "difference" else 0
            way.cut("DIFFERENCE_PAID" if left else "ALREADY_REWARDED", by, left, used=sum(before))
        if this is not None and way.amount:
            competing[this].append(way)
    for rows in competing.values():
        elected = [way for way in rows if way.row.elected == "是" and rule.choice == "elected"]
        if any(rivals(one.row, other.row, month) for one, other in combinations(elected, 2)):
            for way in rows:
                way.codes.add("ELECTION_AMBIGUOUS")
        else:
            _take(rows, elected, by, month)


def _rewards(month: Month) -> dict[Any, list[tuple[Line | None, int]]]:
    """Step 6: what each matter has had: bookings with their net, and in fen what other policies of the level have paid."""
    found: dict[Any, list[tuple[Line | None, int]]] = defaultdict(list)
    for line in month.booked:
        found[matter(line, month)].append((line, line.net_fen))
    for line in month.awards:
        if line.level == month.policy.duplication.level:
            found[line.uscc, line.matter_no].append((None, line.amount_fen))
    found.pop(None, None)
    return found


def _take(rows: list[Way], elected: list[Way], by: By, month: Month) -> None:
    """Step 6: elected first, then the highest by step 5, then in order; each stands unless it competes with one that stands."""
    standing: list[Way] = []
    for way in sorted(rows, key=lambda way: (way not in elected, -way.chain["alone"], in_order(way, month))):
        against = [other for other in rows if rivals(way.row, other.row, month)]
        way.winner = next((other for other in standing if other in against), None)
        if way.winner is not None:
            way.cut("LOWER_AWARD", by, 0)
            continue
        standing.append(way)
        if way in elected and any(other.chain["alone"] > way.chain["alone"] for other in against):
            way.codes.add("ELECTION_NOT_HIGHEST")


def share_budgets(ways: list[Way], month: Month) -> None:
    """Step 8: what each fund has left in the year of the pay date, shared out as its line of the budget list says."""
    year = month.pay_date.year
    for fund in month.policy.funds:
        name = compared(fund.name)
        line = next((line for line in month.budget if (line.fund, line.year) == (name, year)), None)
        if line is None:
            continue
        asking = [way for way in ways if way.row.fund == name]
        used = sum(booked.net_fen for booked in month.balances if (booked.fund, booked.pay_year) == (name, year))
        left = max(line.budget_fen - used, 0)
        shares = in_proportion(left, [way.amount for way in asking]) if line.mode == "prorate" else []
        for number, way in enumerate(asking):
            if line.mode == "prorate":
                after, code = shares[number], "BUDGET_PRORATED"
            elif line.mode == "carry":
                after, code = (way.amount if way.amount <= left else 0), "BUDGET_CARRIED"
            else:
                after, code = min(way.amount, left), "BUDGET_REACHED"
            if not after and line.mode != "carry":
                code = "BUDGET_EXHAUSTED"
            way.cut(code, ("budget", fund.name, fund.reference), after, ceiling=line.budget_fen, used=used)
            if line.mode != "prorate":
                left, used = left - after, used + after


def in_proportion(left: int, asked: list[int]) -> list[int]:
    """Step 8: `left` in proportion to what is asked, never more; the odd fen to the largest remainders, ties in order.

    >>> in_proportion(100, [50, 50, 50])
    [34, 33, 33]
    """
    total = sum(asked)
    if total <= left:
        return asked
    shares = [left * each // total for each in asked]
    by_remainder = sorted(range(len(asked)), key=lambda number: -(left * asked[number] % total))
    for number in by_remainder[: left - sum(shares)]:
        shares[number] += 1
    return shares


def hold_losers(ways: list[Way]) -> None:
    """Step 8, end: a winner that a later step rejects frees nothing, but its losers are held for a person to look at."""
    for way in ways:
        if way.winner is not None and not way.winner.amount and "BUDGET_CARRIED" not in way.winner.codes:
            way.codes = way.codes - {"LOWER_AWARD"} | {"WINNER_UNPAID"}
            way.cuts = [cut._replace(code="WINNER_UNPAID") if cut.code == "LOWER_AWARD" else cut for cut in way.cuts]


STEPS = {
    "entitlement": entitle,
    "alone": stand_alone,
    "duplication": deduplicate,
    "limits": limit,
    "budget": share_budgets,
}
"""The steps that may lower an amount, in the order made."""
