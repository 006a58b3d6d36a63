"""The archive an .xlsx is: its parts by name, after the checks that keep a small file small."""

from __future__ import annotations

import posixpath
import zipfile
from itertools import pairwise
from typing import IO, TYPE_CHECKING, Self
from xml.etree import ElementTree as ET

from disburse.reader import unreadable
from disburse.reader.markup import check_encoding
from disburse.reader.unreadable import ambiguous, damaged, document_type, encrypted, too_large

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path
    from types import TracebackType

MAX_TREE = 16 << 20
"""Bytes of a part that is read as a tree: the list of sheets, the relations."""


class Package:
    """The parts of a file by their names, whatever the case; raises Unreadable where the archive is not sound."""

    def __init__(self, path: Path) -> None:
        self._archive = zipfile.ZipFile(path)
        self._parts = {_plain(info.filename): info for info in self._archive.infolist() if not info.is_dir()}
        _check(self._archive.infolist(), len(self._parts))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._archive.close()

    def __contains__(self, part: str) -> bool:
        return _plain(part) in self._parts

    def names(self) -> Iterable[str]:
        return self._parts

    def open(self, part: str) -> IO[bytes]:
        info = self._parts.get(_plain(part))
        if info is None:
            raise damaged()
        return self._archive.open(info)

    def verify(self) -> None:
        """Unpack every part but the sheets, which are unpacked anyway: whoever copies the file will need them whole."""
        for name, info in self._parts.items():
            if not name.startswith("xl/worksheets/"):
                with self._archive.open(info) as stream:
                    while stream.read(1 << 20):
                        pass

    def tree(self, part: str) -> ET.Element:
        """A small part as a tree. A document type is refused: it can grow without bound."""
        with self.open(part) as stream:
            xml = stream.read(MAX_TREE + 1)
        if len(xml) > MAX_TREE:
            raise too_large(unreadable.megabytes(len(xml)), unreadable.megabytes(MAX_TREE))
        check_encoding(xml)
        return ET.fromstring(xml, _parser())  # noqa: S314 – without document type

    def relations(self, part: str) -> dict[str, tuple[str, str]]:
        """Kind and part of every relation of `part` ("" is the package) by its id; `[]` where there are none."""
        folder, file = posixpath.split(part)
        listed = posixpath.join(folder, "_rels", f"{file}.rels")
        if listed not in self:
            return {}
        return {
            relation.get("Id", ""): (
                relation.get("Type", "").rsplit("/", 1)[-1],
                posixpath.normpath(posixpath.join("/", folder, relation.get("Target", "").replace("\\", "/"))),
            )
            for relation in self.tree(listed)
        }


def _plain(name: str) -> str:
    return name.replace("\\", "/").lstrip("/").lower()


class _NoDoctype(ET.TreeBuilder):
    def doctype(self, *_: object) -> None:
        raise document_type()


def _parser() -> ET.XMLParser:
    return ET.XMLParser(target=_NoDoctype())  # noqa: S314 – as above


def _check(infos: list[zipfile.ZipInfo], different: int) -> None:
    if any(info.flag_bits & 1 for info in infos):
        raise encrypted()
    if different != sum(not info.is_dir() for info in infos):
        raise ambiguous("文件内部有同名的部件", "parts of the file have the same name")
    size = sum(info.file_size for info in infos)
    if size > unreadable.MAX_BYTES:
        raise too_large(_unpacked(size), _unpacked(unreadable.MAX_BYTES))
    for info in infos:
        if info.file_size > unreadable.RATIO_FROM and info.file_size > unreadable.MAX_RATIO * info.compress_size:
            raise too_large(_times(info.file_size // max(info.compress_size, 1)), _times(unreadable.MAX_RATIO))
    placed = sorted(infos, key=lambda info: info.header_offset)
    for one, other in pairwise(placed):
        if one.header_offset + one.compress_size > other.header_offset:
            raise ambiguous("文件内部的部件互相重叠", "parts of the file overlap")


def _unpacked(size: int) -> unreadable.Words:
    zh, en = unreadable.megabytes(size)
    return f"解压后 {zh}", f"{en} unpacked"


def _times(ratio: int) -> unreadable.Words:
    return f"压缩率 {ratio:,} 倍", f"compressed {ratio:,} to 1"
