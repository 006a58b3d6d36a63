"""Whether a marked copy differs from the workbook sent by nothing but its marks: part by part, then cell by cell.

It reads the parts by itself, with another parser than the program that marks, so that neither can cover for the other.
"""

from __future__ import annotations

import re
import zipfile
from copy import deepcopy
from typing import TYPE_CHECKING

from lxml import etree
from openpyxl.utils import column_index_from_string

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from pathlib import Path

MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
OFFICE = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}"
PACKAGE = "{http://schemas.openxmlformats.org/package/2006/relationships}"
OURS = ("_disburse_list", "_disburse_column", "_disburse_filter")

COLOURS = (b"FFFF9C9B", b"FFFFC469", b"FFB9D7FE")

WORKSHEET = (
    "sheetPr", "dimension", "sheetViews", "sheetFormatPr", "cols", "sheetData", "sheetCalcPr", "sheetProtection",
    "protectedRanges", "scenarios", "autoFilter", "sortState", "dataConsolidate", "customSheetViews", "mergeCells",
    "phoneticPr", "conditionalFormatting", "dataValidations", "hyperlinks", "printOptions", "pageMargins", "pageSetup",
    "headerFooter", "rowBreaks", "colBreaks", "customProperties", "cellWatches", "ignoredErrors", "smartTags",
    "drawing", "legacyDrawing", "legacyDrawingHF", "drawingHF", "picture", "oleObjects", "controls", "webPublishItems",
    "tableParts", "extLst",
)  # fmt: skip
WORKBOOK = (
    "fileVersion", "fileSharing", "workbookPr", "workbookProtection", "bookViews", "sheets", "functionGroups",
    "externalReferences", "definedNames", "calcPr", "oleSize", "customWorkbookViews", "pivotCaches", "smartTagPr",
    "smartTagTypes", "webPublishing", "fileRecoveryPr", "webPublishObjects", "extLst",
)  # fmt: skip
STYLES = (
    "numFmts", "fonts", "fills", "borders", "cellStyleXfs", "cellXfs", "cellStyles", "dxfs", "tableStyles", "colors",
    "extLst",
)  # fmt: skip
"""ECMA-376 part 1, 18.3.1.99, 18.2.27 and 18.8.39: the children of each root in the order Excel insists on."""


class Parts:
    """The parts of a workbook, by their name in small letters."""

    def __init__(self, path: Path) -> None:
        with zipfile.ZipFile(path) as archive:
            self.content = {info.filename.lower(): archive.read(info) for info in archive.infolist()}

    def tree(self, part: str) -> etree._Element:
        return etree.fromstring(self.content[part.lower()], etree.XMLParser(huge_tree=True, resolve_entities=False))

    def relations(self, part: str) -> dict[str, tuple[str, str]]:
        """Id → kind and part (or address) of a part's relations."""
        folder, _, file = part.rpartition("/")
        name = f"{folder}/_rels/{file}.rels".lstrip("/").lower()
        if name not in self.content:
            return {}
        found = {}
        for each in self.tree(name).iterfind(f"{PACKAGE}Relationship"):
            target = each.get("Target")
            inside = each.get("TargetMode") != "External"
            found[each.get("Id")] = (each.get("Type").rsplit("/", 1)[-1], resolved(part, target) if inside else target)
        return found

    def of(self, part: str, kind: str) -> list[str]:
        return [target for found, target in self.relations(part).values() if found == kind]


def resolved(part: str, target: str) -> str:
    place = [] if target.startswith("/") else part.split("/")[:-1]
    for step in target.strip("/").split("/"):
        if step == "..":
            place = place[:-1]
        elif step != ".":
            place.append(step)
    return "/".join(place).lower()


def canonical(element: etree._Element) -> bytes:
    element = deepcopy(element)
    element.tail = None
    etree.cleanup_namespaces(element)
    return etree.tostring(element, method="c14n2", strip_text=False)


def differences(original: Path, copy: Path, marked: dict[str, Collection[str]], columns: dict[str, int]) -> list[str]:
    """What differs besides the marks, in words; nothing where the copy is sound.

    marked   sheet → cells that were to be marked
    columns  sheet → the column (from 1) that was added to it
    """
    return list(_Comparison(Parts(original), Parts(copy), marked, columns).all())


class _Comparison:
    def __init__(self, one: Parts, two: Parts, marked: dict[str, Collection[str]], columns: dict[str, int]) -> None:
        self.one, self.two, self.marked, self.columns = one, two, marked, columns
        (self.book,) = one.of("", "officeDocument")
        self.allowed = {"[content_types].xml", self.book}

    def all(self) -> Iterator[str]:
        yield from self._workbook()
        yield from self._styles()
        for name, (one, two) in self._sheets().items():
            yield from (f"{name}: {each}" for each in self._sheet(name, one, two))
        yield from self._types()
        for part in self.one.content:
            if part not in self.two.content:
                yield f"{part}: gone"
            elif part not in self.allowed and not self._same(part) and not self._same_but_rels(part):
                yield f"{part}: changed"
        yield from self._order()

    def _order(self) -> Iterator[str]:
        for part in self.two.content:
            if part != self.book and "styles" not in part and "worksheets/" not in part:
                continue
            if not part.endswith(".xml") or self.one.content.get(part) == self.two.content[part]:
                continue
            root = self.two.tree(part)
            names = [
                etree.QName(each).localname for each in root if isinstance(each.tag, str) and each.tag.startswith(MAIN)
            ]
            order = {"workbook": WORKBOOK, "styleSheet": STYLES, "worksheet": WORKSHEET}[etree.QName(root).localname]
            places = [order.index(name) for name in names]
            before = [etree.QName(e).localname for e in self.one.tree(part)] if part in self.one.content else []
            if places != sorted(places) and names != before:
                yield f"{part}: children out of order {names}"

    def _same(self, part: str) -> bool:
        """Byte for byte; a sheet may have been selected."""
        content = self.one.content[part]
        content = content.replace(b' tabSelected="1"', b"") if "sheets/" in part else content
        return content == self.two.content[part] or self.one.content[part] == self.two.content[part]

    def _same_but_rels(self, part: str) -> bool:
        """A part of relations keeps all it had; only comments, their drawing, the list and formats may come."""
        if not part.endswith(".rels"):
            return False
        one, two = ({(e.get("Id"), e.get("Type"), e.get("Target"), e.get("TargetMode")) for e in parts.tree(part)}
                    for parts in (self.one, self.two))  # fmt: skip
        added = {each[1].rsplit("/", 1)[-1] for each in two - one}
        return one <= two and added <= {"comments", "vmlDrawing", "worksheet", "styles"}

    def _types(self) -> Iterator[str]:
        one, two = (self.one.tree("[content_types].xml"), self.two.tree("[content_types].xml"))
        before, after = ([tuple(sorted(each.attrib.items())) for each in tree] for tree in (one, two))
        if after[: len(before)] != before:
            yield "[Content_Types].xml: changed"
        named = {each.get("PartName").lower().lstrip("/") for each in two if each.get("PartName")}
        endings = {each.get("Extension").lower() for each in two if each.get("Extension")}
        for part in self.two.content:
            if (
                part not in named
                and part.rpartition(".")[2] not in endings
                and part in set(self.two.content) - set(self.one.content)
            ):
                yield f"[Content_Types].xml: says nothing of {part}"

    def _workbook(self) -> Iterator[str]:
        one, two = self.one.tree(self.book), self.two.tree(self.book)
        sheets = two.find(f"{MAIN}sheets")
        shift = len(sheets) - len(one.find(f"{MAIN}sheets"))
        for sheet in sheets[:shift]:
            sheets.remove(sheet)
        kept = [self._names(one, 0), self._names(two, shift)]
        if kept[0] != kept[1]:
            yield f"names changed: {kept}"
        for view in [*one.iter(f"{MAIN}workbookView"), *two.iter(f"{MAIN}workbookView")]:
            view.attrib.pop("activeTab", None)
            view.attrib.pop("firstSheet", None)
        if [canonical(each) for each in one] != [canonical(each) for each in two]:
            yield "workbook.xml: changed"

    def _names(self, root: etree._Element, shift: int) -> list[tuple[str, ...]]:
        """Every defined name but ours, and the filters of sheets that were given our column; taken out of the tree."""
        names = root.find(f"{MAIN}definedNames")
        if names is None:
            return []
        root.remove(names)
        sheets = [each.get("name") for each in self.one.tree(self.book).find(f"{MAIN}sheets")]
        kept = []
        for name in names:
            at = int(name.get("localSheetId", shift - 1)) - shift
            sheet = sheets[at] if 0 <= at < len(sheets) else ""
            ours = name.get("name") in OURS or (name.get("localSheetId") is not None and at < 0)
            if not ours and not (name.get("name") == "_xlnm._FilterDatabase" and sheet in self.columns):
                kept.append((name.get("name"), sheet, name.get("hidden", ""), name.text or ""))
        return sorted(kept)

    def _sheets(self) -> dict[str, tuple[str, str]]:
        found: dict[str, list[str]] = {}
        for parts in (self.one, self.two):
            relations = parts.relations(self.book)
            for each in parts.tree(self.book).find(f"{MAIN}sheets"):
                kind, part = relations[each.get(f"{OFFICE}id")]
                if kind == "worksheet":
                    found.setdefault(each.get("name"), []).append(part)
        return {name: (parts[0], parts[1]) for name, parts in found.items() if len(parts) == 2}

    def _styles(self) -> Iterator[str]:
        (part,) = self.one.of(self.book, "styles") or [""]
        self.looks: tuple[list[etree._Element], list[etree._Element]] = ([], [])
        (after,) = self.two.of(self.book, "styles")
        two = self.two.tree(after)
        self.styles = (self.one.tree(part) if part else None, two)
        if not part:
            return
        self.allowed.add(part)
        one = self.styles[0]
        for name in ("fonts", "fills", "borders", "cellXfs"):
            lists = [root.find(f"{MAIN}{name}") for root in (one, two)]
            before, now = ([canonical(each) for each in found] if found is not None else [] for found in lists)
            if now[: len(before)] != before:
                yield f"styles: {name} changed"
            if lists[1].get("count") not in (None, str(len(lists[1]))):
                yield f"styles: {name} miscounted"
        made = {f"{MAIN}{name}" for name in ("fonts", "fills", "borders", "cellXfs")}
        if one.find(f"{MAIN}cellStyleXfs") is None:
            made.add(f"{MAIN}cellStyleXfs")
        rest = [
            [canonical(each) for each in root if isinstance(each.tag, str) and each.tag not in made]
            for root in (one, two)
        ]
        if rest[0] != rest[1]:
            yield "styles: something else changed"

    def _look(self, which: int, number: str | None) -> tuple[bytes, ...]:
        """All a format says but for its fill."""
        root = self.styles[which]
        formats = root.find(f"{MAIN}cellXfs") if root is not None else None
        if formats is None:  # as what is made where no format is given
            formats = self.styles[1].find(f"{MAIN}cellXfs")[:1]
        at = int(number or 0)
        form = deepcopy(formats[at if at < len(formats) else 0])
        form.attrib.pop("fillId", None)
        form.attrib.pop("applyFill", None)
        return (canonical(form),)

    def _fill(self, which: int, number: str | None) -> bytes:
        root = self.styles[which]
        form = root.find(f"{MAIN}cellXfs")[int(number or 0)]
        return canonical(root.find(f"{MAIN}fills")[int(form.get("fillId", 0))])

    def _sheet(self, name: str, before: str, after: str) -> Iterator[str]:
        if self.one.content[before] == self.two.content[after]:
            return
        self.allowed |= {before}
        one, two = self.one.tree(before), self.two.tree(after)
        column, marked = self.columns.get(name), set(self.marked.get(name, ()))
        yield from self._rows(one, two, column, marked)
        widths = [_widths(root, column) for root in (one, two)]
        if widths[0] != widths[1]:
            yield "widths changed"
        kept = [self._around(root) for root in (one, two)]
        if column is None and kept[0] != kept[1]:
            yield "something around the rows changed"
        if column is not None:
            filters = [[each for each in around if b"autoFilter " in each[:24]] for around in kept]
            rest = [[each for each in around if b"autoFilter " not in each[:24]] for around in kept]
            if rest[0] != rest[1]:
                yield "something around the rows changed"
            if len(filters[0]) > len(filters[1]):
                yield "the filter is gone"
        yield from self._comments(before, after, marked)
        fills = {at: self._fill(1, cell.get("s")) for at, cell in _cells(two).items() if at in marked}
        unmarked = sorted(at for at in marked if not any(colour in fills.get(at, b"") for colour in COLOURS))
        if unmarked:
            yield f"not marked: {unmarked}"

    def _around(self, root: etree._Element) -> list[bytes]:
        kept = []
        for each in root:
            tag = each.tag.removeprefix(MAIN) if isinstance(each.tag, str) else ""
            if tag in ("sheetData", "cols", "dimension", "legacyDrawing"):
                continue
            same = deepcopy(each)
            for view in same if tag == "sheetViews" else ():
                view.attrib.pop("tabSelected", None)
            kept.append(canonical(same))
        return kept

    def _rows(self, one: etree._Element, two: etree._Element, column: int | None, marked: set[str]) -> Iterator[str]:
        before, after = _cells(one), _cells(two)
        lines = [_lines(one), _lines(two)]
        yield from (f"row {row} changed" for row, said in lines[0].items() if lines[1].get(row) != said)
        own = {at for at in after if column_index_from_string(re.sub("[0-9]", "", at)) == column}
        yield from (f"{at} is gone" for at in before.keys() - after.keys() - own)
        for at in after.keys() - before.keys() - own:
            if at not in marked or len(after[at]):
                yield f"{at} came"
        for at in before.keys() & after.keys() - own:
            styles = before[at].get("s", "0"), after[at].get("s", "0")
            if at not in marked and styles[0] != styles[1]:
                yield f"{at} has another format"
            if self._look(0, styles[0]) != self._look(1, styles[1]):
                yield f"{at} differs in more than its fill"
            if _content(before[at]) != _content(after[at]):
                yield f"{at} has another content"

    def _comments(self, before: str, after: str, marked: set[str]) -> Iterator[str]:
        self.allowed |= set(self.one.of(before, "comments"))
        one, two = _notes(self.one, before), _notes(self.two, after)
        yield from (f"comment on {at} is gone" for at in one.keys() - two.keys())
        yield from (f"comment on {at} came" for at in two.keys() - one.keys() - marked)
        for at in one.keys() & two.keys():
            said = [_runs(each[at]) for each in (one, two)]
            if said[1][: len(said[0])] != said[0] or (at not in marked and len(said[1]) > len(said[0])):
                yield f"comment on {at} changed"
        for part in self.one.of(before, "vmlDrawing"):
            yield from self._drawing(part)

    def _drawing(self, part: str) -> Iterator[str]:
        self.allowed.add(part)
        one, two = self.one.content[part], self.two.content.get(part, b"")
        if not two.startswith(one[: one.rfind(b"</xml")]):
            yield f"{part}: changed"
        names = [re.findall(rb'<v:shape [^>]*?id="([^"]*)"', each) for each in (one, two)]
        if len(names[1]) - len(set(names[1])) > len(names[0]) - len(set(names[0])):
            yield f"{part}: two shapes of one name"


def _runs(note: etree._Element) -> list[tuple[bytes, str]]:
    """Format and words of every piece of a comment."""
    text = note.find(f"{MAIN}text")
    runs = [each for each in text if each.tag in (f"{MAIN}r", f"{MAIN}t")]
    forms = [each.find(f"{MAIN}rPr") for each in runs]
    return [
        (b"" if form is None else canonical(form), "".join(each.itertext()))
        for each, form in zip(runs, forms, strict=True)
    ]


def _notes(parts: Parts, sheet: str) -> dict[str, etree._Element]:
    return {
        note.get("ref"): note
        for each in parts.of(sheet, "comments")
        for note in parts.tree(each).iter(f"{MAIN}comment")
    }


def _lines(root: etree._Element) -> dict[int, dict[str, str]]:
    lines, row = {}, 0
    for each in root.find(f"{MAIN}sheetData"):
        row = int(each.get("r", row + 1))
        lines[row] = {name: value for name, value in each.attrib.items() if name not in ("r", "spans")}
    return lines


def _cells(root: etree._Element) -> dict[str, etree._Element]:
    cells, row = {}, 0
    for line in root.find(f"{MAIN}sheetData"):
        row = int(line.get("r", row + 1))
        column = 0
        for cell in line.iterfind(f"{MAIN}c"):
            name = cell.get("r", "").upper()
            letters = re.sub("[0-9]", "", name)
            column = column_index_from_string(letters) if letters else column + 1
            if len(cell) or cell.get("s", "0") != "0":  # else it says no more than if it were not there
                cells[name or f"{_letters(column)}{row}"] = cell
    return cells


def _letters(column: int) -> str:
    return (_letters((column - 1) // 26) if column > 26 else "") + chr(65 + (column - 1) % 26)


def _content(cell: etree._Element) -> tuple[object, ...]:
    said = {name: value for name, value in cell.attrib.items() if name not in ("r", "s")}
    return said, cell.text, [canonical(each) for each in cell]


def _widths(root: etree._Element, column: int | None) -> dict[tuple[str, ...], list[int]]:
    widths: dict[int, tuple[tuple[str, str], ...]] = {}
    for each in root.iterfind(f"{MAIN}cols/{MAIN}col"):
        said = tuple(sorted((name, value) for name, value in each.attrib.items() if name not in ("min", "max")))
        for at in range(int(each.get("min")), int(each.get("max")) + 1):
            widths[at] = said
    widths.pop(column or -1, None)
    return widths
