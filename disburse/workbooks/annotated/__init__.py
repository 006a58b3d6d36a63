"""The workbook as it was sent, with its faults marked: cells coloured and commented, a column 问题 to filter by, and a
first sheet 问题清单 with links to the cells.

Only what a mark needs is changed, in the parts of the file itself; pictures, text boxes, drop-downs, macros and stored
results stay byte for byte. Whatever this program added before is taken away first, so a copy of a copy is the same copy.
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from typing import TYPE_CHECKING

from lxml import etree
from xlsxwriter.utility import xl_cell_to_rowcol, xl_rowcol_to_cell

from disburse import marked
from disburse.findings import catalogue, of_file, precedence
from disburse.language import say
from disburse.reader.book import COLUMN_NAME
from disburse.workbooks.annotated.comments import Comments
from disburse.workbooks.annotated.listing import NAME, listing
from disburse.workbooks.annotated.package import Package, Unmarkable, main
from disburse.workbooks.annotated.sheet import LAST_COLUMN, SheetXml, column_range
from disburse.workbooks.annotated.styles import Styles
from disburse.workbooks.annotated.workbook import FILTER, FILTERED, Workbook, quoted

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from disburse.findings import Placed
    from disburse.workbooks.annotated.workbook import Entry

__all__ = ["Area", "Marks", "Unmarkable", "write_annotated"]

_SELECTED = re.compile(rb"""\stabSelected\s*=\s*["'](?:1|true)["']""")


@dataclass(frozen=True)
class Area:
    """A table on a sheet, rows and columns from 0: its heading, its first column, its last row, the first free column."""

    heading: int
    left: int
    bottom: int
    free: int


@dataclass(frozen=True)
class Marks:
    """What is to be marked in one workbook.

    findings  with the enterprise each is about; each once per code and place, in the order of the list
    lines     sheet → row (from 0) → what stands in the column 问题
    tables    sheet → its tables
    """

    findings: Sequence[tuple[Placed, str]]
    lines: Mapping[str, Mapping[int, Sequence[Placed]]] = field(default_factory=dict)
    tables: Mapping[str, Sequence[Area]] = field(default_factory=dict)

    def cells(self, sheet: str) -> dict[tuple[int, int], list[Placed]]:
        """The findings on each cell of the sheet, the severest first."""
        found: dict[tuple[int, int], list[Placed]] = defaultdict(list)
        for placed in self._by_sheet.get(sheet, ()):
            found[xl_cell_to_rowcol(placed.cell)].append(placed)
        return {at: sorted(each, key=lambda placed: precedence(placed.code)) for at, each in found.items()}

    @cached_property
    def _by_sheet(self) -> dict[str, list[Placed]]:
        """The findings that have a cell, by sheet."""
        sheets: dict[str, list[Placed]] = defaultdict(list)
        for placed, _ in self.findings:
            if placed.cell:
                sheets[placed.source_sheet].append(placed)
        return sheets

    def under(self, name: str) -> Marks:
        """The marks of a sheet without a name, under the name its copy has."""
        findings = [
            (replace(each, source_sheet=each.source_sheet or name) if each.cell else each, applicant)
            for each, applicant in self.findings
        ]
        lines = {sheet or name: each for sheet, each in self.lines.items()}
        tables = {sheet or name: each for sheet, each in self.tables.items()}
        return Marks(findings, lines, tables)


def write_annotated(path: Path, target: Path, name: str, marks: Marks, lost: str = "") -> Placed | None:
    """Write the marked copy of the .xlsx or .xlsm at `path`; return a finding on what it does not keep.

    name  of the file that was sent
    lost  what was lost before, in words

    Without findings the copy is the workbook with all marks of ours taken away.
    Raises Unmarkable for a package that is not built in the usual way.
    """
    with Package(path) as package:
        book = Workbook(package)
        styles = Styles(package, book.styles())
        if marks.findings:
            _deselect(book)
        pages, again = _before(book)
        styles.reach(max((page.sheet.last_format() for page in pages), default=0))
        unmarked = {style: styles.unmarked(style) for style in styles.marks()} if again else {}
        left = [_sheet(book, styles, unmarked, page, marks) for page in pages]
        words = say("；", "; ").join([*([lost] if lost else []), *_lost(package, sum(left), styles.uncoloured)])
        notice = of_file(name, "COPY_INCOMPLETE", found=words) if words else None
        if marks.findings:
            listed = [*marks.findings, *([(notice, "")] if notice else [])]
            book.add_list(_free_name(book), *listing(listed, styles))
        package.save(target)
        return notice


@dataclass
class _Page:
    """A worksheet at its position in the workbook.

    own    the columns that an earlier copy added to it
    added  row → those of their cells that it wrote; what a clerk wrote there stays
    """

    at: int
    entry: Entry
    sheet: SheetXml
    comments: Comments
    own: frozenset[int]
    added: dict[int, list[int]]


def _before(book: Workbook) -> tuple[list[_Page], bool]:
    """The worksheets without lists of findings, and whether an earlier copy has left anything."""
    strings, named, again = book.strings(), book.list_named(), False
    texts: dict[str, dict[int, dict[int, str]]] = {}
    sheets: dict[str, SheetXml] = {}
    for entry in [each for each in book.sheets if each.is_worksheet]:
        sheets[entry.part] = SheetXml(book.package, entry.part)
        texts[entry.part] = sheets[entry.part].texts_like_ours(strings)
        first = [line for row, line in texts[entry.part].items() if row < marked.WITHIN]
        if len(book.sheets) > 1 and marked.is_list(first, named=entry.name == named):
            book.take_out(entry)
            again = True
    book.forget_list()
    pages = []
    for at, entry in enumerate(book.sheets):
        if entry.is_worksheet:
            own, added = _added(texts[entry.part], book.column_of(at))
            comments = Comments(book.package, sheets[entry.part], at)
            again = again or bool(own) or comments.has_ours()
            pages.append(_Page(at, entry, sheets[entry.part], comments, own, added))
    return pages, again


def _added(texts: Mapping[int, Mapping[int, str]], named: int | None) -> tuple[frozenset[int], dict[int, list[int]]]:
    """The columns that are ours, and what in them is."""
    columns: dict[int, list[str]] = defaultdict(list)
    for line in texts.values():
        for column, text in line.items():
            columns[column].append(text)
    own = frozenset(at for at, each in columns.items() if marked.is_column(each, named=at == named))
    added = {
        row: [at for at in own & line.keys() if marked.heads_column(line[at]) or marked.is_entry(line[at])]
        for row, line in texts.items()
    }
    return own, {row: each for row, each in added.items() if each}


def _lost(package: Package, uncommented: int, uncoloured: int) -> list[str]:
    """What the copy does not keep or cannot show, in words."""
    lost = []
    if package.related("", "origin"):
        lost.append(say("数字签名（内容有改动，签名失效）", "the digital signature (the content has changed)"))
    if uncommented:
        lost.append(
            say(
                f"{uncommented} 个单元格的批注（见问题清单）",
                f"comments on {uncommented} cells (see the list)",
            )
        )
    if uncoloured:
        lost.append(
            say(
                f"{uncoloured} 个单元格的标记底色（原有图案或渐变，保持原样；见批注和问题清单）",
                f"the mark's colour on {uncoloured} cells with a pattern or gradient of their own (see comments and list)",
            )
        )
    return lost


def _free_name(book: Workbook) -> str:
    taken = {entry.name.casefold() for entry in book.sheets}
    names = (NAME if number == 1 else f"{NAME} ({number})" for number in range(1, len(taken) + 2))
    return next(name for name in names if name.casefold() not in taken)


def _sheet(book: Workbook, styles: Styles, unmarked: Mapping[int, int], page: _Page, marks: Marks) -> int:
    """Mark one sheet; the number of cells that got no comment."""
    at, entry, sheet, comments = page.at, page.entry, page.sheet, page.comments
    cells = marks.cells(entry.name)
    sheet.everywhere = unmarked
    if not (cells or page.own or comments.has_ours() or sheet.bears()):
        return 0
    sheet.cleared = page.added
    for column in page.own:
        sheet.narrow(column)
    comments.take_away()
    _unfilter(book, sheet, at, entry.name)
    book.drop_name(COLUMN_NAME, at)
    for (row, column), found in cells.items():
        severity = found[0].severity
        sheet.restyled.setdefault(row, {})[column] = partial(styles.marked, severity=severity)
    lines = marks.lines.get(entry.name, {})
    if lines:
        _column(book, sheet, styles, at, min(page.own, default=None), marks.tables[entry.name], lines, entry)
    left = comments.add({cell: "\n".join(map(_words, found)) for cell, found in cells.items()})
    sheet.save()
    return left


def _deselect(book: Workbook) -> None:
    """No sheet stays selected: one selected besides the list would be edited together with it."""
    for entry in book.sheets:
        content = book.package.read(entry.part)
        head, rows, body = content.partition(b"sheetData")
        if _SELECTED.search(head):
            book.package.put(entry.part, _SELECTED.sub(b"", head) + rows + body)


def _words(placed: Placed) -> str:
    """A finding as a comment says it."""
    title = catalogue()[placed.code].title
    return say(f"【{title}】", f"[{title}] ") + f"{placed.discreet or placed.message}\n→ {placed.remedy}"


def _column(
    book: Workbook, sheet: SheetXml, styles: Styles, at: int, before: int | None, tables: Sequence[Area],
    lines: Mapping[int, Sequence[Placed]], entry: Entry,
) -> None:  # fmt: skip
    """The column 问题: beside every table of the sheet, its codes and messages on the rows they speak of."""
    column = before if before is not None else max(table.free for table in tables)
    if column > LAST_COLUMN:
        return
    heading, text = styles.look("heading"), styles.look("plain")
    for table in tables:
        sheet.texts.setdefault(table.heading, {})[column] = (str(marked.COLUMN), heading)
    for row, placed in lines.items():
        said = say("；", "; ").join(
            f"{each.code} {catalogue()[each.code].title}{say('：', ': ')}{each.discreet or each.message}"
            for each in sorted(placed, key=lambda each: precedence(each.code))
        )
        sheet.texts.setdefault(row, {}).setdefault(column, (said, text))
    sheet.widen(column)
    sheet.reach(column)
    book.set_name(COLUMN_NAME, at, f"{quoted(entry.name)}!{column_range(column)}")
    _filter(book, sheet, at, max(tables, key=lambda table: table.bottom - table.heading), column, entry)


def _filter(book: Workbook, sheet: SheetXml, at: int, table: Area, column: int, entry: Entry) -> None:
    """Let the column be filtered: by the filter that is there, else by one over the table. A sheet holds only one."""
    found = sheet.root.find(main("autoFilter"))
    before = "" if found is None else found.get("ref", "")
    if found is not None:
        first, _, last = before.partition(":")
        if not last or xl_cell_to_rowcol(first)[0] != table.heading or xl_cell_to_rowcol(last)[1] >= column:
            return
        reference = f"{first}:{xl_rowcol_to_cell(xl_cell_to_rowcol(last)[0], column)}"
        found.set("ref", reference)
    elif sheet.root.find(main("tableParts")) is not None:
        return  # Excel's own tables bring their own filter
    else:
        reference = f"{xl_rowcol_to_cell(table.heading, table.left)}:{xl_rowcol_to_cell(table.bottom, column)}"
        sheet.insert(etree.Element(main("autoFilter"), ref=reference))
    book.set_filter(at, entry.name, reference, before)


def _unfilter(book: Workbook, sheet: SheetXml, at: int, name: str) -> None:
    """Take away the filter that was ours, or our column out of the one that was not."""
    before, found = book.filtered_before(at), sheet.root.find(main("autoFilter"))
    if before is None:
        return
    book.drop_name(FILTER, at)
    if before and found is not None:
        found.set("ref", before)
        book.set_filtered(at, name, before)
    elif found is not None:
        sheet.root.remove(found)
        book.drop_name(FILTERED, at)
