"""The policy: measures, limits, non-duplication, funds and the readings chosen where a document can be read in two ways.

Everything a rule needs is here; no rule holds a number, a code or a name of its own.
"""

from __future__ import annotations

from collections import Counter
from functools import cached_property
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, PrivateAttr, model_validator

from disburse.language import Wording, say
from disburse.policy.values import (
    Amount,
    Dated,
    DatedAmount,
    DatedRate,
    DatedTimes,
    Day,
    Flag,
    Strict,
    Unit,
    Whole,
    in_force,
    in_sequence,
    one_or_more,
)

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

SHARED_BY = {
    "enterprise": "uscc",
    "subject": "subject_no",
    "carrier": "carrier_no",
    "matter": "matter_no",
    "measure": "measure",
    "fund": "fund",
    "bureau": "bureau",
    "town": "town",
    "category": "category",
}
"""Who may share a limit, and the column of the applications table that says who it is."""

NARROW = frozenset({"enterprise", "subject", "carrier", "matter"})
"""Sharers that few booked lines have in common: a limit shared by one of them reads those lines."""

Sharer = Literal["enterprise", "subject", "carrier", "matter", "measure", "fund", "bureau", "town", "category"]
Window = Literal["policy", "event_year", "pay_year", "batch"]
Names = Annotated[tuple[str, ...], BeforeValidator(one_or_more)]
Amounts = Annotated[tuple[DatedAmount, ...], AfterValidator(in_sequence)]
Times = Annotated[tuple[DatedTimes, ...], AfterValidator(in_sequence)]
Rates = Annotated[tuple[DatedRate, ...], AfterValidator(in_sequence)]


class Term(Strict):
    """The days a matter must lie in, both included, and which date of a row is asked."""

    from_: Day = Field(alias="from")
    to: Day
    date: Literal["event_date", "approved_date", "pay_date"]
    reference: str = Field(min_length=1)


class ByRate(Strict):
    """A rate of an amount column, down to the fen; other public funds taken off where the policy says so."""

    kind: Literal["rate"]
    of: Literal["basis_amount"]
    rate: Rates
    less_other_funds: Flag = False

    @property
    def columns(self) -> frozenset[str]:
        return frozenset({self.of})


class Tier(Strict):
    """From `at_least` (included) on, `value` for the row, or for each unit where `each` is set."""

    category: str = ""
    at_least: Whole
    value: Whole
    unit: Unit
    each: Flag = False
    reference: str = Field(min_length=1)

    @property
    def amount(self) -> Amount:
        return Amount(value=self.value, unit=self.unit)


class ByTier(Strict):
    """A table of tiers over the quantity, by category where the tiers name one."""

    kind: Literal["tiers"]
    of: Literal["quantity"]
    tiers: tuple[Tier, ...] = Field(min_length=1)

    @property
    def columns(self) -> frozenset[str]:
        return frozenset({self.of} | ({"category"} if any(tier.category for tier in self.tiers) else set()))


Formula = Annotated[ByRate | ByTier, Field(discriminator="kind")]

PAYEE_COLUMNS = frozenset({"payee_name", "bank_name", "account_no"})


class Measure(Strict):
    """One measure: its article, who submits it, what it is per, and what one row may get at most."""

    code: str = Field(pattern=r"^[A-Za-z0-9_-]+$")
    title: Wording
    article: str = Field(min_length=1)
    bureaus: Names
    subject: Literal["enterprise", "centre", "platform", "project", "event", "cluster"] = "enterprise"
    pays: Flag = True
    competitive: Flag = False
    """Approved by a competitive review: rows are taken in the order of 排序."""
    fund: str = ""
    ceiling: Amounts = ()
    formula: Formula | None = None

    @model_validator(mode="after")
    def _whole_measure(self) -> Measure:
        if self.pays != bool(self.fund):
            raise ValueError(
                say(f"{self.code}: 给资金的措施要写 fund，不给资金的不写", f"{self.code}: a fund goes with pays: true")
            )
        return self

    def ceiling_on(self, day: date) -> DatedAmount | None:
        return in_force(self.ceiling, day)


class Limit(Strict):
    """Who shares it, over which window, how much and how many times: one mechanism for every cap but the budget."""

    id: str = Field(pattern=r"^[A-Za-z0-9_-]+$")
    title: Wording
    article: str = Field(min_length=1)
    measures: Names = Field(min_length=1)
    shared_by: Annotated[tuple[Sharer, ...], BeforeValidator(one_or_more)]
    window: Window
    amount: Amounts = ()
    times: Times = ()

    @model_validator(mode="after")
    def _limits_something(self) -> Limit:
        if not self.amount and not self.times:
            raise ValueError(say(f"{self.id}: amount 和 times 至少写一个", f"{self.id}: give amount, times or both"))
        return self

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns of the applications table that make up the key."""
        return tuple(SHARED_BY[sharer] for sharer in self.shared_by)

    @property
    def balanced(self) -> bool:
        """Shared widely and without a count: what was used before is a sum, for which no single line is needed."""
        return self._wide and not self.times

    @property
    def counts_all(self) -> bool:
        """Shared widely and counted: all booked lines of its measures are needed."""
        return self._wide and bool(self.times)

    @property
    def _wide(self) -> bool:
        return self.window != "batch" and not NARROW.intersection(self.shared_by)


class Fund(Strict):
    name: str
    reference: str = Field(min_length=1)


class Duplication(Strict):
    """One matter is not rewarded twice: what may stack, and how the choices are read."""

    stack: tuple[Annotated[tuple[str, ...], Field(min_length=2, max_length=2)], ...] = ()
    level: str
    """The level of an award in the awards list that counts as the same (市)."""
    choice: Literal["elected", "highest"]
    declined: Literal["reject", "blank"]
    already_rewarded: Literal["refuse", "difference"]
    without_number: Literal["question", "subject"]
    reference: str = Field(min_length=1)


class Questions(Strict):
    """Amounts that make a person look, because the unit may be wrong."""

    question_below: Amount
    question_above_ceiling_times: Whole
    question_above: Amount
    """Where the measure has no ceiling."""


class Rounding(Strict):
    unit: Unit
    reference: str = Field(min_length=1)


class Choice(Strict):
    """What one value of a setting means in words; without `value`, any value no other choice names."""

    value: str | None = None
    text: Wording


class Reading(Strict):
    """A point the document leaves open: the setting that decides it, and what each choice means."""

    point: Wording
    setting: str
    """Path of the setting in this file, e.g. `limits.M05C.shared_by`."""
    measures: Names = ()
    """The measures it concerns; all when empty."""
    choices: tuple[Choice, ...] = Field(min_length=1)
    other: Wording | None = None
    """A further reading that this program has no data for."""
    status: str


class Target(Strict):
    """A goal to report progress to, never a ceiling."""

    title: Wording
    value: str
    unit: str
    measures: Names = ()
    count: Literal["enterprise", "subject"] | None = None
    reference: str = Field(min_length=1)


class Policy(Strict):
    """A whole policy file."""

    policy: str = Field(pattern=r"^[a-z0-9-]+$")
    title: Wording
    document: str
    lead_bureau: str
    term: Term
    funds: tuple[Fund, ...]
    measures: tuple[Measure, ...]
    limits: tuple[Limit, ...]
    duplication: Duplication
    questions: Questions
    rounding: Rounding
    readings: tuple[Reading, ...] = ()
    targets: tuple[Target, ...] = ()

    _sha256: str = PrivateAttr(default="")

    @property
    def sha256(self) -> str:
        """SHA-256 of the file it was loaded from."""
        return self._sha256

    def of_file(self, digest: str) -> Policy:
        self._sha256 = digest
        return self

    @model_validator(mode="after")
    def _holds_together(self) -> Policy:
        faults = [*self._repeated(), *self._unknown_names(), *self._uncovered(), *self._unread()]
        if faults:
            raise ValueError("; ".join(faults))
        return self

    def _repeated(self) -> Iterable[str]:
        names = {
            "measures.code": [measure.code for measure in self.measures],
            "limits.id": [limit.id for limit in self.limits],
            "funds.name": [fund.name for fund in self.funds],
            "measures.title": [title for measure in self.measures for title in {*measure.title.both()}],
        }
        for where, each in names.items():
            for name, count in Counter(each).items():
                if count > 1:
                    yield say(f"{where} {name} 出现 {count} 次", f"{where} {name} stands {count} times")

    def _unknown_names(self) -> Iterable[str]:
        codes, funds = {measure.code for measure in self.measures}, {fund.name for fund in self.funds}
        used = {
            **{f"limits.{limit.id}.measures": set(limit.measures) for limit in self.limits},
            "duplication.stack": {code for pair in self.duplication.stack for code in pair},
            **{f"readings.{reading.setting}.measures": set(reading.measures) for reading in self.readings},
        }
        for where, named in used.items():
            for code in sorted(named - codes):
                yield say(f"{where}: 没有措施 {code}", f"{where}: there is no measure {code}")
        for measure in self.measures:
            if measure.pays and measure.fund not in funds:
                yield say(
                    f"measures.{measure.code}.fund: funds 中没有 {measure.fund}",
                    f"measures.{measure.code}.fund: {measure.fund} is not among funds",
                )

    def _uncovered(self) -> Iterable[str]:
        """Values must hold on every day of the term, so that no row escapes a limit through a gap."""
        dated: dict[str, tuple[Dated, ...]] = {}
        for measure in self.measures:
            dated[f"measures.{measure.code}.ceiling"] = measure.ceiling
            if isinstance(measure.formula, ByRate):
                dated[f"measures.{measure.code}.formula.rate"] = measure.formula.rate
        for limit in self.limits:
            dated[f"limits.{limit.id}.amount"] = limit.amount
            dated[f"limits.{limit.id}.times"] = limit.times
        for where, values in dated.items():
            for day in (self.term.from_, self.term.to):
                if values and in_force(values, day) is None:
                    yield say(f"{where}: 期内的 {day} 没有值", f"{where}: no value holds on {day}, within the term")

    def _unread(self) -> Iterable[str]:
        for reading in self.readings:
            try:
                self.reading_text(reading)
            except LookupError as error:
                yield say(
                    f"readings: {reading.setting} 的值 {error} 没有说明；请在 choices 中补上",
                    f"readings: {reading.setting} is {error}, which no choice describes; add one",
                )

    @cached_property
    def by_code(self) -> dict[str, Measure]:
        return {measure.code: measure for measure in self.measures}

    @cached_property
    def code_of(self) -> dict[str, str]:
        """Measure code by anything a clerk may write: code or title."""
        return {word: m.code for m in self.measures for word in (m.code, *m.title.both())}

    @cached_property
    def bureaus(self) -> tuple[str, ...]:
        """Every bureau, the lead bureau first, each once."""
        return tuple(dict.fromkeys([self.lead_bureau, *(name for m in self.measures for name in m.bureaus)]))

    def bureaus_of(self, code: str) -> tuple[str, ...]:
        """Who may submit the measure: its bureaus, and the lead bureau for any."""
        return tuple(dict.fromkeys([*self.by_code[code].bureaus, self.lead_bureau]))

    def limits_of(self, code: str) -> tuple[Limit, ...]:
        return tuple(limit for limit in self.limits if code in limit.measures)

    def columns_required(self, code: str) -> frozenset[str]:
        """The conditional columns a row of this measure must fill in."""
        measure = self.by_code[code]
        if not measure.pays:
            return frozenset()
        shared = {column for limit in self.limits_of(code) for column in limit.columns} - {"measure", "fund"}
        subject = {"subject_no", "subject_name"} if measure.subject != "enterprise" else set()
        formula = measure.formula.columns if measure.formula else frozenset()
        return frozenset({"approved_amount"} | subject | shared) | PAYEE_COLUMNS | formula

    @cached_property
    def _stacking(self) -> frozenset[frozenset[str]]:
        return frozenset(frozenset(pair) for pair in self.duplication.stack)

    def may_stack(self, one: str, other: str) -> bool:
        """Whether two rows of one matter under these measures may both be paid."""
        return frozenset({one, other}) in self._stacking

    def reading_text(self, reading: Reading) -> str:
        """What the current value of the reading's setting means. Raises LookupError if no choice says."""
        value = self.setting(reading.setting)
        named = {choice.value: choice.text for choice in reading.choices}
        text = named.get(value) or named.get(None)
        if text is None:
            raise LookupError(value)
        return str(text).replace("{value}", value)

    def readings_of(self, code: str) -> tuple[Reading, ...]:
        return tuple(reading for reading in self.readings if not reading.measures or code in reading.measures)

    def setting(self, path: str) -> str:
        """The value at a dotted path, as text. Raises LookupError where there is no such setting."""
        node: Any = self
        for step in path.split("."):
            if isinstance(node, tuple):
                node = next(
                    (each for each in node if step in (getattr(each, "code", ""), getattr(each, "id", ""))), None
                )
            elif isinstance(node, Strict) and step in type(node).model_fields:
                node = getattr(node, step)
            else:
                raise LookupError(path)
            if node is None and step != path.rsplit(".", 1)[-1]:
                raise LookupError(path)
        return _as_text(node)


def _as_text(value: Any) -> str:
    """A setting as readings and workbooks show it; "-" where nothing is set."""
    match value:
        case None | ():
            return "-"
        case bool():
            return "true" if value else "false"
        case DatedRate():
            return f"{(value.value * 100).normalize():f}%"
        case DatedAmount() | DatedTimes():
            return f"{value.value} {value.unit}"
        case ByRate() | ByTier():
            return value.kind
        case ((str(), str()), *_):
            return ", ".join("+".join(pair) for pair in value)
        case tuple():
            return ", ".join(map(_as_text, value))
        case _:
            return str(value)
