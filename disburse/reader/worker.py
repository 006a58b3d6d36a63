"""The calling side: one child process for all files, started when first needed, watched, and replaced when it ends."""

from __future__ import annotations

import atexit
import os
import pickle
import subprocess
import sys
import threading
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from time import monotonic
from typing import IO, TYPE_CHECKING, Any

import psutil

from disburse.reader import child, unreadable
from disburse.reader.block import Begin, End
from disburse.reader.cell import Cell, ErrorValue, NotCalculated, Range
from disburse.reader.unreadable import Unreadable

if TYPE_CHECKING:
    from pathlib import Path

_START = "import sys; sys.path[:] = sys.argv[1:]; from disburse.reader.child import main; main()"


@dataclass(slots=True)
class Read:
    """A sheet as it comes in: rows of one width once it is whole."""

    name: str
    order: int
    hidden: bool = False
    named_as_list: bool = False
    named_column: int | None = None
    cells: list[list[Cell]] = field(default_factory=list)
    merged: list[Range] = field(default_factory=list)
    hidden_rows: frozenset[int] = frozenset()


def read(path: Path) -> list[Read]:
    """The worksheets of the file, in order. Raises Unreadable, OSError."""
    with _lock:
        return _worker.read(path)


_ALLOWED = {
    (each.__module__, each.__qualname__): each
    for each in (Begin, End, ErrorValue, NotCalculated, date, datetime, time, timedelta)
}


class _Incoming(pickle.Unpickler):
    """Takes from the child what it has to send, and nothing else."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in _ALLOWED:
            raise pickle.UnpicklingError(f"{module}.{name}")
        return _ALLOWED[module, name]


class _Worker:
    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._pid = self._owner = 0

    def read(self, path: Path) -> list[Read]:
        process = self._running()
        watch = _Watch(self._pid)
        try:
            pickle.dump((os.fsencode(path.absolute()), path.suffix.lower()), _pipe(process.stdin))
            _pipe(process.stdin).flush()
            return self._sheets(_pipe(process.stdout))
        except (EOFError, pickle.UnpicklingError, BrokenPipeError):
            self.stop()
            raise watch.reason or _silent() from None
        except (Unreadable, OSError):
            raise
        except BaseException:
            self.stop()
            raise
        finally:
            watch.over.set()

    def _running(self) -> subprocess.Popen[bytes]:
        """The child; another one when there is none, it has ended, or this process is a copy of the one it serves."""
        if self._process is None or self._process.poll() is not None or self._owner != os.getpid():
            self._process = subprocess.Popen(  # noqa: S603 – ourselves
                [sys.executable, "-P", "-c", _START, *sys.path],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
            )  # fmt: skip
            self._pid, self._owner = _Incoming(_pipe(self._process.stdout)).load(), os.getpid()
        return self._process

    def _sheets(self, back: IO[bytes]) -> list[Read]:
        sheets: list[Read] = []
        seen: dict[str, str] = {}
        while True:
            match _Incoming(back).load():
                case list() as rows:
                    sheets[-1].cells += _shared(rows, seen)
                case Begin() as begin:
                    sheets.append(Read(*begin))
                case End(merged, hidden_rows):
                    _finish(sheets[-1], merged, hidden_rows)
                case (child.AGAIN,):
                    sheets.clear()
                case (child.DONE,):
                    return sheets
                case (child.FAILED, code, found, expected):
                    raise Unreadable(code, found, expected)
                case (child.SYSTEM, reason):
                    raise OSError(reason)
                case (child.BROKEN, trace):
                    raise RuntimeError(trace)

    def stop(self) -> None:
        """End the child, if there is one."""
        process, self._process = self._process, None
        if process is not None and self._owner == os.getpid():
            process.kill()
            process.communicate()


def _pipe(pipe: IO[bytes] | None) -> IO[bytes]:
    assert pipe is not None
    return pipe


def _shared(rows: list[list[Cell]], seen: dict[str, str]) -> list[list[Cell]]:
    """The rows with one object for each different text: the same few names fill whole columns."""
    keep = seen.setdefault
    return [[keep(cell, cell) if cell.__class__ is str else cell for cell in row] for row in rows]


def _finish(sheet: Read, merged: list[Range], hidden_rows: frozenset[int]) -> None:
    width = max(map(len, sheet.cells), default=0)
    while sheet.cells and not sheet.cells[-1]:
        sheet.cells.pop()
    for row in sheet.cells:
        row.extend([""] * (width - len(row)))
    sheet.merged, sheet.hidden_rows = merged, hidden_rows


def _silent() -> Unreadable:
    return unreadable.irregular("读取中断，文件可能已损坏", "reading broke off; the file may be damaged")


class _Watch(threading.Thread):
    """Ends the child when the file takes too long or too much memory; `reason` says which."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self.over = threading.Event()
        self.reason: Unreadable | None = None
        self._pid = pid
        self._self = psutil.Process()
        self.start()

    def run(self) -> None:
        end = monotonic() + unreadable.SECONDS
        before = self._self.memory_info().rss
        with suppress(psutil.Error):
            reader = psutil.Process(self._pid)
            while not self.over.wait(0.05):
                if reader.memory_info().rss + max(self._self.memory_info().rss - before, 0) > unreadable.MEMORY:
                    self.reason = unreadable.out_of_memory()
                elif monotonic() > end:
                    self.reason = unreadable.out_of_time()
                if self.reason:
                    reader.kill()
                    return


_worker, _lock = _Worker(), threading.Lock()
atexit.register(_worker.stop)
