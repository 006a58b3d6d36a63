"""Formats of cells: a mark is a fill of our own, and says itself what fill the cell had before.

A cell without a fill is marked by a plain one, a cell with a plain fill by stripes over its own colour. Both can be told
from every other fill by their colour and taken away again, also after Excel has renumbered and saved them. A pattern or
gradient could not be given back, so it is left alone and counted: the comment, the column and the list speak of that cell.
"""

from __future__ import annotations

from copy import deepcopy
from typing import TYPE_CHECKING, Literal

from lxml import etree

from disburse.workbooks.annotated.package import MAIN, main, written

if TYPE_CHECKING:
    from collections.abc import Callable

    from disburse.workbooks.annotated.package import Package

COLOURS = {
    "stop": "FFFF9C9B",
    "error": "FFFF9C9B",
    "reject": "FFFF9C9B",
    "hold": "FFFFC469",
    "carry": "FFB9D7FE",
    "reduce": "FFB9D7FE",
    "notice": "FFB9D7FE",
}
"""The mark of a cell by the severest finding on it: to mend, to be looked at, to know. No palette has these values."""

_STRIPES = "lightUp"

_FORMATS = 65_490
"""So many can a workbook have."""

Canonical = tuple[str, tuple[tuple[str, str], ...], tuple["Canonical", ...]]

Look = Literal["heading", "text", "link", "plain"]


class Styles:
    """The formats of one workbook, by their number in `cellXfs`. Equal ones are never added twice."""

    def __init__(self, package: Package, part: str) -> None:
        self._package = package
        self._root = package.tree(part)
        self._fonts, self._fills, self._borders = (self._list(name) for name in ("fonts", "fills", "borders"))
        self._formats = self._list("cellXfs")
        if not len(self._list("cellStyleXfs")):
            etree.SubElement(self._list("cellStyleXfs"), main("xf"), numFmtId="0", fontId="0", fillId="0", borderId="0")
        if not len(self._fonts):
            etree.SubElement(self._fonts, main("font"))
        if not len(self._fills):
            _fill(self._fills, "none")
            _fill(self._fills, "gray125")
        if not len(self._borders):
            etree.SubElement(self._borders, main("border"))
        if not len(self._formats):
            etree.SubElement(self._formats, main("xf"), numFmtId="0", fontId="0", fillId="0", borderId="0")
        self.uncoloured = 0
        self._known: dict[tuple[str, Canonical], int] = {}
        self._derived: dict[tuple[int, str], int] = {}

    def _list(self, name: str) -> etree._Element:
        """The list of the root, made where it is missing; their order is fonts, fills, borders, …, cellXfs."""
        found = self._root.find(main(name))
        if found is None:
            order = ["numFmts", "fonts", "fills", "borders", "cellStyleXfs", "cellXfs"]
            before = order[: order.index(name)]
            place = sum(etree.QName(child).localname in before for child in self._root)
            found = etree.Element(main(name))
            self._root.insert(place, found)
        return found

    def reach(self, last: int) -> None:
        """Give every number up to `last` a format: one that a cell names but no list holds must not come to mean a mark."""
        while len(self._formats) <= min(last, _FORMATS):
            self._formats.append(deepcopy(self._formats[0]))
            self._formats.set("count", str(len(self._formats)))

    def marked(self, style: int, severity: str) -> int:
        """The format of one cell with the mark of `severity`; the same, and counted, where it cannot bear one."""
        colour = COLOURS[severity]
        made = self._with(style, colour, lambda fill: _marked(fill, colour))
        self.uncoloured += self.unmarked(made) == made
        return made

    def unmarked(self, style: int) -> int:
        """The format without a mark; the same where it has none."""
        return self._with(style, "", _unmarked)

    def marks(self) -> set[int]:
        """The formats that bear a mark."""
        return {at for at in range(len(self._formats)) if self.unmarked(at) != at}

    def _with(self, style: int, change: str, fill_of: Callable[[etree._Element], etree._Element | None]) -> int:
        style = style if style < len(self._formats) else 0
        if (style, change) not in self._derived:
            old = self._formats[style]
            number = int(old.get("fillId", 0))
            fill = fill_of(self._fills[number]) if number < len(self._fills) else None
            made = style
            if fill is not None:
                new = deepcopy(old)
                new.set("fillId", str(self._index(self._fills, fill)))
                new.attrib.pop("applyFill", None)
                if len(fill[0]):
                    new.set("applyFill", "1")
                made = self._index(self._formats, new)
            self._derived[style, change] = made
        return self._derived[style, change]

    def look(self, look: Look) -> int:
        """A format of our own: as text, so that nothing in it is ever taken for a formula."""
        font = etree.Element(main("font"), nsmap={None: MAIN})
        if look == "heading":
            etree.SubElement(font, main("b"))
        if look == "link":
            etree.SubElement(font, main("u"))
        etree.SubElement(font, main("sz"), val="10")
        etree.SubElement(font, main("color"), rgb="FF0563C1" if look == "link" else "FF000000")
        etree.SubElement(font, main("name"), val="宋体")
        fill = _plain("FFD9E1F2") if look == "heading" else self._fills[0]
        line = etree.Element(main("border"), nsmap={None: MAIN})
        for side in ("left", "right", "top", "bottom"):
            etree.SubElement(etree.SubElement(line, main(side), style="thin"), main("color"), rgb="FF808080")
        new = etree.Element(
            main("xf"), numFmtId="49", fontId=str(self._index(self._fonts, font)),
            fillId=str(self._index(self._fills, fill)), borderId=str(self._index(self._borders, line)),
            xfId="0", quotePrefix="1", applyNumberFormat="1", applyFont="1", applyBorder="1",
            applyAlignment="1", nsmap={None: MAIN},
        )  # fmt: skip
        if look == "heading":
            new.set("applyFill", "1")
        wrap = "0" if look == "plain" else "1"
        etree.SubElement(new, main("alignment"), vertical="center", wrapText=wrap)
        return self._index(self._formats, new)

    def _said(self, element: etree._Element) -> Canonical:
        """What the element says; of equal fills that a format may have, the first."""
        if element.tag != main("xf"):
            return _canonical(element)
        form = deepcopy(element)
        form.attrib.pop("applyFill", None)
        number = int(form.get("fillId", 0))
        if number < len(self._fills):
            form.set("fillId", str(self._index(self._fills, self._fills[number])))
        return _canonical(form)

    def _index(self, among: etree._Element, wanted: etree._Element) -> int:
        """Where the element stands in its list, added at the end if it is new."""
        name = str(etree.QName(among).localname)
        if not any(key[0] == name for key in self._known):
            for at, each in enumerate(among):
                self._known.setdefault((name, self._said(each)), at)
        key = (name, self._said(wanted))
        if key not in self._known:
            self._known[key] = len(among)
            among.append(deepcopy(wanted))
            among.set("count", str(len(among)))
        return self._known[key]


def _canonical(element: etree._Element) -> Canonical:
    """What the element says, however it is written: no fill may name colours, a plain one a second that is not seen."""
    said, within = dict(element.attrib), list(element)
    if element.tag == main("patternFill"):
        pattern = said.setdefault("patternType", "none")
        seen = {"none": (), "solid": (main("fgColor"),)}.get(pattern)
        within = [each for each in within if seen is None or each.tag in seen]
    return str(element.tag), tuple(sorted(said.items())), tuple(map(_canonical, within))


def _fill(parent: etree._Element, pattern: str) -> None:
    etree.SubElement(etree.SubElement(parent, main("fill")), main("patternFill"), patternType=pattern)


def _plain(colour: str) -> etree._Element:
    fill = etree.Element(main("fill"), nsmap={None: MAIN})
    inner = etree.SubElement(fill, main("patternFill"), patternType="solid")
    etree.SubElement(inner, main("fgColor"), rgb=colour)
    etree.SubElement(inner, main("bgColor"), indexed="64")
    return fill


def _marked(fill: etree._Element, colour: str) -> etree._Element | None:
    """The fill under a mark; None where it has a pattern of its own, which a mark would destroy."""
    fill = fill if (bare := _unmarked(fill)) is None else bare
    inner = fill.find(main("patternFill"))
    pattern = "none" if inner is None and not len(fill) else "" if inner is None else inner.get("patternType", "none")
    if pattern == "none":
        return _plain(colour)
    own = inner.find(main("fgColor")) if pattern == "solid" else None
    if own is None:
        return None
    striped = etree.Element(main("fill"), nsmap={None: MAIN})
    new = etree.SubElement(striped, main("patternFill"), patternType=_STRIPES)
    etree.SubElement(new, main("fgColor"), rgb=colour)
    etree.SubElement(new, main("bgColor"), dict(own.attrib))
    return striped


def _unmarked(fill: etree._Element) -> etree._Element | None:
    """The fill before the mark; None where there is no mark."""
    inner = fill.find(main("patternFill"))
    colour = None if inner is None else inner.find(main("fgColor"))
    if inner is None or colour is None or colour.get("rgb") not in COLOURS.values():
        return None
    bare = etree.Element(main("fill"), nsmap={None: MAIN})
    own = inner.find(main("bgColor"))
    if inner.get("patternType") == _STRIPES and own is not None:
        new = etree.SubElement(bare, main("patternFill"), patternType="solid")
        etree.SubElement(new, main("fgColor"), dict(own.attrib))
        etree.SubElement(new, main("bgColor"), indexed="64")
    else:
        etree.SubElement(bare, main("patternFill"), patternType="none")
    return bare


def empty() -> bytes:
    """The formats of a workbook that has none."""
    return written(etree.Element(main("styleSheet"), nsmap={None: MAIN}))
