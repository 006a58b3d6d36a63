"""Comments on cells: the part that holds the words, and the drawing that shows them.

Ours stand under a line of their own, by which they are known again: other programs drop the author. A comment that was
there keeps its words, and taking ours away leaves it as it was.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from lxml import etree
from xlsxwriter.utility import xl_cell_to_rowcol, xl_rowcol_to_cell

from disburse.workbooks import fit
from disburse.workbooks.annotated.package import MAIN, OFFICE, Unmarkable, main, parsed, written
from disburse.workbooks.annotated.sheet import LAST_COLUMN
from disburse.workbooks.book import shown

if TYPE_CHECKING:
    from collections.abc import Mapping

    from disburse.workbooks.annotated.package import Package
    from disburse.workbooks.annotated.sheet import SheetXml

AUTHOR = "disburse"
HEAD = "──── 问题 ────"
"""The line above our words."""

MOST = 5_000
"""Comments on one sheet: with more, Excel takes minutes to open it; the column and the list say all the rest."""

SIZE = 9
"""Of the letters, in points."""

NOTE, GAP, HIGHEST = 330, 15, 600
"""Width of a note, its distance from the cell, and the height it has at most, in pixels."""

_COMMENTS = "application/vnd.openxmlformats-officedocument.spreadsheetml.comments+xml"
_DRAWING = "application/vnd.openxmlformats-officedocument.vmlDrawing"
_SPACE = "{http://www.w3.org/XML/1998/namespace}space"
_SHAPE = re.compile(rb"<v:shape\s.*?</v:shape>\s*", re.DOTALL)
_FRAME = re.compile(rb"<v:shapetype\s.*?</v:shapetype>|<o:shapelayout\s.*?</o:shapelayout>", re.DOTALL)
"""What a drawing has besides what is drawn."""

_DRAWN = re.compile(rb"<(?![/?!]|xml[\s>])")
_NAMESPACES = (
    b'xmlns:v="urn:schemas-microsoft-com:vml" xmlns:o="urn:schemas-microsoft-com:office:office" '
    b'xmlns:x="urn:schemas-microsoft-com:office:excel"'
)
_NOTE_TYPE = (
    b'<v:shapetype %s id="_x0000_t202" coordsize="21600,21600" o:spt="202" path="m,l,21600r21600,l21600,xe">'
    b'<v:stroke joinstyle="miter"/><v:path gradientshapeok="t" o:connecttype="rect"/></v:shapetype>' % _NAMESPACES
)
_LAYOUT = b'<o:shapelayout v:ext="edit"><o:idmap v:ext="edit" data="%d"/></o:shapelayout>'


class Comments:
    """The comments of one sheet. `order` numbers the sheets, so that parts and shapes of two never share a name."""

    def __init__(self, package: Package, sheet: SheetXml, order: int) -> None:
        self._package, self._sheet, self._order = package, sheet, order
        self._block = 1 + 16 * order
        related = package.related(sheet.part, "comments")
        self._part = related[0][1] if related else ""
        legacy = sheet.root.find(main("legacyDrawing"))
        self._drawing = package.part_of(sheet.part, legacy.get(f"{{{OFFICE}}}id", "")) if legacy is not None else ""
        threads = [parsed(package.read(part)) for _, part in package.related(sheet.part, "threadedComment")]
        self._threaded = {each.get("ref") for thread in threads for each in thread}

    def has_ours(self) -> bool:
        """Whether a comment of an earlier copy is there."""
        return bool(self._part) and any(HEAD in _words(each) for each in self._listed())

    def take_away(self) -> None:
        """Take ours away, and with the last one what held them."""
        if not self._part:
            return
        listed = self._listed()
        gone = []
        for comment in list(listed):
            text = comment.find(main("text"))
            words = _words(comment)
            if text is None or HEAD not in words:
                continue
            if own := words[: words.index(HEAD)]:
                _cut(text, len(own.removesuffix("\n").removesuffix("\r")))
            else:
                gone.append(xl_cell_to_rowcol(comment.get("ref", "A1")))
                listed.remove(comment)
        if gone and self._drawing:
            wanted = set(gone)
            vml = _SHAPE.sub(
                lambda shape: b"" if _cell_of(shape[0]) in wanted else shape[0], self._package.read(self._drawing)
            )
            self._package.put(self._drawing, vml)
        if gone and not len(listed):
            self._drop()

    def _drop(self) -> None:
        """Remove the parts that hold nothing any more."""
        package, sheet = self._package, self._sheet
        for identity, _ in package.related(sheet.part, "comments"):
            package.unrelate(sheet.part, identity)
        package.remove(self._part)
        self._part = ""
        if self._drawing and not _DRAWN.search(_FRAME.sub(b"", package.read(self._drawing))):
            legacy = sheet.root.find(main("legacyDrawing"))
            package.unrelate(sheet.part, legacy.get(f"{{{OFFICE}}}id", ""))
            package.remove(self._drawing)
            sheet.root.remove(legacy)
            self._drawing = ""

    def add(self, cells: Mapping[tuple[int, int], str]) -> int:
        """A comment on each cell; how many cells have none, being in a thread or beyond the number a sheet may hold."""
        wanted = [(at, text) for at, text in sorted(cells.items()) if xl_rowcol_to_cell(*at) not in self._threaded]
        wanted = wanted[:MOST]
        if not wanted:
            return len(cells)
        self._make()
        there = {comment.get("ref"): comment for comment in self._listed()}
        drawn = []
        for at, text in wanted:
            reference = xl_rowcol_to_cell(*at)
            if reference in there:
                words = there[reference].find(main("text"))
                _say(words, f"\n{HEAD}\n{text}")
            else:
                comment = etree.SubElement(self._listed(), main("comment"), ref=reference, authorId=self._own_author())
                _say(etree.SubElement(comment, main("text")), f"{HEAD}\n{text}")
                drawn.append((*at, text))
        self._draw(drawn)
        return len(cells) - len(wanted)

    def _make(self) -> None:
        """The parts, where the sheet has none."""
        package, sheet = self._package, self._sheet
        if not self._part:
            self._part = f"xl/disburse-comments{self._order}.xml"
            root = etree.Element(main("comments"), nsmap={None: MAIN})
            etree.SubElement(root, main("authors"))
            etree.SubElement(root, main("commentList"))
            package.relate(sheet.part, "comments", self._part)
            package.put(self._part, written(root), _COMMENTS)
        if not self._drawing:
            self._drawing = f"xl/drawings/disburse-comments{self._order}.vml"
            legacy = etree.Element(main("legacyDrawing"), nsmap={"r": OFFICE})
            legacy.set(f"{{{OFFICE}}}id", package.relate(sheet.part, "vmlDrawing", self._drawing))
            layout = _LAYOUT % self._block
            package.put(self._drawing, b"<xml %s>%s</xml>" % (_NAMESPACES, layout), _DRAWING)
            sheet.insert(legacy)

    def _draw(self, cells: list[tuple[int, int, str]]) -> None:
        vml = self._package.read(self._drawing)
        end = vml.rfind(b"</xml")
        if end < 0:
            raise Unmarkable(self._drawing)
        taken = [int(number) for number in re.findall(rb"_x0000_s([0-9]{1,9})\b", vml)]
        first = max(taken, default=1024 * self._block) + 1
        shapes = [
            _shape(first + at, row, column, self._anchor(row, column, text))
            for at, (row, column, text) in enumerate(cells)
        ]
        if cells and b'"_x0000_t202"' not in vml:
            shapes.insert(0, _NOTE_TYPE)
        self._package.put(self._drawing, vml[:end] + b"".join(shapes) + vml[end:])

    def _anchor(self, row: int, column: int, text: str) -> bytes:
        """Where a note stands: right of its cell and a little above, as large as its words need."""
        lines = 1 + sum(fit.lines(line, NOTE / 7, SIZE) for line in text.split("\n"))
        left, top = min(column + 1, LAST_COLUMN), max(row - 1, 0)
        right, within = self._sheet.reaching(left, GAP + NOTE)
        bottom, below = self._sheet.reaching(top, min(round(lines * SIZE * 2.1) + 8, HIGHEST), down=True)
        return ", ".join(map(str, (left, GAP, top, 4, right, within, bottom, below))).encode()

    def _listed(self) -> etree._Element:
        found = self._package.tree(self._part).find(main("commentList"))
        if found is None:
            raise Unmarkable(self._part)
        return found

    def _own_author(self) -> str:
        authors = self._package.tree(self._part).find(main("authors"))
        if authors is None:
            raise Unmarkable(self._part)
        names = [each.text or "" for each in authors]
        if AUTHOR not in names:
            etree.SubElement(authors, main("author")).text = AUTHOR
            names.append(AUTHOR)
        return str(names.index(AUTHOR))


def _say(text: etree._Element, words: str) -> None:
    """Add words at the end of a comment."""
    plain = text.find(main("t"))
    if plain is not None:  # words without a format become the first run
        run = etree.Element(main("r"))
        run.append(plain)
        text.insert(0, run)
    run = etree.SubElement(text, main("r"))
    form = etree.SubElement(run, main("rPr"))
    etree.SubElement(form, main("sz"), val=str(SIZE))
    etree.SubElement(form, main("color"), rgb="FF000000")
    etree.SubElement(form, main("rFont"), val="宋体")
    said = etree.SubElement(run, main("t"))
    said.set(_SPACE, "preserve")
    said.text = shown(words)


def _words(comment: etree._Element) -> str:
    """All it says; what stands between the elements is only how they were laid out."""
    return "".join(part.text or "" for part in comment.iter(main("t")))


def _cut(text: etree._Element, length: int) -> None:
    """Leave the first `length` characters of a comment."""
    for part in list(text.iter(main("t"))):
        words = part.text or ""
        part.text = words[:length] or None
        length = max(length - len(words), 0)
        run = part.getparent()
        if words and not part.text and run is not text:
            run.getparent().remove(run)


def _cell_of(shape: bytes) -> tuple[int, int] | None:
    """The cell a drawn note belongs to."""
    row, column = (re.search(rb"<x:%s>\s*([0-9]+)" % name, shape) for name in (b"Row", b"Column"))
    return (int(row[1]), int(column[1])) if row and column and b'ObjectType="Note"' in shape else None


def _shape(number: int, row: int, column: int, anchor: bytes) -> bytes:
    """A hidden note beside its cell."""
    return (
        b'<v:shape %s id="_x0000_s%d" type="#_x0000_t202" style="position:absolute;visibility:hidden" '
        b'fillcolor="#ffffe1" o:insetmode="auto"><v:fill color2="#ffffe1"/><v:shadow on="t" color="black" obscured="t"/>'
        b'<v:path o:connecttype="none"/><v:textbox style="mso-direction-alt:auto"><div style="text-align:left"></div>'
        b'</v:textbox><x:ClientData ObjectType="Note"><x:MoveWithCells/><x:SizeWithCells/>'
        b"<x:Anchor>%s</x:Anchor><x:AutoFill>False</x:AutoFill>"
        b"<x:Row>%d</x:Row><x:Column>%d</x:Column></x:ClientData></v:shape>"
        % (_NAMESPACES, number, anchor, row, column)
    )
