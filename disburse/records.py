"""The CSV files for machines: outcomes, cuts, ledger, findings, and the bookings consulted.

UTF-8 with BOM, commas, amounts like `1234567.80`, ISO dates. Text that a spreadsheet could take for a formula gets an
apostrophe in front. Same settlement, same bytes.
"""

from __future__ import annotations

import csv
import io
import re
from typing import TYPE_CHECKING, Any

import pandas as pd

from disburse.money import to_fen, yuan

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from disburse.findings import Placed
    from disburse.settlement import Settlement

OUTCOMES = {
    "application_no": "application_no", "instalment": "instalment", "source_file": "source_file",
    "source_sheet": "source_sheet", "source_row": "source_row", "bureau": "bureau", "measure": "measure",
    "article": "article", "uscc": "uscc", "applicant_name": "applicant_name", "subject_no": "subject_no",
    "matter_no": "matter_no", "approved": "approved_amount_fen", "entitled": "entitled_fen", "paid": "paid_fen",
    "status": "status", "reasons": "reasons",
}  # fmt: skip
"""Heading → column, here and below."""

LEDGER = {
    "application_no": "application_no", "instalment": "instalment", "month": "month", "measure": "measure",
    "article": "article", "uscc": "uscc", "applicant_name": "applicant_name", "subject_no": "subject_no",
    "paid": "paid_fen", "payee_name": "payee_name", "bank_name": "bank_name", "cnaps": "cnaps",
    "account_no": "account_no", "payee_type": "payee_type", "town": "town", "bureau": "bureau", "fund": "fund",
}  # fmt: skip

CUTS = {
    "application_no": "application_no", "instalment": "instalment", "step": "step", "code": "code", "rule": "rule",
    "article": "article", "before": "before_fen", "after": "after_fen", "ceiling": "ceiling_fen",
    "used_before": "used_before_fen",
}  # fmt: skip

FINDINGS = (
    "code", "severity", "source_file", "source_sheet", "cell", "application_no", "column", "value", "message", "remedy",
    "reference",
)  # fmt: skip

STEPS = ("entitlement", "alone", "duplication", "limits", "budget")


def csv_headings() -> frozenset[str]:
    """The headings of all these files."""
    return frozenset({*OUTCOMES, *LEDGER, *CUTS, *FINDINGS})


def records(settlement: Settlement, placed: Sequence[Placed], month: str) -> dict[str, bytes]:
    """The four files by name."""
    return {
        "outcomes.csv": _table(settlement.rows, OUTCOMES),
        "cuts.csv": _table(cuts_in_order(settlement), CUTS),
        "ledger.csv": _table(paid_in_order(settlement).assign(month=month), LEDGER),
        "findings.csv": _csv(FINDINGS, ([getattr(each, name) for name in FINDINGS] for each in placed)),
    }


def paid_in_order(settlement: Settlement) -> pd.DataFrame:
    """The rows that are paid, in the policy's order."""
    rows = settlement.rows
    return rows[rows["status"].isin(["paid", "reduced"])].sort_values("order")


def understood_in_order(settlement: Settlement) -> pd.DataFrame:
    """The rows that stand and could be read, in the policy's order: what the store keeps an outcome of."""
    rows = settlement.rows
    return rows[~rows["status"].isin(["invalid", "replaced"])].sort_values("order")


def cuts_in_order(settlement: Settlement) -> pd.DataFrame:
    """The cuts with the application they fell on: by row as read, then by step."""
    cuts = settlement.cuts.assign(_step=settlement.cuts["step"].map(STEPS.index))
    cuts = cuts.sort_values(["row", "_step"], kind="stable").drop(columns="_step")
    return cuts.join(settlement.rows[["application_no", "instalment"]], on="row")


def bookings(booked: pd.DataFrame) -> bytes:
    """The bookings a run has consulted, line by line, under the names of docs/architecture.md (amounts in yuan)."""
    return _table(booked, {name.removesuffix("_fen"): name for name in booked.columns})


def streamed(columns: dict[str, str], rows: Iterable[Mapping[str, Any]]) -> Iterator[bytes]:
    """A CSV file line by line, for rows too many to hold. columns: heading → field, as above."""
    yield _csv(tuple(columns), ())
    for row in rows:
        yield _line([_cell(row[field], field) for field in columns.values()])


def read_bookings(content: bytes, dtypes: Mapping[str, str]) -> pd.DataFrame:
    """What `bookings` wrote, as it was. Raises ValueError where it did not write it.

    dtypes  of the columns under the names of docs/architecture.md
    """
    heading, *lines = lines_of(content)
    if heading != [name.removesuffix("_fen") for name in dtypes] or any(len(line) != len(heading) for line in lines):
        raise ValueError(heading)
    columns = zip(*lines, strict=True) if lines else ((),) * len(heading)
    return pd.DataFrame({name: _column(name, dtypes[name], texts) for name, texts in zip(dtypes, columns, strict=True)})


def _column(name: str, dtype: str, texts: Sequence[str]) -> pd.Series:
    if dtype == "str":
        return pd.Series(list(texts), dtype="str")
    if dtype.startswith("datetime"):
        return pd.to_datetime(pd.Series(list(texts), dtype="str").replace("", None), format="%Y-%m-%d").astype(
            "datetime64[s]"
        )
    read = to_fen if name.endswith("_fen") else int
    values = pd.array([read(text) if text else pd.NA for text in texts], dtype="Int64")
    return pd.Series(values if dtype == "Int64" else values.astype("int64"))


def lines_of(content: bytes) -> list[list[str]]:
    """The cells of one of these files, the heading first, as they were before they were made safe for spreadsheets."""
    reader = csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""), strict=True)
    try:
        return [[_LIKE_FORMULA.sub(r"\1", text) for text in line] for line in reader]
    except csv.Error as error:
        raise ValueError(str(error)) from error


def _table(rows: pd.DataFrame, columns: dict[str, str]) -> bytes:
    texts = [[as_text(value, column) for value in rows[column].array] for column in columns.values()]
    return _csv(tuple(columns), zip(*texts, strict=True) if texts else ())


def _csv(heading: Sequence[str], lines: Iterable[Sequence[str]]) -> bytes:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(heading)
    writer.writerows([_unlike_formula(text) for text in line] for line in lines)
    return b"\xef\xbb\xbf" + out.getvalue().encode("utf-8")


def _cell(value: Any, column: str) -> str:
    """An amount below 0 is a number, not text that looks like a formula."""
    if value is None:
        return ""
    return as_text(value, column) if column.endswith("_fen") else _unlike_formula(as_text(value, column))


def _line(texts: Sequence[str]) -> bytes:
    out = io.StringIO()
    csv.writer(out, lineterminator="\r\n").writerow(texts)
    return out.getvalue().encode("utf-8")


def as_text(value: Any, column: str) -> str:
    """A value of `column` as these files write it: amounts in yuan, ISO days, "" where it is missing."""
    if pd.isna(value):
        return ""
    if column.endswith("_fen"):
        return yuan(int(value))
    if isinstance(value, pd.Timestamp):
        return f"{value:%Y-%m-%d}"
    return str(value)


_FORMULA = re.compile(r"'*[=+\-@\t\r]")
_LIKE_FORMULA = re.compile(r"\A'('*[=+\-@\t\r])")


def _unlike_formula(text: str) -> str:
    """A spreadsheet must show it as the text it is; what looks made safe already gets a further apostrophe."""
    return "'" + text if _FORMULA.match(text) else text
