"""Runs to book, and raw access to the file: real SQLite files, real processes, nothing pretended."""

from __future__ import annotations

import hashlib
import sqlite3
from contextlib import closing
from datetime import date
from typing import TYPE_CHECKING, Any

import pandas as pd

from disburse.store import Booking, Receipt, Store
from disburse.store.frames import LINES

if TYPE_CHECKING:
    from pathlib import Path

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


def copy(connection: sqlite3.Connection, table: str, where: str, **changed: Any) -> None:
    """Insert a copy of one row with some cells changed."""
    cursor = connection.execute(f"SELECT * FROM {table} WHERE {where}")
    row = dict(zip([column[0] for column in cursor.description], cursor.fetchone(), strict=True)) | changed
    places = ", ".join(f":{name}" for name in row)
    connection.execute(f"INSERT INTO {table} ({', '.join(row)}) VALUES ({places})", row)


def next_batch(connection: sqlite3.Connection, **changed: Any) -> int:
    """A further batch made by hand from the last one, with no lines."""
    sequence, previous = connection.execute("SELECT sequence, hash FROM head").fetchone()
    (number,) = connection.execute("SELECT max(number) + 1 FROM batch WHERE month = '2025-06'").fetchone()
    fresh = {
        "batch_no": sequence + 1, "batch": f"2025-06-{number}", "month": "2025-06", "number": number,
        "previous_hash": previous,
        "run_hash": f"{sequence + 1:064}", "hash": f"{sequence + 1:064}", "lines": 0, "total_fen": 0, "outcomes": 0,
        "open_items": 0,
    }  # fmt: skip
    copy(connection, "batch", f"batch_no = {sequence}", **{**fresh, **changed})
    return int(sequence) + 1


def reverse(path: Path, posting: int, fen: int, part: int = 1) -> None:
    """Take back `fen` of a line, as the later command will."""
    with closing(raw(path)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        batch_no = next_batch(connection, lines=1, total_fen=-fen)
        (last,) = connection.execute("SELECT max(id) FROM posting").fetchone()
        copy(
            connection, "posting", f"id = {posting}", id=last + 1, batch_no=batch_no, line=1, kind="reversal",
            refers_to=posting, reversal_no=part, paid_fen=-fen, reason="退票", document_no="银退1号",
        )  # fmt: skip
        connection.execute(
            "UPDATE head SET sequence = ?, hash = (SELECT hash FROM batch WHERE batch_no = ?)", (batch_no, batch_no)
        )
        connection.execute("COMMIT")
