"""Money is integer fen. The only module that reads, writes or rounds an amount.

>>> to_fen("1234.5")
123450
>>> yuan(123450)
'1234.50'
>>> capital(123450)
'壹仟贰佰叁拾肆元伍角整'
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

FEN_PER = {"分": 1, "角": 10, "元": 100, "百元": 10_000, "万元": 1_000_000}
"""Fen in one of each unit a policy or a heading may name."""

_PLAIN = re.compile(r"-?[0-9]+(\.[0-9]{1,2})?")


def to_fen(text: str) -> int:
    """Fen from plain yuan text (`1234`, `1234.5`, `1234.50`). Raises ValueError on anything else."""
    if not _PLAIN.fullmatch(text):
        raise ValueError(text)
    return int(Decimal(text).scaleb(2))


def yuan(fen: int, *, thousands: bool = False) -> str:
    """Yuan with two decimals: `1234567.80`, or `1,234,567.80` for people."""
    sign, fen = ("-" if fen < 0 else ""), abs(int(fen))
    whole = f"{fen // 100:,}" if thousands else str(fen // 100)
    return f"{sign}{whole}.{fen % 100:02d}"


def round_down(fen: int, unit: str) -> int:
    """The largest multiple of `unit` (a key of FEN_PER) that is not above `fen`."""
    return fen // FEN_PER[unit] * FEN_PER[unit]


def times(fen: int, rate: Decimal) -> int:
    """`fen` × `rate`, down to the fen, exactly."""
    numerator, denominator = rate.as_integer_ratio()
    return int(fen) * numerator // denominator


def share(total: int, weights: Sequence[int]) -> list[int]:
    """Share `total` fen out in proportion to `weights` (≥ 0, not all 0), to the fen.

    Each gets the whole part of its share; the fen left over go to the largest remainders, ties to the
    earlier one. The parts add up to `total` exactly.
    """
    whole = sum(weights)
    parts = [total * weight // whole for weight in weights]
    remainders = [total * weight % whole for weight in weights]
    left = total - sum(parts)
    for i in sorted(range(len(weights)), key=lambda i: (-remainders[i], i))[:left]:
        parts[i] += 1
    return parts


_DIGITS = "零壹贰叁肆伍陆柒捌玖"
_PLACES = ("", "拾", "佰", "仟")
_GROUPS = ("", "万", "亿")


def capital(fen: int) -> str:
    """The amount in capital numerals as the Payment and Settlement Rules (支付结算办法, annex 1) want it.

    整 follows 元 always, follows 角 here too, and never follows 分. Raises ValueError below 0 or from 10^12 yuan.

    >>> capital(1000005)
    '壹万元零伍分'
    """
    if not 0 <= fen < 10**14:
        raise ValueError(fen)
    whole, jiao, cent = fen // 100, fen // 10 % 10, fen % 10
    text = _whole(whole) + "元" if whole else ""
    if not jiao and not cent:
        return (text or "零元") + "整"
    if jiao:
        # a 零 stands between 元 and 角 where the whole number ends in 0
        text += ("零" if whole and whole % 10 == 0 else "") + _DIGITS[jiao] + "角"
    elif whole:
        text += "零"
    return text + (_DIGITS[cent] + "分" if cent else "整")


_VALUE = {sign: value for digits in (_DIGITS, "〇一二三四五六七八九") for value, sign in enumerate(digits)} | {"两": 2}
_PLACE = {"拾": 10, "佰": 100, "仟": 1000, "十": 10, "百": 100, "千": 1000}
_CAPITAL = re.compile(
    r"(?:人民币)?\(?(?:大写)?[:)]?([^元圆角分整正]+[元圆])?(?:零?([^元圆零])角)?(?:零?([^元圆零])分)?[整正]?"
)


def from_capital(text: str) -> int | None:
    """Fen from an amount in capital numerals, as `capital` and people write it; None for anything else.

    >>> from_capital("人民币壹万元零伍分"), from_capital("叁拾伍万圆整"), from_capital("约三万")
    (1000005, 35000000, None)
    """
    within = _CAPITAL.fullmatch("".join(text.split()))
    if not within or not any(within.groups()):
        return None
    whole = _from_whole(within[1][:-1]) if within[1] else 0
    small = [_VALUE.get(sign) if sign else 0 for sign in (within[2], within[3])]
    if whole is None or None in small:
        return None
    return whole * 100 + (small[0] or 0) * 10 + (small[1] or 0)


def _from_whole(text: str) -> int | None:
    """Whole yuan: what stands before 万 or 亿 counts in it."""
    above = group = digit = 0
    for sign in text:
        if sign in _VALUE:
            digit = _VALUE[sign]
        elif sign in _PLACE:
            group, digit = group + (digit or 1) * _PLACE[sign], 0
        elif sign == "万":
            above, group, digit = above + (group + digit) * 10_000, 0, 0
        elif sign == "亿":
            above, group, digit = (above + group + digit) * 10**8, 0, 0
        else:
            return None
    return above + group + digit


def _whole(number: int) -> str:
    text, gap = "", False
    for place in reversed(range(len(_GROUPS))):
        group = number // 10_000**place % 10_000
        if not group:
            gap = bool(text)
            continue
        text += ("零" if text and (gap or group < 1000) else "") + _group(group) + _GROUPS[place]
        gap = False
    return text


def _group(number: int) -> str:
    text, gap = "", False
    for place in reversed(range(4)):
        digit = number // 10**place % 10
        if not digit:
            gap = bool(text)
            continue
        text += ("零" if gap else "") + _DIGITS[digit] + _PLACES[place]
        gap = False
    return text
