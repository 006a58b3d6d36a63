"""The day whose values are in force for a row: the date that must lie in the term, on every day of which values hold."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

if TYPE_CHECKING:
    from datetime import date

    from disburse.case import Case


def days(rows: pd.DataFrame, case: Case) -> pd.Series[date]:
    """That day of each row, by the policy's reading; the event date while the pay date is not known (`check`)."""
    column = case.policy.term.date
    if column == "pay_date" and case.pay_date is not None:
        return pd.Series([case.pay_date] * len(rows), index=rows.index, dtype=object)
    asked: pd.Series[date] = rows["event_date" if column == "pay_date" else column].dt.date
    return asked
