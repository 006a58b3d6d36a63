"""One faulty policy file per fault: refused with file, line, what was found and what is allowed."""

from __future__ import annotations

import ast
from datetime import date
from pathlib import Path

import pytest

from disburse.errors import SchemaInvalid
from disburse.policy import load_policy
from disburse.shipped import shipped

SHIPPED = shipped("policies", "dongfu-2025-2.yaml").read_text(encoding="utf-8")

CEILING = "      - {from: 2025-02-05, value: 500000, unit: 元, reference: 东府〔2025〕2号 (四)}\n"

CEILING_5 = "      - {from: 2025-02-05, value: 1000000, unit: 元, reference: 东府〔2025〕2号 (五)}\n"

FAULTS = {
    "unknown key": ("    subject: enterprise\n", "    subjct: enterprise\n", ["subjct", "没有这个键", "subject"]),
    "unknown key in a value": ("unit: 元, reference", "unit: 元, ref: x, reference", ["ref", "没有这个键", "value"]),
    "repeated key": ("  - code: M04\n", "  - code: M04\n    code: M04\n", ["code", "重复"]),
    "float amount": ("value: 500000,", "value: 500000.0,", ["500000.0", "整数"]),
    "amount with commas": ("value: 500000,", 'value: "500,000",', ["500,000", "整数"]),
    "leading zero": ("value: 500000,", "value: 0500000,", ["0500000", "整数"]),
    "unknown unit": ("value: 500000, unit: 元", "value: 50, unit: 万", ["万", "应为"]),
    "missing article": ("    article: 东府〔2025〕2号 (四)\n", "", ["article", "缺少"]),
    "missing reference": (", reference: 东府〔2025〕2号 (四)}", "}", ["reference", "缺少"]),
    "overlapping dates": (CEILING, CEILING + CEILING.replace("2025-02-05", "2026-01-01"), ["重叠", "2026-01-01"]),
    "gap between dates": (
        CEILING,
        CEILING.replace("from: 2025-02-05,", "from: 2025-02-05, to: 2025-06-30,")
        + CEILING.replace("2025-02-05", "2026-01-01"),
        ["2025-06-30", "2026-01-01", "没有值"],
    ),
    "end before beginning": (
        CEILING,
        CEILING.replace("from: 2025-02-05", "from: 2025-02-05, to: 2024-01-01"),
        ["早于"],
    ),
    "no value at the end of the term": (CEILING, CEILING.replace("value", "to: 2026-12-31, value"), ["2027-12-31"]),
    "no such day": ("  from: 2025-02-05\n", "  from: 2025-02-30\n", ["2025-02-30"]),
    "date in another form": ("  from: 2025-02-05\n", "  from: 2025/2/5\n", ["2025/2/5", "2025-02-05"]),
    "rate as a number": ("value: 100%,", "value: 1.0,", ["1.0", "50%"]),
    "flag in other words": ("less_other_funds: false", "less_other_funds: no", ["true", "no"]),
    "unknown measure in a limit": ("    measures: M04\n", "    measures: M99\n", ["M99"]),
    "unknown measure in stack": ("[[M12A, M12B]", "[[M12A, M12X]", ["M12X"]),
    "unknown fund": ("    fund: 集聚区发展专项资金\n", "    fund: 某资金\n", ["某资金"]),
    "limit without a value": (
        "    window: policy\n    amount:\n" + CEILING_5,
        "    window: policy\n",
        ["amount", "times"],
    ),
    "limit shared by nobody known": (
        "    shared_by: enterprise\n",
        "    shared_by: company\n",
        ["company", "enterprise"],
    ),
    "unknown window": ("    window: policy\n", "    window: month\n", ["month", "event_year"]),
    "setting no reading describes": ("  declined: reject\n", "  declined: blank\n", None),
    "reading of a setting that is not there": ("setting: rounding.unit", "setting: rounding.unitt", ["unitt"]),
    "reading that lost its choice": ('value: "event_date", text', 'value: "event", text', ["event_date", "choices"]),
    "code twice": ("  - code: M05A\n", "  - code: M04\n", ["M04", "2"]),
    "fund on a benefit": ("    pays: false\n", "    pays: false\n    fund: 东府〔2025〕2号\n", ["fund"]),
    "not a mapping": (SHIPPED, "- a\n- b\n", ["键值对"]),
    "broken YAML": ("readings:\n", "readings: [\n", ["YAML"]),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_fault_is_refused_with_its_place(fault: str, tmp_path: Path) -> None:
    old, new, told = FAULTS[fault]
    assert old in SHIPPED
    changed = SHIPPED.replace(old, new, 1)
    file = tmp_path / "policy.yaml"
    file.write_text(changed, encoding="utf-8")
    if told is None:  # a legal reading: loads
        assert load_policy(file).duplication.declined == "blank"
        return
    with pytest.raises(SchemaInvalid) as refused:
        load_policy(file)
    message = str(refused.value)
    assert "policy.yaml" in message
    for part in told:
        assert part in message, message


def test_the_line_named_is_the_line_of_the_fault(tmp_path: Path) -> None:
    lines = SHIPPED.splitlines(keepends=True)
    at = next(i for i, line in enumerate(lines) if line.startswith("    subject: enterprise"))
    lines[at] = "    subjct: enterprise\n"
    file = tmp_path / "policy.yaml"
    file.write_text("".join(lines), encoding="utf-8")
    with pytest.raises(SchemaInvalid, match=rf"policy\.yaml:{at + 1}:5: "):
        load_policy(file)


def test_every_fault_is_told_at_once(tmp_path: Path) -> None:
    file = tmp_path / "policy.yaml"
    text = SHIPPED.replace("    subject: enterprise\n", "    subjct: enterprise\n", 1).replace(
        "value: 100%,", "value: 1.0,", 1
    )
    file.write_text(text, encoding="utf-8")
    with pytest.raises(SchemaInvalid) as refused:
        load_policy(file)
    assert "subjct" in str(refused.value)
    assert "1.0" in str(refused.value)


def test_a_missing_file_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(SchemaInvalid, match="无法读取"):
        load_policy(tmp_path / "none.yaml")


@pytest.mark.parametrize(
    ("code", "yuan"),
    [("M04", 500_000), ("M05A", 1_000_000), ("M05B", 2_000_000), ("M05C", 1_000_000), ("M06A", 800_000), ("M06B", 500_000),
     ("M09", 200_000), ("M11", 10_000_000), ("M12A", 100_000), ("M12B", 10_000_000)],
)  # fmt: skip
def test_ceilings_of_the_document(code: str, yuan: int) -> None:
    ceiling = load_policy().by_code[code].ceiling_on(date(2025, 2, 5))
    assert ceiling is not None
    assert ceiling.fen == yuan * 100


def test_the_shipped_policy_says_what_the_document_says() -> None:
    policy = load_policy()
    assert [m.code for m in policy.measures if not m.pays] == ["M12C", "M12D", "M13"]
    assert len([m for m in policy.measures if m.pays]) == 11
    assert policy.by_code["M10"].ceiling == ()
    assert all(m.article.startswith("东府〔2025〕2号 (") for m in policy.measures)
    assert policy.may_stack("M12B", "M12A")
    assert not policy.may_stack("M04", "M04")
    assert len(policy.readings) == 19
    assert all(reading.status == "待主管部门确认" for reading in policy.readings)


def test_no_amount_of_the_policy_stands_in_python() -> None:
    """Ceilings and thresholds are only in the YAML: no such number, in yuan or fen, in any module."""
    amounts = {500_000, 800_000, 200_000, 100_000, 1_000_000, 2_000_000, 10_000_000, 1000}
    forbidden = {n * k for n in amounts for k in (1, 100)} - {1000, 1_000_000, 100_000}
    package = Path(__file__).parents[2] / "disburse"
    for file in package.rglob("*.py"):
        if "intake" in file.parts or "store" in file.parts or file.name == "money.py":
            continue  # limits on files and counts of fen in a unit, no amounts of a policy
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, int) and not isinstance(node.value, bool):
                assert node.value not in forbidden, f"{file}:{node.lineno}: {node.value}"
