"""Runs to book, and raw access to the store: real databases, real processes, nothing pretended."""

from __future__ import annotations

import hashlib
import sqlite3
from contextlib import contextmanager
from datetime import date
from typing import TYPE_CHECKING, Any

import pandas as pd
from sqlalchemy import create_engine, event, inspect, text
from sqlalchemy.pool import NullPool

from disburse.store import Booking, Receipt, Store
from disburse.store.derived import take_in
from disburse.store.frames import LINES

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from sqlalchemy import Connection

POLICY = hashlib.sha256(b"policy").hexdigest()
SIGNED: dict[str, Any] = {"prepared_by": "张三", "approved_by": "李四", "reviewed_by": None}


def lines(count: int, tag: str = "A", paid_fen: int | list[int] = 5_000) -> pd.DataFrame:
    """`count` lines to pay, no two cells of a row alike."""
    cells: dict[str, Any] = {}
    for name, dtype in LINES.items():
        if dtype == "str":
            cells[name] = pd.Series([f"{name}·企业{i}" for i in range(count)], dtype="str")
        elif dtype == "int64":
            cells[name] = pd.Series([1] * count, dtype="int64")
        else:
            cells[name] = pd.Series(pd.to_datetime(["2025-03-05"] * count)).astype("datetime64[s]")
    cells["application_no"] = pd.Series([f"{tag}-{i:06}" for i in range(count)], dtype="str")
    cells["matter_no"] = pd.Series([""] * count, dtype="str")
    cells["paid_fen"] = pd.Series([paid_fen] * count if isinstance(paid_fen, int) else paid_fen, dtype="int64")
    cells["approved_amount_fen"] = cells["paid_fen"] + 7
    return pd.DataFrame(cells)


def outcomes(frame: pd.DataFrame, status: str = "paid") -> pd.DataFrame:
    names = ["application_no", "instalment", "measure", "bureau", "uscc", "applicant_name", "approved_amount_fen"]
    said = frame[names].assign(status=status, reasons="CEILING" if status == "paid" else "NAME_CONFLICT")
    return said.astype({"instalment": "Int64", "approved_amount_fen": "Int64", "status": "str", "reasons": "str"})


def booking(count: int, tag: str = "A", paid_fen: int | list[int] = 5_000, *others: pd.DataFrame) -> Booking:
    paid = lines(count, tag, paid_fen)
    return Booking(paid, pd.concat([outcomes(paid), *others], ignore_index=True), POLICY)


def book(store: Store, what: Booking, run: str = "first", month: str = "2025-06", **changed: Any) -> Receipt:
    day = date(int(month[:4]), int(month[5:]), 28)
    return store.book(
        lambda booked: what, run_hash=hashlib.sha256(run.encode()).hexdigest(), month=month, pay_date=day,
        **{**SIGNED, **changed},
    )  # fmt: skip


def raw(path: Path) -> sqlite3.Connection:
    """The file as any other program would open it, with foreign keys on."""
    connection = sqlite3.connect(path, isolation_level=None, timeout=0)
    connection.execute("PRAGMA foreign_keys = ON")
    return connection


class Past:
    """A transaction past the program, in plain SQL; a statement that is refused leaves the transaction as it was."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    def execute(self, statement: str, **values: Any) -> list[Any]:
        with self.connection.begin_nested():
            result = self.connection.execute(text(statement), values)
            return list(result.all()) if result.returns_rows else []

    def columns(self, table: str) -> list[str]:
        return [column["name"] for column in inspect(self.connection).get_columns(table)]

    def copy(self, table: str, where: str, **changed: Any) -> None:
        """Insert a copy of one row with some cells changed."""
        (found,) = self.connection.execute(text(f"SELECT * FROM {table} WHERE {where}")).mappings().all()
        row = {**found, **changed}
        self.execute(f"INSERT INTO {table} ({', '.join(row)}) VALUES ({', '.join(f':{name}' for name in row)})", **row)

    def next_batch(self, **changed: Any) -> int:
        """A further batch made by hand from the last one, with no lines."""
        ((sequence, previous),) = self.execute("SELECT sequence, hash FROM head")
        ((number,),) = self.execute("SELECT coalesce(max(number), 0) + 1 FROM batch WHERE month = '2025-06'")
        fresh = {
            "batch_no": sequence + 1, "batch": f"2025-06-{number}", "month": "2025-06", "number": number,
            "previous_hash": previous, "run_hash": f"{sequence + 1:064}", "hash": f"{sequence + 1:064}",
            "lines": 0, "total_fen": 0, "outcomes": 0, "open_items": 0,
        }  # fmt: skip
        self.copy("batch", f"batch_no = {sequence}", **{**fresh, **changed})
        return int(sequence) + 1

    def advance(self, batch_no: int) -> None:
        """Let the head follow, and what is derived, as whoever books must."""
        take_in(self.connection, batch_no)
        self.execute(
            "UPDATE head SET sequence = :batch_no, hash = (SELECT hash FROM batch WHERE batch_no = :batch_no)",
            batch_no=batch_no,
        )


@contextmanager
def past(url: str) -> Iterator[Past]:
    """A transaction of another program on the store; committed unless something is raised."""
    engine = create_engine(url, poolclass=NullPool)
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _as_another_program)
        event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN IMMEDIATE"))
    with engine.begin() as connection:
        yield Past(connection)


def _as_another_program(connection: Any, _: Any) -> None:
    connection.isolation_level = None
    connection.execute("PRAGMA foreign_keys = ON")


def reverse(url: str, posting: int, fen: int, part: int = 1) -> None:
    """Take back `fen` of a line, as any program could."""
    with past(url) as other:
        batch_no = other.next_batch(lines=1, total_fen=-fen)
        ((last,),) = other.execute("SELECT max(id) FROM posting")
        other.copy(
            "posting", f"id = {posting}", id=last + 1, batch_no=batch_no, line=1, kind="reversal", refers_to=posting,
            reversal_no=part, paid_fen=-fen, reason="退票", document_no="银退1号", pays_again=None,
        )  # fmt: skip
        other.advance(batch_no)
