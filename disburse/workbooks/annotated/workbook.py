"""The part that lists a workbook's sheets and names. Two names of ours tell what this program has added."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lxml import etree
from xlsxwriter.utility import xl_cell_to_rowcol

from disburse.marked import may_be_ours
from disburse.reader.book import COLUMN_NAME, LIST_NAME
from disburse.workbooks.annotated.package import OFFICE, Unmarkable, main, parsed, written

if TYPE_CHECKING:
    from disburse.workbooks.annotated.package import Package

FILTER = "_disburse_filter"
"""Of one sheet: the range that was filtered before our column was; one cell where nothing was."""

FILTERED = "_xlnm._FilterDatabase"

_SHEET = "application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"
_AFTER_NAMES = ("calcPr", "oleSize", "customWorkbookViews", "pivotCaches", "smartTagPr", "smartTagTypes",
                "webPublishing", "fileRecoveryPr", "webPublishObjects", "extLst")  # fmt: skip
_REFERENCE = re.compile(r"(?:'((?:[^']|'')+)'|([^!']+))!\$?([A-Z]{1,3})(?:\$[0-9]+)?(?::\$?([A-Z]{1,3})(?:\$[0-9]+)?)?")


def quoted(name: str) -> str:
    """A sheet's name as a reference spells it, always in quotes."""
    return "'" + name.replace("'", "''") + "'"


def _absolute(reference: str) -> str:
    """A range with its dollar signs."""
    return re.sub(r"([A-Z]+)([0-9]+)", r"$\1$\2", reference)


@dataclass(frozen=True)
class Entry:
    """One sheet: its name, its part, and whether it has cells."""

    name: str
    part: str
    is_worksheet: bool


class Workbook:
    """The workbook's own part. `sheets` are in its order; a sheet's position there is what names refer to."""

    def __init__(self, package: Package) -> None:
        self.package = package
        targets = [part for _, part in package.related("", "officeDocument")]
        if not targets:
            raise Unmarkable("_rels/.rels")
        self.part = targets[0]
        self.root = package.tree(self.part)
        self._listed = self.root.find(main("sheets"))
        if self._listed is None:
            raise Unmarkable(self.part)

    @property
    def sheets(self) -> list[Entry]:
        worksheets = {part for _, part in self.package.related(self.part, "worksheet")}
        parts = [self.package.part_of(self.part, each.get(f"{{{OFFICE}}}id", "")) for each in self._listed]
        return [Entry(each.get("name", ""), part, part in worksheets)
                for each, part in zip(self._listed, parts, strict=True)]  # fmt: skip

    def styles(self) -> str:
        """The part of the formats; one is made where there is none."""
        found = [part for _, part in self.package.related(self.part, "styles")]
        if found:
            return found[0]
        part = "xl/styles.xml"
        kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.styles+xml"
        self.package.put(part, written(etree.Element(main("styleSheet"), nsmap={None: main("")[1:-1]})), kind)
        self.package.relate(self.part, "styles", part)
        return part

    def strings(self) -> dict[int, str]:
        """The shared strings by their number; none where none could be of ours."""
        for _, part in self.package.related(self.part, "sharedStrings"):
            content = self.package.read(part)
            if may_be_ours(content):
                items = parsed(content).iterfind(main("si"))
                return {at: "".join(text.text or "" for text in each.iter(main("t"))) for at, each in enumerate(items)}
        return {}

    def list_named(self) -> str:
        """The sheet that a name says is the list of findings of an earlier copy; "" where there is none."""
        name = self._name(LIST_NAME, None)
        within = _REFERENCE.fullmatch(name.text or "") if name is not None else None
        return (within[1] or within[2] or "").replace("''", "'") if within else ""

    def forget_list(self) -> None:
        """Remove the name of the list of findings."""
        self.drop_name(LIST_NAME, None)

    def take_out(self, entry: Entry) -> None:
        """Remove a sheet; no other sheet's names or views notice."""
        at = next(at for at, each in enumerate(self.sheets) if each.part == entry.part)
        element = self._listed[at]
        self.package.unrelate(self.part, element.get(f"{{{OFFICE}}}id", ""))
        self.package.remove(entry.part)
        self._listed.remove(element)
        for name in list(self._names()):
            scope = name.get("localSheetId")
            if scope == str(at):
                name.getparent().remove(name)
            elif scope is not None and int(scope) > at:
                name.set("localSheetId", str(int(scope) - 1))
        for view in self.root.iterfind(f"{main('bookViews')}/{main('workbookView')}"):
            for which in ("activeTab", "firstSheet"):
                if int(view.get(which, 0)) > 0:
                    view.set(which, str(int(view.get(which, 0)) - (int(view.get(which, 0)) > at)))

    def add_list(self, name: str, content: bytes, filtered: str) -> None:
        """Put the sheet of findings first, and open the workbook on it; `filtered` is the range of its filter."""
        part = "xl/worksheets/disburse-list.xml"
        self.package.put(part, content, _SHEET)
        taken = {int(each.get("sheetId", 0)) for each in self._listed}
        new = etree.Element(main("sheet"), name=name, sheetId=str(max(taken, default=0) + 1))
        new.set(f"{{{OFFICE}}}id", self.package.relate(self.part, "worksheet", part))
        self._listed.insert(0, new)
        for each in self._names():
            if each.get("localSheetId") is not None:
                each.set("localSheetId", str(int(each.get("localSheetId", 0)) + 1))
        for view in self.root.iterfind(f"{main('bookViews')}/{main('workbookView')}"):
            view.set("activeTab", "0")
            view.attrib.pop("firstSheet", None)
        self.set_name(LIST_NAME, None, f"{quoted(name)}!$A$1")
        self.set_name("_xlnm.Print_Titles", 0, f"{quoted(name)}!$1:$1")
        self.set_filtered(0, name, filtered)

    def column_of(self, at: int) -> int | None:
        """The column that a name says holds the findings of the sheet at this position, from 0."""
        name = self._name(COLUMN_NAME, at)
        within = _REFERENCE.fullmatch(name.text or "") if name is not None else None
        return int(xl_cell_to_rowcol(f"{within[3]}1")[1]) if within else None

    def filtered_before(self, at: int) -> str | None:
        """The range the sheet's filter had without our column, "" where there was none; None where it is not ours."""
        name = self._name(FILTER, at)
        if name is None:
            return None
        _, _, reference = (name.text or "").rpartition("!")
        return reference.replace("$", "") if ":" in reference else ""

    def set_filter(self, at: int, sheet: str, reference: str, before: str) -> None:
        """Say what is filtered now, and what was before."""
        self.set_filtered(at, sheet, reference)
        self.set_name(FILTER, at, f"{quoted(sheet)}!{_absolute(before or 'A1')}")

    def set_filtered(self, at: int, sheet: str, reference: str) -> None:
        self.set_name(FILTERED, at, f"{quoted(sheet)}!{_absolute(reference)}")

    def set_name(self, name: str, at: int | None, reference: str) -> None:
        """Give a name to cells; with `at`, one that belongs to that sheet. It replaces the one there was."""
        self.drop_name(name, at)
        names = self.root.find(main("definedNames"))
        if names is None:
            names = etree.Element(main("definedNames"))
            places = [n for n, each in enumerate(self.root) if etree.QName(each).localname in _AFTER_NAMES]
            self.root.insert(min(places, default=len(self.root)), names)
        scope = {} if at is None else {"localSheetId": str(at)}
        hidden = {} if name.startswith("_xlnm.Print") else {"hidden": "1"}
        new = etree.Element(main("definedName"), {"name": name, **scope, **hidden})
        new.text = reference
        order = (name.casefold(), at or 0)
        place = sum((each.get("name", "").casefold(), int(each.get("localSheetId", 0))) < order for each in names)
        names.insert(place, new)

    def drop_name(self, name: str, at: int | None) -> None:
        found = self._name(name, at)
        if found is not None:
            names = found.getparent()
            names.remove(found)
            if not len(names):
                self.root.remove(names)

    def _name(self, name: str, at: int | None) -> etree._Element | None:
        scope = None if at is None else str(at)
        return next(
            (each for each in self._names() if each.get("name") == name and each.get("localSheetId") == scope), None
        )

    def _names(self) -> list[etree._Element]:
        return list(self.root.iterfind(f"{main('definedNames')}/{main('definedName')}"))
