"""A file → its sheets as plain data. `read_workbook` is the one function the reader stands behind."""

from __future__ import annotations

from typing import TYPE_CHECKING

from disburse.intake.added import submitted
from disburse.intake.sheet import Sheet
from disburse.intake.stops import stop
from disburse.language import Wording
from disburse.reader import worker
from disburse.reader.unreadable import Unreadable

if TYPE_CHECKING:
    from pathlib import Path

    from disburse.reader.unreadable import Words
    from disburse.reader.worker import Read


def read_workbook(path: Path, name: str) -> list[Sheet]:
    """Every worksheet of the file shown as `name`, in order. What it is, its first bytes say, not its suffix.

    A CSV file is one sheet without a name, all text. Raises FileUnreadable: WORKBOOK_UNREADABLE, _ENCRYPTED, _TOO_LARGE.
    """
    try:
        return submitted(_sheet(each) for each in worker.read(path))
    except Unreadable as reason:
        found, expected = _wording(reason.found), _wording(reason.expected)
        raise stop(reason.code, path, name, found=found, expected=expected) from reason
    except OSError as error:
        told = error.strerror or str(error)
        found = Wording(zh=f"无法打开（{told}）", en=f"it cannot be opened ({told})")
        raise stop("WORKBOOK_UNREADABLE", path, name, found=found) from error


def _sheet(read: Read) -> Sheet:
    return Sheet(
        read.name, read.order, read.cells, read.merged, read.hidden_rows, read.hidden, read.named_as_list,
        read.named_column,
    )  # fmt: skip


def _wording(words: Words) -> Wording:
    return Wording(zh=words[0], en=words[1])
