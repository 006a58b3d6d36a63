"""Step 2: term, approval, public notice, exclusion list, register, the enterprise's own choice (spec 4.2).

What needs the pay date is left out where it is not known yet (`check` without --pay-date says so).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from disburse.findings import Finding
from disburse.language import say
from disburse.rules.keys import key, keys
from disburse.rules.step import Step, lines

if TYPE_CHECKING:
    from collections.abc import Iterator

    from disburse.case import Case


def eligibility(rows: pd.DataFrame, case: Case) -> Step:
    """Everything that rejects a valid row by itself. Applies to benefits without money too."""
    return Step(
        [
            *_term(rows, case),
            *_approval(rows, case),
            *_notice(rows, case),
            *_exclusion(rows, case),
            *_register(rows, case),
            *_declined(rows, case),
        ]
    )


def _term(rows: pd.DataFrame, case: Case) -> Iterator[Finding]:
    term = case.policy.term
    first, last = pd.Timestamp(term.from_), pd.Timestamp(term.to)
    days = f"{term.from_} … {term.to}"
    if term.date == "pay_date":
        if case.pay_date is None:
            return
        asked = pd.Series(pd.Timestamp(case.pay_date), index=rows.index)
    else:
        asked = rows[term.date]
    inside = (asked >= first) & (asked <= last)
    column = "" if term.date == "pay_date" else term.date
    heading = {"column": say("拨付日", "Pay date")} if not column else {}
    for row, day in asked[~inside].items():
        values = {"found": _day(day), "expected": days, **heading}
        yield Finding(int(str(row)), "OUT_OF_TERM", column, values, term.reference)
    if case.pay_date is not None and case.pay_date > term.to:
        values = {"found": str(case.pay_date), "expected": days}
        for row in rows.index[inside]:
            yield Finding(int(row), "TERM_ENDED_BEFORE_PAYMENT", "", values, term.reference)


def _approval(rows: pd.DataFrame, case: Case) -> Iterator[Finding]:
    blank = {"found": say("没有批复文号", "There is no approval document number")}
    for row in rows.index[rows["approval_no"] == ""]:
        yield Finding(int(row), "NOT_APPROVED", "approval_no", blank)
    if case.pay_date is None:
        return
    late = rows["approved_date"] > pd.Timestamp(case.pay_date)
    for row, day in rows.loc[late, "approved_date"].items():
        text = say(
            f"审核通过日期 {_day(day)} 晚于拨付日 {case.pay_date}",
            f"Approved on {_day(day)}, after the pay date {case.pay_date}",
        )
        yield Finding(int(str(row)), "NOT_APPROVED", "approved_date", {"found": text})


def _notice(rows: pd.DataFrame, case: Case) -> Iterator[Finding]:
    if case.pay_date is None:
        return
    still_open = rows["notice_end_date"] >= pd.Timestamp(case.pay_date)
    for row, day in rows.loc[still_open, "notice_end_date"].items():
        values = {"found": _day(day), "expected": str(case.pay_date)}
        yield Finding(int(str(row)), "NOTICE_OPEN", "notice_end_date", values)


def _exclusion(rows: pd.DataFrame, case: Case) -> Iterator[Finding]:
    """On the list on the pay date, by credit code, or by name where the list has no code."""
    listed = case.lists.exclusions
    if listed is None or case.pay_date is None:
        return
    today = listed[_holds(listed, pd.Timestamp(case.pay_date))]
    by_code = {line.uscc: line for line in lines(today) if line.uscc}
    by_name = {key(line.applicant_name): line for line in lines(today) if not line.uscc}
    hit = rows["uscc"].isin(by_code.keys()) | keys(rows["applicant_name"]).isin(by_name.keys())
    for row in lines(rows[hit]):
        line = by_code.get(row.uscc) or by_name[key(row.applicant_name)]
        text = say("，", ", ").join(part for part in (line.document_no, line.reason) if part) or line.applicant_name
        yield Finding(row.Index, "EXCLUDED", "uscc", {"found": text}, line.document_no)


def _register(rows: pd.DataFrame, case: Case) -> Iterator[Finding]:
    """On the register on the event date, where it speaks of the measure at all."""
    register = case.lists.register
    if register is None:
        return
    spoken = rows[rows["measure"].isin(register["measure"])]
    if spoken.empty:
        return
    asked = spoken[["measure", "uscc", "subject_no", "event_date"]].reset_index(names="row")
    found: set[int] = set()
    for columns in (["uscc"], ["subject_no"], ["uscc", "subject_no"]):
        filled = _filled(register, columns)
        joined = asked.merge(filled, on=["measure", *columns], suffixes=("", "_listed"))
        found.update(joined.loc[_holds(joined, joined["event_date"]), "row"])
    for row in lines(spoken[~spoken.index.isin(found)]):
        who = " ".join(part for part in (row.uscc, row.subject_no) if part)
        values = {"expected": who, "found": _day(row.event_date)}
        reference = case.policy.by_code[row.measure].article
        yield Finding(row.Index, "NOT_REGISTERED", "subject_no" if row.subject_no else "uscc", values, reference)


def _filled(register: pd.DataFrame, columns: list[str]) -> pd.DataFrame:
    """The lines of the register that fill in exactly `columns` of credit code and subject number."""
    wanted = pd.Series(data=True, index=register.index)
    for name in ("uscc", "subject_no"):
        wanted &= (register[name] != "") == (name in columns)
    return register.loc[wanted, ["measure", *columns, "start_date", "end_date"]]


def _declined(rows: pd.DataFrame, case: Case) -> Iterator[Finding]:
    duplication = case.policy.duplication
    if duplication.declined == "reject":
        for row in rows.index[rows["elected"] == "否"]:
            yield Finding(int(row), "DECLINED", "elected", {}, duplication.reference)


def _holds(listed: pd.DataFrame, day: pd.Timestamp | pd.Series[pd.Timestamp]) -> pd.Series[bool]:
    """Both end days included, a blank end is open."""
    return (listed["start_date"].isna() | (listed["start_date"] <= day)) & (
        listed["end_date"].isna() | (listed["end_date"] >= day)
    )


def _day(day: object) -> str:
    return "" if pd.isna(day) else f"{day:%Y-%m-%d}"  # type: ignore[call-overload]
