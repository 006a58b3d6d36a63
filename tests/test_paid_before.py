"""Opening history: taken in whole and once, and counted like any booking."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from disburse import paid_before
from disburse.batch import default_policy
from disburse.errors import ListInvalid, Mendable, Usage
from disburse.store import Receipt, Signatures, open_store
from tests.months import CODES
from tests.store.test_backup import quiet
from tests.test_bookkeeping import OPENING
from tests.workbook import submission

if TYPE_CHECKING:
    from pathlib import Path


class Office:
    """A folder with a store."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.url = f"sqlite:///{folder / 'disburse.db'}"

    def take_in(self, *rows: dict[str, Any], name: str = "期初.xlsx") -> Receipt:
        path = submission(self.folder / name, *({**OPENING, **row} for row in rows), name="history")
        return paid_before.take_in(path, self.url, default_policy(), Signatures("张三", "李四", None), quiet)

    def refused(self, *rows: dict[str, Any]) -> str:
        with pytest.raises(ListInvalid) as raised:
            self.take_in(*rows)
        return str(raised.value)


@pytest.fixture
def office(tmp_path: Path) -> Office:
    return Office(tmp_path)


def test_what_was_paid_is_in_the_book_to_the_letter(office: Office) -> None:
    receipt = office.take_in(
        {
            "application_no": "B",
            "pay_date": "2025-03-31",
            "instalment": 2,
            "paid_amount": "0.01",
            "approved_amount": "5",
        },
        {"payee_type": "预算单位", "evidence_nos": "FP-1；FP-2", "matter_no": "SX-1", "town": "松山湖"},
    )
    assert (receipt.batch, receipt.sequence, receipt.lines, receipt.total_fen) == ("期初-1", 1, 2, 40_000_001)
    booked = open_store(office.url, create=False).booked()
    assert booked["application_no"].tolist() == ["B", "OLD-1"], "in the order they were paid"
    first, second = booked.to_dict("records")
    assert (first["instalment"], first["paid_fen"], first["approved_amount_fen"], first["month"]) == (
        2,
        1,
        500,
        "2025-03",
    )
    expected = {
        "batch": "期初-1", "instalment": 1, "measure": "M06B", "article": "东府〔2025〕2号 (六)", "fund": "东府〔2025〕2号",
        "approved_amount_fen": 40_000_000, "net_fen": 40_000_000, "evidence_nos": "FP-1;FP-2", "matter_no": "SX-1",
        "payee_type": "预算单位", "town": "松山湖", "bureau": "市商务局", "account_no": "622202020012345678",
    }  # fmt: skip
    assert {name: second[name] for name in expected} == expected
    assert (str(second["pay_date"])[:10], str(second["event_date"])[:10]) == ("2025-04-28", "2025-03-05")


def test_the_same_again_is_taken_in_once(office: Office) -> None:
    rows = ({}, {"application_no": "OLD-2"})
    first = office.take_in(*rows)
    again = office.take_in(*reversed(rows), name="又一份.xlsx")
    assert (again.already, again.head, again.batch) == (True, first.head, first.batch)
    assert len(open_store(office.url, create=False).booked()) == 2


def test_more_of_it_may_follow_but_nothing_twice(office: Office) -> None:
    office.take_in({})
    told = office.refused({"application_no": "OLD-2"}, {})
    assert "A3：申报编号 OLD-1（分期 1）已在批次 期初-1 拨付 400,000.00 元" in told
    assert "OLD-2" not in told
    assert office.take_in({"application_no": "OLD-2"}).batch == "期初-2"


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"application_no": None}, "A2"),
        ({"measure": "M99"}, "C2"),
        ({"uscc": CODES[0][:-1] + "0"}, "E2"),
        ({"paid_amount": "0"}, "H2"),
        ({"paid_amount": "0.001"}, "H2"),
        ({"approved_amount": "399999.99"}, "H2"),
        ({"measure": "M13"}, "H2"),
        ({"pay_date": None}, "J2"),
        ({"pay_date": "去年"}, "J2"),
        ({"event_date": None}, "L2"),
        ({"event_date": "2025-02-04"}, "L2"),
        ({"event_date": "2028-01-01"}, "L2"),
        ({"measure": "M05A", "bureau": "市科技局"}, "F2"),
        ({"account_no": None}, "R2"),
        ({"bureau": "市科技局"}, "W2"),
        ({"instalment": 0}, "B2"),
    ],
)
def test_each_fault_is_named_at_its_cell_and_nothing_is_booked(
    office: Office, changed: dict[str, Any], told: str
) -> None:
    assert f"，{told}：" in office.refused({"application_no": "OK"}, changed) + office.refused(changed)
    assert not (office.folder / "disburse.db").exists()


def test_all_faults_at_once(office: Office) -> None:
    told = office.refused({}, {}, {"instalment": 2, "measure": "M99", "pay_date": None})
    assert "有 4 处问题" in told
    assert "还出现在本表第 3 行" in told
    assert "还出现在本表第 2 行" in told


@pytest.mark.parametrize("day", ["2025-02-05", "2027-12-31"])
def test_both_ends_of_the_term_are_inside(office: Office, day: str) -> None:
    assert office.take_in({"event_date": day}).lines == 1


def test_an_empty_form_is_no_history(office: Office) -> None:
    with pytest.raises(Usage, match="没有一行"):
        office.take_in()
    with pytest.raises(Mendable, match="none"):
        paid_before.take_in(
            office.folder / "none.xlsx", office.url, default_policy(), Signatures("张", "李", None), quiet
        )
    assert not (office.folder / "disburse.db").exists()
