"""Our reader against openpyxl, cell by cell: `make agree DIR=…` over a folder of foreign workbooks.

Two programs that know nothing of each other must see the same cells. Where they differ, the difference is named; the
known ones, all of them openpyxl's, are told apart and counted:

    negative date     a number shown as a date before 1900, which Excel cannot show: ours is the number
    29 February 1900  a day Excel shows and no calendar has: ours is the number
    escape            Excel's `_x000D_`, which openpyxl leaves as it is
    elapsed           a duration: openpyxl knows `[h]` only at the beginning of a format
    hyperlink         openpyxl puts a link's target into a cell that is empty, or whose formula has no result
    covered           a cell under a merged one keeps its value in the file; openpyxl drops it
    date format       the built-in formats 27–36 and 50–58 are days in Chinese, Japanese and Korean Excel
    ISO               a time of day of type `d`: ours is the text
"""

from __future__ import annotations

import sys
import warnings
from collections import Counter
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import openpyxl
from openpyxl.cell import MergedCell

from disburse.reader import worker
from disburse.reader.cell import ErrorValue, NotCalculated
from disburse.reader.markup import unescaped
from disburse.reader.unreadable import Unreadable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from disburse.reader.worker import Read

EAST_ASIAN = {*range(27, 37), *range(50, 59)}
MOMENT = timedelta(milliseconds=2)


class NoOracle(Exception):
    """openpyxl cannot read the file, or not this sheet of it."""


def differences(path: Path, sheets: list[Read]) -> Iterator[tuple[str, str, Any, Any]]:
    """Sheet, cell, ours, theirs, wherever the two readings are not the same value. Raises NoOracle."""
    book = _opened(path)
    for sheet in sheets:
        if sheet.name not in book.sheetnames:
            raise NoOracle(sheet.name)
        cells = book[sheet.name]._cells.items()
        theirs = {at: cell for at, cell in cells if isinstance(cell, MergedCell) or cell.value not in (None, "")}
        ours = {
            (row, column): cell
            for row, line in enumerate(sheet.cells, start=1)
            for column, cell in enumerate(line, start=1)
            if cell != ""
        }
        for at in sorted(ours.keys() | theirs.keys()):
            found, other = ours.get(at, ""), theirs.get(at)
            if isinstance(other, MergedCell) or (isinstance(found, date) and _is_day(other)):
                continue
            value = None if other is None else other.value
            linked = other is not None and other.hyperlink
            if not _same(found, value) and not (linked and found in ("", NotCalculated())):
                yield sheet.name, openpyxl.utils.get_column_letter(at[1]) + str(at[0]), found, value


def _is_day(cell: Any) -> bool:
    """Whether its number is a day by one of the formats that openpyxl does not know."""
    return cell is not None and isinstance(cell.value, int | float) and cell._style.numFmtId in EAST_ASIAN


def _opened(path: Path) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return openpyxl.load_workbook(path, data_only=True)
        except Exception as error:  # it meets damage with whatever breaks first
            raise NoOracle(repr(error)) from error


def _same(ours: Any, theirs: Any) -> bool:
    match ours:
        case ErrorValue("#VALUE!" | "#NUM!"):
            return theirs is None or str(theirs) in ("#VALUE!", "#NUM!", "nan", "inf", "NaN", "INF")
        case ErrorValue(text):
            return bool(theirs == text)
        case NotCalculated() | "":
            return theirs is None
        case str():
            return isinstance(theirs, str) and _line_ends(unescaped(theirs)) in map(_line_ends, (ours, unescaped(ours)))
        case datetime() if type(theirs) is date:
            return ours == datetime.combine(theirs, time())
        case datetime() | timedelta():
            return type(theirs) is type(ours) and abs(theirs - ours) < MOMENT
        case date():
            return isinstance(theirs, datetime) and abs(theirs - datetime.combine(ours, time())) < MOMENT
        case time():
            return isinstance(theirs, time) and abs(_since_midnight(theirs) - _since_midnight(ours)) < MOMENT
    if theirs == "#VALUE!":
        return isinstance(ours, float)  # shown as a date it cannot be
    return type(theirs) in (int, type(ours)) and bool(ours == theirs)


def _line_ends(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _since_midnight(at: time) -> timedelta:
    return timedelta(hours=at.hour, minutes=at.minute, seconds=at.second, microseconds=at.microsecond)


def _known(ours: Any, theirs: Any) -> str:
    if isinstance(ours, float) and isinstance(theirs, datetime | time | timedelta):
        return "29 February 1900" if 60 <= ours < 61 else "negative date" if ours < 0 else ""
    if isinstance(ours, str) and isinstance(theirs, time):
        return "ISO"
    if isinstance(ours, timedelta) and isinstance(theirs, int | float):
        return "elapsed"
    if isinstance(ours, date) and ours.year == 1904 and isinstance(theirs, time):
        return "negative date"
    return ""


def main() -> None:
    told: Counter[str] = Counter()
    unknown = 0
    for path in sorted(Path(sys.argv[1]).rglob("*")):
        if path.suffix.lower() not in (".xlsx", ".xlsm") or path.stat().st_size > 2_000_000:
            continue
        try:
            sheets = worker.read(path)
            told["cells"] += sum(cell != "" for sheet in sheets for row in sheet.cells for cell in row)
            for sheet, cell, ours, theirs in differences(path, sheets):
                known = _known(ours, theirs)
                told[f"differ: {known or 'UNKNOWN'}"] += 1
                if not known:
                    unknown += 1
                    print(f"{path} {sheet} {cell}: {ours!r}, openpyxl {theirs!r}")
            told["files compared"] += 1
        except NoOracle:
            told["openpyxl cannot"] += 1
        except Unreadable as reason:
            told[f"refused: {reason.code}"] += 1
    for what, count in sorted(told.items()):
        print(f"{count:>9,}  {what}")
    sys.exit(bool(unknown))


if __name__ == "__main__":
    main()
