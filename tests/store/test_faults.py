"""Disk full, disk broken, killed, cut off: a booking is there whole or not at all, and the same command completes it.

The faults are real: strace makes the kernel kill the process, or fail the call, at one call after another.
`KILLS=200 pytest tests/store/test_faults.py` plays the full numbers, and then every storage call, not some.
"""

from __future__ import annotations

import os
import random
import re
import shutil
import signal
import subprocess
import time
from collections import Counter
from datetime import date
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import create_engine
from sqlalchemy.pool import NullPool

from disburse.errors import Refused
from disburse.store import Booking, Consult, Store, open_store
from disburse.store.derived import differences
from tests.store.runs import SIGNED, book, booking, lines, outcomes, past

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

FULL = "KILLS" in os.environ
KILLS = int(os.environ.get("KILLS", "20"))
SIZE = 60
CALLS = ("openat", "pwrite64", "fsync", "fdatasync", "unlink", "ftruncate")
"""What SQLite asks of the storage; SQLite on other systems may not use all of them."""


@pytest.fixture
def strace() -> str:
    found = shutil.which("strace")
    if found is None:
        reason = "NOT TESTED UNDER STORAGE FAULTS: there is no strace"
        pytest.fail(reason) if os.environ.get("CI") else pytest.skip(reason)
    if subprocess.run([found, "-o", os.devnull, "true"], capture_output=True, check=False).returncode:
        pytest.skip("NOT TESTED UNDER STORAGE FAULTS: this kernel lets nobody trace")
    return found


class Traced:
    """A booking in a process of its own under strace."""

    def __init__(self, strace: str, fork: Any, path: Path) -> None:
        self.strace, self.fork, self.path = strace, fork, path

    def book(self, tag: str, *options: str) -> tuple[int, str, str]:
        """Exit code of the process, what it answered, and what strace saw."""
        start, answers = self.fork.Event(), self.fork.SimpleQueue()
        log = self.path.with_name("strace.log")

        def child() -> None:
            start.wait()
            try:
                answers.put(repr(book(open_store(f"sqlite:///{self.path}", create=True), run(tag), tag)))
            except Refused as error:
                answers.put(f"Refused: {error.en}")
            except Exception as error:  # noqa: BLE001  the parent must hear of it
                answers.put(repr(error))

        process = self.fork.Process(target=child)
        process.start()
        files = [option for name in ("", "-journal") for option in ("-P", f"{self.path}{name}")]
        tracer = subprocess.Popen(
            [self.strace, "-f", "-p", str(process.pid), "-o", log, *files, *options], stderr=subprocess.PIPE, text=True
        )
        assert tracer.stderr is not None
        for line in tracer.stderr:
            if "attached" in line:
                break
        start.set()
        process.join()
        tracer.communicate()
        return process.exitcode, "" if answers.empty() else answers.get(), log.read_text(errors="replace")


@pytest.fixture
def traced(strace: str, fork: Any, path: Path) -> Traced:
    open_store(f"sqlite:///{path}", create=True)
    return Traced(strace, fork, path)


def run(tag: str) -> Booking:
    return booking(SIZE, tag, 5_000, outcomes(lines(3, f"{tag}-H"), "held"))


def moments(traced: Traced) -> list[tuple[str, int]]:
    """Every storage call of a booking: its name, and the how manyth of that name it is."""
    exitcode, answer, log = traced.book("plain", "-e", f"trace={','.join(CALLS)}")
    assert (exitcode, answer[:7]) == (0, "Receipt"), answer
    counts = Counter(re.findall(rf"^\d+ +({'|'.join(CALLS)})\(", log, re.MULTILINE))
    assert counts["pwrite64"] > 20
    found = [(call, number) for call in CALLS for number in range(1, counts[call] + 1)]
    return found if FULL else found[:: max(len(found) // KILLS, 1)]


def whole_or_nothing(url: str, tag: str) -> bool:
    """Whether the run is booked; asserts that it is whole or not there, that all agrees, and that once more completes it."""
    there = sound(url, tag)
    assert there in (0, SIZE)
    assert book(open_store(url, create=True), run(tag), tag).already is bool(there)
    assert sound(url, tag) == SIZE
    return bool(there)


def sound(url: str, tag: str) -> int:
    store = open_store(url, create=False)
    booked, sequence = store.booked(), store.head().sequence
    with past(url) as other:
        told = [tuple(row) for row in other.execute("SELECT batch_no, lines FROM batch ORDER BY batch_no")]
        assert list(differences(other.connection)) == []
        if other.connection.dialect.name == "sqlite":
            assert other.execute("PRAGMA integrity_check") == [("ok",)]
    assert told == list(booked.groupby("batch_no").size().items())
    assert [batch_no for batch_no, _ in told] == list(range(1, sequence + 1))
    assert not booked.duplicated(["application_no", "instalment"]).any()
    return int(booked["application_no"].str.startswith(f"{tag}-").sum())


def test_killed_at_the_storage_calls(traced: Traced, url: str) -> None:
    outcomes_seen = Counter()
    for call, number in moments(traced):
        tag = f"{call}{number}"
        exitcode, answer, _ = traced.book(
            tag, "-e", f"trace={call}", "-e", f"inject={call}:signal=SIGKILL:when={number}"
        )
        assert exitcode == -signal.SIGKILL, (tag, answer)
        outcomes_seen[whole_or_nothing(url, tag)] += 1
    assert outcomes_seen[False] > outcomes_seen[True]


@pytest.mark.parametrize(("error", "says"), [("ENOSPC", "full"), ("EIO", "failed")])
def test_a_disk_that_fails(traced: Traced, url: str, error: str, says: str) -> None:
    for call, number in moments(traced):
        if call in ("openat", "unlink", "ftruncate") or (error == "ENOSPC" and call != "pwrite64"):
            continue
        tag = f"{error}{call}{number}"
        exitcode, answer, _ = traced.book(
            tag, "-e", f"trace={call}", "-e", f"inject={call}:error={error}:when={number}+"
        )
        assert exitcode == 0
        assert answer.startswith("Refused: "), answer
        assert says in answer
        whole_or_nothing(url, tag)


def test_killed_at_any_moment(url: str, fork: Any) -> None:
    """On either database; what the server does with a client that vanishes is the server's."""
    store = open_store(url, create=True)
    start = time.perf_counter()
    book(store, run("first"), "first")
    span = time.perf_counter() - start
    chance = random.Random(20250205)
    seen = Counter()
    for i in range(KILLS):
        tag = f"K{i}"
        ready = fork.Event()

        def child(tag: str = tag, ready: Any = ready) -> None:
            ready.set()
            book(store, run(tag), tag)

        process = fork.Process(target=child)
        process.start()
        ready.wait()
        time.sleep(chance.uniform(0, span * 1.2))
        process.kill()
        process.join()
        seen[whole_or_nothing(url, tag)] += 1
    assert seen[False]


class TestServer:
    """What only a server can do to a poster."""

    @pytest.fixture
    def server(self, url: str, request: pytest.FixtureRequest) -> str:
        if not url.startswith("postgresql"):
            pytest.skip("a file has no server")
        return url

    @staticmethod
    def cut_off(url: str) -> None:
        """End every other connection to the database, as an administrator would."""
        engine = create_engine(url, poolclass=NullPool, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.exec_driver_sql(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )

    def test_a_connection_lost_while_calculating(self, server: str) -> None:
        store = open_store(server, create=True)

        def booking_of(_: Consult) -> Booking:
            self.cut_off(server)
            return run("A")

        with pytest.raises(Refused, match=r"连接中断|连不上"):
            attempt(store, booking_of)
        assert not whole_or_nothing(server, "A")

    def test_a_server_that_only_reads(self, server: str) -> None:
        store = open_store(server, create=True)
        name = server.rsplit("/", 1)[-1]
        with past(server) as other:
            other.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
        with pytest.raises(Refused, match="只读"):
            book(store, run("A"), "A")
        assert store.head().sequence == 0

    def test_a_user_who_may_only_look(self, server: str) -> None:
        store = open_store(server, create=True)
        with past(server) as other:
            other.execute("DROP ROLE IF EXISTS disburse_test_looker")
            other.execute("CREATE ROLE disburse_test_looker")
            other.execute("GRANT SELECT ON ALL TABLES IN SCHEMA public TO disburse_test_looker")
        with pytest.raises(Refused, match="权限"):
            book(open_store(f"{server}?options=-c%20role%3Ddisburse_test_looker", create=True), run("A"), "A")
        assert len(open_store(f"{server}?options=-c%20role%3Ddisburse_test_looker", create=False).booked()) == 0
        assert store.head().sequence == 0

    def test_a_colleague_who_takes_too_long(self, server: str) -> None:
        waited: list[None] = []
        open_store(server, create=True)
        store = open_store(server, create=True, patience_seconds=0.3, waiting=lambda: waited.append(None))
        with past(server) as other:
            other.execute("SELECT * FROM head FOR UPDATE")
            with pytest.raises(Refused, match="由另一人记账"):
                book(store, run("A"), "A")
        assert len(waited) == 1
        assert not whole_or_nothing(server, "A")

    def test_a_statement_the_server_stops(self, server: str) -> None:
        with pytest.raises(Refused, match="statement_timeout"):
            open_store(f"{server}?options=-c%20statement_timeout%3D1", create=True)
        assert open_store(server, create=False).head().sequence == 0

    def test_another_programs_database(self, server: str) -> None:
        with past(server) as other:
            other.execute("CREATE TABLE posting (id bigint)")
        for create in (True, False):
            with pytest.raises(Refused, match="别的程序"):
                open_store(server, create=create)

    def test_no_such_database_or_user(self, server: str) -> None:
        with pytest.raises(Refused, match=r"不存在|连不上"):
            open_store(f"{server}_none", create=True)


def attempt(store: Store, booking_of: Callable[[Consult], Booking]) -> None:
    store.book(booking_of, run_hash="a" * 64, month="2025-06", pay_date=date(2025, 6, 30), **SIGNED)


def test_a_clock_set_back_changes_nothing(url: str, tmp_path: Path) -> None:
    """Two stores, booked into on days ten years apart and in the wrong order, are one to the letter."""
    fake = shutil.which("faketime")
    if fake is None:
        reason = "NOT TESTED WITH A CLOCK SET BACK: there is no faketime"
        pytest.fail(reason) if os.environ.get("CI") else pytest.skip(reason)
    code = (
        "import sys; from disburse.store import open_store; from tests.store.runs import book, booking;"
        "print(book(open_store(sys.argv[1], create=True), booking(3, sys.argv[2]), sys.argv[2]).head)"
    )
    heads = []
    for tag, day in (("A", "2035-01-01"), ("B", "2015-01-01")):
        done = subprocess.run(
            [fake, "-f", f"{day} 10:00:00", os.sys.executable, "-c", code, url, tag],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        heads.append(done.stdout.strip())
    other = open_store(f"sqlite:///{tmp_path / 'other.db'}", create=True)
    assert heads == [book(other, booking(3, tag), tag).head for tag in "AB"]
