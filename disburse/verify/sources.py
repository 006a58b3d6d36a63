"""What the second calculation rests on besides the rows: by which batches something was used before, which waivers opened what."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from disburse.language import say
from disburse.verify.admission import any_of, ineligible, waived
from disburse.verify.amounts import Meter
from disburse.verify.lines import compared, matter, month, rivals, taken
from disburse.verify.questions import Peers

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pandas as pd

    from disburse.case import Case
    from disburse.verify.lines import Line
    from disburse.verify.plain import PlainCut, Recalculated


class Sources:
    """The bookings, awards and waivers behind the outcomes of one recalculation."""

    def __init__(self, rows: pd.DataFrame, result: Recalculated, case: Case) -> None:
        self.month = month(case)
        self.lines = {line.label: line for line in taken(rows)}
        self.result = result
        for line in self.lines.values():
            line.pay_year, line.event_year = self.month.pay_date.year, line.event_date and line.event_date.year
            measure = self.month.measures.get(line.measure)
            line.fund = compared(measure.fund) if measure else ""
        self._balances = taken(case.balances)
        self._meters = {limit.id: Meter(limit, self.month) for limit in case.policy.limits}
        self._limited: dict[str, dict[Any, list[Line]]] = {}
        self._matters: dict[Any, list[Line]] = defaultdict(list)
        for line in self.month.booked:
            self._matters[matter(line, self.month)].append(line)

    def batches(self, cut: PlainCut) -> str:
        """The batches and documents by which what `cut` counts as used was used, joined by ";"."""
        row = self.lines[cut.row]
        if cut.step in ("alone", "limits"):
            return self._used(cut, self._booked(cut.rule, row))
        if cut.step == "budget":
            fund = compared(cut.rule), self.month.pay_date.year
            return self._used(cut, [line for line in self._balances if (line.fund, line.pay_year) == fund])
        return ";".join(dict.fromkeys(self._rewarded(row))) if cut.used_before_fen else ""

    def _booked(self, rule: str, row: Line) -> list[Line]:
        """The bookings that count under this limit with this row."""
        meter = self._meters[rule]
        if rule not in self._limited:
            limit, self._limited[rule] = meter.limit, defaultdict(list)
            for line in self._balances if limit.balanced else self.month.booked:
                if line.measure in limit.measures and limit.window != "batch" and line.net_fen > 0:
                    self._limited[rule][meter.key(line)].append(line)
        return self._limited[rule][meter.key(row)]

    def _used(self, cut: PlainCut, booked: list[Line]) -> str:
        here = cut.used_before_fen > sum(line.net_fen for line in booked)
        named = [*(line.batch for line in booked), *([say("本批", "this batch")] if here else [])]
        return ";".join(dict.fromkeys(named))

    def _rewarded(self, row: Line) -> Iterable[str]:
        mine = matter(row, self.month)
        for line in self._matters[mine]:
            if rivals(row, line, self.month):
                yield line.batch
        for award in self.month.awards:
            if award.level == self.month.policy.duplication.level and (award.uscc, award.matter_no) == mine:
                yield award.document_no

    def waived(self) -> dict[int, list[str]]:
        """The codes that a waiver opened on each row, by its label."""
        out = {each.row for each in self.result.outcomes if each.status in ("invalid", "replaced")}
        valid = [line for label, line in self.lines.items() if label not in out]
        peers, opened = Peers(valid, self.month), waived(self.month)
        questioned = (row for row in valid if not any_of("reject", ineligible(row, self.month)))
        codes = {
            row.label: [code for code in peers.raised(row) if (row.application_no, code) in opened]
            for row in questioned
        }
        return {label: list(dict.fromkeys(found)) for label, found in codes.items() if found}
