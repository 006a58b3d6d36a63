"""A workbook file as its parts: what is not touched stays byte for byte as it was sent."""

from __future__ import annotations

import posixpath
import zipfile
from typing import TYPE_CHECKING, Self

from lxml import etree

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path
    from types import TracebackType

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_RELATIONS = "http://schemas.openxmlformats.org/package/2006/relationships"
_RELATIONS_TYPE = "application/vnd.openxmlformats-package.relationships+xml"
_TYPES = "http://schemas.openxmlformats.org/package/2006/content-types"

MADE = (1980, 1, 1, 0, 0, 0)
"""The time every part of ours bears: the same content has the same bytes."""

CHUNK = 1 << 20


class Unmarkable(Exception):
    """The package is not built as this program can mark it; a copy of its values can be."""


def main(tag: str) -> str:
    """The tag in the namespace of spreadsheets."""
    return f"{{{MAIN}}}{tag}"


def parsed(content: bytes) -> etree._Element:
    """The XML of a part; nothing outside of it is ever looked up."""
    try:
        return etree.fromstring(content, etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=True))
    except etree.XMLSyntaxError as error:
        raise Unmarkable(str(error)) from error


def written(root: etree._Element) -> bytes:
    content: bytes = etree.tostring(root, encoding="UTF-8", xml_declaration=False)
    return b'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n' + content


class Package:
    """The parts of one .xlsx or .xlsm. `tree` is for small parts; what it returned is written by `save`."""

    def __init__(self, path: Path) -> None:
        self._archive = zipfile.ZipFile(path)
        self._names = {info.filename.lower(): info.filename for info in self._archive.infolist()}
        self._put: dict[str, bytes | Iterable[bytes]] = {}
        self._removed: set[str] = set()
        self._trees: dict[str, etree._Element] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None) -> None:
        self._archive.close()

    def __contains__(self, part: str) -> bool:
        name = self._names.get(part.lower(), part)
        return name in self._put or (part.lower() in self._names and name not in self._removed)

    def read(self, part: str) -> bytes:
        put = self._put.get(self._names.get(part.lower(), part))
        assert put is None or isinstance(put, bytes), f"{part} is being streamed"
        if put is None and part.lower() not in self._names:
            raise Unmarkable(part)
        return self._archive.read(self._names[part.lower()]) if put is None else put

    def tree(self, part: str) -> etree._Element:
        if part not in self._trees:
            self._trees[part] = parsed(self.read(part))
        return self._trees[part]

    def put(self, part: str, content: bytes | Iterable[bytes], kind: str = "") -> None:
        """Add or replace a part; `kind` is its content type where it is new."""
        self._put[self._names.get(part.lower(), part)] = content
        self._removed.discard(self._names.get(part.lower(), part))
        self._trees.pop(part, None)
        if kind and self._kind(part) != kind:
            types = self.tree("[Content_Types].xml")
            etree.SubElement(types, f"{{{_TYPES}}}Override", PartName=f"/{part}", ContentType=kind)

    def _kind(self, part: str) -> str:
        """The content type of a part: its own, else that of its ending."""
        types = self.tree("[Content_Types].xml")
        own = {each.get("PartName", "").lower(): each for each in types.iterfind(f"{{{_TYPES}}}Override")}
        by_ending = {each.get("Extension", "").lower(): each for each in types.iterfind(f"{{{_TYPES}}}Default")}
        found = own.get(f"/{part}".lower(), by_ending.get(part.rpartition(".")[2].lower()))
        return "" if found is None else found.get("ContentType", "")

    def remove(self, part: str) -> None:
        """Take out a part with its relations and its content type."""
        for each in (part, relations_of(part)):
            self._take_out(each)

    def _take_out(self, part: str) -> None:
        self._put.pop(part, None)
        self._trees.pop(part, None)
        self._removed.add(self._names.get(part.lower(), part))
        for override in list(self.tree("[Content_Types].xml").iterfind(f"{{{_TYPES}}}Override")):
            if override.get("PartName", "").lower() == f"/{part}".lower():
                override.getparent().remove(override)

    def related(self, part: str, kind: str) -> list[tuple[str, str]]:
        """Id and part of every relation of this kind, e.g. `comments`, that `part` has within the package."""
        return [
            (each.get("Id", ""), _resolved(part, each.get("Target", "")))
            for each in self._relations(part)
            if each.get("Type", "").rsplit("/", 1)[-1] == kind and each.get("TargetMode") != "External"
        ]

    def part_of(self, part: str, relation: str) -> str:
        """The part behind a relation's id."""
        for each in self._relations(part):
            if each.get("Id") == relation:
                return _resolved(part, each.get("Target", ""))
        raise Unmarkable(relation)

    def relate(self, part: str, kind: str, target: str) -> str:
        """Add a relation; its id."""
        name = relations_of(part)
        if name not in self:
            empty = etree.Element(f"{{{_RELATIONS}}}Relationships", nsmap={None: _RELATIONS})
            self.put(name, written(empty), _RELATIONS_TYPE)
        root = self.tree(name)
        taken = {each.get("Id") for each in root}
        identity = next(f"rId{number}" for number in range(1, len(taken) + 2) if f"rId{number}" not in taken)
        etree.SubElement(
            root, f"{{{_RELATIONS}}}Relationship", Id=identity, Type=f"{OFFICE}/{kind}", Target=f"/{target}"
        )
        return identity

    def unrelate(self, part: str, relation: str) -> None:
        root = self.tree(relations_of(part))
        for each in list(root):
            if each.get("Id") == relation:
                root.remove(each)
        if not len(root):
            self._take_out(relations_of(part))

    def _relations(self, part: str) -> list[etree._Element]:
        name = relations_of(part)
        return list(self.tree(name).iterfind(f"{{{_RELATIONS}}}Relationship")) if name in self else []

    def save(self, target: Path) -> None:
        """Write the package: parts in their order, those of ours last."""
        contents = self._put | {part: written(tree) for part, tree in self._changed()}
        with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
            for info in self._archive.infolist():
                if info.filename in contents:
                    _write(archive, info.filename, contents.pop(info.filename), info.date_time)
                elif info.filename not in self._removed:
                    _write(archive, info.filename, self._streamed(info), info.date_time)
            for part, content in contents.items():
                _write(archive, part, content, MADE)

    def _changed(self) -> Iterator[tuple[str, etree._Element]]:
        """The trees that no longer say what their part says."""
        for part, tree in self._trees.items():
            name = self._names.get(part.lower(), part)
            if name not in self._removed and written(tree) != written(parsed(self.read(part))):
                yield name, tree

    def _streamed(self, info: zipfile.ZipInfo) -> Iterator[bytes]:
        with self._archive.open(info) as part:
            while chunk := part.read(CHUNK):
                yield chunk


def _write(
    archive: zipfile.ZipFile, part: str, content: bytes | Iterable[bytes], made: tuple[int, int, int, int, int, int]
) -> None:
    info = zipfile.ZipInfo(part, made)
    info.compress_type = zipfile.ZIP_DEFLATED
    info.create_system = 0  # the same on every machine
    with archive.open(info, "w", force_zip64=True) as entry:
        for chunk in [content] if isinstance(content, bytes) else content:
            entry.write(chunk)


def relations_of(part: str) -> str:
    """The part that holds the relations of `part`."""
    folder, file = posixpath.split(part)
    return posixpath.join(folder, "_rels", f"{file}.rels")


def _resolved(part: str, target: str) -> str:
    return posixpath.normpath(posixpath.join("/", posixpath.dirname(part), target)).lstrip("/")
