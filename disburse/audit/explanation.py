"""One application's way through a run, quoted from the files of the run: nothing is calculated here.

outcomes.csv says how it ended, cuts.csv each reduction, findings.csv every sentence, ledger.xlsx the batches and the
waivers, inputs/ the bookings consulted and the policy with its readings.
"""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from disburse.audit.printed import printed
from disburse.dossier import read_record
from disburse.errors import Usage
from disburse.language import say
from disburse.policy import load_policy
from disburse.records import STEPS, lines_of
from disburse.workbooks import annexes

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from disburse.policy import Policy

    Line = dict[str, str]


@dataclass(frozen=True)
class Reduction:
    """One line of cuts.csv with what the other files say of it.

    message  the finding's sentence, "" where findings.csv holds none of its own
    title    of the rule, in words
    batches  by which what was used before was used
    booked   the bookings consulted, and what this run pays, under the same limit: batch, application_no, instalment, net
    """

    cut: Line
    title: str
    message: str
    batches: list[str]
    booked: list[Line]


@dataclass(frozen=True)
class Explanation:
    """How one row of a run ended, and why.

    outcome, payment  its lines of outcomes.csv and ledger.csv (None where nothing is paid)
    findings          its lines of findings.csv
    matter            lines of outcomes.csv of the same matter
    waivers           what was waived for it: code, title, approver, reason
    readings          the points the policy leaves open that concern it: point, reading, status
    """

    record: dict[str, Any]
    outcome: Line
    payment: Line | None
    reductions: list[Reduction]
    findings: list[Line]
    matter: list[Line]
    waivers: list[Line]
    readings: list[Line]


def explain(folder: Path, application_no: str, instalment: int | None) -> list[Explanation]:
    """Every row of the run under this 申报编号 (and 分期), as read.

    Raises Usage where there is none, Refused where the folder was touched since.
    """
    record = read_record(folder)
    outcomes = _lines(folder / "outcomes.csv")
    mine = [line for line in outcomes if line["application_no"] == application_no.strip()]
    if instalment is not None:
        mine = [line for line in mine if line["instalment"] == str(instalment)]
    if not mine:
        raise _unknown(folder, application_no, instalment, outcomes)
    run = _Run(folder, record, outcomes)
    return [run.explanation(line) for line in mine]


def _unknown(folder: Path, application_no: str, instalment: int | None, outcomes: Sequence[Line]) -> Usage:
    numbers = sorted({line["application_no"] for line in outcomes if line["application_no"]})
    near = get_close_matches(application_no, numbers, n=3, cutoff=0.5) or numbers[:3]
    part = "" if instalment is None else say(f" 第 {instalment} 期", f" instalment {instalment}")
    return Usage(
        f"{folder} 这次运行里没有申报编号 {application_no}{part}；请核对编号，例如 {'、'.join(near)}",
        f"there is no application {application_no}{part} in {folder}; see {', '.join(near)}",
    )


def _lines(file: Path) -> list[Line]:
    heading, *lines = lines_of(file.read_bytes())
    return [dict(zip(heading, line, strict=True)) for line in lines]


class _Run:
    """The files of a run that explanations quote."""

    def __init__(self, folder: Path, record: dict[str, Any], outcomes: list[Line]) -> None:
        self.record = record
        self.outcomes = outcomes
        self.policy: Policy = load_policy(folder / record["policy"]["file"])
        self.cuts, self.findings, self.ledger = (
            _lines(folder / f"{name}.csv") for name in ("cuts", "findings", "ledger")
        )
        self.bookings = _lines(folder / record["opening"]["bookings"]["file"])
        self.before = {line["batch"] for line in self.bookings}
        sheets = printed(folder / "ledger.xlsx")
        tables = {columns: [line for sheet in sheets for table in sheet.tables(columns) for line in table.dicts()]
                  for columns in (annexes.CUTS, annexes.WAIVERS)}  # fmt: skip
        self.used = [str(line["batches"]) for line in tables[annexes.CUTS]]
        self.waivers = [{name: str(value) for name, value in line.items()} for line in tables[annexes.WAIVERS]]

    def explanation(self, outcome: Line) -> Explanation:
        findings = [line for line in self.findings if _about(line, outcome)]
        mine = ("" if outcome["status"] == "replaced" else outcome["application_no"], outcome["instalment"])
        return Explanation(
            record=self.record,
            outcome=outcome,
            payment=next((line for line in self.ledger if _pair(line) == mine), None),
            reductions=self._reductions(outcome, mine, findings),
            findings=findings,
            matter=[line for line in self.outcomes if _same_matter(line, outcome)],
            waivers=[line for line in self.waivers if line["application_no"] == mine[0] and not line["why"]],
            readings=self._readings(outcome["measure"]),
        )

    def _reductions(self, outcome: Line, pair: tuple[str, str], findings: Sequence[Line]) -> list[Reduction]:
        found = [(i, cut) for i, cut in enumerate(self.cuts) if _pair(cut) == pair]
        found.sort(key=lambda each: STEPS.index(each[1]["step"]))
        messages = {line["code"]: line["message"] for line in findings}
        reductions = []
        for i, cut in found:
            batches = self.used[i].split(";") if i < len(self.used) and self.used[i] else []
            message = messages.pop(cut["code"], "")
            booked = self._booked(cut, outcome, batches)
            reductions.append(Reduction(cut, self._title(cut), message, batches, booked))
        return reductions

    def _title(self, cut: Line) -> str:
        return annexes.rule_title(self.policy, cut["step"], cut["rule"])

    def _booked(self, cut: Line, outcome: Line, batches: Sequence[str]) -> list[Line]:
        """The bookings of these batches under the limit of `cut`; none where the files do not say who shares it."""
        limit = next((limit for limit in self.policy.limits if limit.id == cut["rule"]), None)
        named = outcome.keys() & {*self.ledger[0]} if self.ledger else outcome.keys()
        if limit is None or cut["step"] not in ("alone", "limits") or not set(limit.columns) <= named:
            return []

        def shared(line: Line) -> bool:
            return line["measure"] in limit.measures and all(
                line[column] == outcome[column] for column in limit.columns
            )

        before = [line for line in self.bookings if line["batch"] in batches and shared(line)]
        this = {"batch": this_batch()}
        here = [
            {**line, **this, "net": line["paid"]}
            for line in self.ledger
            if shared(line) and _pair(line) != _pair(outcome)
        ]
        names = ("batch", "application_no", "instalment", "net")
        return [
            {name: line[name] for name in names} for line in (*before, *(here if len({*batches} - self.before) else ()))
        ]

    def _readings(self, measure: str) -> list[Line]:
        return [
            {"point": str(reading.point), "reading": self.policy.reading_text(reading), "status": reading.status}
            for reading in (self.policy.readings_of(measure) if measure in self.policy.by_code else ())
        ]


def this_batch() -> str:
    """How the run itself is named among batches."""
    return say("本批", "this batch")


def _pair(line: Line) -> tuple[str, str]:
    return line["application_no"], line["instalment"]


def _about(finding: Line, outcome: Line) -> bool:
    """Whether a finding is on this row: its own cells, or a cell of the file that makes the row invalid."""
    if (finding["source_file"], finding["source_sheet"]) != (outcome["source_file"], outcome["source_sheet"]):
        return False
    number = "".join(sign for sign in finding["cell"].split(":")[0] if sign.isdigit())
    own = number == outcome["source_row"]
    return own or (not finding["application_no"] and finding["code"] in outcome["reasons"].split(";"))


def _same_matter(line: Line, outcome: Line) -> bool:
    return (
        bool(outcome["matter_no"])
        and line is not outcome
        and (line["uscc"], line["matter_no"]) == (outcome["uscc"], outcome["matter_no"])
    )
