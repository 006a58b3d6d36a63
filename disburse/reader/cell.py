"""What can stand in a cell. Rows and columns count from 0."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta


@dataclass(frozen=True, slots=True)
class ErrorValue:
    """A cell that shows an error, e.g. `#REF!`."""

    text: str


@dataclass(frozen=True, slots=True)
class NotCalculated:
    """A formula for which the file holds no result."""


Cell = str | float | int | bool | date | datetime | time | timedelta | ErrorValue | NotCalculated
"""A raw cell; `""` when blank."""

Range = tuple[int, int, int, int]
"""First row, first column, last row, last column."""
