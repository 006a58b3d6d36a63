"""What a step of the calculation gives back: amounts that may only have fallen, a cut for each fall, and findings."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from disburse.language import listed, say
from disburse.money import yuan

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import pandas as pd

    from disburse.findings import Finding


class Cut(NamedTuple):
    """One reduction of one row: who did it, from what to what, and what had been used before."""

    row: int
    step: str
    code: str
    rule: str
    article: str
    before_fen: int
    after_fen: int
    ceiling_fen: int | None = None
    used_before_fen: int = 0
    batches: str = ""


@dataclass(frozen=True)
class Step:
    """amount: int64 fen by row label, for the rows the step was given; None where it touches no amount."""

    findings: list[Finding] = field(default_factory=list)
    amount: pd.Series[int] | None = None
    cuts: list[Cut] = field(default_factory=list)


def lines(rows: pd.DataFrame) -> Iterator[Any]:
    """The rows one by one: `.Index` and the columns as attributes, whose types no checker can know."""
    return iter(rows.itertuples())


def money(fen: int) -> str:
    """An amount as messages show it."""
    return yuan(fen, thousands=True)


SHOWN = 3
"""How many others a message names."""


def among(others: Sequence[Any], bureau: str) -> dict[str, str]:
    """Rows and bookings in a message: `other` for finance, `other_discreet` for the bureau that sent the row.

    others  named tuples of rows (source_file, source_sheet, source_row) or bookings (batch); those after the first
            SHOWN are only hinted at. What other bureaus sent is not named to `bureau`.
    """
    own = [each for each in others if each.bureau == bureau]
    strangers = say("其他单位报送的申报", "applications of other bureaus")
    discreet = listed(part for part in (_named(own), strangers if len(own) < len(others) else "") if part)
    return {"other": _named(others), "other_discreet": discreet}


def _named(others: Sequence[Any]) -> str:
    more = say(" 等", " and more") if len(others) > SHOWN else ""
    return listed(_one(each) for each in others[:SHOWN]) + more


def _one(each: Any) -> str:
    if getattr(each, "batch", ""):
        where = say(f"批次 {each.batch}", f"batch {each.batch}")
    else:
        sheet = [each.source_sheet] if each.source_sheet else []
        where = say("，", ", ").join(
            [each.source_file, *sheet, say(f"第 {each.source_row} 行", f"row {each.source_row}")]
        )
    return say(f"{each.application_no}（{where}）", f"{each.application_no} ({where})")
