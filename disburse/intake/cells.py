"""One raw cell → its typed value, or what is wrong with it (spec section 2, "How cells are read").

A reader takes a raw cell and returns the value, None for a blank, or a Fault. Money and dates are converted here,
exactly and cell by cell; whether a value that could be read is also allowed, the checks of the schema decide.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import Context, Decimal
from typing import TYPE_CHECKING

from disburse.intake.sheet import Cell, ErrorValue, NotCalculated, plain, shown
from disburse.language import say
from disburse.money import FEN_PER
from disburse.rules.keys import key

if TYPE_CHECKING:
    from disburse.policy import Policy
    from disburse.tables import Column

LONGEST = 500
"""Characters a text cell may hold."""

MOST_FEN = 10**14
"""Amounts stay below a million million yuan: what the capital numerals can write."""

SHORT = 20
"""Characters a placeholder or error text has at most; names are longer and need not be compared with them."""

ERRORS = frozenset(
    ("#N/A", "#REF!", "#VALUE!", "#DIV/0!", "#NAME?", "#NUM!", "#NULL!", "#SPILL!", "#CALC!", "#GETTING_DATA")
)
"""What a cell in error shows; in a CSV file that is all there is of it."""

_PLACEHOLDER = re.compile(r"无|/|-+|—+")
_SEPARATORS = re.compile(r"[;、\n\r]")
_AMOUNT = re.compile(r"¥?\s*(-?(?:[1-9][0-9]{0,2}(?:,[0-9]{3})+|[0-9]+)(?:\.[0-9]+)?)\s*(元?)")
_INTEGER = re.compile(r"-?[0-9]{1,15}")
_TIME = r"(?:[ T]\s*[0-9]{1,2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]+)?)?)?"
_DATES = tuple(
    re.compile(form + _TIME)
    for form in (
        r"([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})",
        r"([0-9]{4})/([0-9]{1,2})/([0-9]{1,2})",
        r"([0-9]{4})\.([0-9]{1,2})\.([0-9]{1,2})",
        r"([0-9]{4})\s*年\s*([0-9]{1,2})\s*月\s*([0-9]{1,2})\s*日",
        r"([0-9]{4})([0-9]{2})([0-9]{2})",
    )
)
_POWER_OF_TEN = re.compile(r"[0-9](?:\.[0-9]+)?E\+?[0-9]+", re.IGNORECASE)
_ZERO_WIDTH = "\u200b\u200c\u200d\u2060\ufeff\u00ad\u200e\u200f"
_WHITE = " \t\r\n\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000"
"""White space that is dropped around text; control characters, which Python counts in too, are not."""

_EXACT = Context(prec=LONGEST + 20)
"""Of any text that fits in a cell not one digit is rounded away."""


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with a cell: the finding's code and what its message says; `found` is the cell as shown if not given."""

    code: str
    told: dict[str, str] = field(default_factory=dict, hash=False)


Value = str | int | date
Reader = Callable[[Cell], Value | Fault | None]


def reader(column: Column, policy: Policy, fen_per: int) -> Reader:
    """The reader of a column; `fen_per` is the unit its numbers are written in (amounts only)."""
    read = _readers(column, policy, fen_per)
    unchecked = column.kind == "identifier" and not column.checks  # no check would refuse a stroke as a number
    placeholders = column.required != "always" or unchecked

    def one(cell: Cell) -> Value | Fault | None:
        if isinstance(cell, str):
            word = key(cell) if len(cell) <= SHORT else cell
            if not word and not _control(cell):
                return None
            if placeholders and _PLACEHOLDER.fullmatch(word):
                return None
            if word in ERRORS:
                return Fault("CELL_ERROR_VALUE")
        elif isinstance(cell, ErrorValue):
            return Fault("CELL_ERROR_VALUE")
        elif isinstance(cell, NotCalculated):
            return Fault("FORMULA_NOT_CALCULATED")
        return read(cell)

    return one


def _readers(column: Column, policy: Policy, fen_per: int) -> Reader:
    expected = next((str(check.expected) for check in column.checks if check.expected), "")
    if column.kind == "amount":
        return lambda cell: amount(cell, fen_per, expected or say("金额", "an amount"))
    if column.kind == "integer":
        return lambda cell: integer(cell, expected or say("整数", "a whole number"))
    if column.kind in ("choice", "measure", "bureau"):
        known = _words(column, policy)
        return lambda cell: one_of(cell, known)
    if column.field == "uscc":
        return credit_code
    return {"date": day, "identifier": identifier, "identifiers": identifiers}.get(column.kind, text)


def _words(column: Column, policy: Policy) -> dict[str, str]:
    """What may stand in the column, as it is compared → as it is stored; a measure's code in either case."""
    if column.kind == "measure":
        codes = {code.casefold(): code for code in policy.by_code}
        return codes | {key(word): code for word, code in policy.code_of.items()}
    return {key(word): word for word in (policy.bureaus if column.kind == "bureau" else column.choices)}


def text(cell: Cell) -> Value | Fault:
    """Text as written, white space around dropped. A number becomes text; a date or truth value is TEXT_INVALID."""
    match cell:
        case str():
            return _sound(_trimmed(cell))
        case bool():
            return Fault("TEXT_INVALID", {"found": say("逻辑值 ", "truth value ") + shown(cell)})
        case int() | float():
            return plain(cell)
    return Fault("TEXT_INVALID", {"found": say("日期或时间 ", "a date or time: ") + shown(cell)})


def _trimmed(written: str) -> str:
    return written.strip(_WHITE + _ZERO_WIDTH)


def _sound(written: str) -> str | Fault:
    if len(written) > LONGEST:
        return Fault("TEXT_INVALID", {"found": say(f"{len(written)} 个字", f"{len(written)} characters")})
    if written.isprintable():
        return written
    control = _control(written)
    if control:
        return Fault(
            "TEXT_INVALID",
            {"found": say("看不见的控制字符", "an invisible control character") + f" U+{ord(control):04X}"},
        )
    return written


def _control(written: str) -> str:
    """The first control character; line breaks and tabs are white space."""
    return next((sign for sign in written if unicodedata.category(sign) in ("Cc", "Cs") and sign not in "\t\n\r"), "")


def _odd_digits(written: str) -> bool:
    """Whether NFKC would make digits of signs that are none: 10² is not 102."""
    return any(unicodedata.category(sign) == "No" for sign in written)


def identifier(cell: Cell) -> Value | Fault:
    """A number of ours or others' as text: NFKC, no zero-width signs. One stored as a number is refused."""
    if isinstance(cell, (int, float)) and not isinstance(cell, bool):
        return Fault("IDENTIFIER_IS_NUMBER")
    read = text(cell)
    if not isinstance(read, str):
        return read
    if _POWER_OF_TEN.fullmatch(read):
        return Fault("IDENTIFIER_IS_NUMBER")  # a number all the same, in a CSV that a spreadsheet saved
    return key(read)


def credit_code(cell: Cell) -> Value | Fault:
    """A credit code, read in either case."""
    read = identifier(cell)
    return read.upper() if isinstance(read, str) else read


def identifiers(cell: Cell) -> Value | Fault | None:
    """Several numbers in one cell, separated by ; ； 、 or a line break; joined by ";", each once.

    >>> identifiers("04403250001；HT-2025-88、 HT-2025-88")
    '04403250001;HT-2025-88'
    """
    read = identifier(cell)
    if not isinstance(read, str):
        return read
    each = (part.strip() for part in _SEPARATORS.split(read))
    return ";".join(dict.fromkeys(part for part in each if part and not _PLACEHOLDER.fullmatch(part))) or None


def one_of(cell: Cell, known: dict[str, str]) -> Value | Fault:
    """The word of `known` that the cell means, else the cell as written: the schema's check refuses it then."""
    if isinstance(cell, str) and _control(cell):
        return text(cell)
    written = _trimmed(shown(cell))
    word = key(written)
    return known.get(word) or known.get(word.casefold()) or written


def amount(cell: Cell, fen_per: int, expected: str) -> Value | Fault:
    """Fen. A number counts as its 15 significant digits, a text as written; both exactly, in units of `fen_per`.

    >>> amount(1234.3000000000002, 100, ""), amount("¥1,234.50元", 100, ""), amount(35.12345, 1_000_000, "")
    (123430, 123450, 35123450)
    """
    match cell:
        case str():
            within = _AMOUNT.fullmatch(key(cell))
            if not within or _odd_digits(cell):
                return Fault("AMOUNT_INVALID", {"expected": expected})
            if within[2] and fen_per != FEN_PER["元"]:
                unit = say("以表头所写单位计的数字，不另写“元”", "a number in the unit of the heading, without 元")
                return Fault("AMOUNT_INVALID", {"expected": unit})
            number = Decimal(within[1].replace(",", ""))
        case bool() | date() | time() | timedelta() | ErrorValue() | NotCalculated():
            return Fault("AMOUNT_INVALID", {"expected": expected})
        case _:
            if not math.isfinite(cell):
                return Fault("AMOUNT_INVALID", {"expected": expected})
            number = Decimal(f"{cell:.15g}")
    fen = _EXACT.multiply(number, Decimal(fen_per))
    if abs(fen) >= MOST_FEN:
        return Fault("AMOUNT_INVALID", {"expected": say("小于一万亿元的金额", "an amount below 10^12 yuan")})
    if fen != int(fen):
        if fen < 0:
            return Fault("AMOUNT_INVALID", {"expected": expected})
        return Fault("AMOUNT_PRECISION", {"found": f"{_EXACT.divide(fen, Decimal(100)).normalize(_EXACT):f}"})
    return int(fen)


def integer(cell: Cell, expected: str) -> Value | Fault:
    """A whole number.

    >>> integer(3.0, ""), integer(" ３ ", "")
    (3, 3)
    """
    fault = Fault("NUMBER_INVALID", {"expected": expected})
    match cell:
        case str():
            return int(key(cell)) if _INTEGER.fullmatch(key(cell)) and not _odd_digits(cell) else fault
        case bool():
            return fault
        case int() | float():
            return int(cell) if abs(cell) < 1e15 and cell == int(cell) else fault
    return fault


def day(cell: Cell) -> Value | Fault:
    """A day; the time of day is dropped. A bare number is refused: nobody can say what it counts from.

    >>> day("2025年3月5日"), day("20250305"), day("2025-02-30").code
    (datetime.date(2025, 3, 5), datetime.date(2025, 3, 5), 'DATE_INVALID')
    """
    match cell:
        case datetime():
            return cell.date()
        case date():
            return cell
        case str():
            for form in _DATES:
                within = form.fullmatch(key(cell))
                if within and not _odd_digits(cell):
                    return _day(*map(int, within.groups()))
    return Fault("DATE_INVALID")


def _day(year: int, month: int, of_month: int) -> date | Fault:
    try:
        return date(year, month, of_month) if year >= 1900 else Fault("DATE_INVALID")
    except ValueError:
        return Fault("DATE_INVALID")
