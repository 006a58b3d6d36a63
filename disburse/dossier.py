"""The folder of a run: what it was calculated from, what came of it, and run.json that names both by their hashes.

A folder appears complete or not at all, and whoever reads it again finds out whether anything in it was touched.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from dataclasses import dataclass
from datetime import date
from hashlib import file_digest, sha256
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, TypeVar

from disburse import receipt
from disburse.errors import Refused, Usage
from disburse.intake import Source
from disburse.tables import LISTS, table

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

T = TypeVar("T")

RECORD = "run.json"
CONSULTED = ("bookings", "sums", "open_items")
"""What was read from the store, by the name of its file in `inputs/`."""

BESIDE = (receipt.FILE,)
"""Files that later commands lay into the folder; they are not part of what the run has sealed."""


@dataclass(frozen=True)
class Inputs:
    """Everything a calculation starts from, as files: where they are, not what they hold."""

    sources: tuple[Source, ...]
    policy: Path
    lists: Mapping[str, Path]
    pay_date: date | None

    @property
    def not_checked(self) -> tuple[str, ...]:
        """The lists not given, by title."""
        return tuple(str(table(name).title) for name in LISTS if name not in self.lists)


def must_be_free(out: Path) -> Path:
    """The folder itself, links followed. Raises Usage unless it is new or empty."""
    try:
        out = out.resolve()
        taken = out.exists() and (not out.is_dir() or any(out.iterdir()))
    except OSError as error:
        raise _cannot_write(out, error) from None
    if taken:
        raise Usage(
            f"输出文件夹 {out} 已存在且不是空的；请换一个新的文件夹，或先移走其中的文件",
            f"the output folder {out} exists and is not empty; name a new one or move its files away first",
        )
    return out


def complete_or_not_at_all(out: Path, write: Callable[[Path], T]) -> T:
    """`write` makes a file or folder beside `out`, which takes its place only when it is whole."""
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".{out.name}-", dir=out.parent, ignore_cleanup_errors=True) as beside:
            made = Path(beside) / out.name
            result = write(made)
            if out == Path.cwd():  # the working folder cannot be replaced, only filled; run.json comes last
                for part in sorted(made.iterdir(), key=lambda part: part.name == RECORD):
                    part.replace(out / part.name)
            else:
                if out.exists():
                    out.rmdir()
                made.replace(out)
    except OSError as error:
        raise _cannot_write(out, error) from error
    return result


def _cannot_write(out: Path, error: OSError) -> Usage:
    return Usage(
        f"无法写入 {out}（{error.strerror or error}）；请检查路径、权限和磁盘空间",
        f"cannot write {out} ({error.strerror or error}); check the path, its rights and the free space",
    )


def keep_inputs(folder: Path, inputs: Inputs, consulted: dict[str, bytes]) -> dict[str, Any]:
    """Copy all that is needed to recalculate into `inputs/`; return names and hashes as run.json says them.

    Each workbook keeps its own name in a folder of its own, so that no two can be taken for one another.
    """
    files = [
        {"source_file": source.name, **_kept(source.path, folder, f"applications/{number}/{source.path.name}")}
        for number, source in enumerate(inputs.sources, start=1)
    ]
    lists: dict[str, Any] = dict.fromkeys(LISTS)
    for name, path in inputs.lists.items():
        lists[name] = _kept(path, folder, f"lists/{name}{path.suffix.lower()}")
    policy = _kept(inputs.policy, folder, "policy.yaml")
    for name, content in consulted.items():
        (folder / "inputs" / f"{name}.csv").write_bytes(content)
    opening = {name: _entry(folder, f"inputs/{name}.csv") for name in consulted}
    return {"policy": policy, "inputs": files, "lists": lists, "opening": opening}


def _kept(path: Path, folder: Path, name: str) -> dict[str, str]:
    copy = folder / "inputs" / name
    copy.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(path, copy)
    return _entry(folder, f"inputs/{name}")


def _entry(folder: Path, name: str) -> dict[str, str]:
    return {"file": name, "sha256": digest(folder / name)}


def sealed(record: dict[str, Any]) -> dict[str, Any]:
    """The record with its name: `run` is the hash of all that decides the result and of the result itself."""
    return {"run": _seal(record), **record}


def _seal(record: dict[str, Any]) -> str:
    told = {name: value for name, value in record.items() if name not in ("run", "outputs")}
    canonical = json.dumps(told, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return sha256(canonical.encode()).hexdigest()


def write_record(folder: Path, record: dict[str, Any]) -> None:
    """run.json, with the hashes of the outputs."""
    outputs = {name: digest(folder / name) for name in _files(folder) if not name.startswith("inputs/")}
    text = json.dumps({**record, "outputs": outputs}, ensure_ascii=False, indent=2) + "\n"
    (folder / RECORD).write_text(text, encoding="utf-8", newline="\n")


def open_record(folder: Path) -> dict[str, Any]:
    """What run.json says, whether or not anything was touched since.

    Raises Usage where there is none, Refused where it no longer says what a run says.
    """
    try:
        record = json.loads((folder / RECORD).read_text(encoding="utf-8"))
        _must_be_whole(record)
    except (FileNotFoundError, NotADirectoryError):
        raise Usage(
            f"{folder} 里没有 {RECORD}；请给出 disburse run 写出的文件夹",
            f"there is no {RECORD} in {folder}; name a folder that `disburse run` wrote",
        ) from None
    except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
        raise _touched(RECORD) from error
    return dict(record)


def _must_be_whole(record: dict[str, Any]) -> None:
    """Raises one of the errors of reading where the record lacks something, or names files outside its folder."""
    date.fromisoformat(record["pay_date"])
    if not all(isinstance(record[name], str) for name in ("month", "run", "language")):
        raise TypeError(record)
    int(record["opening"]["sequence"]), dict(record["results"]), _outputs(record)
    names = [PurePosixPath(name) for name in _named(record)]
    if not all(name.parts[:1] == ("inputs",) and ".." not in name.parts for name in names):
        raise ValueError(names)


@dataclass(frozen=True)
class Touched:
    """A file of the folder that is not as the run left it: its hash then and now, "" where there was or is none."""

    name: str
    then: str
    now: str


def touched(folder: Path, record: dict[str, Any]) -> list[Touched]:
    """Whatever was changed, removed or added since the run, run.json's own seal first."""
    then = {**_named(record), **_outputs(record)}
    now = {name: digest(folder / name) for name in _files(folder) if name not in (RECORD, *BESIDE)}
    seal = Touched(RECORD, str(record.get("run")), _seal(record))
    results = [Touched(name, each, then.get(name, "")) for name, each in sorted(record["results"].items())]
    files = [Touched(name, then.get(name, ""), now.get(name, "")) for name in sorted({*then, *now})]
    return [each for each in (seal, *results, *files) if each.then != each.now]


def read_record(folder: Path) -> dict[str, Any]:
    """run.json of a run nobody has touched: the record, its inputs and its outputs are as they were written.

    Raises Usage where there is none, Refused where anything was changed or removed.
    """
    record = open_record(folder)
    for each in touched(folder, record):
        if each.then:  # a file laid beside the run's own takes no part in it
            raise _touched(each.name)
    return record


def _named(record: dict[str, Any]) -> dict[str, str]:
    """The hash of each file of `inputs/`, by its name."""
    opening = [record["opening"][name] for name in CONSULTED]
    lists = [entry for entry in record["lists"].values() if entry]
    return {entry["file"]: entry["sha256"] for entry in [record["policy"], *record["inputs"], *lists, *opening]}


def _outputs(record: dict[str, Any]) -> dict[str, str]:
    return dict(record["outputs"])


def _files(folder: Path) -> list[str]:
    return sorted(file.relative_to(folder).as_posix() for file in folder.rglob("*") if file.is_file())


def _touched(name: str) -> Refused:
    return Refused(
        f"{name} 在计算之后被改动或删除；请保留现状，由财政重新运行 disburse run（写到新的文件夹），不要修改其写出的文件",
        f"{name} was changed or removed after the run; keep it as it is, run again into a new folder, and leave its files alone",
    )


def inputs_of(folder: Path, record: dict[str, Any]) -> Inputs:
    """Where the inputs lie that the record names."""
    given = tuple(Source(each["source_file"], folder / each["file"], each["sha256"]) for each in record["inputs"])
    lists = {name: folder / entry["file"] for name, entry in record["lists"].items() if entry}
    return Inputs(given, folder / record["policy"]["file"], lists, date.fromisoformat(record["pay_date"]))


def digest(file: Path) -> str:
    """SHA-256 of a file, hexadecimal."""
    with file.open("rb") as opened:
        return file_digest(opened, "sha256").hexdigest()
