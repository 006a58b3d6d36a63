"""Steps 1–3 of the second calculation: which rows are valid, eligible and unquestioned. Codes only, no amounts."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from disburse.findings import catalogue
from disburse.verify.lines import term_day, within
from disburse.verify.questions import Peers

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from disburse.findings import Finding
    from disburse.verify.lines import Line, Month

NEVER_WAIVED = ("ELECTION_AMBIGUOUS", "WINNER_UNPAID")


def admit(rows: list[Line], found: Iterable[Finding], month: Month) -> tuple[dict[int, set[str]], set[int]]:
    """The codes that fall on each row in steps 1–3, by its label, and the labels of the rows that are replaced.

    found: what reading the workbooks has found already, cell by cell.
    """
    replaced, repeated = corrections(rows)
    booked = {(line.application_no, line.instalment) for line in month.booked}
    codes: dict[int, set[str]] = {row.label: set() for row in rows if row.label not in replaced}
    for finding in found:
        if finding.row in codes:
            codes[finding.row].add(finding.code)
    present = [row for row in rows if row.label in codes]
    for row in present:
        if row.label in repeated:
            codes[row.label].add("APPLICATION_REPEATED")
        if (row.application_no, row.instalment) in booked:
            codes[row.label].add("ALREADY_PAID")

    valid = [row for row in present if not any_of("error", codes[row.label])]
    for row in valid:
        codes[row.label].update(ineligible(row, month))
    peers, opened = Peers(valid, month), waived(month)
    for row in valid:
        if not any_of("reject", codes[row.label]):
            codes[row.label].update(code for code in peers.raised(row) if (row.application_no, code) not in opened)
    return codes, replaced


def any_of(severity: str, codes: Iterable[str]) -> bool:
    """Whether one of the codes is of this severity."""
    return any(catalogue()[code].severity == severity for code in codes)


def corrections(rows: list[Line]) -> tuple[set[int], set[int]]:
    """Step 1: the rows that one row marked 更正 replaces, and those whose 申报编号 and 分期 stand twice."""
    pairs: dict[tuple[str, int], list[Line]] = defaultdict(list)
    for row in rows:
        if row.application_no and row.instalment is not None:
            pairs[row.application_no, row.instalment].append(row)
    replaced: set[int] = set()
    repeated: set[int] = set()
    for pair in pairs.values():
        every = {row.label for row in pair}
        marked = {row.label for row in pair if row.corrects == "是"}
        if len(marked) == 1:
            replaced |= every - marked
        elif len(every) > 1:
            repeated |= every
    return replaced, repeated


def ineligible(row: Line, month: Month) -> Iterator[str]:
    """Step 2: every reason not to pay the row at all; and the notice that the term has ended since."""
    term, pay_date = month.policy.term, month.pay_date
    if not within(term.from_, term_day(row, month), term.to):
        yield "OUT_OF_TERM"
    elif pay_date > term.to:
        yield "TERM_ENDED_BEFORE_PAYMENT"
    if not row.approval_no or row.approved_date > pay_date:
        yield "NOT_APPROVED"
    if row.notice_end_date >= pay_date:
        yield "NOTICE_OPEN"
    for line in month.exclusions:
        # by credit code; by name only where the list has no code
        same = line.uscc == row.uscc if line.uscc else line.applicant_name == row.applicant_name
        if same and within(line.start_date, pay_date, line.end_date):
            yield "EXCLUDED"
    recognised = [line for line in month.register if line.measure == row.measure]
    if recognised and not any(
        line.uscc in ("", row.uscc)
        and line.subject_no in ("", row.subject_no)
        and within(line.start_date, row.event_date, line.end_date)
        for line in recognised
    ):
        yield "NOT_REGISTERED"
    if row.elected == "否" and month.policy.duplication.declined == "reject":
        yield "DECLINED"


def waived(month: Month) -> set[tuple[str, str]]:
    """Step 3: 申报编号 and code of every question that a waiver opens on the pay date."""
    return {
        (waiver.application_no, waiver.code)
        for waiver in month.waivers
        if within(None, month.pay_date, waiver.valid_until)
        and catalogue()[waiver.code].severity == "hold"
        and waiver.code not in NEVER_WAIVED
    }
