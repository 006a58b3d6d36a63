"""A month made by hand that holds everything a ledger must show: every status, long names, large amounts, odd text."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest

from disburse.findings import Finding, Placed, catalogue, message, remedy
from disburse.policy import Policy, load_policy
from disburse.settlement import Settlement, of_measure
from disburse.tables import table
from disburse.workbooks.book import Book
from disburse.workbooks.month import Month
from disburse.workbooks.signed import write_payments, write_transfers

if TYPE_CHECKING:
    from pathlib import Path

LONG = "东莞市松山湖高新技术产业开发区示例智能装备与工业软件信息服务（集团）股份有限责任公司"
FORMULA = '=HYPERLINK("http://example.com","点此")'
ODD = "甲\x0b乙\x01丙丁\u202e戊"
MARKUP = "<r><t>假</t></r>"
BANK = "示例银行股份有限公司东莞松山湖科技支行"

SCIENCE, REFORM, TRADE, INDUSTRY = "市科技局", "市发展改革局", "市商务局", "市工业和信息化局"


def _row(
    number: int, status: str, measure: str, bureau: str, approved: int | None, *chain: int, **more: Any
) -> dict[str, Any]:
    """One row: fen approved, then the chain of amounts as far as it was reached."""
    names = ("entitled_fen", "alone_fen", "distinct_fen", "limited_fen", "paid_fen")
    applicant = more.pop("applicant_name", f"东莞示例{number:02d}号科技有限公司")
    return {
        "source_file": f"{bureau[:6]}.xlsx",
        "source_sheet": "申报表",
        "source_row": number + 5,
        "application_no": f"BT-2025-{number:04d}",
        "measure": measure,
        "applicant_name": applicant,
        "uscc": "91110108551385082Q",
        "subject_no": f"DX-{number:03d}",
        "matter_no": f"SW-2025-{number:03d}",
        "approved_amount_fen": approved,
        **dict(zip(names, chain, strict=False)),
        "status": status,
        "order": number if status not in ("invalid", "replaced") else -1,
        "payee_name": more.pop("payee_name", applicant),
        "bank_name": BANK,
        "account_no": f"62220202000123456{number:02d}",
        "bureau": bureau,
        "approval_no": f"东示〔2025〕{number}号",
        **more,
    }


def _rows() -> list[dict[str, Any]]:
    full = [
        _row(n, "paid", "M04" if n % 2 else "M06B", INDUSTRY if n % 2 else TRADE, 35000000 + n, *[35000000 + n] * 5)
        for n in range(1, 15)
    ]
    million = 100_000_000
    other = [
        _row(15, "paid", "M12B", REFORM, 10 * million, *[10 * million] * 5, applicant_name=LONG, reasons=""),
        _row(16, "reduced", "M05A", SCIENCE, 150_000_000, *[million] * 3, 66666667, 66666667,
             reasons="CEILING;LIMIT_REACHED", applicant_name=LONG, account_no="123456789012345678901234567890"),
        _row(17, "reduced", "M05B", SCIENCE, 250_000_000, *[2 * million] * 5, reasons="CEILING", instalment=2),
        _row(18, "reduced", "M06A", TRADE, 90_000_000, *[80_000_000] * 4, 72_345_678, reasons="CEILING;BUDGET_PRORATED",
             extra={"活动地点": "松山湖", "备案号": FORMULA}),
        _row(19, "paid", "M10", INDUSTRY, 12_345_678_90, *[12_345_678_90] * 5, reasons="NO_CEILING"),
        _row(20, "paid", "M11", REFORM, 5 * million, *[5 * million] * 5, payee_type="预算单位",
             applicant_name="松山湖高新区管委会示例生产性服务业集聚区运营中心", reasons="PAYEE_IS_BUDGET_UNIT"),
        _row(21, "reduced", "M11", REFORM, 12 * million, *[10 * million] * 5, payee_type="预算单位",
             reasons="CEILING;PAYEE_IS_BUDGET_UNIT"),
        _row(22, "rejected", "M04", SCIENCE, 40_000_000, reasons="OUT_OF_TERM;NOTICE_OPEN"),
        _row(23, "rejected", "M06B", TRADE, 40_000_000, 40_000_000, 0, reasons="LIMIT_EXHAUSTED"),
        _row(24, "rejected", "M12A", REFORM, 9_000_000, 9_000_000, 9_000_000, 0, reasons="LOWER_AWARD"),
        _row(25, "held", "M05C", SCIENCE, 70_000_000, applicant_name=FORMULA,
             reasons="ACCOUNT_CHANGED;MATTER_POSSIBLE"),
        _row(26, "held", "M09", "市人力资源社会保障局", 20_000_000, reasons="NAME_CONFLICT", applicant_name=ODD),
        _row(27, "carried", "M12B", REFORM, 9 * million, *[9 * million] * 4, 0, reasons="BUDGET_CARRIED"),
        _row(28, "invalid", "M07", "市体育局", 1_000_000, reasons="MEASURE_UNKNOWN;BUREAU_UNKNOWN"),
        _row(29, "invalid", "M05A", SCIENCE, None, reasons="AMOUNT_INVALID;USCC_INVALID", uscc="91110108551385082X",
             extra={"=1+1": "@SUM(1)", "联系人": MARKUP}),
        _row(30, "invalid", "M06A", TRADE, 80_000_000, reasons="TOTAL_MISMATCH", event_date=None, application_no=""),
        _row(31, "registered", "M12C", REFORM, None, reasons=""),
        _row(32, "registered", "M13", "市公安局", None, reasons="ROW_HIDDEN"),
        _row(33, "replaced", "M05A", SCIENCE, 66_000_000, reasons=""),
        _row(34, "paid", "M05C", SCIENCE, 100, *[100] * 5, applicant_name="+甲公司",
             reasons="TERM_ENDED_BEFORE_PAYMENT"),
        _row(35, "paid", "M11", REFORM, 7 * million, *[7 * million] * 5, reasons=""),
    ]  # fmt: skip
    return full + other


def applications(lines: list[dict[str, Any]]) -> pd.DataFrame:
    """A settlement's rows from what is given; everything else in order and blank."""
    given = pd.DataFrame(lines)
    made: dict[str, Any] = {}
    for column in table("application").columns:
        name = f"{column.field}_fen" if column.kind == "amount" else column.field
        values = given[name] if name in given else pd.Series([None] * len(given), dtype=object)
        if column.kind in ("amount", "integer"):
            default = {"instalment": 1, "other_public_funds_fen": 0}.get(name, pd.NA)
            made[name] = pd.array([default if pd.isna(v) else int(v) for v in values], dtype="Int64")
        elif column.kind == "date":
            day = pd.Timestamp("2025-03-05")
            made[name] = pd.Series([each.get(name, day) for each in lines]).astype("datetime64[s]")
        else:
            default = {"payee_type": "企业"}.get(name, "")
            made[name] = pd.Series([default if pd.isna(v) else v for v in values], dtype="str")
    for name in ("entitled_fen", "alone_fen", "distinct_fen", "limited_fen", "paid_fen"):
        made[name] = pd.array([pd.NA if pd.isna(v) else int(v) for v in given[name]], dtype="Int64")
    for name in ("source_file", "source_sheet", "source_row", "status", "order"):
        made[name] = given[name]
    made["reasons"] = given["reasons"].fillna("") if "reasons" in given else ""
    made["extra"] = [each.get("extra", {}) for each in lines]
    return with_measure(pd.DataFrame({"table": 0, "hidden": False, **made}))


def with_measure(rows: pd.DataFrame, **changed: Any) -> pd.DataFrame:
    rows = rows.assign(**changed)
    return rows.assign(**of_measure(rows, load_policy()))


CUTS = (
    (15, "entitlement", "CEILING", "M05A", 150_000_000, 100_000_000, 100_000_000, 0, ""),
    (15, "limits", "LIMIT_REACHED", "M05A", 100_000_000, 66_666_667, 100_000_000, 33_333_333, "2025-04-1;2025-05-1"),
    (16, "entitlement", "CEILING", "M05B", 250_000_000, 200_000_000, 200_000_000, 0, ""),
    (17, "entitlement", "CEILING", "M06A", 90_000_000, 80_000_000, 80_000_000, 0, ""),
    (17, "budget", "BUDGET_PRORATED", "东府〔2025〕2号", 80_000_000, 72_345_678, 5_000_000_000, 0, ""),
    (20, "entitlement", "CEILING", "M11", 1_200_000_000, 1_000_000_000, 1_000_000_000, 0, ""),
    (22, "alone", "LIMIT_EXHAUSTED", "M06B", 40_000_000, 0, 50_000_000, 50_000_000, "2025-05-1"),
    (23, "duplication", "LOWER_AWARD", "duplication", 9_000_000, 0, None, 0, ""),
    (26, "budget", "BUDGET_CARRIED", "东府〔2025〕2号", 900_000_000, 0, None, 0, ""),
)


def _cuts() -> pd.DataFrame:
    names = ["row", "step", "code", "rule", "before_fen", "after_fen", "ceiling_fen", "used_before_fen", "batches"]
    cuts = pd.DataFrame(list(CUTS), columns=names).assign(article="东府〔2025〕2号 (五)")
    return cuts.astype({"ceiling_fen": "Int64"})


def _placed(rows: pd.DataFrame) -> list[Placed]:
    blank = dict.fromkeys(
        ("found", "expected", "difference", "other", "column", "label", "limit", "key", "used", "batches", "ceiling",
         "before", "after", "window", "left", "total", "winner", "amount", "batch", "instalment", "article", "unit",
         "formula", "other_discreet"), "……",
    )  # fmt: skip

    def place(code: str, row: Any, cell: str = "", column: str = "", number: str | None = None) -> Placed:
        number = row.application_no if number is None else number
        return Placed(
            code, catalogue()[code].severity, row.source_file, row.source_sheet, cell, number, column, "值",
            message(code, {**blank, "found": row.applicant_name}), remedy(code, blank), "东府〔2025〕2号 (五)",
        )  # fmt: skip

    found = [
        place(code, row, f"K{row.source_row}", "核定金额(元)")
        for row in rows.itertuples()
        for code in row.reasons.split(";")
        if code and code != "TOTAL_MISMATCH"
    ]
    trade = rows[rows["bureau"] == TRADE].iloc[0].copy()
    trade["applicant_name"] = "3,200,000.00"
    found.append(place("TOTAL_MISMATCH", trade, "G5", "核定金额(元)", ""))
    return found


@pytest.fixture(scope="session")
def policy() -> Policy:
    return load_policy()


@pytest.fixture(scope="session")
def rows() -> pd.DataFrame:
    return applications(_rows())


@pytest.fixture(scope="session")
def month(rows: pd.DataFrame, policy: Policy) -> Month:
    day = pd.Timestamp("2025-12-31")
    waivers = [("BT-2025-0001", "ACCOUNT_CHANGED", "王五", "企业已书面确认变更账号", day)]
    idle = [("BT-2025-0022", "OUT_OF_TERM", "王五", "=误填", day, "该代码不能放行")]
    names = ["application_no", "code", "approver", "reason", "valid_until"]
    findings: list[Finding] = []
    settlement = Settlement(
        rows=rows,
        findings=findings,
        cuts=_cuts(),
        waivers=pd.DataFrame([(*waivers[0], 0)], columns=[*names, "row"]),
        idle_waivers=pd.DataFrame(idle, columns=[*names, "why"]),
        budgets=pd.DataFrame(
            [("东府〔2025〕2号", 2025, "prorate", 5_000_000_000, 300_000_000, 2_900_000_000)],
            columns=["fund", "year", "mode", "budget_fen", "used_before_fen", "paid_fen"],
        ),
    )
    open_items = pd.DataFrame(
        [("BT-2025-0901", 1, "held", "2025-04", "2025-04-1", SCIENCE, 30_000_000, "ACCOUNT_SHARED;NO_CEILING")],
        columns=[
            "application_no",
            "instalment",
            "status",
            "month",
            "batch",
            "bureau",
            "approved_amount_fen",
            "reasons",
        ],
    )
    return Month(
        settlement=settlement,
        policy=policy,
        month="2025-06",
        pay_date=date(2025, 6, 30),
        run_hash="0123456789abcdef" * 4,
        not_checked=("认定名录", "其他政策已获资助"),
        placed=_placed(rows),
        open_items=open_items,
    )


def signed_sheets(path: Path, month: Month, count: int) -> None:
    """Only the two sheets that are signed, each with `count` payments of rows of one to four lines."""
    lines = []
    for number in range(1, 2 * count + 1):
        more = {"applicant_name": LONG} if number % 7 == 3 else {"reasons": "CEILING;LIMIT_REACHED"}
        code = ("M05B", "M09", "M06B", "M11")[number % 4]
        unit = {"payee_type": "预算单位"} if number > count else {}
        lines.append(_row(number, "paid", code, TRADE, 35000000, *[35000000] * 5, **more, **unit))
        lines[-1]["order"] = number
    rows = applications(lines or _rows()[:1])
    rows = with_measure(rows, measure=sorted(rows["measure"])) if lines else rows.iloc[:0]
    with Book(path) as book:
        this = replace(month, settlement=replace(month.settlement, rows=rows))
        for write in (write_payments, write_transfers):
            write(book, this, "")


@pytest.fixture(scope="session")
def empty_month(month: Month, rows: pd.DataFrame, policy: Policy) -> Month:
    """A month without a single row."""
    whole = month.settlement
    nothing = Settlement(
        rows.iloc[:0],
        [],
        whole.cuts.iloc[:0],
        whole.waivers.iloc[:0],
        whole.idle_waivers.iloc[:0],
        whole.budgets.iloc[:0],
    )
    return Month(nothing, policy, "2025-07", date(2025, 7, 31), "f" * 64, (), [], month.open_items.iloc[:0])
