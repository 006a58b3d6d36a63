"""The one place that opens a workbook for writing: text stays text, amounts are exact, the bytes never vary."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime
from itertools import accumulate
from math import isnan
from typing import TYPE_CHECKING, Any, Literal, Self

import pandas as pd
import xlsxwriter
from xlsxwriter.exceptions import XlsxWriterException
from xlsxwriter.utility import xl_range_abs, xl_rowcol_to_cell

from disburse.errors import Mendable
from disburse.language import say
from disburse.money import yuan
from disburse.workbooks import fit

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path
    from types import TracebackType

    from xlsxwriter.format import Format
    from xlsxwriter.worksheet import Worksheet

CREATED = datetime(2025, 1, 1)  # noqa: DTZ001 - a workbook knows no time zone
"""Written into every workbook in place of the clock: the same content has the same bytes."""

TEXT_LIMIT = 32_000
"""Characters in a cell; Excel holds 32,767."""

SIZE = 10.0
"""Font size of the body, in points, before the print scale."""

NORMAL = {"font_name": "Arial", "font_size": 9.5}
"""The font that widths of columns are measured in. A digit is 7 pixels wide, as `fit` counts, before rounding and after,
so that screens and printers agree; and every office program has this font, or one of the same widths."""

AMOUNT = "#,##0.00_ "
"""The blank of a closing sign's width keeps digits off the grid."""

_GRID = {"border": 1, "border_color": "#808080"}
_BODY = {"font_name": "宋体", "font_size": SIZE, "valign": "vcenter"}

LOOKS: dict[str, dict[str, Any]] = {
    "title": {**_BODY, "font_name": "黑体", "font_size": 16, "align": "center"},
    "form_title": {**_BODY, "font_name": "黑体", "font_size": 16},
    "subtitle": {**_BODY, "align": "center", "text_wrap": True},
    "section": {**_BODY, "font_name": "黑体", "font_size": 11},
    "note": {**_BODY, "text_wrap": True, "align": "left"},
    "note_top": {**_BODY, "text_wrap": True, "align": "left", "valign": "top"},
    "words": {**_BODY, **_GRID, "bold": True, "text_wrap": True},
    "sign": {**_BODY, "font_size": 11},
    "heading": {**_BODY, **_GRID, "bold": True, "text_wrap": True, "align": "center", "bg_color": "#D9E1F2"},
    "heading_required": {**_BODY, **_GRID, "bold": True, "text_wrap": True, "align": "center", "bg_color": "#F8CBAD"},
    "heading_conditional": {
        **_BODY,
        **_GRID,
        "bold": True,
        "text_wrap": True,
        "align": "center",
        "bg_color": "#FFE699",
    },
    "text": {**_BODY, **_GRID, "text_wrap": True, "align": "left", "num_format": "@"},
    "code": {**_BODY, **_GRID, "text_wrap": True, "align": "center", "num_format": "@"},
    "amount": {**_BODY, **_GRID, "align": "right", "num_format": AMOUNT},
    "whole": {**_BODY, **_GRID, "align": "center", "num_format": "0"},
    "day": {**_BODY, **_GRID, "align": "center", "num_format": "yyyy-mm-dd"},
    "total": {**_BODY, **_GRID, "bold": True, "align": "center", "bg_color": "#F2F2F2"},
    "total_amount": {**_BODY, **_GRID, "bold": True, "align": "right", "num_format": AMOUNT, "bg_color": "#F2F2F2"},
    "total_whole": {**_BODY, **_GRID, "bold": True, "align": "center", "num_format": "0", "bg_color": "#F2F2F2"},
    "count": {**_BODY, "align": "left", "num_format": "0"},
    "field_text": {**_BODY, "text_wrap": True, "num_format": "@"},
    "field_amount": {**_BODY, "num_format": "#,##0.00"},
    "field_whole": {**_BODY, "num_format": "0"},
    "field_day": {**_BODY, "num_format": "yyyy-mm-dd"},
}
"""Every look a cell may have, by name."""

Kind = Literal["text", "code", "amount", "whole", "day"]


@dataclass(frozen=True)
class Column:
    """One column of a printed table: field of the frame, heading, width, look, and whether it is summed."""

    field: str
    zh: str
    en: str
    width: float = 12
    kind: Kind = "text"
    total: bool = False
    span: int = 1
    """Columns of the sheet it covers, where a table stands under one with narrower columns."""

    @property
    def heading(self) -> str:
        return say(self.zh, self.en)


def spans(columns: Sequence[Column]) -> list[tuple[int, int]]:
    """First and last column of the sheet under each of `columns`."""
    ends = list(accumulate(column.span for column in columns))
    return [(end - column.span, end - 1) for column, end in zip(columns, ends, strict=True)]


def _beside(columns: Sequence[Column]) -> list[tuple[Column, tuple[int, int]]]:
    return list(zip(columns, spans(columns), strict=True))


class Book:
    """A workbook being written. As a context it is closed, and so written to `path`, only when nothing went wrong."""

    def __init__(self, path: Path, *, streamed: bool = False) -> None:
        options = {
            "strings_to_formulas": False,
            "strings_to_urls": False,
            "strings_to_numbers": False,
            "constant_memory": streamed,
            "default_format_properties": dict(NORMAL),  # the writer adds to it
        }
        self._workbook = xlsxwriter.Workbook(str(path), options)
        self._workbook.set_properties({"created": CREATED})
        self._formats: dict[tuple[str, bool], Format] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        if kind is None:
            self.close()

    def close(self) -> None:
        try:
            self._workbook.close()
        except XlsxWriterException as error:
            raise Mendable(f"工作簿没有写成：{error}", f"The workbook could not be written: {error}") from error

    def sheet(self, name: str) -> Sheet:
        return Sheet(self, self._workbook.add_worksheet(name))

    def format(self, look: str, *, quoted: bool = False) -> Format:
        """The look by its name; `quoted`: text that Excel must not take for a formula when the cell is edited."""
        key = (look, quoted)
        if key not in self._formats:
            prefix = {"quote_prefix": True} if quoted else {}
            self._formats[key] = self._workbook.add_format({**LOOKS[look], **prefix})
        return self._formats[key]

    def name(self, name: str, reference: str) -> None:
        """A name for cells; `甲!name` belongs to that sheet."""
        _done(self._workbook.define_name(name, reference))

    def bordered(self) -> Format:
        """A grid drawn round filled lines only."""
        return self._workbook.add_format(dict(_GRID))


_DANGEROUS = ("=", "+", "-", "@", "\t", "\r")
_UNSHOWABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]")


def shown(text: str) -> str:
    r"""The text as a cell can hold it and a reader can trust it.

    Control signs, halves of characters and signs that turn the direction of writing become visible escapes.

    >>> shown("甲\x0b乙")
    '甲\\x0b乙'
    """
    if _UNSHOWABLE.search(text):
        text = text.replace("\r\n", "\n").replace("\r", "\n")
        text = _UNSHOWABLE.sub(lambda sign: sign.group().encode("unicode_escape").decode(), text)
    if text.startswith("<r>") and text.endswith("</r>"):
        text = "＜" + text[1:]  # the writer would take it for markup of its own and copy it into the file unescaped
    return text if len(text) <= TEXT_LIMIT else text[:TEXT_LIMIT] + "…"


def missing(value: object) -> bool:
    """Whether there is nothing to write: None, NA, NaT, NaN or empty text."""
    if isinstance(value, str):
        return not value
    return value is None or value is pd.NA or value is pd.NaT or (isinstance(value, float) and isnan(value))


class Sheet:
    """A worksheet written from top to bottom, so that it can also be streamed; `row` is the line being written.

    `widths` of the columns are in characters, `heights` of the lines that are written in points.
    """

    def __init__(self, book: Book, worksheet: Worksheet) -> None:
        self.book = book
        self.worksheet = worksheet
        self.row = 0
        self.widths: list[float] = []
        self.heights: list[float] = []

    def set_widths(self, widths: Sequence[float]) -> None:
        self.widths = list(widths)
        for col, width in enumerate(widths):
            _done(self.worksheet.set_column(col, col, width))

    def next(self, height: float | None = None) -> None:
        """End the line being written."""
        if height is not None:
            _done(self.worksheet.set_row(self.row, height))
        self.heights.append(fit.DEFAULT_HEIGHT if height is None else height)
        self.row += 1

    def gap(self, height: float) -> None:
        """An empty line; it holds a blank cell, for a streamed sheet keeps no line without one."""
        self.put(0, None, "note")
        self.next(height)

    def text(self, col: int, value: str, look: str = "text") -> None:
        quoted = value.startswith(_DANGEROUS)
        _done(self.worksheet.write_string(self.row, col, shown(value), self.book.format(look, quoted=quoted)))

    def put(self, col: int, value: Any, kind: str) -> None:
        """A value of a table: amounts in fen, days as dates; what no number can hold exactly is written as text."""
        look = self.book.format(kind)
        if missing(value):
            _done(self.worksheet.write_blank(self.row, col, None, look))
        elif kind.endswith("amount") and abs(value) < 10**15:
            _done(self.worksheet.write_number(self.row, col, value / 100, look))
        elif kind.endswith("whole") and abs(value) < 10**15:
            _done(self.worksheet.write_number(self.row, col, int(value), look))
        elif kind.endswith("day") and 1900 <= value.year <= 9999:
            day = value if not isinstance(value, datetime) else value.date()
            _done(self.worksheet.write_datetime(self.row, col, day, look))
        else:
            self.text(col, _plain(value, kind), kind)

    def formula(self, col: int, formula: str, value: float, look: str) -> None:
        """A live formula that carries its value, so that readers which do not calculate see it too."""
        _done(self.worksheet.write_formula(self.row, col, formula, self.book.format(look), value))

    def line(self, text: str, look: str, *, first: int = 0, last: int | None = None, end: bool = True) -> None:
        """One text across the columns first…last (the whole width), and the line ended at the height it needs."""
        last = len(self.widths) - 1 if last is None else last
        self._across(first, last, look)
        self.text(first, text, look)
        if end:
            size = LOOKS[look]["font_size"]
            self.next(fit.height(fit.lines(shown(text), self._width(first, last), size), size))

    def headings(self, columns: Sequence[Column]) -> None:
        for column, (first, last) in _beside(columns):
            self._across(first, last, "heading")
            self.text(first, column.heading, "heading")
        count = max(fit.lines(column.heading, self._width(*at), SIZE) for column, at in _beside(columns))
        self.next(fit.height(count, SIZE))

    def lines(self, columns: Sequence[Column], frame: pd.DataFrame) -> range:
        """The frame's lines under the columns, each as high as its longest text needs; the rows they stand in."""
        begun = self.row
        looks = [(column.kind, *at) for column, at in _beside(columns)]
        rooms = [
            (i, self._width(*at)) for i, (column, at) in enumerate(_beside(columns)) if column.kind in ("text", "code")
        ]
        for values in zip(*(frame[column.field].tolist() for column in columns), strict=True):
            count = 1
            for i, room in rooms:
                if values[i] and len(values[i]) * 3 > room:  # below that even the widest signs fit into one line
                    count = max(count, fit.lines(values[i], room, SIZE))
            for value, (kind, first, last) in zip(values, looks, strict=True):
                self._across(first, last, kind)
                self.put(first, value, kind)
            self.next(fit.height(count, SIZE))
        return range(begun, self.row)

    def totals(self, columns: Sequence[Column], frame: pd.DataFrame, rows: range, label: str) -> None:
        """A line of sums over `rows` under the columns that are summed, and the label in the first."""
        for i, (column, (first, last)) in enumerate(_beside(columns)):
            self._across(first, last, "total")
            if column.total:
                self.sum(first, rows, int(frame[column.field].sum()), column.kind)
            elif i == 0:
                self.text(first, label, "total")
            else:
                self.put(first, None, "total")
        self.next(fit.height(1, SIZE + 2))

    def _across(self, first: int, last: int, look: str) -> None:
        if last > first:
            _done(self.worksheet.merge_range(self.row, first, self.row, last, "", self.book.format(look)))

    def _width(self, first: int, last: int) -> float:
        return sum(fit.pixels(width) for width in self.widths[first : last + 1]) / 7 - 0.7

    def sum(self, col: int, rows: range, value: int, kind: str = "amount") -> None:
        """A sum over the cells of `col` in `rows`, carrying `value` (fen for an amount)."""
        over = f"{xl_rowcol_to_cell(rows[0], col)}:{xl_rowcol_to_cell(rows[-1], col)}" if rows else ""
        formula = f"=SUM({over})" if over else "=0"
        self.formula(col, formula, value / 100 if kind == "amount" else value, f"total_{kind}")

    def validate(self, first_row: int, first_col: int, last_row: int, last_col: int, rule: dict[str, Any]) -> None:
        """A drop-down, a question while typing, or only a hint."""
        _done(self.worksheet.data_validation(first_row, first_col, last_row, last_col, rule))

    def page(
        self,
        *,
        paper: Literal["A4", "A3"],
        footer: str,
        wide: int = 1,
        repeat: int | None = None,
        repeat_columns: int | None = None,
    ) -> None:
        """Landscape, fitted to the width, with page numbers; `repeat` is the heading line printed on every page."""
        sheet = self.worksheet
        sheet.set_landscape()
        sheet.set_paper({"A4": 9, "A3": 8}[paper])
        sheet.set_margins(left=MARGIN_IN, right=MARGIN_IN, top=TOP_IN, bottom=BOTTOM_IN)
        sheet.fit_to_pages(wide, 0)
        sheet.center_horizontally()
        sheet.set_footer(footer, {"margin": 0.25})
        if repeat is not None:
            _done(sheet.repeat_rows(repeat))
        if repeat_columns is not None:
            _done(sheet.repeat_columns(0, repeat_columns))

    def keep_together(self, rows: range, repeat: int) -> None:
        """Whatever follows `rows` is printed on one page, together with the last of them; A4, all is written.

        Fitted to a width, Excel does not heed a break set by hand. It does print every print area on a page of its
        own, and so do LibreOffice and WPS: where more than one page is needed, the last page is an area of its own.
        """
        scale = fit.scale(self.widths, 297, 2 * MARGIN_IN * 25.4)
        room = (210 / 25.4 - TOP_IN - BOTTOM_IN) * 72 / scale * fit.SAFE
        begin = fit.last_page(self.heights, rows, repeat, room)
        if begin is None:
            return
        name, last = self.worksheet.get_name(), len(self.widths) - 1
        areas = (cells(name, 0, 0, begin - 1, last), cells(name, begin, 0, self.row - 1, last))
        self.book.name(f"{name}!_xlnm.Print_Area", ",".join(area[1:] for area in areas))
        _done(self.worksheet.set_h_pagebreaks([begin]))  # for a program that knows only one area


MARGIN_IN = 0.3
"""Left and right margin on paper, in inches."""

TOP_IN, BOTTOM_IN = 0.4, 0.55
"""Upper and lower margin; the footer stands in the lower."""


def footer(left: str, right: str) -> str:
    """Page x of y in the middle; & is the footer's own sign and doubled, a blank keeps digits off the font size."""
    left, right = (shown(each).replace("&", "&&")[:90] for each in (left, right))
    return f"&L&8 {left}&C&8 {say('第 &P 页，共 &N 页', 'Page &P of &N')}&R&8 {right}"


def cells(name: str, first_row: int, first_col: int, last_row: int, last_col: int) -> str:
    """An absolute reference into another sheet."""
    quoted = name.replace("'", "''")
    return f"='{quoted}'!{xl_range_abs(first_row, first_col, last_row, last_col)}"


def _plain(value: Any, kind: str) -> str:
    if kind.endswith("amount"):
        return yuan(value)
    return f"{value:%Y-%m-%d}" if isinstance(value, date) else str(value)


def _done(code: int | None) -> None:
    """Stop on what the writer would only warn of: a row beyond the sheet, text cut off, a list that is too long."""
    if code:
        raise Mendable(
            f"工作表容纳不下这些内容（代码 {code}）：一张表至多 1,048,576 行；请分批运行。",
            f"The sheet cannot hold this (code {code}): it has 1,048,576 rows at most; run the month in parts.",
        )
