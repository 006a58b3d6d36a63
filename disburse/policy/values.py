"""The values a policy file may hold: dates, amounts, rates, counts, and what is in force on a day."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from itertools import pairwise
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from disburse.language import say
from disburse.money import FEN_PER

Unit = Literal["分", "元", "百元", "万元"]


class Strict(BaseModel):
    """Frozen, and no key that is not listed."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


def _day(value: object) -> object:
    if isinstance(value, str):
        if not re.fullmatch(r"[0-9]{4}-[0-9][0-9]-[0-9][0-9]", value):
            raise ValueError(say(f"日期应写作 2025-02-05，实为 {value}", f"write a date as 2025-02-05, found {value}"))
        try:
            return date.fromisoformat(value)
        except ValueError:
            raise ValueError(say(f"没有 {value} 这一天", f"there is no day {value}")) from None
    return value


def _whole(value: object) -> object:
    if isinstance(value, str):
        if not re.fullmatch(r"0|[1-9][0-9]*", value):
            raise ValueError(
                say(
                    f"应为不带小数点和逗号的整数，实为 {value}；需要小数时改用更小的单位",
                    f"a whole number without point or commas is needed, found {value}; use a smaller unit for decimals",
                )
            )
        return int(value)
    return value


def _percent(value: object) -> object:
    if isinstance(value, str):
        if not re.fullmatch(r"[0-9]{1,3}(\.[0-9]{1,4})?%", value):
            raise ValueError(say(f"比例应写作 50%，实为 {value}", f"write a rate as 50%, found {value}"))
        return Decimal(value[:-1]).scaleb(-2)
    return value


def _flag(value: object) -> object:
    if isinstance(value, str):
        if value not in ("true", "false"):
            raise ValueError(say(f"应为 true 或 false，实为 {value}", f"expected true or false, found {value}"))
        return value == "true"
    return value


Day = Annotated[date, BeforeValidator(_day)]
Whole = Annotated[int, BeforeValidator(_whole)]
Rate = Annotated[Decimal, BeforeValidator(_percent)]
Flag = Annotated[bool, BeforeValidator(_flag)]


class Amount(Strict):
    """A whole number of a unit: `{value: 80, unit: 万元}`."""

    value: Whole
    unit: Unit

    @property
    def fen(self) -> int:
        return self.value * FEN_PER[self.unit]


class Dated(Strict):
    """Something in force from a day, to a day (included; open when absent), by a document and article."""

    from_: Day = Field(alias="from")
    to: Day | None = None
    reference: str = Field(min_length=1)

    def holds(self, day: date) -> bool:
        return self.from_ <= day and (self.to is None or day <= self.to)


class DatedAmount(Dated):
    value: Whole
    unit: Unit

    @property
    def fen(self) -> int:
        return self.value * FEN_PER[self.unit]


class DatedTimes(Dated):
    value: Whole
    unit: Literal["次", "家", "个"] = "次"


class DatedRate(Dated):
    value: Rate


D = TypeVar("D", bound=Dated)


def in_force(values: tuple[D, ...], day: date) -> D | None:
    """The one value that holds on `day`; None before the first, after the last, or where there are none."""
    return next((value for value in values if value.holds(day)), None)


def in_sequence(values: tuple[D, ...]) -> tuple[D, ...]:
    """The values as given. Raises ValueError where two hold on the same day or a day between them has none."""
    ordered = sorted(values, key=lambda value: value.from_)
    for value in ordered:
        if value.to is not None and value.to < value.from_:
            raise ValueError(
                say(f"截止 {value.to} 早于起始 {value.from_}", f"ends {value.to} before it begins {value.from_}")
            )
    for earlier, later in pairwise(ordered):
        if earlier.to is None or earlier.to >= later.from_:
            raise ValueError(
                say(
                    f"从 {earlier.from_} 和从 {later.from_} 的两个值日期重叠；请给前一个写上 to",
                    f"the values from {earlier.from_} and from {later.from_} overlap; give the earlier one a `to`",
                )
            )
        if (later.from_ - earlier.to).days > 1:
            raise ValueError(
                say(
                    f"{earlier.to} 与 {later.from_} 之间没有值",
                    f"no value holds between {earlier.to} and {later.from_}",
                )
            )
    return tuple(ordered)


def one_or_more(value: Any) -> Any:
    """A single name stands for a list of one."""
    return [value] if isinstance(value, str) else value
