"""Several clerks at once: a run is booked by exactly one of them, and a limit is never exceeded."""

from __future__ import annotations

import hashlib
from datetime import date
from functools import partial
from typing import TYPE_CHECKING, Any

from disburse.errors import Refused
from disburse.store import Booking, Receipt, open_store
from tests.store.runs import SIGNED, book, booking

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import pandas as pd

CLERKS = 4


def at_once(fork: Any, work: Callable[[int], Any]) -> list[Any]:
    """What `work(i)` answers in each of several processes that start together."""
    answers, start = fork.SimpleQueue(), fork.Barrier(CLERKS)

    def clerk(i: int) -> None:
        start.wait()
        try:
            answers.put(work(i))
        except Exception as error:  # noqa: BLE001  the parent must hear of it
            answers.put(repr(error))

    children = [fork.Process(target=clerk, args=(i,)) for i in range(CLERKS)]
    for child in children:
        child.start()
    got = [answers.get() for _ in children]
    for child in children:
        child.join()
    return got


def book_there(url: str, clerk: int) -> Receipt:
    return book(open_store(url, create=True), booking(20))


def test_the_same_run_is_booked_by_one(tmp_path: Path, fork: Any) -> None:
    for i in range(15):
        # the file is made by them too, all at once
        url = f"sqlite:///{tmp_path / f'{i}.db'}"
        receipts = at_once(fork, partial(book_there, url))
        assert sorted(one.already for one in receipts) == [False] + [True] * (CLERKS - 1), receipts
        assert {(one.batch, one.sequence, one.head, one.lines, one.total_fen) for one in receipts} == {
            ("2025-06-1", 1, receipts[0].head, 20, 100_000)
        }
        assert len(open_store(url, create=False).booked()) == 20


def test_different_runs_never_exceed_what_is_left(tmp_path: Path, fork: Any) -> None:
    limit, asks, rounds = 10_000, (1_700, 900, 2_300, 410), 8
    url = f"sqlite:///{tmp_path / 'a.db'}"
    open_store(url, create=True)

    def clerk(i: int) -> int:
        store, booked = open_store(url, create=True), 0
        for n in range(rounds):

            def booking_of(before: pd.DataFrame, n: int = n) -> Booking:
                amount = min(asks[i], limit - int(before["net_fen"].sum()))
                if amount == 0:
                    raise Refused("额度已用完。", "Nothing is left.")
                return booking(1, f"T{i}-{n}", amount)

            try:
                receipt: Receipt = store.book(
                    booking_of, run_hash=hashlib.sha256(f"{i} {n}".encode()).hexdigest(),
                    month="2025-06", pay_date=date(2025, 6, 30), **SIGNED,
                )  # fmt: skip
                booked += receipt.total_fen
            except Refused as error:
                if "额度已用完" not in str(error):
                    raise
        return booked

    assert sum(at_once(fork, clerk)) == limit
    store = open_store(url, create=False)
    booked = store.booked()
    assert booked["net_fen"].sum() == limit
    assert booked["batch_no"].tolist() == list(range(1, len(booked) + 1))
    assert store.head().sequence == len(booked)
