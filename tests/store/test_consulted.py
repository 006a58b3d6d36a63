"""A month settled against what it looks up comes out as against the whole history, and nothing derived drifts."""

from __future__ import annotations

import os
import shutil
import tempfile
from datetime import date, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from disburse.case import Case, Lists, Wanted
from disburse.policy import Policy, load_policy
from disburse.settlement import Settlement, settle
from disburse.store import Booking, Store, open_store
from disburse.store.derived import differences, fill
from tests.months import CODES, applications
from tests.store import server
from tests.store.runs import book, booking, lines, outcomes, past, reverse

EXAMPLES = int(os.environ.get("EXAMPLES", "60"))
"""`EXAMPLES=5000 pytest tests/store/test_consulted.py` for a long night."""

SHARERS = ["enterprise", "subject", "carrier", "matter", "measure", "fund", "bureau", "town", "category"]
MEASURES = ["P1", "P2", "P3"]


@cache
def crossing() -> dict[str, Any]:
    policy = load_policy(Path(__file__).parent.parent / "policies" / "crossing.yaml")
    return policy.model_dump(by_alias=True)


@st.composite
def policies(draw: Any) -> Policy:
    """Limits shared by anybody, over any window, by amount, by count or both; the readings of step 6 either way."""
    made = []
    for number in range(draw(st.integers(1, 3))):
        kinds = draw(st.sampled_from([("amount",), ("times",), ("amount", "times")]))
        values = {"amount": (draw(st.integers(50, 250)), "万元"), "times": (draw(st.integers(1, 4)), "次")}
        made.append(
            {
                "id": f"L{number}", "title": {"zh": "限额", "en": "Limit"}, "article": f"第{number}条",
                "measures": draw(st.lists(st.sampled_from(MEASURES), min_size=1, max_size=3, unique=True)),
                "shared_by": draw(st.lists(st.sampled_from(SHARERS), min_size=0, max_size=3, unique=True)),
                "window": draw(st.sampled_from(["policy", "event_year", "pay_year", "batch"])),
                **{
                    kind: [{"from": "2025-01-01", "value": values[kind][0], "unit": values[kind][1], "reference": "x"}]
                    for kind in kinds
                },
            }
        )  # fmt: skip
    duplication = {
        **crossing()["duplication"],
        "stack": draw(st.sampled_from([[], [["P1", "P2"]]])),
        "without_number": draw(st.sampled_from(["question", "subject"])),
        "already_rewarded": draw(st.sampled_from(["refuse", "difference"])),
    }
    return Policy.model_validate({**crossing(), "limits": made, "duplication": duplication})


@st.composite
def months(draw: Any) -> list[list[dict[str, Any]]]:
    """Months of applications that have few names, numbers, places and days among them, so that they meet."""
    some = {
        "subject_no": ["X1", "X2", "X3"], "subject_name": ["项目一", "项目（二）", "项目(二)", "项目三"],
        "matter_no": ["", "", "", "X1", "S1"], "carrier_no": ["Z1", "Z2"], "town": ["松山湖", "长安", "长安\u200b"],
        "category": ["甲类", "乙类"], "bureau": ["甲局"], "evidence_nos": ["", "", "", "V1", "V2;V3", "V3"],
        "account_no": ["", "", "", "", "62220202000111", "62220202000222"],
        "payee_type": ["企业", "企业", "企业", "预算单位"], "elected": ["", "", "", "是"],
        "event_date": ["2025-03-01", "2025-12-31", "2026-01-01"], "instalment": [1, 1, 1, 2],
    }  # fmt: skip
    made = []
    for size in draw(st.lists(st.integers(1, 6), min_size=2, max_size=4)):
        rows = []
        for _ in range(size):
            who = draw(st.integers(0, 3))
            renamed = draw(st.integers(0, 9)) == 0
            row = {name: draw(st.sampled_from(values)) for name, values in some.items()}
            fen = draw(st.sampled_from([1_000_000_00, 300_000_00, 300_000_01, 799_999_99]))
            row |= {
                "application_no": f"A{draw(st.integers(0, 12))}", "measure": draw(st.sampled_from(MEASURES)),
                "uscc": CODES[who], "applicant_name": f"企业{(who + renamed) % 4}",
                "approved_amount": f"{fen // 100}.{fen % 100:02d}", "approved_date": "2025-05-01",
                "notice_end_date": "2025-05-10",
            }  # fmt: skip
            rows.append(row)
        made.append(rows)
    return made


def budgets(years: range) -> pd.DataFrame:
    lines = [("示例资金", year, 400_000_000, "sequence") for year in years]
    return pd.DataFrame(lines, columns=["fund", "year", "budget_fen", "mode"])


def result(settlement: Settlement) -> list[Any]:
    """All that a settlement says, comparable."""
    return [
        settlement.rows.drop(columns="extra").astype(str).to_dict("list"),
        settlement.findings,
        settlement.cuts.astype(str).to_dict("list"),
        settlement.budgets.to_dict("list"),
    ]


def holds(url: str, monthly: list[list[dict[str, Any]]], policy: Policy, back: list[tuple[int, bool]]) -> None:
    """Book the months one after another, with reversals in between; each comes out alike from part and whole."""
    store = open_store(url, create=True)
    lists = Lists(budget=budgets(range(2026, 2029)))
    for number, rows in enumerate(monthly):
        day = date(2026, 6, 30) + timedelta(days=300 * number)
        frame = applications(*rows)
        opening = store.opening(Wanted(frame, policy, day))
        part = settle(frame, [], Case(policy, opening.booked, lists, day, opening.sums))
        whole = settle(frame, [], Case(policy, store.booked(), lists, day))
        assert result(part) == result(whole)
        paid = part.rows[part.rows["status"].isin(["paid", "reduced"])].sort_values("order")
        sent = part.rows[~part.rows["status"].isin(["invalid", "replaced"])].sort_values("order")
        book(store, Booking(paid, sent, policy.sha256), f"{number}", f"{day:%Y-%m}")
        take_back(store, url, back[number % len(back)])
    with past(url) as other:
        assert list(differences(other.connection)) == []


def take_back(store: Store, url: str, which: tuple[int, bool]) -> None:
    """Reverse some line that is left, wholly or in part."""
    booked = store.booked()
    left = booked.index[booked["net_fen"] > 1]
    if len(left) and len(booked) and store.head().sequence:
        with past(url) as other:
            ids = [line for (line,) in other.execute("SELECT id FROM posting WHERE kind <> 'reversal' ORDER BY id")]
            parts = other.execute("SELECT refers_to, count(*) FROM posting WHERE kind = 'reversal' GROUP BY refers_to")
        at = int(left[which[0] % len(left)])
        fen = int(booked.loc[at, "net_fen"])
        reverse(url, ids[at], fen if which[1] else fen // 2, part=dict(map(tuple, parts)).get(ids[at], 0) + 1)


BACK = st.lists(st.tuples(st.integers(0, 20), st.booleans()), min_size=1, max_size=3)


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with nothing in it, to copy: making one takes longer than settling a month."""
    path = tmp_path_factory.mktemp("empty") / "empty.db"
    open_store(f"sqlite:///{path}", create=True)
    return path


@given(months(), policies(), BACK)
@settings(max_examples=EXAMPLES, deadline=None, derandomize="EXAMPLES" not in os.environ)
def test_part_of_the_history_is_enough(empty: Path, monthly: Any, policy: Policy, back: Any) -> None:
    with tempfile.TemporaryDirectory() as folder:
        holds(f"sqlite:///{shutil.copy(empty, folder)}", monthly, policy, back)


@given(months(), policies(), BACK)
@settings(max_examples=max(EXAMPLES // 10, 1), deadline=None, derandomize="EXAMPLES" not in os.environ)
def test_part_of_the_history_is_enough_on_a_server(monthly: Any, policy: Policy, back: Any) -> None:
    with server.database() as url:
        holds(url, monthly, policy, back)


TAMPERED = [
    ("UPDATE balance SET net_fen = net_fen + 1", {"balance"}),
    ("DELETE FROM balance", {"balance"}),
    ("UPDATE balance SET batch_no = 99", {"balance"}),
    ("DELETE FROM holder WHERE kind = 'name'", {"holder"}),
    ("INSERT INTO holder VALUES ('account', '6222', 'x')", {"holder"}),
    ("DELETE FROM trace", {"trace"}),
    ("INSERT INTO trace VALUES (1, 1)", {"trace"}),
    ("DELETE FROM open_item", {"open_item"}),
    ("UPDATE open_item SET line = 2", {"open_item"}),
]


@pytest.mark.parametrize(("statement", "tables"), TAMPERED)
def test_what_drifted_is_found_and_made_anew(store: Store, url: str, statement: str, tables: set[str]) -> None:
    book(store, booking(3, "A", 100, outcomes(lines(1, "H"), "held")))
    with past(url) as other:
        other.execute(statement)
        assert {each.table for each in differences(other.connection)} == tables
        fill(other.connection)
        assert list(differences(other.connection)) == []
