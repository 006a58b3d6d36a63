"""What was booked is told line by line, by any condition, on either database."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest

from disburse.errors import Refused
from disburse.store import Signatures, Store
from disburse.store.bank import Failure, matched
from disburse.store.brought_forward import bring_forward
from disburse.store.history import LINES, OPEN_ITEMS, Asked, lines, open_items, totals
from tests.store.runs import lines as payments
from tests.store.test_verification import filled

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Connection


def ask(store: Store, question: Callable[[Connection], Any]) -> Any:
    with store.reading() as connection:
        assert connection is not None
        return question(connection)


def test_every_line_is_told_with_what_it_refers_to(store: Store) -> None:
    filled(store)
    told = ask(store, lambda connection: [*lines(connection, Asked(application="A-000001"))])
    assert [tuple(line) for line in told] == [LINES] * 3
    assert [(line["batch"], line["kind"], line["paid_fen"], line["net_fen"]) for line in told] == [
        ("2025-06-1", "payment", 200, 0),
        ("冲正-2025-07-1", "reversal", -200, None),
        ("2025-08-1", "payment", 150, 150),
    ]
    assert [(line["refers_to_batch"], line["refers_to_line"]) for line in told] == [
        (None, None), ("2025-06-1", 2), ("2025-06-1", 2),
    ]  # fmt: skip
    sums = ask(store, lambda connection: totals(connection, Asked(application="A-000001")))
    assert (sums.payments, sums.paid_fen, sums.reversals, sums.back_fen, sums.net_fen) == (2, 350, 1, -200, 150)


@pytest.mark.parametrize(
    ("asked", "count"),
    [
        (Asked(), 14),
        (Asked(enterprise="企业5"), 1),
        (Asked(enterprise="%"), 0),
        (Asked(subject="subject_no·企业4"), 1),
        (Asked(measure="measure·企业0", month="2025-06"), 1),
        (Asked(batch="冲正-2025-07-1"), 2),
        (Asked(month="2025-08"), 2),
        (Asked(application="'; DROP TABLE posting"), 0),
    ],
)
def test_conditions_choose_lines_and_totals_alike(store: Store, asked: Asked, count: int) -> None:
    filled(store)
    assert len(ask(store, lambda connection: [*lines(connection, asked)])) == count
    sums = ask(store, lambda connection: totals(connection, asked))
    assert sums.payments + sums.reversals == count


def test_open_items_are_told(store: Store) -> None:
    filled(store)
    (item,) = ask(store, lambda connection: [*open_items(connection, Asked())])
    assert (tuple(item), item["application_no"], item["status"]) == (OPEN_ITEMS, "H-000001", "held")
    assert ask(store, lambda connection: [*open_items(connection, Asked(measure="none"))]) == []


def test_a_banks_failure_is_matched(store: Store) -> None:
    filled(store)
    line = payments(6).iloc[3]
    failure = Failure(7, line["account_no"], line["payee_name"], 400, "", None, date(2025, 7, 8), "户名不符", "TP-1")
    (reversal,), wrong = ask(store, lambda connection: matched(connection, [failure]))
    assert (reversal.application_no, reversal.instalment, reversal.amount_fen, wrong) == ("A-000003", 1, 400, {})
    assert ask(store, lambda connection: matched(connection, [failure, failure]))[1].keys() == {7}


def test_opening_lines_are_booked_once(store: Store) -> None:
    told = payments(3, "OLD", [1, 2, 3]).assign(pay_date=pd.Timestamp("2025-03-31"), document_no="旧1号")

    def take(frame: pd.DataFrame) -> Any:
        return bring_forward(
            store, frame, "p", Signatures("张三", "李四", None), lambda paid: Refused(f"{sorted(paid)}", "paid")
        )

    first = take(told)
    assert (first.batch, first.lines, first.total_fen) == ("期初-1", 3, 6)
    assert take(told.iloc[::-1]).already
    with pytest.raises(Refused, match="OLD-000001"):
        take(told.iloc[1:2])
    assert [line["kind"] for line in ask(store, lambda connection: [*lines(connection, Asked())])] == ["opening"] * 3
