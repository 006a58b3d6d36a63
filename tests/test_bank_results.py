"""The bank's results: each failure is one payment of the book, or nothing is booked."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

import pytest

from disburse import bank_results
from disburse.batch import default_policy
from disburse.errors import ListInvalid
from disburse.store import Signatures, Store, open_store
from disburse.store.reversal import Returned
from tests.store.runs import book, booking
from tests.store.test_backup import quiet
from tests.workbook import submission

if TYPE_CHECKING:
    from pathlib import Path

PAID: dict[str, Any] = {
    "account_no": "6222020200000001", "payee_name": "东莞甲公司", "amount": "0.50", "result": "失败",
    "return_date": "2025-07-08", "document_no": "TP-1",
}  # fmt: skip


class Office:
    """A store with three payments of 0.50 yuan: to 甲 and 乙, and a second one to 乙 that looks the same."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.url = f"sqlite:///{folder / 'disburse.db'}"
        what = booking(3, "A", 50)
        what.lines["account_no"] = ["6222020200000001", "6222020200000002", "6222020200000002"]
        what.lines["payee_name"] = ["东莞甲公司", "东莞乙（集团）公司", "东莞乙（集团）公司"]
        book(self.store, what)

    @property
    def store(self) -> Store:
        return open_store(self.url, create=True)

    @property
    def nets(self) -> list[int]:
        return [int(fen) for fen in self.store.booked()["net_fen"]]

    def settle(self, *rows: dict[str, Any], day: date | None = None, document_no: str = "") -> Returned | None:
        path = submission(self.folder / "结果.xlsx", *({**PAID, **row} for row in rows), name="settlement")
        return bank_results.settle(
            path, self.url, default_policy(), day, document_no, Signatures("张三", "李四", None), quiet
        )

    def refused(self, *rows: dict[str, Any], **given: Any) -> str:
        before = self.nets
        with pytest.raises(ListInvalid) as raised:
            self.settle(*rows, **given)
        assert (self.nets, self.store.head().sequence) == (before, 1)
        return str(raised.value)


@pytest.fixture
def office(tmp_path: Path) -> Office:
    return Office(tmp_path)


SECOND = {"account_no": "6222020200000002", "payee_name": "东莞乙(集团)公司"}


def test_failures_come_back_and_the_others_stay(office: Office) -> None:
    returned = office.settle({"reason": "账号户名不符"}, {**SECOND, "result": "成功"})
    assert returned
    assert office.nets == [0, 50, 50]
    (line,) = returned.lines
    assert (line.reason, line.document_no, line.after_fen) == ("退票：账号户名不符", "TP-1", 0)
    assert (returned.receipt.batch, returned.receipt.total_fen) == ("冲正-2025-07-1", -50)


def test_the_same_list_is_booked_once(office: Office) -> None:
    first = office.settle({})
    again = office.settle({})
    assert first
    assert again
    assert (again.receipt.already, again.receipt.head) == (True, first.receipt.head)
    assert office.nets == [0, 50, 50]


def test_a_list_that_brings_back_what_came_back_is_refused(office: Office) -> None:
    office.settle({})
    with pytest.raises(ListInvalid, match="已冲正过"):
        office.settle({"document_no": "TP-2"})
    assert office.nets == [0, 50, 50]


def test_nothing_failed_nothing_booked(office: Office) -> None:
    assert office.settle({"result": "支付成功"}) is None
    assert office.store.head().sequence == 1


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"account_no": "6222020200000009"}, "没有该账号的拨付"),
        ({"payee_name": "东莞丙公司"}, "都不相符"),
        ({"amount": "0.51"}, "都不相符"),
        (SECOND, "与 2 笔拨付都相符"),
        ({"application_no": "NONE"}, "没有NONE的拨付"),
        ({"application_no": "A-000001"}, "都不相符"),
        ({"application_no": "A-000000", "instalment": 2}, "没有A-000000的拨付"),
        ({"result": "处理中"}, "处理结果"),
        ({"amount": "0"}, "C"),
    ],
)
def test_what_is_not_exactly_one_payment_is_named_and_nothing_booked(
    office: Office, changed: dict[str, Any], told: str
) -> None:
    found = office.refused({"document_no": "TP-9"} if changed is not SECOND else {}, changed)
    assert told in found
    assert "3：" in found, "the row is named"


def test_a_number_tells_payments_apart(office: Office) -> None:
    office.settle({**SECOND, "application_no": "A-000002"})
    assert office.nets == [50, 50, 0]


def test_two_rows_are_never_one_payment(office: Office) -> None:
    assert "只保留一行" in office.refused({}, {"document_no": "TP-2"})


def test_a_part_came_back_before(office: Office) -> None:
    from tests.store.test_reversal import back, reverse

    reverse(office.store, back(amount_fen=20))
    with pytest.raises(ListInvalid, match="已冲正过"):
        office.settle({})
    assert office.nets == [30, 50, 50]


def test_day_and_document_come_from_the_list_or_the_command(office: Office) -> None:
    told = office.refused({"return_date": None, "document_no": None})
    assert "--date" in told
    assert "--document-no" in told
    returned = office.settle(
        {"return_date": None, "document_no": None}, {**SECOND, "application_no": "A-000001"},
        day=date(2025, 8, 1), document_no="TP-7",
    )  # fmt: skip
    assert returned
    assert [(line.document_no, line.after_fen) for line in returned.lines] == [("TP-7", 0), ("TP-1", 0)]
    assert returned.receipt.batch == "冲正-2025-08-1"
