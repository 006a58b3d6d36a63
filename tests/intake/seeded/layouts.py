"""Applications drawn the way clerks draw them, with a record of where everything came to stand.

Rows and columns count from 0. A drawing knows nothing of the program: what it holds and where is recorded while drawing.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import date, datetime, time
from decimal import Decimal
from itertools import pairwise
from math import inf, nextafter
from typing import TYPE_CHECKING, Any, NamedTuple

from openpyxl.utils import get_column_letter

from tests.intake.seeded.content import FORM, Application

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from random import Random

AMOUNTS = FORM.fields("amount")
MERGEABLE = (
    "applicant_name", "uscc", "payee_name", "bank_name", "account_no", "cnaps", "approval_no", "bureau", "town",
    "event_date", "approved_date", "notice_end_date", "measure", "subject_name",
)  # fmt: skip
ALWAYS = [column.field for column in FORM.columns if column.required in ("always", "column")]
GROUPS = {
    "收款信息": ("payee_name", "bank_name", "cnaps", "account_no"),
    "日期": ("event_date", "approved_date", "notice_end_date"),
    "补贴对象": ("subject_no", "subject_name"),
}
PLACEHOLDERS = ("无", "/", "-", "—", "——", " ", "／")
TOTAL_WORDS = ("合计", "合 计", "总计", "合计：", "全市合计", "共计", "合计（大写见下）", "Total", "合计金额")
PART_WORDS = ("小计", "小 计", "市直小计", "小计：", "Subtotal")
UNIT = {"元": Decimal(1), "万元": Decimal(10_000)}


class Place(NamedTuple):
    file: str
    sheet: str
    cell: str


@dataclass(frozen=True)
class Formula:
    """A formula; `value` is its stored result, None where the file holds none."""

    text: str
    value: Any = None


@dataclass(frozen=True)
class Error:
    text: str


@dataclass
class Page:
    """One sheet."""

    name: str
    cells: dict[tuple[int, int], Any] = field(default_factory=dict)
    merged: list[tuple[int, int, int, int]] = field(default_factory=list)
    hidden_rows: dict[int, str] = field(default_factory=dict)
    hidden_columns: set[int] = field(default_factory=set)
    tables: list[Table] = field(default_factory=list)
    frozen: int = 0
    filtered: tuple[int, int, int, int] | None = None

    @property
    def last(self) -> int:
        return max((row for row, _ in self.cells), default=-1)

    def merge(self, top: int, left: int, bottom: int, right: int) -> None:
        """Merge as a spreadsheet does: only the top-left cell keeps its content."""
        if (top, left) != (bottom, right):
            for row in range(top, bottom + 1):
                for column in range(left, right + 1):
                    if (row, column) != (top, left):
                        self.cells.pop((row, column), None)
            self.merged.append((top, left, bottom, right))

    def corner(self, row: int, column: int) -> tuple[int, int]:
        for top, left, bottom, right in self.merged:
            if top <= row <= bottom and left <= column <= right:
                return top, left
        return row, column


@dataclass
class File:
    """One workbook; `flat` where it is a CSV file: text alone, nothing merged, hidden or hinted."""

    name: str
    flat: bool = False
    epoch_1904: bool = False
    pages: list[Page] = field(default_factory=list)


@dataclass
class Total:
    """A total line: the applications it speaks of, and the amount columns in which it declares something."""

    row: int
    of: list[Application]
    declared: dict[str, int] = field(default_factory=dict)


@dataclass
class Table:
    """One table: where its headings, rows and totals stand, and in which units its amounts are written."""

    file: File
    page: Page
    style: Style
    heading: int = 0
    columns: dict[str, int] = field(default_factory=dict)
    extra: dict[str, int] = field(default_factory=dict)
    rows: list[tuple[Application, int]] = field(default_factory=list)
    totals: list[Total] = field(default_factory=list)

    def place(self, row: int, column: int) -> Place:
        row, column = self.page.corner(row, column)
        return Place(self.file.name, self.page.name, f"{get_column_letter(column + 1)}{row + 1}")

    def at(self, application: Application, name: str) -> Place:
        """The cell of a field; of the row's number where the table lacks the column."""
        row = next(row for each, row in self.rows if each is application)
        return self.place(row, self.columns.get(name, self.columns["application_no"]))

    def head(self, column: int) -> Place:
        """Where the heading of a column stands: on the upper of two lines where the lower is blank."""
        row, at = self.page.corner(self.heading, column)
        upper = row > 0 and (row, at) not in self.page.cells and self.style.loose and (row - 1, at) in self.page.cells
        return self.place(row - 1 if upper else row, column)


@dataclass
class Style:
    """How one table is drawn. Each choice has a name in `used`, for the rates by layout."""

    units: dict[str, str]
    words: dict[str, str]
    fields: list[str]
    used: set[str]
    left: int = 0
    two_lines: bool = False
    loose: bool = False
    unit_below: bool = False
    above: list[str] = field(default_factory=list)
    totals: str = "none"
    text_amounts: bool = False
    text_dates: bool = False
    merge: float = 0.0
    hide: float = 0.0
    gaps: float = 0.0
    pages_of: int = 0
    footers: int = 0
    group_titles: bool = False


@dataclass
class Drawing:
    """A submission as drawn."""

    files: list[File]
    used: Counter[str]

    @property
    def tables(self) -> list[Table]:
        return [table for file in self.files for page in file.pages for table in page.tables]

    def table_of(self, application: Application) -> Table:
        return next(table for table in self.tables if any(each is application for each, _ in table.rows))


def draw(random: Random, applications: Sequence[Application], *, flat: bool = False, absent: str = "") -> Drawing:
    """All applications, over one to three files, sheets and tables.

    flat    as CSV files
    absent  a column that no table is to have
    """
    drawing = Drawing([], Counter())
    parts = _split(random, applications, random.choice([1, 1, 1, 2, 3]))
    used = random.choice(["申报表", "汇总 表", "Sheet1", "6月'明细", "申报（第一批）"])
    for number, part in enumerate(parts, start=1):
        if not drawing.files or flat or random.random() < 0.3:
            name = f"{random.choice(['市科技局', '申报 ', '附件'])}{number}.{'csv' if flat else 'xlsx'}"
            drawing.files.append(File(name, flat, not flat and random.random() < 0.1))
        file = drawing.files[-1]
        if not file.pages or random.random() < 0.5:
            file.pages.append(Page("" if flat else f"{used}{len(file.pages) + 1}"))
        _table(random, file, part, drawing.used, absent)
    for file in drawing.files:
        if not flat and random.random() < 0.3:
            file.pages.insert(random.randint(0, 1), _guide())
            drawing.used["other sheet"] += 1
        drawing.used["1904" if file.epoch_1904 else "csv" if flat else "xlsx"] += 1
    return drawing


def _split(random: Random, applications: Sequence[Application], parts: int) -> list[list[Application]]:
    cuts = sorted(random.sample(range(1, len(applications)), min(parts, len(applications)) - 1))
    return [list(applications[a:b]) for a, b in pairwise([0, *cuts, len(applications)])]


def _guide() -> Page:
    page = Page("填报说明")
    for row, column in enumerate(FORM.columns):
        page.cells[row + 1, 0], page.cells[row + 1, 1] = column.heading.zh, column.meaning.zh
    page.cells[0, 0] = "填报说明"
    return page


def _table(random: Random, file: File, applications: list[Application], used: Counter[str], absent: str) -> None:
    page = file.pages[-1]
    style = _style(random, file, applications, absent)
    if page.tables:  # the unit above the first table of a sheet holds for those that name none
        first = page.tables[0].style
        style.units = _units(random, style, above=first.units if first.above else None)
    table = Table(file, page, style)
    row = _titles(random, table, page.last + (2 if page.tables else 1))
    row = _headings(random, table, row)
    row = _body(random, table, applications, row)
    _footers(random, table, row)
    page.tables.append(table)
    used.update(style.used)


def _style(random: Random, file: File, applications: Sequence[Application], absent: str) -> Style:
    fields = [
        column.field
        for column in FORM.columns
        if column.field != absent
        and (
            column.field in ALWAYS
            or any(each[column.field] is not None or column.field in each.cells for each in applications)
            or random.random() < 0.3
        )
    ]
    used: set[str] = set()
    if any(each.pays for each in applications):
        fields += [name for name in FORM.paid_columns if name not in fields]
    if random.random() < 0.3:
        random.shuffle(fields)
        used.add("columns in any order")
    style = Style({}, {}, fields, used, left=random.choice([0, 0, 0, 1, 2]))
    _dress(random, file, style)
    style.units = _units(random, style)
    return style


def _dress(random: Random, file: File, style: Style) -> None:
    def now(name: str, chance: float) -> bool:
        if random.random() < chance:
            style.used.add(name)
            return True
        return False

    style.totals = random.choice(["none", "last", "last", "first", "parts", "leading parts", "middle"])
    style.used.add(f"totals {style.totals}")
    style.text_amounts = now("amounts as text", 0.3)
    style.text_dates = file.flat or now("dates as text", 0.4)
    style.gaps = 0.2 * now("blank lines between rows", 0.2)
    style.pages_of = random.randint(1, 5) * (style.totals != "middle" and now("repeated page headings", 0.15))
    style.footers = random.randint(1, 3) * now("footers", 0.6)
    style.group_titles = style.totals == "parts" and now("group titles", 0.5)
    if style.left:
        style.used.add("starts right of column A")
    style.two_lines = now("headings on two lines", 0.25)
    style.loose = style.two_lines and (file.flat or now("not merged", 0.4))
    if not file.flat:
        style.merge = random.random() * now("merged down", 0.4)
        style.hide = 0.3 * now("hidden rows", 0.25)


def _units(random: Random, style: Style, above: dict[str, str] | None = None) -> dict[str, str]:
    """In which unit each amount column is written, and how the table says so (headings, line below, lines above)."""
    how = random.choice(["heading", "heading", "below", "line", "title", "silent"])
    if above is not None and how == "silent":
        how = "heading"
    unit = "元" if how == "silent" else random.choice(["元", "万元", "万元"])
    style.used.add(f"{unit} in {how}")
    style.unit_below = how == "below"
    style.above = []
    units = dict.fromkeys(AMOUNTS, unit)
    for column in FORM.columns:
        style.words[column.field] = _word(random, column, style)
    for name in AMOUNTS:
        if how == "heading" or (how in ("line", "title") and random.random() < 0.3):
            if how != "heading":
                units[name] = random.choice(["元", "万元"])
            mark = random.choice(["({})", "（{}）", "/{}", "（单位：{}）", "\n({})", " （ {} ）"]).format(units[name])
            style.words[name] += mark
    if how == "line":
        style.above = [
            random.choice(["单位：{}", "单位:{}", "（单位：人民币{}）", "金额单位: {}", "单 位： {}"]).format(unit)
        ]
    if how == "title":
        style.above = [random.choice(["资金安排明细表（{}）", "拟资助项目表（单位：{}）"]).format(unit)]
    return units


def _word(random: Random, column: Any, style: Style) -> str:
    words = [column.heading.zh, column.heading.zh, *column.synonyms]
    if column.kind == "amount":
        words = [word for word in words if "(" not in word]
    word = random.choice(words)
    if word != column.heading.zh:
        style.used.add("synonyms")
    if random.random() < 0.2:
        style.used.add("marks in headings")
        if column.kind != "amount":
            word = random.choice(["*{}", "{}*", "{}（必填）", "* {}", "{} "]).format(word)
        half = len(word) // 2
        word = random.choice([word, f"{word[:half]}\n{word[half:]}", f"{word[:half]} {word[half:]}", f"*{word}"])
    return word


def _titles(random: Random, table: Table, row: int) -> int:
    """The lines above the heading."""
    page, style, width = table.page, table.style, len(table.style.fields)
    left = style.left
    page.cells[row, left] = random.choice(["附件1", "2025年6月生产性服务业补贴申报汇总表", "补贴申报表（第二批）"])
    if not table.file.flat and random.random() < 0.7:
        page.merge(row, left, row, left + width - 1)
        style.used.add("merged title")
    row += 1 + (random.random() < 0.3)
    for text in style.above:
        page.cells[row, left + random.choice([0, width - 1, width // 2])] = text
        if not table.file.flat and (random.random() < 0.3 or "表" in text):
            column = next(column for at, column in page.cells if at == row)
            page.cells[row, left] = page.cells.pop((row, column))
            page.merge(row, left, row, left + width - 1)
        row += 1
    if random.random() < 0.3:
        page.cells[row, left] = "填报单位（盖章）：东莞市示例局"
        page.cells[row, left + width - 1] = "填报日期：2025年6月3日"
        row += 1
        style.used.add("who fills it in above")
    return row + (random.random() < 0.3)


def _headings(random: Random, table: Table, row: int) -> int:
    """The heading, on one line or two, and the line of units below it; the first line of the body."""
    style, left = table.style, table.style.left
    slots: list[tuple[str, str]] = [(name, style.words[name]) for name in style.fields]
    for word, chance in (("序号", 0.4), ("科室意见", 0.2), ("联系电话", 0.2), ("", 0.1)):
        if random.random() < chance:
            place = 0 if word == "序号" else random.randint(1, len(slots))
            slots.insert(place, ("", word))
            style.used.add("extra columns" if word else "column without heading")
    for offset, (name, word) in enumerate(slots):
        if name:
            table.columns[name] = left + offset
        else:
            table.extra[word] = left + offset
    table.heading = _write_heading(table, row)
    if not table.file.flat and random.random() < 0.15:
        table.page.hidden_columns.add(random.choice(list(table.columns.values())))
        style.used.add("hidden columns")
    if not table.file.flat and random.random() < 0.2:
        table.page.frozen = table.heading + 1
    return table.heading + 1 + style.unit_below


def _write_heading(table: Table, row: int) -> int:
    """Write the heading lines from `row` on; the last line that holds headings."""
    page, style = table.page, table.style
    words = {column: style.words[name] for name, column in table.columns.items()}
    words |= {column: word for word, column in table.extra.items() if word}
    groups = [*_runs(table)] if style.two_lines else []
    last = row + bool(groups)
    grouped = {column for _, first, end in groups for column in range(first, end + 1)}
    for column, word in words.items():
        page.cells[last if column in grouped else row, column] = word
        if groups and column not in grouped and not style.loose:
            page.merge(row, column, last, column)
    for word, first, end in groups:
        page.cells[row, first] = word
        if not table.file.flat:
            page.merge(row, first, row, end)
    if style.unit_below:
        for name in AMOUNTS:
            if name in table.columns:
                page.cells[last + 1, table.columns[name]] = f"（{style.units[name]}）"
    return last


def _runs(table: Table) -> Iterator[tuple[str, int, int]]:
    """Groups of headings whose columns stand side by side."""
    for word, names in GROUPS.items():
        columns = sorted(table.columns[name] for name in names if name in table.columns)
        if len(columns) > 1 and columns[-1] - columns[0] == len(columns) - 1:
            yield word, columns[0], columns[-1]


def _body(random: Random, table: Table, applications: list[Application], row: int) -> int:
    """Rows and total lines from `row` on; the first free line."""
    style = table.style
    lines = _lines(random, style, applications)
    on_page = 0
    for kind, of in lines:
        if kind == "row":
            if style.pages_of and on_page == style.pages_of:
                row, on_page = _page_heading(random, table, row), 0
            _row(random, table, of[0], row)
            on_page += 1
        elif kind == "title":
            table.page.cells[row, style.left] = random.choice(["一、市直单位", "（一）科技类", "第一批"])
        else:
            _total(random, table, Total(row, of), kind)
        row += 1 + (random.random() < style.gaps)
    _merge_down(random, table)
    return row


def _page_heading(random: Random, table: Table, row: int) -> int:
    row = _write_heading(table, row + (random.random() < 0.3))
    return row + 1 + table.style.unit_below


def _lines(random: Random, style: Style, applications: list[Application]) -> list[tuple[str, list[Application]]]:
    """What stands line by line: rows, total lines ("all", "part") and titles of groups."""
    rows = [("row", [each]) for each in applications]
    whole = ("all", applications)
    match style.totals:
        case "last":
            return [*rows, whole]
        case "first":
            return [whole, *rows]
        case "middle":
            place = random.randint(1, len(rows))
            return [*rows[:place], whole, *rows[place:]]
        case "parts" | "leading parts":
            groups = _split(random, applications, min(len(applications), random.choice([1, 2, 3])))
            lines: list[tuple[str, list[Application]]] = []
            if style.totals == "parts":
                if random.random() < 0.2:
                    lines.append(("part", []))
                    style.used.add("empty first group")
                for group in groups:
                    lines += [("title", [])] * style.group_titles
                    lines += [*(("row", [each]) for each in group), ("part", group)]
                return [*lines, whole]
            for group in groups:
                lines += [("part", group), *(("row", [each]) for each in group)]
            return [whole, *lines]
    return rows


def _row(random: Random, table: Table, application: Application, row: int) -> None:
    page, style = table.page, table.style
    for name, column in table.columns.items():
        if name in application.cells:
            cell = application.cells[name]
            cell = cell(style) if callable(cell) else cell
        else:
            cell = _cell(random, FORM[name], application[name], style, flat=table.file.flat)
        if cell is not None:
            page.cells[row, column] = cell
    for word, column in table.extra.items():
        page.cells[row, column] = (
            len(table.rows) + 1 if word == "序号" else random.choice(["同意", "0769-2283", "见附件"])
        )
    table.rows.append((application, row))
    if random.random() < style.hide:
        page.hidden_rows[row] = "hidden"


def _cell(random: Random, column: Any, value: Any, style: Style, *, flat: bool) -> Any:
    """A sound value as a clerk may type it."""
    if value is None:
        blank = column.required != "always" and column.field != "approval_no" and random.random() < 0.1
        return random.choice(PLACEHOLDERS) if blank else None
    match value:
        case Decimal():
            return _amount(random, value, style.units[column.field], text=style.text_amounts)
        case date():
            return _date(random, value) if style.text_dates else datetime.combine(value, time())
        case int():
            return random.choice([value, float(value), str(value)])
    if flat or random.random() < 0.9:
        return value
    style.used.add("spaces and full-width signs")
    if column.field == "uscc":
        return random.choice([value.lower(), _wide(value), f" {value}\u200b"])
    if column.kind == "identifier":
        return random.choice([_wide(value), f"{value} ", f"\u3000{value}", f"\ufeff{value}"])
    return random.choice([f" {value}", f"{value}\n", value])


def _wide(text: str) -> str:
    return "".join(chr(ord(sign) + 0xFEE0) if "!" <= sign <= "~" else sign for sign in text)


def _amount(random: Random, yuan: Decimal, unit: str, *, text: bool) -> Any:
    number = yuan / UNIT[unit]
    if not text or random.random() < 0.3:
        plain = float(number)
        return random.choice([plain, plain, nextafter(plain, inf), int(number) if number == int(number) else plain])
    forms = [f"{number:f}", f"{number:,f}", f"￥{number:f}", f"¥{number:,f}", _wide(f"{number:f}"), f" {number:f} "]
    if unit == "元":
        forms += [f"{number:,f}元", f"￥{number:f} 元"]
    return random.choice(forms)


def _date(random: Random, day: date) -> str:
    y, m, d = day.year, day.month, day.day
    return random.choice(
        [
            f"{day}", f"{y}-{m}-{d}", f"{y}/{m}/{d}", f"{y}/{m:02}/{d:02}", f"{y}.{m}.{d}", f"{y}年{m}月{d}日", f"{day:%Y%m%d}",
            f"{day} 09:30", f"{y}/{m}/{d} 9:30:00", _wide(f"{day:%Y%m%d}"), f" {day} ", f"{y} 年 {m} 月 {d} 日",
        ]
    )  # fmt: skip


def counted(application: Application, name: str) -> Decimal:
    """What the row counts in a declared total: the amount, or nothing where its cell was blanked."""
    if name in application.cells:
        return Decimal(0)
    return application[name] or Decimal(0)


def _total(random: Random, table: Table, total: Total, kind: str) -> None:
    page, columns = table.page, table.columns
    label = random.choice(TOTAL_WORDS if kind == "all" else PART_WORDS)
    free = sorted({*columns.values(), *table.extra.values()} - {columns[each] for each in AMOUNTS if each in columns})
    place = free[0] if random.random() < 0.7 else columns.get("application_no", free[0])
    page.cells[total.row, place] = label
    if not table.file.flat and random.random() < 0.3:
        end = place
        while end + 1 in free:
            end += 1
        page.merge(total.row, place, total.row, end)
    for name in AMOUNTS:
        column = columns.get(name)
        if column is None or random.random() < 0.2:
            continue
        total.declared[name] = column
        page.cells[total.row, column] = declared(random, table, total, name)
    table.totals.append(total)


def declared(random: Random, table: Table, total: Total, name: str, more: Decimal = Decimal(0)) -> Any:
    """The cell of a declared total: a number with the noise of a sum, a text, or a formula with its value."""
    unit = UNIT[table.style.units[name]]
    amount = (sum((counted(each, name) for each in total.of), Decimal(0)) + more) / unit
    if table.style.text_amounts and random.random() < 0.5:
        return f"{amount:,f}"
    noisy = sum((float(counted(each, name) / unit) for each in total.of), 0.0) + float(more / unit)
    return noisy if table.file.flat or random.random() < 0.5 else Formula(f"SUM({total.row})*1", noisy)


def _merge_down(random: Random, table: Table) -> None:
    """Equal neighbours merged, as clerks merge the cells of one enterprise."""
    for name in MERGEABLE if table.style.merge else ():
        column = table.columns.get(name)
        run: list[tuple[Application, int]] = []
        for each in [*table.rows, None]:
            if each and run and column is not None and each[1] == run[-1][1] + 1 and _alike(each[0], run[-1][0], name):
                run.append(each)
                continue
            if len(run) > 1 and column is not None and random.random() < table.style.merge:
                table.page.merge(run[0][1], column, run[-1][1], column)
            run = [each] if each else []


def _alike(one: Application, other: Application, name: str) -> bool:
    if name in one.cells or name in other.cells:
        return name in one.cells and name in other.cells and one.cells[name] is other.cells[name]
    return one[name] is not None and one[name] == other[name]


FOOTERS = (
    ["制表：张三  2025年6月3日", None, None, "复核：李四"],
    ["制表人：王五", None, "审核人：赵六", None, None, "负责人："],
    ["东莞市商务局（盖章）"],
    ["注1：本表一式两份。"],
    ["注：1.金额以批复为准；2.本表须加盖公章。"],
    ["备注：以上数据截至2025年6月3日"],
    [None, None, "李四"],
    ["2025年6月3日"],
    ["2025-06-03"],
    ["2025.6.3"],
    [None, None, None, "2025年6月3日"],
    ["联系电话 0769-22830000"],
    ["联系人 张三 13800000000"],
    ["联系电话：", "0769-22830000"],
    ["填报单位（盖章）：东莞市示例局", None, None, None, "填报日期：2025年6月3日"],
    ["填表日期 2025年6月3日"],
    ["第1页，共2页"],
    ["制表人 王五", None, None, "审核人 赵六", None, None, "2025年6月3日"],
    ["经办科室意见："],
)


def _footers(random: Random, table: Table, row: int) -> None:
    row += random.randint(0, 1)
    if table.style.totals == "none":
        row = max(row, table.rows[-1][1] + 2)
    for footer in random.sample(FOOTERS, table.style.footers):
        for offset, text in enumerate(footer):
            if text is not None:
                table.page.cells[row, table.style.left + offset] = text
        row += 1
