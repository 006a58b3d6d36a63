"""Between the store's rows and pandas: which columns, which dtypes, in which order."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_TEXT, _WHOLE, _PERHAPS, _DAY = "str", "int64", "Int64", "datetime64[s]"

BOOKED: Mapping[str, str] = {
    "batch": _TEXT, "batch_no": _WHOLE, "line": _WHOLE, "month": _TEXT, "pay_date": _DAY,
    "application_no": _TEXT, "instalment": _WHOLE, "measure": _TEXT, "article": _TEXT, "fund": _TEXT,
    "uscc": _TEXT, "applicant_name": _TEXT, "subject_no": _TEXT, "subject_name": _TEXT, "carrier_no": _TEXT,
    "category": _TEXT, "town": _TEXT, "bureau": _TEXT, "matter_no": _TEXT, "evidence_nos": _TEXT,
    "event_date": _DAY, "approved_amount_fen": _WHOLE, "paid_fen": _WHOLE, "net_fen": _WHOLE,
    "payee_name": _TEXT, "bank_name": _TEXT, "cnaps": _TEXT, "account_no": _TEXT, "payee_type": _TEXT,
}  # fmt: skip
"""`booked`, as docs/architecture.md describes it."""

SUMS: Mapping[str, str] = {
    "batch_no": _WHOLE, "batch": _TEXT, "measure": _TEXT, "fund": _TEXT, "pay_year": _WHOLE, "event_year": _WHOLE,
    "town": _TEXT, "bureau": _TEXT, "category": _TEXT, "net_fen": _WHOLE,
}  # fmt: skip
"""`sums`, as docs/architecture.md describes it; a month has those columns that it asks for."""

_KNOWN = ("batch", "batch_no", "line", "month", "pay_date", "net_fen")
"""What the store knows of a line without being told."""

LINES: Mapping[str, str] = {name: dtype for name, dtype in BOOKED.items() if name not in _KNOWN}
"""What a booking says of each line."""

OUTCOMES: Mapping[str, str] = {
    "application_no": _TEXT, "instalment": _PERHAPS, "status": _TEXT, "measure": _TEXT, "bureau": _TEXT,
    "uscc": _TEXT, "applicant_name": _TEXT, "approved_amount_fen": _PERHAPS, "reasons": _TEXT,
}  # fmt: skip

OPEN_ITEMS: Mapping[str, str] = {
    "application_no": _TEXT, "instalment": _WHOLE, "status": _TEXT, "month": _TEXT, "batch": _TEXT,
    "measure": _TEXT, "bureau": _TEXT, "uscc": _TEXT, "applicant_name": _TEXT,
    "approved_amount_fen": _PERHAPS, "reasons": _TEXT,
}  # fmt: skip


def to_frame(rows: Sequence[Sequence[object]], dtypes: Mapping[str, str]) -> pd.DataFrame:
    """A frame from rows in the order of `dtypes`; no rows give the same columns and dtypes."""
    columns = list(zip(*rows, strict=True)) or [()] * len(dtypes)
    return pd.DataFrame(
        {name: _array(list(values), dtypes[name]) for name, values in zip(dtypes, columns, strict=True)}
    )


def to_columns(frame: pd.DataFrame, dtypes: Mapping[str, str]) -> list[list[object]]:
    """The columns of `frame` named in `dtypes`, as the store takes them: int, text, ISO day, None where blank."""
    return [_values(frame[name], dtype) for name, dtype in dtypes.items()]


def _array(values: list[object], dtype: str) -> pd.Series:
    if dtype == _DAY:
        return pd.Series(np.array([value or "NaT" for value in values], dtype="datetime64[s]"))
    return pd.Series(values, dtype=cast("type[object]", dtype))


def _values(column: pd.Series, dtype: str) -> list[object]:
    if dtype == _DAY:
        days = np.datetime_as_string(column.to_numpy(dtype="datetime64[D]"))
        return [None if day == "NaT" else day for day in days.tolist()]
    if dtype == _TEXT:
        return cast("list[object]", column.astype(object).tolist())
    return [None if value is pd.NA else value for value in column.astype("Int64").astype(object)]
