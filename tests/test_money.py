"""Fen in and out, 大写, shares to the fen."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from disburse.money import capital, from_capital, round_down, share, times, to_fen, yuan


@pytest.mark.parametrize(
    ("fen", "words"),
    [
        (0, "零元整"), (1, "壹分"), (10, "壹角整"), (11, "壹角壹分"), (100, "壹元整"), (101, "壹元零壹分"), (110, "壹元壹角整"),
        (1010, "壹拾元零壹角整"), (100_00, "壹佰元整"), (101_00, "壹佰零壹元整"), (1000_00, "壹仟元整"), (1001_00, "壹仟零壹元整"),
        (10_000_00, "壹万元整"), (10_001_00, "壹万零壹元整"), (10_100_00, "壹万零壹佰元整"), (100_000_00, "壹拾万元整"),
        (1_0000_0000_00, "壹亿元整"), (1_0000_0001_00, "壹亿零壹元整"), (1_0001_0000_00, "壹亿零壹万元整"),
        (1_2345_6789_12, "壹亿贰仟叁佰肆拾伍万陆仟柒佰捌拾玖元壹角贰分"), (1_000_000_05, "壹佰万元零伍分"),
        (1409_50, "壹仟肆佰零玖元伍角整"), (6007_14, "陆仟零柒元壹角肆分"), (1680_32, "壹仟陆佰捌拾元零叁角贰分"),
        (107_000_53, "壹拾万柒仟元零伍角叁分"), (16_409_02, "壹万陆仟肆佰零玖元零贰分"),
    ],
)  # fmt: skip
def test_capital_numerals(fen: int, words: str) -> None:
    """The last five are the worked examples of the payment rules (支付结算办法, annex 1)."""
    assert capital(fen) == words


@pytest.mark.parametrize("fen", [-1, 10**14])
def test_capital_refuses_what_it_cannot_say(fen: int) -> None:
    with pytest.raises(ValueError, match=str(fen)):
        capital(fen)


@given(st.integers(0, 10**14 - 1))
def test_capital_says_each_amount_differently(fen: int) -> None:
    assert capital(fen) != capital((fen + 1) % 10**14)


@given(st.integers(-(10**17), 10**17))
def test_yuan_and_back(fen: int) -> None:
    assert to_fen(yuan(fen)) == fen
    assert to_fen(yuan(fen, thousands=True).replace(",", "")) == fen


@pytest.mark.parametrize("text", ["", "1.005", "1,234", "１", "1e5", " 1", "12万", ".5", "1."])
def test_to_fen_guesses_nothing(text: str) -> None:
    with pytest.raises(ValueError, match=r"^.*$"):
        to_fen(text)


@given(st.lists(st.integers(0, 10**12), min_size=1).filter(any), st.data())
def test_share_adds_up_and_is_fair(weights: list[int], data: st.DataObject) -> None:
    total = data.draw(st.integers(0, sum(weights)))
    parts = share(total, weights)
    assert sum(parts) == total
    for part, weight in zip(parts, weights, strict=True):
        assert 0 <= part <= weight
        assert abs(part * sum(weights) - total * weight) < sum(weights)


@given(st.integers(0, 10**12), st.integers(1, 10_000))
def test_times_rounds_down_to_the_fen(fen: int, basis_points: int) -> None:
    rate = Decimal(basis_points).scaleb(-4)
    assert times(fen, rate) == int(fen * rate)


def test_round_down() -> None:
    assert round_down(123_456_78, "元") == 123_456_00
    assert round_down(123_456_78, "百元") == 123_400_00
    assert round_down(123_456_78, "万元") == 120_000_00
    assert round_down(123_456_78, "分") == 123_456_78


@given(st.one_of(st.integers(1, 10**14 - 1), st.integers(1, 10**7).map(lambda n: n * 10**6)))
def test_capital_numerals_are_read_back(fen: int) -> None:
    assert from_capital(capital(fen)) == fen


@pytest.mark.parametrize("text", ["", "元", "整", "约三万元", "叁拾伍万", "12万元", "三张元", "叁元伍", "合计"])
def test_what_is_no_amount_in_words_is_none(text: str) -> None:
    assert from_capital(text) is None
