"""Files and folders given by the operator → the workbooks to read, each with its name and hash."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from hashlib import file_digest
from typing import TYPE_CHECKING

from disburse.errors import FileUnreadable, Usage

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

SUFFIXES = (".xlsx", ".xlsm", ".xls", ".csv")


@dataclass(frozen=True)
class Source:
    """One workbook to read: `name` as findings and outcomes show it, and the hash of its content."""

    name: str
    path: Path
    sha256: str


def sources(paths: Sequence[Path]) -> tuple[list[Source], list[str]]:
    """The workbooks among `paths` and below its folders, by name, and the files skipped on the way.

    Raises Usage for a path that is missing or is no workbook, a folder without any, and for the same content twice;
    FileUnreadable for a file that cannot be opened.
    """
    skipped: list[str] = []
    files: list[Path] = []
    for path in paths:
        files += _below(path, skipped) if path.is_dir() else [_workbook(path)]
    hashed = [(path, _sha256(path)) for path in sorted(files)]
    _refuse_copies(hashed)
    names = Counter(path.name.casefold() for path, _ in hashed)
    found = [
        Source(path.name if names[path.name.casefold()] == 1 else f"{path.name}~{sha256[:8]}", path, sha256)
        for path, sha256 in hashed
    ]
    return sorted(found, key=lambda source: (source.name, source.sha256)), sorted(skipped)


def _workbook(path: Path) -> Path:
    if not path.exists():
        raise Usage(f"找不到 {path}；请检查路径", f"{path} does not exist; check the path")
    if path.suffix.lower() not in SUFFIXES:
        raise Usage(
            f"{path.name} 不是工作簿；可用的类型：{'、'.join(SUFFIXES)}，请在 Excel 或 WPS 中另存为 .xlsx",
            f"{path.name} is no workbook; use one of {', '.join(SUFFIXES)}, e.g. saved again as .xlsx",
        )
    return path


def _below(folder: Path, skipped: list[str]) -> list[Path]:
    found = []
    for path in _files(folder):
        inside = path.relative_to(folder)
        if path.suffix.lower() not in SUFFIXES:
            continue
        if path.name.startswith("~$") or any(part.startswith(".") for part in inside.parts):
            skipped.append(inside.as_posix())
        else:
            found.append(path)
    if not found:
        raise Usage(
            f"文件夹 {folder} 里没有工作簿（{'、'.join(SUFFIXES)}）",
            f"there is no workbook ({', '.join(SUFFIXES)}) in the folder {folder}",
        )
    return found


def _files(folder: Path) -> Iterator[Path]:
    try:
        yield from (path for path in folder.rglob("*") if path.is_file())
    except OSError as error:
        raise _cannot_open(folder, error) from None


def _sha256(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise _cannot_open(path, error) from None


def _cannot_open(path: Path, error: OSError) -> FileUnreadable:
    reason = error.strerror or str(error)
    return FileUnreadable(
        "WORKBOOK_UNREADABLE",
        path,
        f"{path.name} 无法打开（{reason}）；请关闭正在使用它的程序，检查读取权限后重试",
        f"{path.name} cannot be opened ({reason}); close it elsewhere, check your rights, and try again",
    )


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
