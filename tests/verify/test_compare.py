"""The comparison by itself: every single change is found, at its cell, and nothing else is."""

from __future__ import annotations

from datetime import date, datetime

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from disburse.verify.compare import Difference, Sheet, compare, paired

HEADINGS = ("申报编号", "企业名称", "拨付金额(元)", "状态")
cells = st.one_of(
    st.text("甲乙丙019 ", max_size=4), st.integers(-9, 9), st.floats(-1e6, 1e6).map(lambda x: round(x, 2)), st.just("")
)
numbers = st.text("甲乙丙019", min_size=1, max_size=4)
rows = st.lists(st.tuples(numbers, cells, cells, cells), min_size=1, max_size=12)


def found(expected, other) -> list[Difference]:
    return [*compare("f", [Sheet("s", [HEADINGS, *expected])], [Sheet("s", [HEADINGS, *other])], HEADINGS)]


@given(rows)
def test_the_same_is_the_same(lines) -> None:
    assert found(lines, lines) == []


@settings(max_examples=300)
@given(rows, st.data())
def test_one_cell_is_found_at_its_place(lines, data) -> None:
    row, column = data.draw(st.integers(0, len(lines) - 1)), data.draw(st.integers(0, 3))
    # a line of which nothing else is left to know it by is another line
    assume(any(str(cell).strip() for at, cell in enumerate(lines[row]) if at != column))
    changed = [list(line) for line in lines]
    changed[row][column] = data.draw(st.sampled_from(["改", 12345.67]))
    differences = found(lines, [tuple(line) for line in changed])
    place = "ABCD"[column] + str(row + 2)
    assert [each.cell for each in differences] == [place]
    assert differences[0].column in (HEADINGS[column], "")


@given(rows, st.data())
def test_a_line_left_out_or_put_in_is_found(lines, data) -> None:
    at = data.draw(st.integers(0, len(lines) - 1))
    assert found(lines, lines[:at] + lines[at + 1 :])
    assert found(lines[:at] + lines[at + 1 :], lines)


@given(rows, rows)
def test_every_line_is_accounted_for(lines, others) -> None:
    """Pairs are in order, each line once; what is not named is equal on both sides."""
    pairs = [*paired(lines, others)]
    left, right = ([each[side] for each in pairs if each[side] is not None] for side in (0, 1))
    assert left == sorted(set(left))
    assert right == sorted(set(right))
    rest = [
        [line for i, line in enumerate(side) if i not in set(named)] for side, named in ((lines, left), (others, right))
    ]
    assert rest[0] == rest[1]


def test_the_application_and_the_amount_apart_are_named() -> None:
    (difference,) = found([("KJ-1", "甲", 100.0, "paid")], [("KJ-1", "甲", 100.01, "paid")])
    assert (difference.application_no, difference.column, difference.difference) == ("KJ-1", "拨付金额(元)", "0.01")


def test_a_number_typed_as_text_is_no_number() -> None:
    (difference,) = found([("KJ-1", "甲", 100.0, "paid")], [("KJ-1", "甲", "100", "paid")])
    assert (difference.expected, difference.found) == ("100", "100（文本）")


def test_a_day_is_a_day_with_or_without_a_time() -> None:
    midnight = datetime(2025, 6, 30)
    assert found([(date(2025, 6, 30), 1, 2, 3)], [(midnight, 1.0, 2.0, 3)]) == []


def test_sheets_left_out_and_put_in_are_found() -> None:
    one, two = Sheet("一", [("甲",)]), Sheet("二", [("乙",)])
    assert [each.sheet for each in compare("f", [one, two], [one], ())] == ["二"]
    assert [each.sheet for each in compare("f", [one], [one, two], ())] == ["二"]


def test_lines_below_one_put_in_do_not_differ() -> None:
    lines = [(f"KJ-{number}", "甲", number, "paid") for number in range(9)]
    differences = found(lines, [*lines[:4], ("KJ-X", "假", 9_999.0, "paid"), *lines[4:]])
    assert [(each.cell, each.application_no, each.expected) for each in differences] == [("6:6", "KJ-X", "无此行")]
