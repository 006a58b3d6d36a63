"""What goes in comes out, once, and nothing of what was refused."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pandas as pd
import pytest

from disburse.case import Wanted
from disburse.errors import Refused, Unbalanced, Usage
from disburse.policy import load_policy
from disburse.store import Booking, Consult, Head, Opening, Store, open_store
from disburse.store.frames import BOOKED, OPEN_ITEMS
from tests.months import applications
from tests.store.runs import book, booking, lines, outcomes, reverse

if TYPE_CHECKING:
    from pathlib import Path


def test_what_was_booked_comes_back_with_exact_types(store: Store, url: str) -> None:
    first, second = booking(3, "A", [1, 2, 90_071_992_547_409_93]), booking(2, "B")
    book(store, first)
    book(store, second, "second", "2025-07")

    told = pd.concat([first.lines, second.lines], ignore_index=True)
    expected = told.assign(
        batch=["2025-06-1"] * 3 + ["2025-07-1"] * 2,
        batch_no=[1, 1, 1, 2, 2],
        line=[1, 2, 3, 1, 2],
        month=["2025-06"] * 3 + ["2025-07"] * 2,
        pay_date=["2025-06-28"] * 3 + ["2025-07-28"] * 2,
        net_fen=told["paid_fen"],
    ).astype(dict(BOOKED))[list(BOOKED)]
    for each in (store, open_store(url, create=False)):
        pd.testing.assert_frame_equal(each.booked(), expected, check_exact=True)


def test_an_empty_store_has_the_same_columns_and_types(store: Store, tmp_path: Path) -> None:
    missing = open_store(f"sqlite:///{tmp_path / 'none.db'}", create=False)
    for each in (store, missing):
        assert dict(each.booked().dtypes.astype(str)) == dict(BOOKED)
        assert dict(each.open_items().dtypes.astype(str)) == dict(OPEN_ITEMS)
        assert each.head() == Head(0, "0" * 64)
    assert not (tmp_path / "none.db").exists()


def test_a_store_opened_for_reading_cannot_book(store: Store, url: str, tmp_path: Path) -> None:
    for address in (url, f"sqlite:///{tmp_path / 'none.db'}"):
        with pytest.raises(RuntimeError):
            book(open_store(address, create=False), booking(1))
    assert store.head().sequence == 0


def test_the_receipt_counts_what_was_booked(store: Store) -> None:
    held = outcomes(lines(2, "H"), "held")
    receipt = book(store, booking(3, "A", [1, 2, 3], held))
    assert (receipt.batch, receipt.sequence, receipt.lines, receipt.total_fen) == ("2025-06-1", 1, 3, 6)
    assert (receipt.open_items, receipt.already) == (2, False)
    assert store.head() == Head(1, receipt.head)


def test_batches_are_numbered_within_the_month(store: Store) -> None:
    months = ["2025-06", "2025-07", "2025-06"]
    receipts = [book(store, booking(1, f"T{i}"), f"run {i}", month) for i, month in enumerate(months)]
    assert [(one.batch, one.sequence) for one in receipts] == [("2025-06-1", 1), ("2025-07-1", 2), ("2025-06-2", 3)]


def test_a_run_booked_twice_gives_the_same_receipt_and_changes_nothing(store: Store, path: Path) -> None:
    first = book(store, booking(3))
    book(store, booking(2, "B"), "second")
    before = path.read_bytes()
    assert book(store, booking(99, "other")) == replace(first, already=True)
    assert path.read_bytes() == before


def test_what_is_booked_is_shown_to_the_calculation(store: Store) -> None:
    book(store, booking(2))
    seen: list[Opening] = []

    def booking_of(consult: Consult) -> Booking:
        seen.append(consult(Wanted(applications({"application_no": "A-000001"}), load_policy(), None)))
        return booking(1, "B")

    today = pd.Timestamp("2025-06-30").date()
    store.book(
        booking_of, run_hash="b" * 64, month="2025-06", pay_date=today,
        prepared_by="张三", approved_by="李四", reviewed_by="王五",
    )  # fmt: skip
    assert [opening.booked["application_no"].tolist() for opening in seen] == [["A-000001"]]
    assert [opening.head.sequence for opening in seen] == [1]


def test_a_calculation_that_differs_leaves_nothing(store: Store, path: Path) -> None:
    book(store, booking(2))
    before = path.read_bytes()

    def differs(consult: Consult) -> Booking:
        raise Refused("金额已变，请重新运行。", "An amount changed; run again.")

    with pytest.raises(Refused, match="金额已变"):
        store.book(
            differs, run_hash="c" * 64, month="2025-06", pay_date=pd.Timestamp("2025-06-30").date(),
            prepared_by="张三", approved_by="李四", reviewed_by=None,
        )  # fmt: skip
    assert path.read_bytes() == before
    assert book(store, booking(1, "B"), "second").sequence == 2


def test_a_run_that_pays_nobody_is_booked_too(store: Store) -> None:
    held = outcomes(lines(1, "H"), "held")
    receipt = book(store, booking(0, "A", 1, held))
    assert (receipt.lines, receipt.total_fen, receipt.open_items) == (0, 0, 1)


@pytest.mark.parametrize(
    "faulty",
    [
        pytest.param(Booking(lines(2), outcomes(lines(1)), "p"), id="a line without an outcome"),
        pytest.param(Booking(lines(1), outcomes(lines(2)), "p"), id="an outcome without its line"),
        pytest.param(Booking(lines(1), outcomes(lines(1), "held"), "p"), id="a held row with a line"),
        pytest.param(booking(1, "A", 0), id="nothing paid"),
        pytest.param(booking(1, "A", -5), id="less than nothing paid"),
    ],
)
def test_a_booking_that_does_not_add_up_is_refused(store: Store, faulty: Booking) -> None:
    with pytest.raises(Unbalanced):
        book(store, faulty)
    assert (len(store.booked()), store.head().sequence) == (0, 0)


def test_a_pair_is_never_paid_twice_even_if_the_program_asks(store: Store) -> None:
    book(store, booking(2))
    with pytest.raises(Unbalanced, match=r"(?i)unique"):
        book(store, booking(2), "another run")
    assert len(store.booked()) == 2


def test_the_net_is_what_reversals_left(store: Store, url: str) -> None:
    book(store, booking(3, "A", [100, 200, 300]))
    reverse(url, 2, 150)
    reverse(url, 2, 50, part=2)
    reverse(url, 3, 1)
    booked = store.booked()
    assert booked["paid_fen"].tolist() == [100, 200, 300]
    assert booked["net_fen"].tolist() == [100, 0, 299]
    assert store.head().sequence == 4


def test_after_a_full_reversal_a_pair_is_paid_again_once(store: Store, url: str) -> None:
    book(store, booking(1))
    reverse(url, 1, 4_999)
    with pytest.raises(Unbalanced):
        book(store, booking(1), "too early")
    reverse(url, 1, 1, part=2)
    book(store, booking(1), "again")
    with pytest.raises(Unbalanced):
        book(store, booking(1), "once more")
    assert store.booked()["net_fen"].tolist() == [0, 5_000]


class TestOpenItems:
    def test_held_and_carried_rows_wait(self, store: Store) -> None:
        held, carried = outcomes(lines(1, "H"), "held"), outcomes(lines(1, "C"), "carried")
        rejected = outcomes(lines(1, "R"), "rejected")
        book(store, booking(1, "A", 5_000, rejected, held, carried))
        items = store.open_items()
        assert dict(items.dtypes.astype(str)) == dict(OPEN_ITEMS)
        assert items.iloc[0].to_dict() == {
            "application_no": "H-000000", "instalment": 1, "status": "held", "month": "2025-06", "batch": "2025-06-1",
            "measure": "measure·企业0", "bureau": "bureau·企业0", "uscc": "uscc·企业0",
            "applicant_name": "applicant_name·企业0", "approved_amount_fen": 5_007, "reasons": "NAME_CONFLICT",
        }  # fmt: skip
        assert items["status"].tolist() == ["held", "carried"]

    @pytest.mark.parametrize("status", ["rejected", "invalid", "registered", "replaced"])
    def test_any_later_answer_closes_them(self, store: Store, status: str) -> None:
        book(store, booking(0, "A", 1, outcomes(lines(2, "H"), "held")))
        book(store, booking(0, "A", 1, outcomes(lines(1, "H"), status)), "later")
        assert store.open_items()["application_no"].tolist() == ["H-000001"]

    def test_a_later_payment_closes_them(self, store: Store) -> None:
        book(store, booking(0, "A", 1, outcomes(lines(1, "H"), "held")))
        book(store, booking(1, "H"), "later")
        assert store.open_items().empty

    def test_held_again_the_newer_one_stands(self, store: Store) -> None:
        book(store, booking(0, "A", 1, outcomes(lines(1, "H"), "held")))
        book(store, booking(0, "A", 1, outcomes(lines(1, "H"), "carried")), "later", "2025-07")
        assert store.open_items()[["status", "batch"]].values.tolist() == [["carried", "2025-07-1"]]

    def test_another_instalment_is_another_item(self, store: Store) -> None:
        held = outcomes(lines(1, "H"), "held")
        book(store, booking(0, "A", 1, held, held.assign(instalment=2)))
        book(store, booking(1, "H"), "later")
        assert store.open_items()["instalment"].tolist() == [2]

    def test_the_row_and_its_correction_leave_one_item(self, store: Store) -> None:
        held = outcomes(lines(1, "H"), "held")
        book(store, booking(0, "A", 1, held.assign(status="replaced"), held))
        assert store.open_items()["status"].tolist() == ["held"]

    def test_rows_without_a_readable_number_are_left_to_the_runs_files(self, store: Store) -> None:
        nameless = outcomes(lines(2, "X"), "invalid")
        nameless.loc[0, "application_no"] = ""
        nameless.loc[1, "instalment"] = pd.NA
        nameless.loc[0, "approved_amount_fen"] = pd.NA
        assert book(store, booking(1, "A", 1, nameless)).open_items == 0

    def test_an_amount_that_was_not_read_stays_blank(self, store: Store) -> None:
        held = outcomes(lines(1, "H"), "held").assign(approved_amount_fen=pd.array([pd.NA], dtype="Int64"))
        book(store, booking(0, "A", 1, held))
        assert store.open_items()["approved_amount_fen"].isna().tolist() == [True]


@pytest.mark.parametrize(
    "names",
    [
        {"prepared_by": ""},
        {"approved_by": " \u3000\u200b"},
        {"reviewed_by": ""},
        {"approved_by": "张三"},
        {"approved_by": " 张 三 "},
        {"prepared_by": "Ｌｉ Si", "approved_by": "li si"},
        {"reviewed_by": "张三"},
        {"reviewed_by": "李\u200b四"},
    ],
)
def test_two_people_answer_for_a_booking(store: Store, names: dict[str, str]) -> None:
    with pytest.raises(Usage):
        book(store, booking(1), **names)
    assert store.head().sequence == 0


def test_a_hundred_thousand_lines_come_back_whole(store: Store) -> None:
    receipt = book(store, booking(100_000))
    booked = store.booked()
    assert len(booked) == receipt.lines == 100_000
    assert int(booked["paid_fen"].sum()) == receipt.total_fen
