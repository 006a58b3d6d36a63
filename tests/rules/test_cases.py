"""The worked cases of tests/cases/*.yaml: written in the officer's words, settled by the program."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from ruamel.yaml import YAML

from disburse.case import Case, Lists
from disburse.findings import Finding
from disburse.money import to_fen, yuan
from disburse.policy import Policy, load_policy
from disburse.settlement import settle
from disburse.tables import table
from tests.months import applications, bookings, month

HERE = Path(__file__).parent.parent
LISTS = {"名录": "register", "不予资助": "exclusions", "其他奖励": "awards", "预算": "budget", "放行": "waivers"}
BOOKED = {"批次": "batch", "拨付日": "pay_date", "实付": "paid", "净额": "net"}


def worked_cases() -> list[Any]:
    found = []
    for file in sorted((HERE / "cases").glob("*.yaml")):
        cases = YAML(typ="safe", pure=True).load(file.read_text(encoding="utf-8"))
        found += [pytest.param(case, id=f"{file.stem}: {case['情形']}") for case in cases]
    return found


@pytest.mark.parametrize("case", worked_cases())
def test_case(case: dict[str, Any]) -> None:
    settlement = settle(*inputs(case))
    got = [_outcome(row, wanted) for row, wanted in zip(settlement.rows.itertuples(), case["结果"], strict=True)]
    assert got == [{name: str(value) for name, value in wanted.items()} for wanted in case["结果"]]
    if "核减" in case:
        steps = [
            f"{cut.step} {cut.code} {yuan(cut.before_fen)}→{yuan(cut.after_fen)}"
            for cut in settlement.cuts.itertuples()
        ]
        assert steps == case["核减"]


def inputs(case: dict[str, Any]) -> tuple[pd.DataFrame, list[Finding], Case]:
    """What a worked case is settled from."""
    policy = load_policy(HERE / "policies" / f"{case['政策']}.yaml" if "政策" in case else None)
    policy = _changed(policy, case.get("口径", {}))
    booked = bookings(*(_fields(line, "application", BOOKED) for line in case.get("已拨", [])), policy=policy)
    lists = Lists(**{name: _list(case[title], name) for title, name in LISTS.items() if title in case})
    pay_date = date.fromisoformat(str(case.get("拨付日", "2025-06-30")))
    rows = applications(*(_fields(row, "application") for row in case["申报"]))
    return rows, [], Case(policy, booked, lists, pay_date)


def _outcome(row: Any, wanted: dict[str, Any]) -> dict[str, str]:
    every = {
        "状态": row.status,
        "实付": "" if pd.isna(row.paid_fen) else yuan(int(row.paid_fen)),
        "应享": "" if pd.isna(row.entitled_fen) else yuan(int(row.entitled_fen)),
        "原因": row.reasons,
    }
    return {name: every[name] for name in wanted}


def _fields(row: dict[str, Any], name: str, more: dict[str, str] | None = None) -> dict[str, Any]:
    """Headings as the officer writes them → fields."""
    known = {word: c.field for c in table(name).columns for word in (*c.heading.both(), *c.synonyms)}
    return {(more or {}).get(heading) or known[heading]: value for heading, value in row.items()}


def _list(lines: list[dict[str, Any]], name: str) -> pd.DataFrame:
    made = {}
    given = pd.DataFrame([_fields(line, name) for line in lines])
    for column in table(name).columns:
        values = given[column.field] if column.field in given else pd.Series([None] * len(lines), dtype=object)
        blank = values.isna()
        if column.kind == "amount":
            amounts = [pd.NA if empty else to_fen(str(value)) for value, empty in zip(values, blank, strict=True)]
            made[f"{column.field.removesuffix('_amount')}_fen"] = pd.array(amounts, dtype="Int64")
        elif column.kind == "date":
            made[column.field] = pd.to_datetime(values).astype("datetime64[s]")
        elif column.kind == "integer":
            made[column.field] = pd.array(
                [pd.NA if empty else int(v) for v, empty in zip(values, blank, strict=True)], dtype="Int64"
            )
        else:
            made[column.field] = values.where(~blank, "").astype("str")
    return pd.DataFrame(made)


def _changed(policy: Policy, settings: dict[str, str]) -> Policy:
    """The policy with some settings read the other way, as the office would write them in its file."""
    if not settings:
        return policy
    data = policy.model_dump(by_alias=True)
    for path, value in settings.items():
        *way, last = path.split(".")
        node: Any = data
        for step in way:
            node = (
                next(each for each in node if step in (each.get("code"), each.get("id")))
                if isinstance(node, (list, tuple))
                else node[step]
            )
        node[last] = value
    data["readings"] = []
    return Policy.model_validate(data)


def test_applications_are_sound_by_themselves() -> None:
    assert list(month({}).rows["status"]) == ["paid"]
    assert len(applications()) == 0
