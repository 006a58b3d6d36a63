"""Months made by hand: application tables, bookings and lists from a few words, with everything else in order."""

from __future__ import annotations

from datetime import date
from typing import Any

import pandas as pd

from disburse.case import Case, Lists
from disburse.money import to_fen
from disburse.policy import Policy, load_policy
from disburse.settlement import Settlement, settle
from disburse.tables import table

PAY_DATE = date(2025, 6, 30)

CODES = [
    "91110108551385082Q", "914413007820108867", "91350100M000100Y43", "114403070075514700", "114419000073318229",
]  # fmt: skip

SOUND = {
    "application_no": "A1",
    "measure": "M04",
    "applicant_name": "东莞甲公司",
    "uscc": CODES[0],
    "approved_amount": "100000",
    "event_date": "2025-03-05",
    "approved_date": "2025-05-12",
    "notice_end_date": "2025-05-22",
    "approval_no": "东工信〔2025〕15号",
    "payee_name": "",
    "bank_name": "示例银行东莞分行",
    "account_no": "",
    "payee_type": "企业",
    "instalment": 1,
    "bureau": "市发展改革局",
    "other_public_funds": "0",
}
"""A row nobody has a question about."""


def applications(*rows: dict[str, Any]) -> pd.DataFrame:
    """An applications table (docs/architecture.md): each row is SOUND with what is given changed."""
    lines = []
    for number, given in enumerate(rows, start=1):
        row = {**SOUND, "application_no": f"A{number}", **given}
        row["payee_name"] = row["payee_name"] or row["applicant_name"]
        row["account_no"] = row["account_no"] or "62220202000" + str(sum(map(ord, row["uscc"]))).zfill(6)
        lines.append({**row, "source_row": number + 3})
    frame = pd.DataFrame(lines)
    made: dict[str, Any] = {
        "source_file": "申报.xlsx",
        "source_sheet": "申报表",
        "source_row": frame["source_row"] if lines else pd.Series(dtype="int64"),
        "table": 0,
        "hidden": False,
    }
    for column in table("application").columns:
        given = frame[column.field] if column.field in frame else pd.Series([None] * len(frame), dtype=object)
        if column.kind == "amount":
            made[
                f"{column.field.removesuffix('_amount')}_amount_fen"
                if "amount" in column.field
                else f"{column.field}_fen"
            ] = pd.array([pd.NA if _blank(v) else to_fen(str(v)) for v in given], dtype="Int64")
        elif column.kind == "integer":
            made[column.field] = pd.array([pd.NA if _blank(v) else int(v) for v in given], dtype="Int64")
        elif column.kind == "date":
            made[column.field] = pd.to_datetime(given).astype("datetime64[s]")
        else:
            made[column.field] = pd.Series(["" if _blank(v) else str(v) for v in given], dtype="str")
    made["extra"] = [{} for _ in lines]
    return pd.DataFrame(made, index=range(len(lines)))


def _blank(value: Any) -> bool:
    return value is None or value == "" or (isinstance(value, float) and pd.isna(value))


BOOKED = [
    "batch", "batch_no", "line", "month", "pay_date", "application_no", "instalment", "measure", "article", "fund", "uscc",
    "applicant_name", "subject_no", "subject_name", "carrier_no", "category", "town", "bureau", "matter_no", "evidence_nos",
    "event_date", "approved_amount_fen", "paid_fen", "net_fen", "payee_name", "bank_name", "cnaps", "account_no", "payee_type",
]  # fmt: skip


def bookings(*lines: dict[str, Any], policy: Policy | None = None) -> pd.DataFrame:
    """What was booked: each line is a sound application with `paid` (yuan), `batch`, `pay_date`, `net` as given."""
    policy = policy or load_policy()
    if not lines:
        return booked_from(applications(), policy)
    frame = applications(*lines)
    given = pd.DataFrame(list(lines))
    paid = [to_fen(str(line.get("paid", line.get("approved_amount", "100000")))) for line in lines]
    net = [to_fen(str(line["net"])) if "net" in line else fen for line, fen in zip(lines, paid, strict=True)]
    batches = given["batch"] if "batch" in given else pd.Series(["2025-05-1"] * len(lines))
    days = given["pay_date"] if "pay_date" in given else pd.Series(["2025-05-31"] * len(lines))
    frame = frame.assign(
        batch=batches.fillna("2025-05-1").astype("str"),
        pay_date=pd.to_datetime(days.fillna("2025-05-31")).astype("datetime64[s]"),
        paid_fen=paid,
        net_fen=net,
    )
    return booked_from(frame, policy)


def booked_from(frame: pd.DataFrame, policy: Policy) -> pd.DataFrame:
    if "batch" not in frame:
        frame = frame.assign(batch="", pay_date=pd.Series(dtype="datetime64[s]"), paid_fen=0, net_fen=0)
    order = {batch: number for number, batch in enumerate(sorted(set(frame["batch"])), start=1)}
    known = frame["measure"].isin(policy.by_code.keys())
    return frame.assign(
        batch_no=frame["batch"].map(order).astype("int64"),
        line=range(1, len(frame) + 1),
        month=frame["batch"].str.slice(0, 7),
        fund=frame["measure"].where(known).map(lambda code: policy.by_code[code].fund).astype("str"),
        article=frame["measure"].where(known).map(lambda code: policy.by_code[code].article).astype("str"),
        approved_amount_fen=frame["approved_amount_fen"].astype("int64"),
        instalment=frame["instalment"].astype("int64"),
        paid_fen=frame["paid_fen"].astype("int64"),
        net_fen=frame["net_fen"].astype("int64"),
    )[BOOKED]


def month(
    *rows: dict[str, Any],
    booked: pd.DataFrame | None = None,
    policy: Policy | None = None,
    pay_date: date = PAY_DATE,
    **lists: pd.DataFrame,
) -> Settlement:
    """The month settled."""
    policy = policy or load_policy()
    booked = bookings(policy=policy) if booked is None else booked
    return settle(applications(*rows), [], Case(policy, booked, Lists(**lists), pay_date))
