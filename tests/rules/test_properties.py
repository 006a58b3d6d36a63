"""What must hold for every month: money is conserved, no limit is ever exceeded, order does not matter, fast = plain."""

from __future__ import annotations

import random
from collections import defaultdict
from datetime import date, timedelta
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from disburse.case import Case, Lists
from disburse.policy import Policy, load_policy
from disburse.policy.model import SHARED_BY
from disburse.policy.values import in_force
from disburse.settlement import Settlement, settle
from tests.months import CODES, applications, booked_from, bookings

HERE = Path(__file__).parent.parent


@cache
def crossing() -> Policy:
    return load_policy(HERE / "policies" / "crossing.yaml")


@cache
def shipped() -> Policy:
    return load_policy()


NAMES = ["甲", "乙", "丙", "丁", "戊"]
DAYS = [date(2025, 3, 1), date(2025, 12, 31), date(2026, 1, 1), date(2026, 6, 1)]


@st.composite
def _crossing_rows(draw: Any) -> list[dict[str, Any]]:
    rows = []
    for number in range(draw(st.integers(1, 14))):
        who = draw(st.integers(0, 2))
        measure = draw(st.sampled_from(["P1", "P2", "P3"]))
        project = draw(st.integers(1, 3))
        subject = {"subject_no": f"X{project}", "subject_name": f"项目{project}"} if measure != "P3" else {}
        fen = draw(st.integers(1, 1_300_000_00))
        rows.append(
            {
                "application_no": f"A{draw(st.integers(0, 9))}-{number}",
                "measure": measure,
                "applicant_name": NAMES[who],
                "uscc": CODES[who],
                "approved_amount": f"{fen // 100}.{fen % 100:02d}",
                "event_date": draw(st.sampled_from(DAYS)).isoformat(),
                "approved_date": (date(2026, 6, 1) + timedelta(days=draw(st.integers(0, 3)))).isoformat(),
                "notice_end_date": "2026-06-10",
                "bureau": "甲局",
                **subject,
            }
        )
    return rows


@st.composite
def _shipped_rows(draw: Any) -> list[dict[str, Any]]:
    rows = []
    measures = ["M04", "M05A", "M05B", "M05C", "M06A", "M06B", "M10", "M11", "M12A", "M12B", "M12C"]
    for number in range(draw(st.integers(1, 12))):
        who = draw(st.integers(0, 3))
        measure = draw(st.sampled_from(measures))
        fen = draw(st.sampled_from([1_000_00, 300_000_00, 300_000_01, 500_000_00, 500_000_01, 999_999_99]))
        subject = draw(st.integers(1, 2))
        rows.append(
            {
                "application_no": f"A{number}",
                "measure": measure,
                "applicant_name": NAMES[who],
                "uscc": CODES[who],
                "approved_amount": "" if measure == "M12C" else f"{fen // 100}.{fen % 100:02d}",
                "basis_amount": f"{draw(st.integers(0, 90_000_000)) / 100:.2f}" if measure == "M06A" else "",
                "subject_no": f"{measure}-{subject}",
                "subject_name": f"{measure} 对象{subject}",
                "matter_no": draw(st.sampled_from(["", "", "S1", "S2"])),
                "elected": draw(st.sampled_from(["", "", "是", "否"])),
                "event_date": f"2025-03-{draw(st.integers(1, 28)):02d}",
                "approved_date": f"2025-05-{draw(st.integers(1, 28)):02d}",
                "rank": draw(st.sampled_from(["", 1, 2])),
                "payee_type": draw(st.sampled_from(["企业", "预算单位"])),
                "corrects": draw(st.sampled_from(["", "", "", "是"])),
            }
        )
    return rows


def _months(rows: list[dict[str, Any]], policy: Policy, cuts: list[int], **lists: Any) -> list[Settlement]:
    """The rows settled in one month or split over several, each booked before the next."""
    booked = bookings(policy=policy)
    done: list[Settlement] = []
    bounds = [0, *sorted(cut for cut in cuts if 0 < cut < len(rows)), len(rows)]
    for number, (first, last) in enumerate(pairwise(bounds), start=1):
        pay_date = date(2026, 6, 30) + timedelta(days=number)
        result = settle(applications(*rows[first:last]), [], Case(policy, booked, Lists(**lists), pay_date))
        done.append(result)
        paid = result.rows[result.rows["status"].isin(["paid", "reduced"])]
        if len(paid):
            lines = paid.assign(
                batch=f"2026-{number:02d}-1", pay_date=pd.Timestamp(pay_date).as_unit("s"), net_fen=paid["paid_fen"]
            )
            every = booked_from(lines, policy)
            booked = pd.concat([booked, every.assign(batch_no=number)], ignore_index=True) if len(booked) else every
    return done


def _used(results: list[Settlement], policy: Policy) -> None:
    """No key of any limit, in any window, has more than the limit in force allows."""
    paid = pd.concat([r.rows[r.rows["paid_fen"].fillna(0) > 0] for r in results])
    for limit in policy.limits:
        fen: dict[Any, int] = defaultdict(int)
        applicants: dict[Any, set[str]] = defaultdict(set)
        most: dict[Any, list[Any]] = defaultdict(list)
        for row in paid[paid["measure"].isin(limit.measures)].itertuples():
            year = row.event_date.year if limit.window == "event_year" else 0
            key = (year, *(getattr(row, SHARED_BY[sharer]) for sharer in limit.shared_by))
            fen[key] += int(row.paid_fen)
            applicants[key].add(row.application_no)
            most[key].append(
                (in_force(limit.amount, row.event_date.date()), in_force(limit.times, row.event_date.date()))
            )
        for key, used in fen.items():
            for amount, times in most[key]:
                assert amount is None or used <= amount.fen, (limit.id, key)
                assert times is None or len(applicants[key]) <= times.value, (limit.id, key)


@given(_crossing_rows(), st.lists(st.integers(1, 13), max_size=3))
@settings(max_examples=50, deadline=None, derandomize=True)
def test_no_limit_is_exceeded_over_any_split_into_months(rows: list[dict[str, Any]], cuts: list[int]) -> None:
    results = _months(rows, crossing(), cuts)
    _used(results, crossing())
    assert sum(len(result.rows) for result in results) == len(rows)


@given(_shipped_rows(), st.lists(st.integers(1, 11), max_size=2))
@settings(max_examples=50, deadline=None, derandomize=True)
def test_the_shipped_policy_conserves_money_and_keeps_its_limits(rows: list[dict[str, Any]], cuts: list[int]) -> None:
    results = _months(rows, shipped(), cuts)
    _used(results, shipped())
    for result in results:
        counted = result.rows[result.rows["status"] != "registered"]
        approved = int(counted["approved_amount_fen"].fillna(0).sum())
        paid = int(counted["paid_fen"].fillna(0).sum())
        by_cuts = int((result.cuts["before_fen"] - result.cuts["after_fen"]).sum())
        never = counted[counted["entitled_fen"].isna() | counted["reasons"].str.contains("ELECTION_AMBIGUOUS")]
        early = int(never["approved_amount_fen"].fillna(0).sum()) - _cut_on(result, never.index)
        assert approved == paid + by_cuts + early


def _cut_on(result: Settlement, rows: pd.Index) -> int:
    cuts = result.cuts[result.cuts["row"].isin(rows)]
    return int((cuts["before_fen"] - cuts["after_fen"]).sum())


@given(_shipped_rows(), st.integers(0, 999))
@settings(max_examples=40, deadline=None, derandomize=True)
def test_the_order_of_rows_does_not_matter(rows: list[dict[str, Any]], seed: int) -> None:
    shuffled = random.Random(seed).sample(rows, len(rows))
    assert _told(_months(rows, shipped(), [])) == _told(_months(shuffled, shipped(), []))


@given(_shipped_rows())
@settings(max_examples=40, deadline=None, derandomize=True)
def test_running_twice_changes_nothing(rows: list[dict[str, Any]]) -> None:
    assert _told(_months(rows, shipped(), [])) == _told(_months(rows, shipped(), []))


def _told(results: list[Settlement]) -> list[tuple[Any, ...]]:
    columns = [
        "application_no",
        "status",
        "entitled_fen",
        "alone_fen",
        "distinct_fen",
        "limited_fen",
        "paid_fen",
        "reasons",
    ]
    return sorted(
        tuple(str(value) for value in line) for r in results for line in r.rows[columns].itertuples(index=False)
    )


@given(_crossing_rows(), _crossing_rows())
@settings(max_examples=50, deadline=None, derandomize=True)
def test_limits_give_what_plain_counting_row_by_row_gives(
    before: list[dict[str, Any]], rows: list[dict[str, Any]]
) -> None:
    earlier = [{**row, "application_no": f"E{row['application_no']}"} for row in before]
    first, second = _months(earlier + rows, crossing(), [len(earlier)])
    plain: dict[Any, int] = defaultdict(int)
    counted: dict[Any, set[str]] = defaultdict(set)
    for result in (first, second):
        for row in result.rows.sort_values("order").itertuples():
            if row.status in ("invalid", "held", "replaced"):
                continue
            assert int(row.paid_fen) == _plainly(row, plain, counted), row
    assert len(second.rows) == len(rows)


def _plainly(row: Any, used: dict[Any, int], counted: dict[Any, set[str]]) -> int:
    """The crossing policy's three limits by hand."""
    year = row.event_date.year
    enterprise = ("enterprise", row.uscc, year)
    project = ("project", row.subject_no)
    count = ("count", row.uscc, year)
    amount = min(int(row.approved_amount_fen), (100 if year == 2025 else 120) * 1_000_000 - used[enterprise])
    if row.measure in ("P1", "P2"):
        amount = min(amount, 80 * 1_000_000 - used[project])
    elif len(counted[count]) >= 2:
        amount = 0
    if amount:
        used[enterprise] += amount
        used[project] += amount if row.measure in ("P1", "P2") else 0
        if row.measure == "P3":
            counted[count].add(row.application_no)
    return amount


@given(
    st.lists(st.integers(1, 50_000_000), min_size=1, max_size=8),
    st.integers(0, 200_000_000),
    st.sampled_from(["sequence", "prorate", "carry"]),
)
@settings(max_examples=40, deadline=None, derandomize=True)
def test_a_budget_is_never_exceeded_and_prorating_uses_it_to_the_fen(wanted: list[int], left: int, mode: str) -> None:
    budget = pd.DataFrame({"fund": ["示例资金"], "year": [2026], "budget_fen": [left], "mode": [mode]})
    rows = [
        {"application_no": f"A{i}", "measure": "P1", "subject_no": f"X{i}", "subject_name": f"项目{i}", "bureau": "甲局",
         "approved_amount": f"{fen // 100}.{fen % 100:02d}", "event_date": "2026-03-01", "uscc": f"{i:018d}",
         "applicant_name": f"企业{i}", "account_no": f"6222{i:08d}"}
        for i, fen in enumerate(wanted)
    ]  # fmt: skip
    (result,) = _months(rows, crossing(), [], budget=budget)
    paid = int(result.rows["paid_fen"].sum())
    asked = int(result.rows["limited_fen"].sum())
    assert paid <= left
    if mode != "carry":
        assert paid == min(asked, left)
    assert result.budgets["paid_fen"].sum() == paid
