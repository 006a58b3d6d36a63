"""Cut off at any moment, a booking is there whole or not at all, and doing it again completes it."""

from __future__ import annotations

import os
import signal
import time
from contextlib import closing
from datetime import date
from functools import partial
from itertools import count
from typing import TYPE_CHECKING, Any

from sqlalchemy import Engine, event

from disburse.store import Booking, Store, open_store
from tests.store.runs import SIGNED, book, booking, raw

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable
    from pathlib import Path

    import pandas as pd


def die() -> int:
    os.kill(os.getpid(), signal.SIGKILL)
    return 0


def killed(fork: Any, work: Callable[[], object], after_seconds: float | None = None) -> bool:
    """Whether the process that did `work` was killed, by itself or by us some time after it began."""
    ready, start = fork.Event(), fork.Event()

    def child() -> None:
        ready.set()
        start.wait()
        work()

    process = fork.Process(target=child)
    process.start()
    ready.wait()
    start.set()
    if after_seconds is not None:
        time.sleep(after_seconds)
        process.kill()
    process.join()
    assert process.exitcode in (0, -signal.SIGKILL)
    return bool(process.exitcode)


def with_each_connection(act: Callable[[sqlite3.Connection], object]) -> None:
    """From now on, in this process (which will soon die), `act` on every connection that is opened."""
    event.listen(Engine, "connect", lambda connection, record: act(connection))


def lines_booked(url: str, path: Path, tag: str) -> int:
    """How many lines of the run `tag` are booked; asserts that batches, lines and head agree and the file is sound."""
    store = open_store(url, create=False)
    booked, sequence = store.booked(), store.head().sequence
    with closing(raw(path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
        told = connection.execute("SELECT batch_no, lines FROM batch ORDER BY batch_no").fetchall()
        rows = connection.execute(
            "SELECT batch_no, count(*) FROM outcome GROUP BY batch_no ORDER BY batch_no"
        ).fetchall()
    assert told == rows == list(booked.groupby("batch_no").size().items())
    assert [batch_no for batch_no, _ in told] == list(range(1, sequence + 1))
    return int(booked["application_no"].str.startswith(f"{tag}-").sum())


def completed(store: Store, url: str, path: Path, tag: str, size: int) -> bool:
    """Whether the run `tag` survived; asserts that it is whole or not there, and that once more completes it."""
    there = lines_booked(url, path, tag)
    assert there in (0, size)
    assert book(store, booking(size, tag), tag).already is bool(there)
    assert lines_booked(url, path, tag) == size
    return bool(there)


def test_inside_the_calculation(store: Store, url: str, path: Path, fork: Any) -> None:
    def booking_of(booked: pd.DataFrame) -> Booking:
        die()
        return booking(5)

    def work() -> None:
        store.book(booking_of, run_hash="a" * 64, month="2025-06", pay_date=date(2025, 6, 30), **SIGNED)

    assert killed(fork, work)
    assert not completed(store, url, path, "A", 5)


def test_before_every_statement(store: Store, url: str, path: Path, fork: Any) -> None:
    for moment in count(1):
        tag = f"M{moment}"

        def work(moment: int = moment, tag: str = tag) -> None:
            said = count(1)
            with_each_connection(lambda one: one.set_trace_callback(lambda _: die() if next(said) == moment else None))
            book(store, booking(2, tag), tag)

        was = killed(fork, work)
        assert completed(store, url, path, tag, 2) is not was
        if not was:
            break
    # BEGIN, three inserts with their triggers, the head, COMMIT …
    assert moment > 20


def test_while_a_store_is_made(path: Path, url: str, fork: Any) -> None:
    for moment in range(1, 100, 7):
        path.unlink(missing_ok=True)

        def work(moment: int = moment) -> None:
            said = count(1)
            with_each_connection(lambda one: one.set_trace_callback(lambda _: die() if next(said) == moment else None))
            open_store(url, create=True)

        if not killed(fork, work):
            break
        assert open_store(url, create=False).head().sequence == 0
        assert completed(open_store(url, create=True), url, path, "A", 2) is False
    assert moment > 30


def test_in_the_middle_of_statements(store: Store, url: str, path: Path, fork: Any) -> None:
    instructions, kills = 500, 0
    while True:
        tag = f"P{instructions}"

        def work(instructions: int = instructions, tag: str = tag) -> None:
            with_each_connection(lambda one: one.set_progress_handler(die, instructions))
            book(store, booking(300, tag), tag)

        was = killed(fork, work)
        assert completed(store, url, path, tag, 300) is not was
        if not was:
            break
        kills, instructions = kills + 1, instructions * 2
    assert kills > 5


def test_at_twenty_moments(store: Store, url: str, path: Path, fork: Any) -> None:
    size = 400
    book(store, booking(size, "W"), "W")
    start = time.perf_counter()
    assert not killed(fork, lambda: book(store, booking(size, "X"), "X"))
    span = time.perf_counter() - start
    for i in range(20):
        run = booking(size, f"T{i}")
        killed(fork, partial(book, store, run, f"T{i}"), after_seconds=span * i / 18)
        completed(store, url, path, f"T{i}", size)


def test_half_written_pages_are_rolled_back_by_a_reader(store: Store, url: str, path: Path, fork: Any) -> None:
    book(store, booking(500))
    before = path.read_bytes()

    def work() -> None:
        # a cache this small writes pages into the file long before the commit
        def act(connection: sqlite3.Connection) -> None:
            connection.execute("PRAGMA cache_size = 4")
            connection.set_trace_callback(lambda text: die() if text.startswith("COMMIT") else None)

        with_each_connection(act)
        book(store, booking(500, "B"), "second")

    assert killed(fork, work)
    assert path.read_bytes() != before
    assert path.with_name(path.name + "-journal").exists()
    assert len(open_store(url, create=False).booked()) == 500
    assert path.read_bytes() == before
    assert not completed(store, url, path, "B", 500)
