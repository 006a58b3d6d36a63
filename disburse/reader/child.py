"""The child: told a file, it sends what is in it, message by message, until its input ends."""

from __future__ import annotations

import contextlib
import os
import pickle
import signal
import sys
import traceback
from pathlib import Path
from typing import IO, TYPE_CHECKING

from disburse.reader import unreadable
from disburse.reader.kind import OLE, ZIP, foreign
from disburse.reader.unreadable import Unreadable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from disburse.reader.block import Message

AGAIN, DONE, FAILED, BROKEN, SYSTEM = "again", "done", "failed", "broken", "system"
"""All before is void; the file is over; it cannot be read; a fault of this program; of the operating system."""


def main() -> None:
    """Serve until standard input ends. Nothing else may write to the way back."""
    with contextlib.suppress(ValueError, AttributeError):
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # the calling side ends this process
    _limit_memory()
    back = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    _send(back, os.getpid())
    while True:
        try:
            path, suffix = pickle.load(sys.stdin.buffer)  # noqa: S301 – from the process that started this one
        except EOFError:
            return
        _serve(back, Path(os.fsdecode(path)), suffix)


def _limit_memory() -> None:
    """A hard stop where the system has one; the calling side watches in any case."""
    with contextlib.suppress(ImportError, ValueError, OSError):
        import resource  # noqa: PLC0415 – not on Windows

        resource.setrlimit(resource.RLIMIT_AS, (unreadable.MEMORY + (256 << 20),) * 2)


def _serve(back: IO[bytes], path: Path, suffix: str) -> None:
    from disburse.reader.rows import NotPlain  # noqa: PLC0415

    try:
        try:
            _send_all(back, _messages(path, suffix, plain=True))
        except NotPlain:
            _send(back, (AGAIN,))
            _send_all(back, _messages(path, suffix, plain=False))
        _send(back, (DONE,))
    except Unreadable as reason:
        _send(back, (FAILED, reason.code, reason.found, reason.expected))
    except MemoryError:
        _send(back, (FAILED, *_memory()))
    except OSError as error:
        _send(back, (SYSTEM, error.strerror or str(error)))
    except Exception:  # noqa: BLE001 – goes on as a traceback on the other side
        _send(back, (BROKEN, traceback.format_exc()))


def _memory() -> tuple[str, unreadable.Words, unreadable.Words]:
    reason = unreadable.out_of_memory()
    return reason.code, reason.found, reason.expected


def _messages(path: Path, suffix: str, *, plain: bool) -> Iterator[Message]:
    """What a file is, its first bytes say, not its suffix; only text needs the suffix to be taken for CSV."""
    with path.open("rb") as file:
        start = file.read(2048)
    if start.startswith(ZIP):
        from disburse.reader.xlsx import read_xlsx  # noqa: PLC0415 – only what the file needs

        return read_xlsx(path, plain=plain)
    if start.startswith(OLE):
        from disburse.reader.xls import read_xls  # noqa: PLC0415

        return read_xls(path)
    if suffix == ".csv" and start:
        from disburse.reader.delimited import read_csv  # noqa: PLC0415

        return read_csv(path)
    raise foreign(start)


def _send_all(back: IO[bytes], messages: Iterator[Message]) -> None:
    for message in messages:
        _send(back, message)


def _send(back: IO[bytes], message: object) -> None:
    pickle.dump(message, back, protocol=5)
    back.flush()


if __name__ == "__main__":
    main()
