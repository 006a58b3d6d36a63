"""Step 6: one matter is not rewarded twice – 就高、从优、不重复 (spec 4.6).

A matter is (credit code, written 事项编号). Rows of one matter compete, within one measure too, except pairs of
measures the policy lets stack and instalments of one application.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from disburse.findings import Finding
from disburse.language import listed, say
from disburse.rules.step import Cut, Step, among, lines, money

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import pandas as pd

    from disburse.case import Case

STEP = "duplication"


@dataclass(frozen=True)
class Distinct(Step):
    """winners: label of the loser → label of the row that stands for its matter (of several, the first taken)."""

    winners: dict[int, int] = field(default_factory=dict)


def duplication(rows: pd.DataFrame, case: Case) -> Distinct:
    """The amount each row keeps when every matter is rewarded once.

    rows  open rows in the policy's order with `alone_fen` above 0
    """
    findings: list[Finding] = []
    cuts: list[Cut] = []
    amount = rows["alone_fen"].astype("int64").copy()
    matters = _matters(rows, case)
    for row, cut, finding in _already_rewarded(rows[matters != ""], matters, case):
        if cut.after_fen < cut.before_fen:
            amount[row] = cut.after_fen
            cuts.append(cut)
            findings.append(finding)
    winners: dict[int, int] = {}
    running = rows.assign(matter=matters)[(matters != "") & (amount > 0)]
    running = running[running.duplicated("matter", keep=False)]
    for _, group in running.groupby("matter", sort=False):
        contest = _contest(list(lines(group)), case)
        findings += contest.findings
        winners |= contest.winners
    for loser, winner in winners.items():
        cut, finding = _lower(rows, loser, winner, amount, case)
        cuts.append(cut)
        findings.append(finding)
    amount[list(winners)] = 0
    return Distinct(findings, amount, cuts, winners)


def _matters(rows: pd.DataFrame, case: Case) -> pd.Series[str]:
    """Key of each row's matter, "" where there is none to compare."""
    number = rows["matter_no"]
    if case.policy.duplication.without_number == "subject":
        number = number.where(number != "", rows["subject_no"])
    return (rows["uscc"] + " " + number).where(number != "", "")


def _already_rewarded(rows: pd.DataFrame, matters: pd.Series[str], case: Case) -> Iterator[tuple[int, Cut, Finding]]:
    """Booked before under a measure that may not stack, or in the awards list at the same level."""
    duplication = case.policy.duplication
    wanted = set(matters[rows.index])
    booked: dict[str, list[Any]] = {}
    before = case.paid_before
    if len(before):
        for line in lines(before.assign(matter=_matters(before, case))):
            if line.matter in wanted:
                booked.setdefault(str(line.matter), []).append(line)
    awarded: dict[str, list[Any]] = {}
    if case.lists.awards is not None:
        for line in lines(case.lists.awards):
            if line.level == duplication.level and line.matter_no:
                awarded.setdefault(f"{line.uscc} {line.matter_no}", []).append(line)
    for row in lines(rows):
        matter = matters[row.Index]
        bookings = [
            line
            for line in booked.get(matter, [])
            if line.application_no != row.application_no and not case.policy.may_stack(row.measure, line.measure)
        ]
        awards = awarded.get(matter, [])
        if bookings or awards:
            yield _refused(row, bookings, awards, case)


def _refused(row: Any, bookings: list[Any], awards: list[Any], case: Case) -> tuple[int, Cut, Finding]:
    duplication = case.policy.duplication
    rewarded = sum(int(line.net_fen) for line in bookings) + sum(int(line.amount_fen) for line in awards)
    alone = int(row.alone_fen)
    left = max(alone - rewarded, 0)
    after = left if duplication.already_rewarded == "difference" else 0
    code = "DIFFERENCE_PAID" if after else "ALREADY_REWARDED"
    documents = listed(say(f"其他政策（{each.document_no}）", f"award {each.document_no}") for each in awards[:3])
    named = among(bookings, row.bureau)
    values = {
        "found": row.matter_no or row.subject_no,
        **{name: listed(part for part in (text, documents) if part) for name, text in named.items()},
        "amount": money(rewarded),
        "expected": money(alone),
        "difference": money(alone - rewarded),
        "before": money(alone),
        "after": money(after),
    }
    batches = ";".join(dict.fromkeys([*(line.batch for line in bookings), *(each.document_no for each in awards)]))
    cut = Cut(row.Index, STEP, code, "duplication", duplication.reference, alone, after, None, rewarded, batches)
    return row.Index, cut, Finding(row.Index, code, "matter_no", values, duplication.reference)


@dataclass(frozen=True)
class _Contest:
    findings: list[Finding]
    winners: dict[int, int]


def _contest(rows: list[Any], case: Case) -> _Contest:
    """Who stands for one matter. rows: its open rows in the policy's order."""

    def compete(one: Any, other: Any) -> bool:
        return bool(
            one.application_no != other.application_no and not case.policy.may_stack(one.measure, other.measure)
        )

    by_choice = case.policy.duplication.choice == "elected"
    elected = [row for row in rows if by_choice and row.elected == "是"]
    if any(compete(one, other) for i, one in enumerate(elected) for other in elected[:i]):
        return _Contest(_ambiguous(rows, elected, case), {})
    standing: list[Any] = []
    winners: dict[int, int] = {}
    chosen = {row.Index for row in elected}
    for row in sorted(rows, key=lambda row: (row.Index not in chosen, -row.alone_fen)):
        winner = next((stands for stands in standing if compete(row, stands)), None)
        if winner is None:
            standing.append(row)
        else:
            winners[row.Index] = winner.Index
    return _Contest(_not_highest(rows, elected, compete, case), winners)


def _ambiguous(rows: list[Any], elected: list[Any], case: Case) -> list[Finding]:
    reference = case.policy.duplication.reference
    return [
        Finding(
            row.Index,
            "ELECTION_AMBIGUOUS",
            "elected",
            {"found": row.matter_no, **among(elected, row.bureau)},
            reference,
        )
        for row in rows
    ]


def _not_highest(rows: list[Any], elected: list[Any], compete: Callable[[Any, Any], bool], case: Case) -> list[Finding]:
    found = []
    for row in elected:
        higher = [other for other in rows if compete(row, other) and other.alone_fen > row.alone_fen]
        if higher:
            best = max(higher, key=lambda other: other.alone_fen)
            values = {
                "expected": money(row.alone_fen),
                "amount": money(best.alone_fen),
                **among([best], row.bureau),
            }
            reference = case.policy.duplication.reference
            found.append(Finding(row.Index, "ELECTION_NOT_HIGHEST", "elected", values, reference))
    return found


def _lower(rows: pd.DataFrame, loser: int, winner: int, amount: pd.Series[int], case: Case) -> tuple[Cut, Finding]:
    reference = case.policy.duplication.reference
    stands = next(lines(rows.loc[[winner]]))
    named = among([stands], str(rows.loc[loser, "bureau"]))
    values = {
        "found": str(rows.loc[loser, "matter_no"] or rows.loc[loser, "subject_no"]),
        "winner": named["other"],
        "winner_discreet": named["other_discreet"],
        "amount": money(int(amount[winner])),
        "expected": money(int(amount[loser])),
    }
    cut = Cut(loser, STEP, "LOWER_AWARD", "duplication", reference, int(amount[loser]), 0)
    return cut, Finding(loser, "LOWER_AWARD", "matter_no", values, reference)


def winner_unpaid(loser: Finding) -> Finding:
    """What a loser's finding becomes when its winner is rejected in a later step: held, a person decides."""
    return Finding(loser.row, "WINNER_UNPAID", loser.column, loser.values, loser.reference)
