"""Money that came back: once per paper, never below nothing, and part of the chain."""

from __future__ import annotations

from datetime import date
from functools import partial
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest

from disburse.case import Wanted
from disburse.errors import Refused, Usage
from disburse.policy import load_policy
from disburse.store import Booking, Consult, Signatures, Store, open_store
from disburse.store.reversal import Returned, Reversal, take_back
from disburse.store.verification import faults
from tests.months import applications
from tests.store.runs import book, booking
from tests.store.test_concurrency import CLERKS, at_once

if TYPE_CHECKING:
    from pathlib import Path

SIGNED = Signatures("张三", "李四", None)
DAY = date(2025, 7, 8)


def back(application_no: str = "A-000000", **changed: Any) -> Reversal:
    told: dict[str, Any] = {"instalment": None, "day": DAY, "reason": "退票", "document_no": "银退1号", **changed}
    return Reversal(application_no, **told)


def reverse(store: Store, *reversals: Reversal, source: str = "") -> Returned:
    return take_back(store, lambda _: reversals, SIGNED, source)


def nets(store: Store) -> list[int]:
    return [int(fen) for fen in store.booked()["net_fen"]]


def test_all_that_is_left_comes_back_without_an_amount(store: Store) -> None:
    book(store, booking(2, "A", [100, 200]))
    returned = reverse(store, back("A-000001"))
    assert nets(store) == [100, 0]
    (line,) = returned.lines
    assert (line.batch, line.before_fen, line.after_fen) == ("2025-06-1", 200, 0)
    assert (returned.receipt.batch, returned.receipt.sequence, returned.receipt.total_fen) == (
        "冲正-2025-07-1",
        2,
        -200,
    )
    assert store.head().hash == returned.receipt.head


@pytest.mark.parametrize(("fen", "taken"), [(1, True), (100, True), (101, False)])
def test_never_below_nothing(store: Store, fen: int, taken: bool) -> None:
    book(store, booking(1, "A", 100))
    if taken:
        reverse(store, back(amount_fen=fen))
        assert nets(store) == [100 - fen]
    else:
        with pytest.raises(Refused, match=r"只余 1.00 元，不能冲正 1.01 元"):
            reverse(store, back(amount_fen=fen))
        assert (nets(store), store.head().sequence) == ([100], 1)


def test_parts_add_up_to_the_whole(store: Store) -> None:
    book(store, booking(1, "A", 100))
    reverse(store, back(amount_fen=60, document_no="一"))
    reverse(store, back(amount_fen=40, document_no="二", reason="退款"))
    assert nets(store) == [0]
    with pytest.raises(Refused, match="已全部冲正"):
        reverse(store, back(amount_fen=1, document_no="三"))


@pytest.mark.parametrize("document_no", ["银退1号", " 银退１号 ", "银退1号\u200b"])
def test_one_paper_takes_a_payment_back_once(store: Store, document_no: str) -> None:
    book(store, booking(2, "A", 100))
    reverse(store, back(amount_fen=60))
    with pytest.raises(Refused, match="已在批次 冲正-2025-07-1 记过"):
        reverse(store, back(amount_fen=40, document_no=document_no))
    reverse(store, back("A-000001", document_no=document_no))
    assert nets(store) == [40, 0]


def test_several_come_back_together_or_not_at_all(store: Store) -> None:
    book(store, booking(3, "A", 100))
    with pytest.raises(Refused, match="NONE"):
        reverse(store, back("A-000000"), back("NONE"))
    with pytest.raises(Refused, match="列了两次"):
        reverse(store, back("A-000000", amount_fen=1), back("A-000000", amount_fen=1))
    with pytest.raises(Refused, match="只余"):
        reverse(store, back(amount_fen=60), back(amount_fen=60, document_no="二"))
    assert (nets(store), store.head().sequence) == ([100] * 3, 1)
    returned = reverse(store, back(amount_fen=60), back(amount_fen=40, document_no="二"), back("A-000002"))
    assert nets(store) == [0, 100, 0]
    assert (returned.receipt.lines, returned.receipt.total_fen) == (3, -200)


def test_a_file_booked_before_gives_its_receipt_again(store: Store) -> None:
    book(store, booking(1, "A", 100))
    first = reverse(store, back(), source="f" * 64).receipt
    again = reverse(store, back(document_no="another"), source="f" * 64)
    assert again.receipt.already
    assert (again.receipt.head, again.lines, nets(store)) == (first.head, (), [0])


def test_several_instalments_must_be_told_apart(store: Store) -> None:
    two = booking(2, "A", 100)
    two.lines["application_no"] = two.outcomes["application_no"] = "A-000000"
    two.lines["instalment"] = two.outcomes["instalment"] = [1, 2]
    book(store, two)
    with pytest.raises(Refused, match="--instalment"):
        reverse(store, back())
    reverse(store, back(instalment=2))
    assert nets(store) == [100, 0]
    with pytest.raises(Refused, match="分期 3"):
        reverse(store, back(instalment=3))
    reverse(store, back(document_no="二"))
    assert nets(store) == [0, 0], "only one is left: it can be meant alone"


def test_not_before_it_was_paid(store: Store) -> None:
    book(store, booking(1))
    with pytest.raises(Refused, match="2025-06-28"):
        reverse(store, back(day=date(2025, 6, 27)))
    reverse(store, back(day=date(2025, 6, 28)))
    assert nets(store) == [0]


@pytest.mark.parametrize(
    "changed", [{"reason": ""}, {"reason": "退"}, {"document_no": " \u200b"}, {"amount_fen": 0}, {"amount_fen": -1}]
)
def test_a_reversal_that_says_nothing_is_refused(changed: dict[str, Any]) -> None:
    with pytest.raises(Usage):
        back(**changed)


def test_paid_again_after_a_full_reversal_and_taken_back_again(store: Store) -> None:
    book(store, booking(1, "A", 100))
    reverse(store, back())
    book(store, booking(1, "A", 90), "again", "2025-08")
    assert nets(store) == [0, 90]
    reverse(store, back(document_no="银退2号", amount_fen=30, day=date(2025, 9, 1)))
    assert nets(store) == [0, 60]


def test_numbered_apart_from_the_runs(store: Store) -> None:
    book(store, booking(2))
    reverse(store, back(day=date(2025, 6, 30)))
    reverse(store, back("A-000001", day=date(2025, 6, 30)))
    assert book(store, booking(1, "B"), "second").batch == "2025-06-2"
    assert reverse(store, back("B-000000", day=date(2025, 6, 30))).receipt.batch == "冲正-2025-06-3"


def once(url: str, clerk: int) -> str:
    try:
        return reverse(open_store(url, create=True), back()).receipt.batch
    except Refused as error:
        return str(error)


def test_one_paper_in_the_hands_of_several_clerks(tmp_path: Path, fork: Any) -> None:
    for i in range(5):
        url = f"sqlite:///{tmp_path / f'{i}.db'}"
        book(open_store(url, create=True), booking(1))
        answers = at_once(fork, partial(once, url))
        assert answers.count("冲正-2025-07-1") == 1, answers
        assert sum("未重复记账" in answer for answer in answers) == CLERKS - 1
        assert nets(open_store(url, create=False)) == [0]


def test_clerks_with_different_papers_never_take_more_than_is_left(tmp_path: Path, fork: Any) -> None:
    url = f"sqlite:///{tmp_path / 'a.db'}"
    book(open_store(url, create=True), booking(1, "A", 100))

    def clerk(i: int) -> int:
        store, taken = open_store(url, create=True), 0
        for n in range(6):
            try:
                taken -= reverse(store, back(document_no=f"{i}-{n}", amount_fen=7)).receipt.total_fen
            except Refused as error:
                assert "只余" in str(error), error  # noqa: PT017
        return taken

    assert sum(at_once(fork, clerk)) == 98
    assert nets(open_store(url, create=False)) == [2]


def test_the_calculation_within_a_booking_sees_the_net(store: Store) -> None:
    book(store, booking(1, "A", 100))
    reverse(store, back(amount_fen=40))
    seen: list[int] = []

    def booking_of(consult: Consult) -> Booking:
        seen.extend(booked_of(consult, "A-000000")["net_fen"])
        return booking(1, "B")

    store.book(
        booking_of, run_hash="d" * 64, month="2025-08", pay_date=DAY,
        prepared_by="张三", approved_by="李四", reviewed_by=None,
    )  # fmt: skip
    assert seen == [60]


def booked_of(consult: Consult, *numbers: str) -> pd.DataFrame:
    """What a booking is shown of these applications."""
    rows = applications(*({"application_no": number} for number in numbers))
    return consult(Wanted(rows, load_policy(), None)).booked


def test_bookings_and_reversals_at_once_never_pass_a_limit(url: str, fork: Any) -> None:
    """Two clerks pay up to what a limit has left, two take money back: whatever the order, the net stays within it."""
    limit, rounds = 1_000, 8
    everybody = [f"A-00000{i}" for i in range(4)] + [f"P{i}-{n}-000000" for i in range(2) for n in range(rounds)]
    book(open_store(url, create=True), booking(4, "A", 200))

    def pay(i: int, n: int) -> None:
        store = open_store(url, create=True)

        def booking_of(consult: Consult) -> Booking:
            left = limit - int(booked_of(consult, *everybody)["net_fen"].sum())
            if left <= 0:
                raise Refused("额度已用完。", "Nothing is left.")
            return booking(1, f"P{i}-{n}", min(left, 150))

        store.book(
            booking_of, run_hash=f"{i}{n:063}", month="2025-07", pay_date=DAY,
            prepared_by="张三", approved_by="李四", reviewed_by=None,
        )  # fmt: skip

    def clerk(i: int) -> int:
        done = 0
        for n in range(rounds):
            try:
                if i < 2:
                    pay(i, n)
                else:
                    reverse(
                        open_store(url, create=True), back(f"A-00000{i - 2}", document_no=f"{i}-{n}", amount_fen=20)
                    )
                done += 1
            except Refused as error:
                assert "额度已用完" in str(error), error  # noqa: PT017
        return done

    done = at_once(fork, clerk)
    store = open_store(url, create=False)
    booked = store.booked()
    assert sum(done) == store.head().sequence - 1
    assert booked["net_fen"].sum() <= limit
    assert sorted(booked["net_fen"][:4]) == [40, 40, 200, 200]
    with store.reading() as connection:
        assert connection is not None
        assert [*faults(connection, [store.head()], lambda _: None)] == []
