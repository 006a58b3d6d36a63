"""Files and folders given by the operator → the workbooks to read, each with its name and hash."""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import dataclass
from hashlib import file_digest
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from disburse.errors import FileUnreadable, Usage
from disburse.language import Wording

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

SUFFIXES = (".xlsx", ".xlsm", ".xls", ".csv")


@dataclass(frozen=True)
class Source:
    """One workbook to read: `name` as findings and outcomes show it, and the hash of its content."""

    name: str
    path: Path
    sha256: str


def sources(
    paths: Sequence[Path], *, stop: bool = True, but: Path | None = None
) -> tuple[list[Source], list[str], list[FileUnreadable]]:
    """The workbooks among `paths` and below its folders, by name; the files skipped on the way; those that stop.

    stop  raise for the first path that is missing, no workbook or cannot be opened; else go on and return them
    but   a folder that is skipped where it lies below one of `paths`: the program's own copies
    Raises Usage for a folder without workbooks and for the same content twice.
    """
    skipped: list[str] = []
    stopped: list[FileUnreadable] = []
    hashed: list[tuple[Path, str]] = []
    for path in paths:
        for file in sorted(_below(path, skipped, but)) if path.is_dir() else [path]:
            try:
                hashed.append((_workbook(file), _sha256(file)))
            except FileUnreadable as error:
                if stop:
                    raise
                stopped.append(error)
    hashed.sort()
    _refuse_copies(hashed)
    names = Counter(path.name.casefold() for path, _ in hashed)
    found = [
        Source(path.name if names[path.name.casefold()] == 1 else f"{path.name}~{sha256[:8]}", path, sha256)
        for path, sha256 in hashed
    ]
    return sorted(found, key=lambda source: (source.name, source.sha256)), sorted(skipped), stopped


def _workbook(path: Path) -> Path:
    shown = os.fsencode(path.name).decode("utf-8", "replace")
    if shown != path.name:
        raise _stop(path, shown, ("文件名不是 UTF-8 编码", "its name is not UTF-8"), ("请改名", "rename it"))
    if not path.exists():
        raise _stop(
            path, shown, ("找不到这个文件", "there is no such file"), ("请检查路径和文件名", "check path and name")
        )
    if path.suffix.lower() not in SUFFIXES:
        kinds = "、".join(SUFFIXES)
        raise _stop(
            path, shown, (f"不是工作簿（可用的类型：{kinds}）", f"no workbook (allowed: {kinds})"),
            ("请在 Excel 或 WPS 中另存为 .xlsx", "save it as .xlsx in Excel or WPS"),
        )  # fmt: skip
    return path


def _stop(path: Path, shown: str, found: tuple[str, str], mend: tuple[str, str]) -> FileUnreadable:
    """What was found and how to mend it, each in Chinese and in English."""
    return FileUnreadable(
        "WORKBOOK_UNREADABLE",
        path,
        f"{path.parent / shown}：{found[0]}，{mend[0]}",
        f"{path.parent / shown}: {found[1]}: {mend[1]}",
        name=shown,
        found=Wording(zh=f"{found[0]}。", en=f"{found[1]}."),
        mend=Wording(zh=f"{mend[0]}。", en=f"{mend[1]}."),
    )


def _below(folder: Path, skipped: list[str], but: Path | None) -> list[Path]:
    found = []
    for path in _files(folder):
        inside = path.relative_to(folder)
        if path.suffix.lower() not in SUFFIXES:
            continue
        hidden = path.name.startswith("~$") or any(part.startswith(".") for part in inside.parts)
        if hidden or _within(path, but, folder):
            skipped.append(inside.as_posix())
        else:
            found.append(path)
    if not found:
        raise Usage(
            f"文件夹 {folder} 里没有工作簿（{'、'.join(SUFFIXES)}）",
            f"there is no workbook ({', '.join(SUFFIXES)}) in the folder {folder}",
        )
    return found


def _within(path: Path, but: Path | None, folder: Path) -> bool:
    left = but.resolve() if but else None
    return left is not None and left != folder.resolve() and left in path.resolve().parents


def _files(folder: Path) -> Iterator[Path]:
    """Every file below; a folder that cannot be opened stops, so that nothing is passed over in silence."""

    def stop(error: OSError) -> NoReturn:
        raise _cannot_open(Path(error.filename or folder), error)

    for place, _, names in os.walk(folder, onerror=stop):
        yield from (Path(place) / name for name in names)


def _sha256(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise _cannot_open(path, error) from None


def _cannot_open(path: Path, error: OSError) -> FileUnreadable:
    reason = error.strerror or str(error)
    return _stop(
        path, path.name, (f"无法打开（{reason}）", f"cannot be opened ({reason})"),
        ("请关闭正在使用它的程序，检查读取权限后重试", "close it elsewhere, check your rights, and try again"),
    )  # fmt: skip


def _refuse_copies(hashed: Sequence[tuple[Path, str]]) -> None:
    first: dict[str, Path] = {}
    for path, sha256 in hashed:
        other = first.setdefault(sha256, path)
        if other == path and other is not path:
            raise Usage(f"{path} 给出了两次；请只给一次", f"{path} was given twice; name it once")
        if other is not path:
            raise Usage(
                f"{other} 与 {path} 的内容完全相同，会重复计算；请只保留其中一个",
                f"{other} and {path} hold the same content and would count twice; keep one of them",
            )
