"""Step 3: what a person must look at before anything is paid (spec 4.3 and the `hold` findings of section 5).

A row is compared with every other row that passed step 1 and with every booking of net above 0; all rows of a
clash are held. Each question is one function over `Peers`; QUESTIONS names them in the order of the catalogue.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from typing import TYPE_CHECKING, Any

import pandas as pd

from disburse.findings import Finding, masked
from disburse.language import listed, say
from disburse.policy.model import ByTier
from disburse.rules.days import days
from disburse.rules.keys import keys
from disburse.rules.step import SHOWN, Step, among, lines, money

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from disburse.case import Case

BOOKING = -1
"""What stands in `row` of a peer that is a booking."""

_SHARED = [
    "application_no", "instalment", "measure", "uscc", "applicant_name", "subject_no", "subject_name", "matter_no", "evidence_nos",
    "event_date", "approved_amount_fen", "account_no", "payee_type", "bureau",
]  # fmt: skip


@dataclass(frozen=True)
class Peers:
    """Rows and bookings side by side.

    asked   the rows still open: only these receive findings
    every   rows that passed step 1 and bookings of net above 0, with `row` (label, or BOOKING) and `batch` ("" for rows)
    latest  the bookings of each enterprise's latest batch
    """

    asked: pd.DataFrame
    every: pd.DataFrame
    latest: pd.DataFrame
    case: Case

    @classmethod
    def of(cls, rows: pd.DataFrame, valid: pd.DataFrame, case: Case) -> Peers:
        booked = case.paid_before
        ours = valid[[*_SHARED, "source_file", "source_sheet", "source_row"]].assign(row=valid.index, batch="")
        theirs = booked[[*_SHARED, "batch"]].assign(row=BOOKING, source_file="", source_sheet="", source_row=0)
        every = ours if booked.empty else pd.concat([ours, theirs], ignore_index=True)
        every = every.assign(name=keys(every["applicant_name"]), subject=keys(every["subject_name"]))
        last = booked.groupby("uscc")["batch_no"].transform("max") if len(booked) else booked["batch_no"]
        latest = booked[booked["batch_no"] == last]
        return cls(rows, every.reset_index(drop=True), latest.assign(name=keys(latest["applicant_name"])), case)

    @cached_property
    def paying(self) -> pd.DataFrame:
        """The asked rows of measures that pay money."""
        return self.asked[self._pays(self.asked)]

    def _pays(self, rows: pd.DataFrame) -> pd.Series[bool]:
        without_money = [measure.code for measure in self.case.policy.measures if not measure.pays]
        return ~rows["measure"].isin(without_money)

    @cached_property
    def open(self) -> frozenset[int]:
        return frozenset(self.asked.index)

    @cached_property
    def open_paying(self) -> frozenset[int]:
        return frozenset(self.paying.index)

    @cached_property
    def every_paying(self) -> pd.DataFrame:
        return self.every[self._pays(self.every)]

    def compete(self, one: str, other: str) -> bool:
        return not self.case.policy.may_stack(one, other)


def _clashes(
    every: pd.DataFrame, same: list[str], deciding: list[str], clash: Callable[[Any, Any], bool]
) -> Iterator[tuple[Any, list[Any]]]:
    """Each row or booking that clashes with another of its group, with some of those it clashes with.

    same      the columns that make a group
    deciding  the columns `clash` looks at: one of each kind stands for all, so that a voucher number written on a
              hundred thousand rows costs no more than those rows
    """
    kinds = every.drop_duplicates([*same, *(column for column in deciding if column not in same)])
    kinds = kinds[kinds.duplicated(same, keep=False)]
    kinds_of: dict[Any, list[Any]] = {}
    for kind in lines(kinds):
        kinds_of.setdefault(tuple(getattr(kind, column) for column in same), []).append(kind)
    for peer in lines(every[every.duplicated(same, keep=False)]) if kinds_of else ():
        rivals = kinds_of.get(tuple(getattr(peer, column) for column in same), [])
        others = list(islice((kind for kind in rivals if clash(peer, kind)), SHOWN + 1))
        if others:
            yield peer, others


def questions(rows: pd.DataFrame, valid: pd.DataFrame, case: Case) -> Step:
    """Every question on the open rows.

    rows   the rows still open after step 2
    valid  all rows that passed step 1, also those rejected since
    """
    if rows.empty:
        return Step()
    peers = Peers.of(rows, valid, case)
    return Step([finding for ask in QUESTIONS for finding in ask(peers)])


def claim_repeated(peers: Peers) -> Iterator[Finding]:
    """Same enterprise, measure, subject, event date and amount; instalments of one application are none."""
    same = ["uscc", "measure", "subject_no", "event_date", "approved_amount_fen"]
    every = peers.every_paying
    for peer, others in _clashes(every, same, ["application_no"], _other_application):
        if peer.row in peers.open_paying:
            yield Finding(peer.row, "CLAIM_REPEATED", "application_no", among(others, peer.bureau))


def _other_application(one: Any, other: Any) -> bool:
    return bool(one.application_no != other.application_no)


def evidence_reused(peers: Peers) -> Iterator[Finding]:
    """A voucher number on two rows or in a booking; rows of one matter that may not stack settle it in step 6."""
    every = peers.every[peers.every["evidence_nos"] != ""]
    split = every.assign(voucher=every["evidence_nos"].str.split(";")).explode("voucher")
    split = split[split["voucher"] != ""].drop_duplicates(["row", "application_no", "instalment", "batch", "voucher"])

    def clash(one: Any, other: Any) -> bool:
        one_matter = one.matter_no and (one.uscc, one.matter_no) == (other.uscc, other.matter_no)
        rivals = one_matter and peers.compete(one.measure, other.measure)
        return _other_application(one, other) and not rivals

    deciding = ["application_no", "uscc", "matter_no", "measure"]
    for peer, others in _clashes(split, ["voucher"], deciding, clash):
        if peer.row in peers.open:
            values = {"found": peer.voucher, **among(others, peer.bureau)}
            yield Finding(peer.row, "EVIDENCE_REUSED", "evidence_nos", values)


def account_shared(peers: Peers) -> Iterator[Finding]:
    """One account, several enterprises; not asked of budget units."""
    every = peers.every_paying[peers.every_paying["account_no"] != ""]
    for peer, others in _clashes(every, ["account_no"], ["uscc"], lambda one, other: one.uscc != other.uscc):
        if peer.row in peers.open_paying and peer.payee_type != "预算单位":
            values = {"found": masked(peer.account_no), **among(others, peer.bureau)}
            yield Finding(peer.row, "ACCOUNT_SHARED", "account_no", values)


def account_changed(peers: Peers) -> Iterator[Finding]:
    """None of the accounts in the enterprise's latest batch."""
    known = peers.latest.groupby("uscc").agg(accounts=("account_no", set), batch=("batch", "last"))
    again = peers.paying[peers.paying["uscc"].isin(known.index)]
    for row in lines(again):
        before = known.loc[row.uscc]
        if row.account_no not in before["accounts"]:
            expected = listed(masked(account) for account in sorted(before["accounts"]))
            values = {"found": masked(row.account_no), "expected": expected, "batch": str(before["batch"])}
            yield Finding(row.Index, "ACCOUNT_CHANGED", "account_no", values)


def name_conflict(peers: Peers) -> Iterator[Finding]:
    """One code with two names, or one name with two codes: among the rows, and with each enterprise's latest batch."""
    rows = peers.every[peers.every["row"] != BOOKING]
    known = pd.concat([rows[["uscc", "name"]], peers.latest[["uscc", "name"]]]).drop_duplicates()
    yield from _two_for_one(peers, known, ("uscc", "name"), _names_of_code)
    yield from _two_for_one(peers, known, ("name", "uscc"), _codes_of_name)


def _names_of_code(code: str, name: str, others: list[str]) -> dict[str, str]:
    return {
        "found": say(f"代码 {code} 在本行是“{name}”", f"Code {code} stands here with “{name}”"),
        "other": say(f"同一代码还用于“{'”“'.join(others)}”", f"it also stands with “{'”, “'.join(others)}”"),
        "other_discreet": say("同一代码在别处是另一个名称", "elsewhere the code stands with another name"),
    }


def _codes_of_name(name: str, code: str, others: list[str]) -> dict[str, str]:
    return {
        "found": say(f"名称“{name}”在本行的代码是 {code}", f"Name “{name}” stands here with code {code}"),
        "other": say(f"同一名称还用于代码 {'、'.join(others)}", f"it also stands with code {', '.join(others)}"),
        "other_discreet": say("同一名称在别处是另一个代码", "elsewhere the name stands with another code"),
    }


def _two_for_one(
    peers: Peers, known: pd.DataFrame, columns: tuple[str, str], words: Callable[[str, str, list[str]], dict[str, str]]
) -> Iterator[Finding]:
    one, many = columns
    doubtful = known[known.groupby(one)[many].transform("nunique") > 1].groupby(one)[many].agg(set).to_dict()
    if not doubtful:
        return
    asked = peers.asked.assign(name=keys(peers.asked["applicant_name"]))
    for row in lines(asked[asked[one].isin(doubtful.keys())]):
        others = sorted(doubtful[getattr(row, one)] - {getattr(row, many)})
        column = "applicant_name" if many == "name" else "uscc"
        yield Finding(row.Index, "NAME_CONFLICT", column, words(getattr(row, one), getattr(row, many), others[:3]))


def payee_mismatch(peers: Peers) -> Iterator[Finding]:
    """The account is not the applicant's; not asked of budget units."""
    rows = peers.paying[peers.paying["payee_type"] != "预算单位"]
    differs = keys(rows["payee_name"]) != keys(rows["applicant_name"])
    for row in lines(rows[differs]):
        values = {"found": row.payee_name, "expected": row.applicant_name}
        yield Finding(row.Index, "PAYEE_MISMATCH", "payee_name", values)


def amount_unit_suspect(peers: Peers) -> Iterator[Finding]:
    """Too small or too large to be the unit it says (policy file, `questions`)."""
    policy = peers.case.policy
    asked = policy.questions
    asked_days = days(peers.paying, peers.case)
    for row, day in zip(lines(peers.paying[["measure", "approved_amount_fen"]]), asked_days, strict=True):
        approved = int(row.approved_amount_fen)
        ceiling = policy.by_code[row.measure].ceiling_on(day)
        most = ceiling.fen * asked.question_above_ceiling_times if ceiling else asked.question_above.fen
        if approved < asked.question_below.fen:
            least = money(asked.question_below.fen)
            expected = say(f"低于 {least} 元", f"below {least}")
        elif approved > most:
            expected = say(f"高于 {money(most)} 元", f"above {money(most)}")
        else:
            continue
        values = {"found": money(approved), "expected": expected}
        yield Finding(row.Index, "AMOUNT_UNIT_SUSPECT", "approved_amount", values)


def over_basis(peers: Peers) -> Iterator[Finding]:
    """报大建小: approved above a filled-in basis, where the measure does not pay on the basis itself."""
    policy = peers.case.policy
    on_basis = [m.code for m in policy.measures if m.formula and "basis_amount" in m.formula.columns]
    rows = peers.paying[~peers.paying["measure"].isin(on_basis)]
    above = (rows["approved_amount_fen"] > rows["basis_amount_fen"]).fillna(value=False).astype(bool)
    for row in lines(rows[above]):
        approved, basis = int(row.approved_amount_fen), int(row.basis_amount_fen)
        values = {"found": money(approved), "expected": money(basis), "difference": money(approved - basis)}
        yield Finding(row.Index, "OVER_BASIS", "approved_amount", values)


def subject_conflict(peers: Peers) -> Iterator[Finding]:
    """Within a measure, one subject number with two names or the reverse."""
    every = peers.every[(peers.every["subject_no"] != "") & (peers.every["subject"] != "")]
    for one, many, column in (("subject_no", "subject", "subject_name"), ("subject", "subject_no", "subject_no")):
        doubtful = every[every.groupby(["measure", one])[many].transform("nunique") > 1]
        known = {at: sorted(set(group)) for at, group in doubtful.groupby(["measure", one])[many]}
        for peer in lines(doubtful[doubtful["row"].isin(peers.open)]):
            others = [other for other in known[(peer.measure, getattr(peer, one))] if other != getattr(peer, many)]
            values = {
                "found": say(
                    f"对象 {peer.subject_no}“{peer.subject_name}”", f"Subject {peer.subject_no} “{peer.subject_name}”"
                ),
                "other": say(f"别处写作“{'”“'.join(others[:3])}”", f"elsewhere it is “{'”, “'.join(others[:3])}”"),
                "other_discreet": say("别处的编号或名称不同", "elsewhere number or name differ"),
            }
            yield Finding(peer.row, "SUBJECT_CONFLICT", column, values)


def matter_possible(peers: Peers) -> Iterator[Finding]:
    """Not both write 事项编号, and it could be one matter: same subject under a rival measure, or an award of the level."""
    if peers.case.policy.duplication.without_number == "question":
        yield from _same_subject(peers)
    yield from _same_enterprise_awarded(peers)


def _same_subject(peers: Peers) -> Iterator[Finding]:
    every = peers.every_paying[peers.every_paying["subject_no"] != ""]

    def clash(one: Any, other: Any) -> bool:
        both_written = one.matter_no and other.matter_no
        return one.measure != other.measure and not both_written and peers.compete(one.measure, other.measure)

    every = every.assign(written=every["matter_no"] != "")
    for peer, others in _clashes(every, ["uscc", "subject_no"], ["measure", "written"], clash):
        if peer.row in peers.open_paying:
            yield Finding(peer.row, "MATTER_POSSIBLE", "matter_no", among(others, peer.bureau))


def _same_enterprise_awarded(peers: Peers) -> Iterator[Finding]:
    awards, duplication = peers.case.lists.awards, peers.case.policy.duplication
    if awards is None:
        return
    level = awards[awards["level"] == duplication.level]
    documents = {
        (uscc, written): sorted(set(group["document_no"]))
        for (uscc, written), group in level.assign(written=level["matter_no"] != "").groupby(["uscc", "written"])
    }
    for row in lines(peers.paying[peers.paying["uscc"].isin(level["uscc"])]):
        found = documents.get((row.uscc, False), [])
        if not row.matter_no:
            found = sorted({*found, *documents.get((row.uscc, True), [])})
        if found:
            other = listed(say(f"其他政策（{document}）", f"award {document}") for document in found[:3])
            yield Finding(row.Index, "MATTER_POSSIBLE", "matter_no", {"other": other}, duplication.reference)


def matter_shared(peers: Peers) -> Iterator[Finding]:
    """Notice: one written 事项编号, two enterprises."""
    every = peers.every[peers.every["matter_no"] != ""]
    for peer, others in _clashes(every, ["matter_no"], ["uscc"], lambda one, other: one.uscc != other.uscc):
        if peer.row in peers.open:
            values = {"found": peer.matter_no, **among(others, peer.bureau)}
            yield Finding(peer.row, "MATTER_SHARED", "matter_no", values)


def payee_is_budget_unit(peers: Peers) -> Iterator[Finding]:
    """Notice: paid by budget transfer, not through a bank."""
    for row in peers.paying.index[peers.paying["payee_type"] == "预算单位"]:
        yield Finding(int(row), "PAYEE_IS_BUDGET_UNIT", "payee_type")


def no_ceiling(peers: Peers) -> Iterator[Finding]:
    """Notice: neither a ceiling, nor a tier table, nor a limit on amounts holds the measure down."""
    policy = peers.case.policy
    limited = {code for limit in policy.limits if limit.amount for code in limit.measures}
    for measure in policy.measures:
        if not measure.ceiling and not isinstance(measure.formula, ByTier) and measure.code not in limited:
            for row in peers.paying.index[peers.paying["measure"] == measure.code]:
                values = {"article": measure.article}
                yield Finding(int(row), "NO_CEILING", "approved_amount", values, measure.article)


QUESTIONS: tuple[Callable[[Peers], Iterator[Finding]], ...] = (
    claim_repeated,
    evidence_reused,
    account_shared,
    account_changed,
    name_conflict,
    payee_mismatch,
    amount_unit_suspect,
    over_basis,
    subject_conflict,
    matter_possible,
    matter_shared,
    no_ceiling,
    payee_is_budget_unit,
)
