"""Several clerks at once: a run is booked by exactly one of them, and a limit is never exceeded.

`ROUNDS=200 pytest tests/store/test_concurrency.py` plays the full number; every round has another number of clerks.
"""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from datetime import date
from functools import partial
from typing import TYPE_CHECKING, Any

from disburse.case import Wanted
from disburse.errors import Refused
from disburse.policy import load_policy
from disburse.store import Booking, Consult, Receipt, open_store
from tests.months import applications
from tests.store.runs import SIGNED, book, booking, lines, outcomes

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

ROUNDS = int(os.environ.get("ROUNDS", "7"))
CLERKS = (2, 3, 4, 5, 6, 7, 8)


def at_once(fork: Any, clerks: int, work: Callable[[int], Any]) -> list[Any]:
    """What `work(i)` answers in each of several processes that start together."""
    answers, start = fork.SimpleQueue(), fork.Barrier(clerks)

    def clerk(i: int) -> None:
        start.wait()
        try:
            answers.put(work(i))
        except Exception as error:  # noqa: BLE001  the parent must hear of it
            answers.put(repr(error))

    children = [fork.Process(target=clerk, args=(i,)) for i in range(clerks)]
    for child in children:
        child.start()
    got = [answers.get() for _ in children]
    for child in children:
        child.join()
    return got


def book_there(url: str, tag: str, clerk: int) -> Receipt:
    return book(open_store(url, create=True), booking(20, tag), tag)


def test_the_same_run_is_booked_by_one(url: str, fork: Any) -> None:
    for i in range(ROUNDS):
        # the first time the store is made by them too, all at once
        receipts = at_once(fork, CLERKS[i % len(CLERKS)], partial(book_there, url, f"T{i}"))
        assert Counter(one.already for one in receipts) == Counter([False] + [True] * (len(receipts) - 1)), receipts
        assert {(one.batch, one.sequence, one.head, one.lines, one.total_fen) for one in receipts} == {
            (f"2025-06-{i + 1}", i + 1, receipts[0].head, 20, 100_000)
        }
        booked = open_store(url, create=False).booked()
        assert len(booked) == (i + 1) * 20
    assert not booked.duplicated(["application_no", "instalment"]).any()


def test_a_store_is_made_by_several_at_once(tmp_path: Path, fork: Any) -> None:
    for i in range(max(ROUNDS // 4, 2)):
        url = f"sqlite:///{tmp_path / f'{i}.db'}"
        receipts = at_once(fork, 4, partial(book_there, url, "A"))
        assert sorted(one.already for one in receipts) == [False, True, True, True], receipts


def draw(url: str, clerk: int, name: str, limit: int, ask: int) -> int:
    """Book what a clerk asks for as far as the limit on one subject leaves it; what was booked."""
    store = open_store(url, create=True)

    def booking_of(consult: Consult) -> Booking:
        before = consult(Wanted(applications({"subject_no": name}), load_policy(), None)).booked
        amount = min(ask, limit - int(before["net_fen"].sum()))
        if amount == 0:
            raise Refused("额度已用完。", "Nothing is left.")
        paid = lines(1, f"{name}-{clerk}", amount).assign(subject_no=name)
        return Booking(paid, outcomes(paid), "p")

    try:
        receipt = store.book(
            booking_of, run_hash=hashlib.sha256(f"{name} {clerk}".encode()).hexdigest(), month="2025-06",
            pay_date=date(2025, 6, 30), **SIGNED,
        )  # fmt: skip
    except Refused as error:
        if "额度已用完" not in str(error):
            raise
        return 0
    return receipt.total_fen


def test_different_runs_never_exceed_what_is_left(url: str, fork: Any) -> None:
    limit, asks = 10_000, (1_700, 900, 2_300, 410, 3_100, 2_050, 77, 4_000)
    for i in range(ROUNDS):
        clerks = CLERKS[i % len(CLERKS)]

        def work(clerk: int, name: str = f"S{i}") -> int:
            return draw(url, clerk, name, limit, asks[clerk])

        got = at_once(fork, clerks, work)
        assert sum(got) == min(limit, sum(asks[:clerks])), got
        booked = open_store(url, create=False).booked()
        mine = booked[booked["subject_no"] == f"S{i}"]
        assert mine["net_fen"].sum() == sum(got)
        assert open_store(url, create=False).head().sequence == booked["batch_no"].max() == booked["batch_no"].nunique()
