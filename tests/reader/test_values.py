"""Cells as they are meant: dates of both calendars, texts with escapes, numbers that are none."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

import pytest

from disburse.reader.book import Book
from disburse.reader.cell import ErrorValue
from disburse.reader.rows import NotPlain
from disburse.reader.unreadable import Unreadable
from disburse.reader.values import Converters

SHOWS = ["number", "date", "elapsed"]


def cell(value: bytes, attributes: bytes = b"", *, from_1904: bool = False):
    return Converters(Book([], ["一", "二"], SHOWS, from_1904))[attributes](value)


@pytest.mark.parametrize(
    ("serial", "day"),
    [
        (b"45717", date(2025, 3, 1)),
        (b"45717.5", datetime(2025, 3, 1, 12)),
        (b"45717.999999994", datetime(2025, 3, 1, 23, 59, 59, 999000)),
        (b"1", date(1900, 1, 1)),
        (b"59", date(1900, 2, 28)),
        (b"60", 60.0),
        (b"61", date(1900, 3, 1)),
        (b"0.75", time(18)),
        (b"-1", -1.0),
        (b"2958465", date(9999, 12, 31)),
        (b"2958466", 2958466.0),
    ],
)
def test_a_serial_day_is_the_day_excel_shows_and_one_it_cannot_show_a_number(serial, day):
    found = cell(serial, b' s="1"')
    assert (type(found), found) == (type(day), day)


def test_a_workbook_that_counts_from_1904():
    assert cell(b"44255", b' s="1"', from_1904=True) == date(2025, 3, 1)
    assert cell(b"0", b' s="1"', from_1904=True) == date(1904, 1, 1)


def test_hours_beyond_a_day_are_a_duration():
    assert cell(b"1.5", b' s="2"') == timedelta(hours=36)


@pytest.mark.parametrize(
    ("value", "attributes", "expected"),
    [
        (b"1234.3000000000002", b"", 1234.3000000000002),
        (b"1E3", b"", 1000.0),
        (b" 7 ", b' t="n"', 7.0),
        (b"1e999", b"", ErrorValue("#NUM!")),
        (b"NaN", b"", ErrorValue("#NUM!")),
        (b"#N/A", b' t="e" s="1"', ErrorValue("#N/A")),
        (b"1", b' s="1" t="b"', True),
        (b"1", b' t="s"', "二"),
        (b"2025-03-01T10:00:00Z", b' t="d"', datetime(2025, 3, 1, 10)),
        ("甲&amp;乙&#10;_x000D_丙_x005F_x000D_".encode(), b' t="str"', "甲&乙\n\r丙_x000D_"),
        (b"_xD83D__xDE00_ _xD83D_", b' t="inlineStr"', "😀 \ufffd"),
        (b"00123", b' t="str"', "00123"),
    ],
)
def test_what_is_written_is_what_is_meant(value, attributes, expected):
    found = cell(value, attributes)
    assert (type(found), found) == (type(expected), expected)


@pytest.mark.parametrize(
    ("value", "attributes"),
    [(b"1_000", b""), (b"abc", b""), (b"0x10", b""), (b"3&amp;#48;", b""), (b"2", b' t="s"'), (b"-1", b' t="s"'),
     (b"1", b' t="z"'), (b"2", b' t="b"')],
)  # fmt: skip
def test_what_is_no_value_of_its_type_stops_the_file(value, attributes):
    with pytest.raises(Unreadable):
        cell(value, attributes)


@pytest.mark.parametrize(
    ("value", "attributes"),
    [(b"&nbsp;", b' t="str"'), (b"\xff", b' t="str"'), (b"&#0;", b' t="str"'), (b"1", b' t="s" t="n"'), (b"1", b" t = 's'")],
)  # fmt: skip
def test_what_only_a_parser_can_judge_is_left_to_it(value, attributes):
    with pytest.raises(NotPlain):
        cell(value, attributes)
