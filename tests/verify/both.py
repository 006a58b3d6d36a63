"""The two calculations side by side: what differs between them, line by line, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from disburse.records import cuts_in_order
from disburse.settlement import Settlement, settle
from disburse.verify.plain import Recalculated, recalculate

if TYPE_CHECKING:
    from disburse.case import Case
    from disburse.findings import Finding

AMOUNTS = ("entitled_fen", "alone_fen", "distinct_fen", "limited_fen", "paid_fen")
CUTS = ("row", "step", "code", "rule", "article", "before_fen", "after_fen", "ceiling_fen", "used_before_fen")


def differences(rows: pd.DataFrame, found: list[Finding], case: Case) -> list[str]:
    """Every outcome and every cut that the fast calculation and the plain one do not have alike."""
    return apart(settle(rows, found, case), recalculate(rows, found, case))


def apart(fast: Settlement, plain: Recalculated) -> list[str]:
    one = {
        row.Index: (row.status, *(_fen(getattr(row, name)) for name in AMOUNTS), row.reasons)
        for row in fast.rows.itertuples()
    }
    other = {
        each.row: (each.status, *(getattr(each, name) for name in AMOUNTS), ";".join(each.reasons))
        for each in plain.outcomes
    }
    said = [f"row {row}: fast {one[row]}, plain {other.get(row)}" for row in one if one[row] != other.get(row)]
    cuts = [tuple(_fen(getattr(cut, name)) for name in CUTS) for cut in cuts_in_order(fast).itertuples()]
    plainly = [tuple(cut) for cut in plain.cuts]
    if cuts != plainly:
        said += [f"cut only fast: {cut}" for cut in cuts if cut not in plainly]
        said += [f"cut only plain: {cut}" for cut in plainly if cut not in cuts]
        said += ["cuts in another order"] * (len(said) == 0)
    return said


def _fen(value: Any) -> Any:
    return value if isinstance(value, str) else None if pd.isna(value) else int(value)
