"""Step 3 of the second calculation: what a person must look at before the row is paid, and what is only noticed.

A row is compared with every other row that passed step 1, also one rejected in step 2, and with every booking that
counts. For that, what the others have under one key – an account, a voucher, a name – is laid out once.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from disburse.verify.lines import fen, holding, rivals, term_day

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from disburse.verify.lines import Line, Month


class Peers:
    """What rows and bookings have in common: under each key, the different values that stand beside it."""

    def __init__(self, valid: list[Line], month: Month) -> None:
        """valid: the rows that passed step 1."""
        self.month = month
        booked = month.booked
        # a benefit without money is no peer where amounts, payees and matters are asked
        paying = [row for row in valid if month.measures[row.measure].pays] + booked
        latest: dict[str, int] = {}
        for line in booked:
            latest[line.uscc] = max(latest.get(line.uscc, 0), line.batch_no)
        current = [line for line in booked if line.batch_no == latest[line.uscc]]

        self.numbers = _under(paying, _claim, lambda line: line.application_no)
        self.holders = _under(paying, lambda line: line.account_no, lambda line: line.uscc)
        self.accounts = _under(current, lambda line: line.uscc, lambda line: line.account_no)
        self.names = _under(valid + current, lambda line: line.uscc, lambda line: line.applicant_name)
        self.codes = _under(valid + current, lambda line: line.applicant_name, lambda line: line.uscc)
        subjects = [line for line in valid + booked if line.subject_no and line.subject_name]
        self.subject_names = _under(
            subjects, lambda line: (line.measure, line.subject_no), lambda line: line.subject_name
        )
        self.subject_nos = _under(
            subjects, lambda line: (line.measure, line.subject_name), lambda line: line.subject_no
        )
        self.claimed = _under(
            paying, lambda line: (line.uscc, line.subject_no), lambda line: (line.measure, line.matter_no != "")
        )
        self.sharers = _under(valid + booked, lambda line: line.matter_no, lambda line: line.uscc)
        awards = [line for line in month.awards if line.level == month.policy.duplication.level]
        self.awarded = _under(awards, lambda line: line.uscc, lambda line: line.matter_no != "")
        self.vouchers: dict[str, list[Line]] = defaultdict(list)
        for line in valid + booked:
            for number in _vouchers(line):
                self.vouchers[number].append(line)

    def raised(self, row: Line) -> Iterator[str]:
        """Every question and notice on the row; those of amount, payee and matter only where money is paid."""
        yield from self._of_anyone(row)
        if self.month.measures[row.measure].pays:
            yield from self._of_payees(row)
            yield from self._of_amounts(row)
            if self._matter_possible(row):
                yield "MATTER_POSSIBLE"

    def _of_anyone(self, row: Line) -> Iterator[str]:
        if any(self._reused(row, other) for number in _vouchers(row) for other in self.vouchers[number]):
            yield "EVIDENCE_REUSED"
        if len(self.names[row.uscc]) > 1 or len(self.codes[row.applicant_name]) > 1:
            yield "NAME_CONFLICT"
        if row.subject_no and row.subject_name:
            names = self.subject_names[row.measure, row.subject_no]
            if len(names) > 1 or len(self.subject_nos[row.measure, row.subject_name]) > 1:
                yield "SUBJECT_CONFLICT"
        if row.matter_no and len(self.sharers[row.matter_no]) > 1:
            yield "MATTER_SHARED"

    def _of_payees(self, row: Line) -> Iterator[str]:
        if row.payee_type == "预算单位":
            yield "PAYEE_IS_BUDGET_UNIT"
        else:
            if len(self.holders[row.account_no]) > 1:
                yield "ACCOUNT_SHARED"
            if row.payee_name != row.applicant_name:
                yield "PAYEE_MISMATCH"
        if row.uscc in self.accounts and row.account_no not in self.accounts[row.uscc]:
            yield "ACCOUNT_CHANGED"

    def _of_amounts(self, row: Line) -> Iterator[str]:
        measure, policy = self.month.measures[row.measure], self.month.policy
        if self.numbers[_claim(row)] - {row.application_no}:
            yield "CLAIM_REPEATED"
        approved, asked = row.approved_amount_fen, policy.questions
        ceiling = holding(measure.ceiling, term_day(row, self.month))
        above = fen(asked.question_above) if ceiling is None else asked.question_above_ceiling_times * fen(ceiling)
        if approved < fen(asked.question_below) or approved > above:
            yield "AMOUNT_UNIT_SUSPECT"
        kind = measure.formula.kind if measure.formula else ""
        if kind != "rate" and row.basis_amount_fen is not None and approved > row.basis_amount_fen:
            yield "OVER_BASIS"
        capped = any(limit.amount for limit in policy.limits if row.measure in limit.measures)
        if not (measure.ceiling or kind == "tiers" or capped):
            yield "NO_CEILING"

    def _reused(self, row: Line, other: Line) -> bool:
        """One voucher on two claims; instalments are one claim, and one matter is settled in step 6."""
        if row.application_no == other.application_no:
            return False
        written = row.matter_no and (row.uscc, row.matter_no) == (other.uscc, other.matter_no)
        return not (written and rivals(row, other, self.month))

    def _matter_possible(self, row: Line) -> bool:
        """The same subject under a rival measure, or an award by the city, and not both write 事项编号."""
        duplication, written = self.month.policy.duplication, row.matter_no != ""
        stack = [set(pair) for pair in duplication.stack]
        others = self.claimed[row.uscc, row.subject_no] if row.subject_no else set()
        same_subject = any(
            measure != row.measure and {measure, row.measure} not in stack and not (written and theirs)
            for measure, theirs in others
        )
        # by the other reading the subject number stands for the matter, and step 6 answers
        asked = same_subject and duplication.without_number == "question"
        return asked or any(not (written and theirs) for theirs in self.awarded[row.uscc])


def _under(lines: Iterable[Line], key: Callable[[Line], Any], value: Callable[[Line], Any]) -> dict[Any, set[Any]]:
    """The different values under each key."""
    found: dict[Any, set[Any]] = defaultdict(set)
    for line in lines:
        found[key(line)].add(value(line))
    return found


def _claim(line: Line) -> tuple[Any, ...]:
    return line.uscc, line.measure, line.subject_no, line.event_date, line.approved_amount_fen


def _vouchers(line: Line) -> set[str]:
    return set(line.evidence_nos.split(";")) - {""}
