"""What is left of a payment: what it paid, less all that reversals took back."""

from __future__ import annotations

from sqlalchemy import BigInteger, ColumnElement, cast, func, literal_column, select

from disburse.store.schema import PAID, posting

_back = posting.alias("back")

_taken = select(func.sum(_back.c.paid_fen)).where(_back.c.refers_to == posting.c.id).scalar_subquery()

NET_FEN = cast(posting.c.paid_fen + func.coalesce(_taken, 0), BigInteger)
"""Of the posting in the query around it. PostgreSQL sums to a numeric without the cast."""

IS_PAID: ColumnElement[bool] = literal_column(f"posting.{PAID}")
"""Payments and opening lines, word for word as the partial indexes say it."""
