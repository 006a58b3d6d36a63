"""The booked lines as the calculation sees them: payments and opening lines, each with what reversals left of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import cast, func, literal_column, select

from disburse.store.frames import BOOKED
from disburse.store.schema import Fen, batch, posting

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import ColumnElement, Connection, Select

PAYMENT = posting.c.kind != literal_column("'reversal'")
"""Payments and opening lines. No parameter stands in it, so that the partial indexes are used."""

BACK = posting.alias("back")
"""The reversals that refer to a line."""

LEFT = posting.c.paid_fen + func.coalesce(
    # to PostgreSQL the sum of a BIGINT is a NUMERIC
    select(cast(func.sum(BACK.c.paid_fen), Fen)).where(BACK.c.refers_to == posting.c.id).scalar_subquery(),
    0,
)
"""What is left of a line."""


def booked_lines() -> Select[tuple[object, ...]]:
    """The columns of `booked` (docs/architecture.md), in booking order."""
    elsewhere: dict[str, ColumnElement[Any]] = {"batch": batch.c.batch, "net_fen": LEFT}
    columns = [elsewhere[name] if name in elsewhere else posting.c[name] for name in BOOKED]
    joined = posting.join(batch, batch.c.batch_no == posting.c.batch_no)
    return select(*columns).select_from(joined).where(PAYMENT).order_by(posting.c.id)


def fetch(connection: Connection, query: Select[tuple[object, ...]]) -> Sequence[tuple[object, ...]]:
    """Plain tuples: every column is text or integer, there is nothing for SQLAlchemy to convert."""
    cursor = connection.execute(query).cursor
    return cursor.fetchall() if cursor else []
