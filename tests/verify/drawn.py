"""Months drawn at random, crowded on purpose: few enterprises, subjects, matters, vouchers and days, so that claims clash,
limits cross and budgets run out. Any source of chance will do: a seed, or Hypothesis, which then makes failures small.
"""

from __future__ import annotations

from datetime import date, timedelta
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from disburse.case import Case, Lists
from disburse.findings import Finding
from disburse.policy import Policy, load_policy
from tests.months import CODES, applications, bookings

if TYPE_CHECKING:
    from random import Random

POLICIES = Path(__file__).parent.parent / "policies"
NAMES = ["东莞甲公司", "乙（东莞）公司", "丙公司"]
TWINS = {"乙（东莞）公司": "乙(东莞)公司", "丙公司": "丙\u200b公司"}
"""The same names, otherwise written."""
UNITS = ["分", "元", "百元", "万元"]
DAYS = [date(2025, 2, 5), date(2025, 12, 31), date(2026, 1, 1), date(2027, 12, 31)]
EDGES = [date(2025, 2, 4), date(2028, 1, 1), date(2024, 12, 31)]
PAY_DATES = [date(2025, 6, 30), date(2026, 1, 31), date(2027, 12, 31), date(2028, 1, 31)]
FEN = [1, 2, 33, 50, 99, 100, 101, 150, 200, 201, 299, 300, 400]
BATCHES = [("2025-03-1", date(2025, 3, 31)), ("2025-12-1", date(2025, 12, 31)), ("2026-01-1", date(2026, 1, 1))]
UNREAD = {
    "approved_amount_fen": pd.NA, "event_date": pd.NaT, "approved_date": pd.NaT, "instalment": pd.NA, "application_no": "", "measure": "",
}  # fmt: skip
"""Cells that reading may not have taken in, and what stands for them."""
Drawn = tuple[pd.DataFrame, list[Finding], Case]


def month(random: Random) -> Drawn:
    """An applications table, what reading found, and the case."""
    policy, scale = _policy(random)
    draw = _Draw(random, policy, scale)
    pay_date = random.choice(PAY_DATES)
    given = [draw.row(number, pay_date) for number in range(random.randint(1, 20))]
    rows = applications(*given)
    booked = bookings(*(draw.booking(number) for number in range(random.choice([0, 2, 5, 9]))), policy=policy)
    return rows, draw.found(rows), Case(policy, booked, draw.lists(given), pay_date)


@cache
def _shipped() -> Policy:
    return load_policy()


@cache
def _crossing() -> Policy:
    return load_policy(POLICIES / "crossing.yaml")


def _policy(random: Random) -> tuple[Policy, int]:
    """A policy, and how many fen one of FEN is in months under it."""
    kind = random.choice(["shipped", "read otherwise", "crossing", "drawn", "drawn", "drawn"])
    if kind == "shipped":
        return _shipped(), 5_000_00
    if kind == "read otherwise":
        return _read_otherwise(random), 5_000_00
    if kind == "crossing":
        return _crossing(), 4_000_00
    return _made(random), 1


def _read_otherwise(random: Random) -> Policy:
    """The shipped policy with each reading flipped now and then."""
    data = _shipped().model_dump(by_alias=True)
    data["readings"] = []
    measures = {each["code"]: each for each in data["measures"]}
    limits = {each["id"]: each for each in data["limits"]}
    flips: list[Any] = [
        lambda: data["term"].update(date=random.choice(["approved_date", "pay_date"])),
        lambda: limits["M05A"].update(shared_by="enterprise"),
        lambda: limits["M05B"].update(shared_by="enterprise"),
        lambda: limits["M05C"].update(shared_by="carrier"),
        lambda: measures["M06A"].update(formula=_by_rate(random)),
        lambda: limits["M06B"].update(window="event_year"),
        lambda: limits["M09"].update(times=()),
        lambda: measures["M10"].update(formula=_by_tiers(random, "元", 5000)),
        lambda: measures["M11"].update(fund="东府〔2025〕2号"),
        lambda: limits["M11"].update(window="event_year"),
        lambda: data["duplication"].update(stack=random.choice([(), (("M12A", "M12B"),), (("M10", "M10"), ("M04", "M10"))])),
        *_rules(random, data["duplication"]),
        lambda: data["rounding"].update(unit=random.choice(UNITS)),
    ]  # fmt: skip
    for flip in flips:
        if random.random() < 0.3:
            flip()
    return Policy.model_validate(data)


def _rules(random: Random, rules: dict[str, Any]) -> list[Any]:
    return [
        lambda: rules.update(choice="highest"),
        lambda: rules.update(declined="blank"),
        lambda: rules.update(already_rewarded="difference"),
        lambda: rules.update(without_number="subject"),
        lambda: rules.update(level=random.choice(["市", "省"])),
    ]


def _by_rate(random: Random) -> dict[str, Any]:
    return {
        "kind": "rate",
        "of": "basis_amount",
        "rate": _dated(random, lambda: {"value": random.choice(["100%", "50%", "33.3333%"])}),
        "less_other_funds": random.random() < 0.5,
    }


def _by_tiers(random: Random, unit: str, value: int) -> dict[str, Any]:
    tiers = [
        {"category": category, "at_least": least, "value": value * times, "unit": unit, "each": each, "reference": "细则"}
        for category in random.choice([["", "甲类"], ["甲类", "乙类（一）"], [""]])
        for least, times, each in [(1, 1, random.random() < 0.3), (3, 10, False), (5, 3, True)]
    ]  # fmt: skip
    return {"kind": "tiers", "of": "quantity", "tiers": tiers}


def _dated(random: Random, value: Any) -> list[dict[str, Any]]:
    """A value for the whole term, or one until the end of 2025 and another after."""
    if random.random() < 0.5:
        return [{"from": "2025-02-05", "reference": "条", **value()}]
    return [
        {"from": "2025-02-05", "to": "2025-12-31", "reference": "条", **value()},
        {"from": "2026-01-01", "reference": "补充", **value()},
    ]


def _made(random: Random) -> Policy:
    """A policy made up: four measures that pay, one that does not, limits shared by anything over any window."""
    codes = ["Q1", "Q2", "Q3", "Q4"]
    amount = lambda: {"value": random.choice(FEN), "unit": "分"}  # noqa: E731
    measures: list[dict[str, Any]] = [
        {
            "code": code, "title": {"zh": f"措施{code}", "en": code}, "article": f"{code} 条", "bureaus": ["甲局", "乙局"],
            "subject": random.choice(["enterprise", "project"]), "competitive": random.random() < 0.3,
            "fund": random.choice(["资金（一）", "资金二"]),
            "ceiling": _dated(random, amount) if random.random() < 0.5 else [],
            "formula": random.choice([None, None, _by_rate(random), _by_tiers(random, "分", 40)]),
        }
        for code in codes
    ]  # fmt: skip
    benefit = {"code": "Q9", "title": {"zh": "名额", "en": "Q9"}, "article": "末条", "bureaus": ["甲局"], "pays": False}
    sharers = ["enterprise", "subject", "carrier", "matter", "measure", "fund", "bureau", "town", "category"]
    limits = []
    for number in range(random.choice([0, 1, 2, 3, 3, 5])):
        kind = random.choice(["amount", "amount", "times", "both"])
        limits.append(
            {
                "id": f"L{number}", "title": {"zh": f"限额{number}", "en": f"L{number}"}, "article": f"限 {number}",
                "measures": random.sample(codes, random.randint(1, 4)),
                "shared_by": random.sample(sharers, random.choice([0, 1, 1, 1, 2])),
                "window": random.choice(["policy", "policy", "event_year", "pay_year", "batch"]),
                "amount": _dated(random, amount) if kind != "times" else [],
                "times": _dated(random, lambda: {"value": random.choice([1, 1, 2, 3])}) if kind != "amount" else [],
            }
        )  # fmt: skip
    rules = {
        "stack": random.choice([[], [["Q1", "Q2"]], [["Q1", "Q2"], ["Q2", "Q3"]], [["Q1", "Q1"], ["Q3", "Q4"]]]),
        "level": "市", "choice": "elected", "declined": "reject", "already_rewarded": "refuse",
        "without_number": "question", "reference": "不重复",
    }  # fmt: skip
    for flip in _rules(random, rules):
        if random.random() < 0.3:
            flip()
    return Policy.model_validate(
        {
            "policy": "made", "title": {"zh": "示例", "en": "made"}, "document": "示例", "lead_bureau": "甲局",
            "term": {
                "from": "2025-02-05", "to": "2027-12-31", "reference": "期",
                "date": random.choice(["event_date", "event_date", "event_date", "approved_date", "pay_date"]),
            },
            "funds": [{"name": "资金（一）", "reference": "一号"}, {"name": "资金二", "reference": "二号"}],
            "measures": [*measures, benefit], "limits": limits, "duplication": rules,
            "questions": {
                "question_below": {"value": random.choice([0, 0, 0, 33, 50]), "unit": "分"},
                "question_above_ceiling_times": random.choice([2, 9, 900, 900]),
                "question_above": {"value": random.choice([299, 300, 9999, 9999]), "unit": "分"},
            },
            "rounding": {"unit": random.choice(["分", "分", "分", "分", "分", "元"]), "reference": "整"},
        }
    )  # fmt: skip


FAULTS = (
    "name", "subject_no", "subject_name", "event_date", "account_no", "application_no", "corrects", "approved_date",
    "notice_end_date", "approval_no", "elected", "payee_name", "payee_type", "unread", "said", "voucher", "basis",
)  # fmt: skip


class _Draw:
    """Rows, bookings and lists under one policy. In a month a few things go wrong often, the others hardly ever."""

    def __init__(self, random: Random, policy: Policy, scale: int) -> None:
        self.random, self.policy, self.scale = random, policy, scale
        self.noise = random.choice([0.0, 0.0, 0.03])
        self.often = set(random.sample(FAULTS, random.choice([0, 0, 1, 1, 2])))
        self.matters = random.choice([[""], ["", "S1", "S2"], ["S1", "S2"], ["S1"]])
        self.codes = [measure.code for measure in policy.measures]
        if len(self.codes) > 6:
            self.codes = random.sample(self.codes, 4)

    def odd(self, fault: str, usual: Any, *others: Any) -> Any:
        wrong = self.random.random() < (0.35 if fault in self.often else self.noise)
        return self.random.choice(others) if wrong else usual

    def yuan(self) -> str:
        fen = max(self.random.choice(FEN) * self.scale + self.random.choice([0, 0, 0, 1, -1]), 1)
        return f"{fen // 100}.{fen % 100:02d}"

    def claim(self) -> dict[str, Any]:
        """What an application and a booking have alike."""
        random, who = self.random, self.random.randrange(3)
        subject = random.choice(["X1", "X2", "X3", f"X{random.randint(4, 99)}"])
        name = NAMES[who]
        return {
            "measure": random.choice(self.codes),
            "uscc": CODES[who],
            "applicant_name": self.odd("name", random.choice([name, TWINS.get(name, name)]), *NAMES, "丁公司"),
            "approved_amount": self.yuan(),
            "subject_no": self.odd("subject_no", subject, ""),
            "subject_name": self.odd("subject_name", f"对象{subject}", "对象X1", "对象X2", ""),
            "matter_no": random.choice(self.matters),
            "evidence_nos": self.odd("voucher", "", "F1", "F1;F2", "F2;F3"),
            "event_date": self.odd("event_date", random.choice(DAYS), *EDGES),
            "carrier_no": random.choice(["C1", "C（2）", "C(2)"]),
            "town": random.choice(["南城", "松山湖"]),
            "category": random.choice(["甲类", "乙类（一）", "乙类(一)"]),
            "quantity": random.randint(1, 6),
            "bureau": random.choice(["甲局", "乙局"]),
            "account_no": self.odd("account_no", f"622202020{who}", "6222020200", "6222020299"),
            "instalment": random.choice([1, 1, 1, 2]),
        }

    def row(self, number: int, pay_date: date) -> dict[str, Any]:
        random, fields = self.random, self.claim()
        measure = self.policy.by_code[fields["measure"]]
        if not measure.pays:
            fields["approved_amount"] = ""
        on_basis = "basis_amount" in self.policy.columns_required(measure.code)
        day = random.choice([date(2025, 5, 12), date(2025, 5, 13)])
        return {
            **fields,
            "application_no": self.odd(
                "application_no", f"A{number - (random.random() < 0.05)}", f"L{number % 4}", "A0"
            ),
            "corrects": self.odd("corrects", "", "是"),
            "basis_amount": self.yuan() if on_basis else self.odd("basis", "", self.yuan()),
            "other_public_funds": self.yuan() if random.random() < 0.2 else "0",
            "approved_date": self.odd("approved_date", day, pay_date, pay_date + timedelta(1)),
            "notice_end_date": self.odd("notice_end_date", date(2025, 5, 22), pay_date, pay_date - timedelta(1)),
            "approval_no": self.odd("approval_no", "批1", ""),
            "elected": random.choice(["", "是"]) if random.random() < 0.4 else self.odd("elected", "", "否"),
            "rank": random.choice(["", 1, 2, 3]),
            "payee_name": self.odd("payee_name", "", "某户"),
            "payee_type": self.odd("payee_type", "企业", "预算单位"),
        }

    def booking(self, number: int) -> dict[str, Any]:
        random, fields = self.random, self.claim()
        while not self.policy.by_code[fields["measure"]].pays:
            fields = self.claim()
        batch, day = random.choice(BATCHES)
        approved = fields["approved_amount"]
        return {
            **fields,
            "application_no": self.odd("application_no", f"L{number // 2}", f"A{number}"),
            "batch": batch,
            "pay_date": day,
            "paid": approved,
            "net": random.choice([approved, approved, approved, "0", "0.01"]),
        }

    def found(self, rows: pd.DataFrame) -> list[Finding]:
        """What reading may have found: cells it could not take in, which are blank then; and notices."""
        findings = []
        for row in rows.index:
            required = self.policy.columns_required(rows.loc[row, "measure"])
            lacking = [name for name in ("subject_no", "subject_name") if name in required and not rows.loc[row, name]]
            findings += [Finding(row, "CELL_REQUIRED", name) for name in lacking]
            if column := self.odd("unread", "", *UNREAD):
                blank = UNREAD[column]
                rows.loc[row, column] = blank
                findings.append(Finding(row, "CELL_REQUIRED", column))
            if code := self.odd("said", "", "TOTAL_MISMATCH", "ROW_HIDDEN", "COLUMN_UNKNOWN"):
                findings.append(Finding(row, code))
        return findings

    def lists(self, rows: list[dict[str, Any]]) -> Lists:
        random = self.random
        given: dict[str, pd.DataFrame] = {}
        if random.random() < 0.12:
            given["register"] = self._register()
        if random.random() < 0.12:
            given["exclusions"] = self._exclusions()
        if random.random() < 0.4:
            given["awards"] = self._awards()
        if random.random() < 0.6:
            given["budget"] = self._budget()
        if random.random() < 0.3:
            given["waivers"] = self._waivers(rows)
        return Lists(**given)

    def _span(self, days: list[date]) -> dict[str, Any]:
        """A span that begins and ends on, or one day beside, one of the days asked."""
        start, end = (self.random.choice([None, *days]) for _ in range(2))
        beside = timedelta(self.random.choice([0, 0, 1, -1]))
        return {"start_date": start and start + beside, "end_date": end and end + beside}

    def _register(self) -> pd.DataFrame:
        random = self.random
        lines = []
        for _ in range(random.randint(1, 9)):
            code, subject = random.choice([(CODES[0], ""), (CODES[1], "X1"), ("", "X2"), (CODES[2], "")])
            line = {"measure": random.choice(self.codes), "uscc": code, "subject_no": subject, "name": ""}
            lines.append({**line, **self._span(DAYS)})
        return _frame(lines, ["measure", "uscc", "subject_no", "name", "start_date", "end_date"])

    def _exclusions(self) -> pd.DataFrame:
        who = [(CODES[0], ""), ("", "丙公司"), (CODES[1], "丙公司"), ("", "乙(东莞)公司")]
        lines = []
        for code, name in self.random.sample(who, self.random.randint(1, 3)):
            lines.append(
                {"uscc": code, "applicant_name": name, "document_no": "罚1", "reason": "处罚", **self._span(PAY_DATES)}
            )
        return _frame(lines, ["uscc", "applicant_name", "document_no", "reason", "start_date", "end_date"])

    def _awards(self) -> pd.DataFrame:
        random = self.random
        lines = [
            {"uscc": random.choice(CODES[:3]), "matter_no": random.choice(["S1", "S2", "X1", "S9", ""]), "level": random.choice(["市", "市", "省"]),
             "document_no": "旧文", "amount_fen": random.choice([0, *FEN]) * self.scale, "award_date": None}
            for _ in range(random.randint(1, 3))
        ]  # fmt: skip
        return _frame(lines, ["uscc", "matter_no", "level", "document_no", "amount_fen", "award_date"])

    def _budget(self) -> pd.DataFrame:
        random = self.random
        lines = [
            {"fund": fund.name, "year": year, "budget_fen": random.choice([0, 100, 300, 700, 1000, 3000]) * self.scale + random.choice([0, 1]),
             "mode": random.choice(["sequence", "prorate", "carry"])}
            for fund in self.policy.funds
            for year in (2025, 2026, 2027, 2028)
            if random.random() < 0.8
        ]  # fmt: skip
        return _frame(lines, ["fund", "year", "budget_fen", "mode"])

    def _waivers(self, rows: list[dict[str, Any]]) -> pd.DataFrame:
        random = self.random
        codes = ["PAYEE_MISMATCH", "NAME_CONFLICT", "EVIDENCE_REUSED", "MATTER_POSSIBLE", "AMOUNT_UNIT_SUSPECT",
                 "ACCOUNT_CHANGED", "ELECTION_AMBIGUOUS", "WINNER_UNPAID", "NOT_APPROVED", "APPLICATION_REPEATED", "LOWER_AWARD"]  # fmt: skip
        lines = [
            {"application_no": random.choice(rows)["application_no"], "code": random.choice(codes), "approver": "审批人", "reason": "已核",
             "valid_until": random.choice([None, *PAY_DATES, PAY_DATES[0] - timedelta(1)])}
            for _ in range(random.randint(1, 6))
        ]  # fmt: skip
        return _frame(lines, ["application_no", "code", "approver", "reason", "valid_until"])


def _frame(lines: list[dict[str, Any]], columns: list[str]) -> pd.DataFrame:
    frame = pd.DataFrame(lines, columns=columns)
    for name in columns:
        if "date" in name or name == "valid_until":
            frame[name] = pd.to_datetime(frame[name]).astype("datetime64[s]")
        elif name in ("amount_fen", "budget_fen", "year"):
            frame[name] = frame[name].astype("Int64")
        else:
            frame[name] = frame[name].astype("str")
    return frame
