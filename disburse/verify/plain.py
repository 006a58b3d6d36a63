"""The second calculation: a month settled again, one row after another, in plain integers of fen.

Written from the policy and the contract, and sharing no rule with disburse.rules and disburse.settlement: where the two
differ, one of them is wrong. It even rounds for itself. To be read against the policy in this order:

    lines      the door: tables become plain lines, and how a value of the policy is looked up
    admission  steps 1 and 2: valid, eligible; the waivers of step 3
    questions  step 3: what a person must look at
    amounts    steps 4–8: entitlement, standing alone, non-duplication, limits, budget
    plain      the way from the first step to the last, and the control totals
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from disburse.errors import Unbalanced
from disburse.findings import STATUS_OF, catalogue, precedence
from disburse.verify.admission import admit, any_of
from disburse.verify.amounts import STEPS, PlainCut, Way, hold_losers, in_order
from disburse.verify.lines import compared, month, taken

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pandas as pd

    from disburse.case import Case
    from disburse.findings import Finding


__all__ = ["Outcome", "PlainCut", "Recalculated", "recalculate"]


class Outcome(NamedTuple):
    """How one row ends: the chain of amounts in fen (None where never reached), the codes in order of precedence."""

    row: int
    status: str
    entitled_fen: int | None
    alone_fen: int | None
    distinct_fen: int | None
    limited_fen: int | None
    paid_fen: int | None
    reasons: tuple[str, ...]


@dataclass(frozen=True)
class Recalculated:
    """The month: one outcome a row, in the order of the table; the cuts by row, then in the order made."""

    outcomes: list[Outcome]
    cuts: list[PlainCut]


STATUSES = ("paid", "reduced", "rejected", "held", "carried", "invalid", "registered", "replaced")


def recalculate(rows: pd.DataFrame, found: Iterable[Finding], case: Case) -> Recalculated:
    """The month of `case`, calculated again.

    rows   the applications table (docs/architecture.md)
    found  what reading the workbooks has found, cell by cell
    Raises Unbalanced where its own control totals do not hold. Source: the policy file and its documents, by the steps
    of the contract, section 4.
    """
    this = month(case)
    lines = taken(rows)
    codes, replaced = admit(lines, found, this)
    ways = []
    for line in lines:
        measure = this.measures.get(line.measure)
        line.fund, line.pay_year = compared(measure.fund) if measure else "", this.pay_date.year
        line.event_year = line.event_date.year if line.event_date else None
        pays = measure is None or measure.pays
        ways.append(Way(line, codes.get(line.label, set()), pays, line.approved_amount_fen or 0))
    going = sorted(
        (way for way in ways if way.open and way.row.label not in replaced), key=lambda way: in_order(way, this)
    )
    for step, take in STEPS.items():
        still = [way for way in going if way.open and way.amount]
        take(still, this)
        for way in still:
            way.chain[step] = way.amount
    for way in going:
        way.chain.setdefault("budget", 0)
    hold_losers(going)
    outcomes = [_outcome(way, replaced) for way in ways]
    _balance(ways, outcomes)
    return Recalculated(outcomes, [cut for way in ways for cut in way.cuts])


def _outcome(way: Way, replaced: set[int]) -> Outcome:
    """Step 9: where the row has ended, and why: the gravest code decides."""
    label, chain = way.row.label, way.chain
    severities = [severity for severity in STATUS_OF if any_of(severity, way.codes)]
    if label in replaced:
        status = "replaced"
    elif severities:
        status = STATUS_OF[severities[0]]
    elif not way.pays:
        status = "registered"
    elif not way.amount:
        status = "rejected"
    else:
        status = "paid" if way.amount == way.row.approved_amount_fen else "reduced"
    reasons = sorted(way.codes, key=lambda code: (catalogue()[code].severity == "notice", precedence(code)))
    entitled, alone, distinct, limited, paid = (chain.get(step) for step in STEPS)
    return Outcome(label, status, entitled, alone, distinct, limited, paid, tuple(reasons))


def _balance(ways: list[Way], outcomes: list[Outcome]) -> None:
    """Rows in = Σ statuses; Σ approved = Σ paid + Σ withheld, where withheld is what the cuts took and what never came to pay."""
    approved = paid = withheld = 0
    for way, outcome in zip(ways, outcomes, strict=True):
        if outcome.status in ("replaced", "registered") or not way.pays:
            continue
        given = outcome.status in ("paid", "reduced")
        approved += way.row.approved_amount_fen or 0
        paid += outcome.paid_fen or 0
        withheld += sum(cut.before_fen - cut.after_fen for cut in way.cuts) + (0 if given else way.amount)
    statuses = Counter(outcome.status for outcome in outcomes)
    if approved != paid + withheld or sum(statuses[status] for status in STATUSES) != len(ways):
        raise Unbalanced(
            f"第二套计算自身不平：核定 {approved} 分，实付 {paid} 分，未付 {withheld} 分；请把本文件夹交给维护者",
            f"The second calculation does not balance: approved {approved} fen, paid {paid}, withheld {withheld}; "
            "send this folder to the maintainers",
        )
