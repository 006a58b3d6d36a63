"""What a ledger must hold by itself, whatever it was calculated from: sums, counts, words, and the chain of amounts."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from decimal import Decimal
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from xlsxwriter.utility import xl_cell_to_rowcol, xl_rowcol_to_cell

from disburse.audit.review import Check
from disburse.language import say
from disburse.money import capital, to_fen, yuan
from disburse.verify.compare import Difference
from disburse.workbooks import annexes, detail, signed, summary
from disburse.workbooks.words import STATUS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from disburse.audit.printed import Printed, Table, Written
    from disburse.workbooks.book import Column

CHAIN = ("approved_fen", "entitled_fen", "alone_fen", "distinct_fen", "limited_fen", "paid_fen")
PAYMENT = ("applicant_name", "title", "approved_fen", "paid_fen", "payee_name", "bank_name", "account_no")
"""What a signed line and its line of 明细 both say."""

_WORDS = re.compile(r"(?:（大写）：|in words: )人民币(.*)")
_SUM = re.compile(r"0|SUM\(([A-Z]+)([0-9]+):([A-Z]+)([0-9]+)\)")
_COUNT = re.compile(r"（([0-9]+) 笔）|\(([0-9]+) lines\)")


def arithmetic(file: str, sheets: Sequence[Printed], behind: Written) -> list[Check]:
    """Every sum, count and word of the ledger added up again from its own lines; and that it shows all it holds."""
    formulas = behind.formulas
    payments, details, parts, cuts, budgets = (
        [table for sheet in sheets for table in sheet.tables(columns)]
        for columns in (signed.COLUMNS, detail.PRINTED, summary.NUMBERS, annexes.CUTS, summary.BUDGETS)
    )
    checks = (
        (
            say("签字的清单", "Signed sheets"),
            payments,
            [*_each(_signed, file, payments), *_paid(file, payments, details)],
        ),
        (say("明细", "Detail"), details, [*_each(_chain, file, details)]),
        (say("汇总", "Summary"), parts, [*_each(_part, file, parts), *_whole(file, parts, payments, details)]),
        (say("预算", "Budgets"), budgets, [*_each(_budget, file, budgets)]),
        (say("核减", "Cuts"), cuts, [*_each(_cut, file, cuts), *_explained(file, cuts, details)]),
    )
    return [
        *(
            Check(title, say(f"{lines} 行", f"{lines} lines"), found)
            for title, tables, found in checks
            for lines in [sum(len(table.lines) for table in tables)]
        ),
        Check(
            say("公式", "Formulas"), say(f"{len(formulas)} 个", str(len(formulas))), [*_carried(file, sheets, formulas)]
        ),
        Check(
            say("显示", "Appearance"), say(f"{len(sheets)} 张工作表", f"{len(sheets)} sheets"),
            [*concealed(file, sheets, behind.masks)],
        ),
    ]  # fmt: skip


def concealed(file: str, sheets: Sequence[Printed], masks: Mapping[tuple[str, str], str]) -> Iterator[Difference]:
    """Sheets and lines that are hidden, and cells that show another number than they hold: none in a ledger of ours."""
    seen, gone = say("显示", "shown"), say("隐藏", "hidden")
    for sheet in sheets:
        if sheet.hidden:
            yield Difference(file, sheet.name, expected=seen, found=gone)
        for row in sorted(sheet.hidden_rows):
            if row < len(sheet.rows) and any(cell != "" for cell in sheet.rows[row]):
                yield Difference(
                    file, sheet.name, f"{row + 1}:{row + 1}", "", say("整行", "whole line"), seen, gone,
                )  # fmt: skip
    for (name, cell), form in masks.items():
        honest = say("显示单元格的值", "one that shows the value")
        yield Difference(file, name, cell, "", say("数字格式", "number format"), honest, form)


def _carried(file: str, sheets: Sequence[Printed], formulas: Mapping[tuple[str, str], str]) -> Iterator[Difference]:
    """Every formula is a sum of cells above it and carries what they come to."""
    rows = {sheet.name: sheet.rows for sheet in sheets}
    for (sheet, cell), formula in formulas.items():
        row, column = xl_cell_to_rowcol(cell)
        found = _SUM.fullmatch(formula)
        if not found or (found[1] and (found[1] != found[3] or xl_cell_to_rowcol(found[1] + "1")[1] != column)):
            yield Difference(file, sheet, cell, "", say("公式", "formula"), "SUM", formula)
            continue
        lines = rows[sheet][int(found[2]) - 1 : int(found[4])] if found[1] else []
        carried, meant = amount(rows[sheet][row][column]), sum(amount(line[column]) or 0 for line in lines)
        if carried != meant:
            yield Difference(file, sheet, cell, "", formula, yuan(meant), shown_cell(rows[sheet][row][column]))


def _each(
    check: Callable[[str, Table], Iterable[Difference]], file: str, tables: Iterable[Table]
) -> Iterator[Difference]:
    for table in tables:
        yield from check(file, table)


def amount(cell: Any) -> int | None:
    """Fen of a cell; None where it is blank or holds no amount."""
    if isinstance(cell, int | float) and not isinstance(cell, bool):
        cell = f"{Decimal(f'{cell:.15g}').normalize():f}"
    try:
        return to_fen(cell)
    except (TypeError, ValueError):
        return None


def count(cell: Any) -> int:
    """A whole number in a cell; 0 where there is none."""
    fen = amount(cell)
    return 0 if fen is None or fen % 100 else fen // 100


def shown_cell(cell: Any) -> str:
    return f"{cell:.15g}" if isinstance(cell, float) else str(cell)


class _Line:
    """One line of a table, from which claims about its cells are made."""

    def __init__(self, file: str, table: Table, row: int) -> None:
        self.file, self.table, self.row = file, table, row

    def fen(self, field: str) -> int:
        return amount(self.table.cell(self.row, field)) or 0

    def must(self, field: str, expected: int, column: str = "") -> Iterator[Difference]:
        """The amount in `field` is `expected` fen."""
        cell = self.table.cell(self.row, field)
        found = amount(cell)
        if found != expected and not (cell == "" and not expected):
            apart = "" if found is None else yuan(found - expected)
            yield self.differs(field, column, yuan(expected), str(cell) if found is None else yuan(found), apart)

    def must_count(self, field: str, expected: int) -> Iterator[Difference]:
        cell = self.table.cell(self.row, field)
        if cell != expected:
            yield self.differs(field, "", str(expected), shown_cell(cell), "")

    def differs(self, field: str, column: str, expected: str, found: str, apart: str) -> Difference:
        number = str(self.table.cell(self.row, "application_no")) if "application_no" in self.table.columns else ""
        number = number if self.row in self.table.lines else ""
        cell = self.table.address(self.row, field)
        return Difference(
            self.file, self.table.sheet.name, cell, number, column or _heading(field), expected, found, apart
        )


def _heading(field: str) -> str:
    every = (*signed.COLUMNS, *detail.PRINTED, *summary.NUMBERS, *summary.BUDGETS, *annexes.CUTS)
    return next((column.heading for column in every if column.field == field), field)


def _sums(file: str, table: Table, columns: Sequence[Column]) -> Iterator[Difference]:
    """The line of sums under the lines it sums."""
    if table.total is None:
        yield Difference(
            file,
            table.sheet.name,
            column=say("合计行", "line of totals"),
            expected=say("有", "there"),
            found=say("无", "none"),
        )
        return
    total, lines = _Line(file, table, table.total), [_Line(file, table, row) for row in table.lines]
    for column in columns:
        if column.total and column.kind == "amount":
            yield from total.must(column.field, sum(line.fen(column.field) for line in lines))
        elif column.total:
            yield from total.must_count(column.field, sum(count(table.cell(line.row, column.field)) for line in lines))


def _signed(file: str, table: Table) -> Iterator[Difference]:
    """Sums, each fund's part, numbers of lines, the total in words; nothing above what was approved."""
    yield from _sums(file, table, signed.COLUMNS)
    for number, row in enumerate(table.lines, 1):
        line = _Line(file, table, row)
        yield from line.must_count("number", number)
        if line.fen("paid_fen") > line.fen("approved_fen"):
            yield from line.must("paid_fen", line.fen("approved_fen"), say("拨付不超过核定", "not above approved"))
    if table.total is not None:
        yield from _counts(file, table, table.total)
        yield from _in_words(file, table, table.total)


def _counts(file: str, table: Table, total: int) -> Iterator[Difference]:
    """（17 笔） beside the total and beside each fund's part, and what these parts come to."""
    labels = [(row, _label(table, row)) for row in range(total, len(table.sheet.rows))]
    counted = [(row, int(found[1] or found[2])) for row, label in labels if (found := _COUNT.search(label))]
    begin = 0
    for row, number in counted:
        lines = table.lines if row == total else table.lines[begin : begin + number]
        begin += 0 if row == total else number
        for field in ("approved_fen", "paid_fen") if row != total else ():
            yield from _Line(file, table, row).must(field, sum(_Line(file, table, line).fen(field) for line in lines))
        if number != len(lines):
            yield _said(file, table, row, say("笔数", "lines"), str(len(lines)), str(number))
    if len(counted) > 1 and begin != len(table.lines):
        yield _said(
            file, table, counted[-1][0], say("各资金笔数之和", "lines of the funds"), str(len(table.lines)), str(begin)
        )


def _in_words(file: str, table: Table, total: int) -> Iterator[Difference]:
    paid = sum(_Line(file, table, row).fen("paid_fen") for row in table.lines)
    expected = capital(paid) if paid < 10**14 else "-"
    said = [
        (row, found[1]) for row in range(total, len(table.sheet.rows)) if (found := _WORDS.search(_label(table, row)))
    ]
    for row, words in said or [(total, "")]:
        if words != expected:
            yield _said(file, table, row, say("大写", "in words"), expected, words)


def _label(table: Table, row: int) -> str:
    return next((cell for cell in table.sheet.rows[row] if isinstance(cell, str) and cell), "")


def _said(file: str, table: Table, row: int, what: str, expected: str, found: str) -> Difference:
    return Difference(file, table.sheet.name, xl_rowcol_to_cell(row, 0), "", what, expected, found)


def _paid(file: str, payments: Sequence[Table], details: Sequence[Table]) -> Iterator[Difference]:
    """Every signed line is a line of 明细 that is paid, and the other way round; both say the same."""
    known: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for table in details:
        for each in table.dicts():
            if amount(each["paid_fen"]):
                known[str(each["application_no"])].append(each)
    for table in payments:
        for row in table.lines:
            yield from _beside(_Line(file, table, row), known[str(table.cell(row, "application_no"))])
    for number, left in known.items():
        for each in left:
            yield Difference(
                file, application_no=number, column=say("签字的清单中的这一笔", "its signed line"),
                expected=yuan(amount(each["paid_fen"]) or 0), found=say("无", "none"),
            )  # fmt: skip


def _beside(line: _Line, details: list[dict[str, Any]]) -> Iterator[Difference]:
    """A signed line against the likest line of 明细 for its application, which is taken away."""
    if not details:
        there, none = say("有", "there"), say("无", "none")
        yield line.differs("application_no", say("明细中的这一笔", "its line of the detail"), there, none, "")
        return
    mine = {field: line.table.cell(line.row, field) for field in PAYMENT}
    other = max(details, key=lambda each: sum(each[field] == cell for field, cell in mine.items()))
    details.remove(other)
    for field, cell in mine.items():
        if field.endswith("_fen"):
            yield from line.must(field, amount(other[field]) or 0, say("与明细一致", "as in the detail"))
        elif other[field] != cell:
            yield line.differs(field, "", str(other[field]), str(cell), "")


def _chain(file: str, table: Table) -> Iterator[Difference]:
    """No step of the chain rises; what is withheld is what was approved less what is paid."""
    yield from _sums(file, table, detail.PRINTED)
    replaced = {STATUS["replaced"].zh, STATUS["replaced"].en}
    for row in table.lines:
        line = _Line(file, table, row)
        reached = [field for field in CHAIN if amount(table.cell(row, field)) is not None]
        for before, after in pairwise(reached):
            if line.fen(after) > line.fen(before):
                yield from line.must(after, line.fen(before), say("不高于上一步", "not above the step before"))
        if table.cell(row, "status_word") not in replaced:
            yield from line.must("withheld_fen", line.fen("approved_fen") - line.fen("paid_fen"))


def _part(file: str, table: Table) -> Iterator[Difference]:
    """Across each line of 汇总: rows = Σ statuses, approved = paid + withheld, paid = bank + transfer; and its sums."""
    yield from _sums(file, table, summary.NUMBERS)
    for row in table.lines:
        line = _Line(file, table, row)
        yield from line.must_count("rows", sum(count(table.cell(row, status)) for status in STATUS))
        yield from line.must("paid_fen", line.fen("bank_fen") + line.fen("transfer_fen"))
        yield from line.must("withheld_fen", line.fen("approved_fen") - line.fen("paid_fen"))


def _whole(
    file: str, parts: Sequence[Table], payments: Sequence[Table], details: Sequence[Table]
) -> Iterator[Difference]:
    """Every table of 汇总 comes to the same: the signed lines, and 明细."""
    paid = [sum(_Line(file, table, row).fen("paid_fen") for row in table.lines) for table in payments]
    approved, withheld = (
        sum(_Line(file, table, row).fen(field) for table in details for row in table.lines)
        for field in ("approved_fen", "withheld_fen")
    )
    for table in parts:
        if table.total is None or len(paid) != 2 or not details:
            continue
        line = _Line(file, table, table.total)
        meant = {
            "bank_fen": paid[0],
            "transfer_fen": paid[1],
            "paid_fen": sum(paid),
            "approved_fen": approved,
            "withheld_fen": withheld,
        }
        for field, fen in meant.items():
            yield from line.must(field, fen, say("与清单、明细一致", "as on the other sheets"))


def _budget(file: str, table: Table) -> Iterator[Difference]:
    """What a budget has left."""
    yield from _sums(file, table, summary.BUDGETS)
    for row in table.lines:
        line = _Line(file, table, row)
        yield from line.must("left_fen", line.fen("budget_fen") - line.fen("used_before_fen") - line.fen("paid_fen"))


def _cut(file: str, table: Table) -> Iterator[Difference]:
    """A cut is what stood before less what stands after."""
    yield from _sums(file, table, annexes.CUTS)
    for row in table.lines:
        line = _Line(file, table, row)
        yield from line.must("cut_fen", line.fen("before_fen") - line.fen("after_fen"))


def _explained(file: str, cuts: Sequence[Table], details: Sequence[Table]) -> Iterator[Difference]:
    """Whatever a paid row was not paid is explained by its cuts."""
    cut: Counter[tuple[Any, Any]] = Counter()
    for table in cuts:
        for line in table.dicts():
            cut[line["application_no"], line["instalment"]] += amount(line["cut_fen"]) or 0
    given = {word for status in ("paid", "reduced") for word in STATUS[status].both()}
    for table in details:
        for row in table.lines:
            if table.cell(row, "status_word") in given:
                pair = table.cell(row, "application_no"), table.cell(row, "instalment")
                yield from _Line(file, table, row).must(
                    "withheld_fen", cut[pair], say("等于核减之和", "the sum of its cuts")
                )
