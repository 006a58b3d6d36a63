"""The whole book in another place: the same batches, lines and head, on either database, or nothing."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest
from sqlalchemy import text

from disburse import bookkeeping
from disburse.errors import Refused, Usage
from disburse.store import Store, open_store
from disburse.store.schema import DERIVED, metadata
from tests.store.runs import book, booking, past
from tests.store.test_verification import filled

if TYPE_CHECKING:
    from pathlib import Path


def quiet(_: str) -> None:
    """No progress."""


def everything(store: Store) -> dict[str, list[tuple[Any, ...]]]:
    with store.reading() as connection:
        assert connection is not None
        tables = {name: table for name, table in metadata.tables.items() if table not in DERIVED}
        return {name: sorted(connection.execute(table.select()).all(), key=str) for name, table in tables.items()}


def test_out_and_in_again_it_is_the_same_book(store: Store, url: str, tmp_path: Path) -> None:
    filled(store)
    copied = bookkeeping.backup(url, tmp_path / "备份.db", quiet)
    assert (copied.head, copied.batches, copied.lines) == (store.head(), 5, len(store.booked()) + 2)
    target = f"sqlite:///{tmp_path / 'new.db'}"
    assert bookkeeping.restore(tmp_path / "备份.db", target, quiet) == copied
    for address in (f"sqlite:///{tmp_path / '备份.db'}", target):
        other = open_store(address, create=False)
        assert everything(other) == everything(store)
        pd.testing.assert_frame_equal(other.booked(), store.booked())
        pd.testing.assert_frame_equal(other.open_items(), store.open_items())
        assert bookkeeping.verify(address, [copied.head], quiet).faults == []
    book(open_store(target, create=True), booking(1, "Z"), "later")


def test_a_backup_moves_an_office_to_the_other_database(tmp_path: Path, url: str) -> None:
    """`url` is the new store: the office began with a file."""
    old = filled(open_store(f"sqlite:///{tmp_path / 'old.db'}", create=True))
    bookkeeping.backup(f"sqlite:///{tmp_path / 'old.db'}", tmp_path / "b.db", quiet)
    bookkeeping.restore(tmp_path / "b.db", url, quiet)
    new = open_store(url, create=True)
    assert everything(new) == everything(old)
    book(new, booking(1, "Z"), "later")
    assert bookkeeping.verify(url, [], quiet).faults == []


def test_nothing_is_ever_written_over(store: Store, url: str, tmp_path: Path) -> None:
    filled(store)
    bookkeeping.backup(url, tmp_path / "b.db", quiet)
    before = (tmp_path / "b.db").read_bytes(), everything(store)
    with pytest.raises(Usage, match="未覆盖"):
        bookkeeping.backup(url, tmp_path / "b.db", quiet)
    with pytest.raises(Refused, match="不是空的"):
        bookkeeping.restore(tmp_path / "b.db", url, quiet)
    with pytest.raises(Refused, match="不是空的"):
        bookkeeping.restore(tmp_path / "b.db", f"sqlite:///{tmp_path / 'b.db'}", quiet)
    assert ((tmp_path / "b.db").read_bytes(), everything(store)) == before


def test_a_book_that_does_not_verify_is_neither_kept_nor_restored(store: Store, url: str, tmp_path: Path) -> None:
    filled(store)
    bookkeeping.backup(url, tmp_path / "b.db", quiet)
    with closing(sqlite3.connect(tmp_path / "b.db")) as file:
        file.execute("DROP TRIGGER posting_update")
        file.execute("UPDATE posting SET account_no = '6222020200000009' WHERE batch_no = 3 AND line = 1")
        file.commit()
    with pytest.raises(Refused, match="批次 2025-07-1"):
        bookkeeping.restore(tmp_path / "b.db", f"sqlite:///{tmp_path / 'new.db'}", quiet)
    assert open_store(f"sqlite:///{tmp_path / 'new.db'}", create=False).head().sequence == 0
    with past(url) as other:
        if other.connection.dialect.name == "sqlite":
            other.connection.execute(text("DROP TRIGGER posting_update"))
        else:
            other.connection.execute(text("ALTER TABLE posting DISABLE TRIGGER ALL"))
        other.connection.execute(text("UPDATE posting SET town = '别处' WHERE batch_no = 1 AND line = 1"))
    with pytest.raises(Refused, match="批次 2025-06-1"):
        bookkeeping.backup(url, tmp_path / "c.db", quiet)
    assert sorted(each.name for each in tmp_path.iterdir() if each.name.startswith("c")) == []


def test_what_is_no_backup_is_said(tmp_path: Path) -> None:
    target = f"sqlite:///{tmp_path / 'new.db'}"
    with pytest.raises(Usage, match="none"):
        bookkeeping.restore(tmp_path / "none.db", target, quiet)
    (tmp_path / "note.db").write_text("no database" * 500)
    with pytest.raises(Usage, match=r"note.db 不是备份"):
        bookkeeping.restore(tmp_path / "note.db", target, quiet)
    (tmp_path / "other.db").write_bytes(b"SQLite format 3\0" + b"x" * 5000)
    with pytest.raises(Refused, match=r"other.db"):
        bookkeeping.restore(tmp_path / "other.db", target, quiet)
    with pytest.raises(Refused, match="空的"):
        bookkeeping.backup(target, tmp_path / "b.db", quiet)
    assert not (tmp_path / "new.db").exists()


def test_a_backup_is_one_moment_while_others_book(store: Store, url: str, tmp_path: Path, fork: Any) -> None:
    book(store, booking(50), "first")
    stop = fork.Event()

    def clerk() -> None:
        n = 0
        while not stop.is_set() and n < 200:
            n += 1
            book(open_store(url, create=True), booking(5, f"T{n}"), f"run {n}")

    child = fork.Process(target=clerk)
    child.start()
    try:
        for i in range(3):
            copied = bookkeeping.backup(url, tmp_path / f"{i}.db", quiet)
            assert copied.lines == 50 + 5 * (copied.batches - 1)
    finally:
        stop.set()
        child.join()
    assert bookkeeping.verify(url, [copied.head], quiet).faults == []


def test_no_password_is_ever_shown(url: str) -> None:
    """An empty store is named without what stands before the @."""
    address = url.replace("postgres@", "postgres:secret@")
    with pytest.raises(Refused) as raised:
        bookkeeping.verify(address, [], quiet)
    assert "secret" not in raised.value.zh + raised.value.en
