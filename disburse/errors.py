"""What the operator can mend: exit status 2, one sentence, nothing written or booked.

    Mendable
    ├── Usage              an option, a month, an output folder
    ├── FileUnreadable     a workbook or list that cannot be taken in; carries its finding code
    ├── ListInvalid        a list (register, exclusions, …) with faulty rows; carries the findings
    ├── SchemaInvalid      a policy, table or catalogue file; with file, line and what is allowed
    ├── Unbalanced         the program's own control totals do not hold: nothing is written
    └── Refused            `post` and the store: what changed, and what to do next

A bad row is never one of these: it is a finding (findings.py). A bug is a traceback and is never caught.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from disburse.language import Wording, say

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


class Mendable(Exception):
    """A sentence for the operator: what is wrong, where, and what to do next."""

    def __init__(self, zh: str, en: str) -> None:
        super().__init__(zh, en)
        self.zh = zh
        self.en = en

    def __str__(self) -> str:
        return say(self.zh, self.en)


class Usage(Mendable):
    """An option or argument that cannot be used as given."""


class FileUnreadable(Mendable):
    """A file that stops.

    code   one of the catalogue's workbook group
    name   the file as findings show it; sheet, cell and column say where in it, if known
    found  the catalogue's message alone, where the whole sentence also names place and remedy
    mend   what to do, where the catalogue's remedy does not help
    """

    def __init__(
        self, code: str, path: Path, zh: str, en: str, *, name: str = "", found: Wording | None = None,
        mend: Wording | None = None, sheet: str = "", cell: str = "", column: str = "",
    ) -> None:  # fmt: skip
        super().__init__(zh, en)
        self.code = code
        self.path = path
        self.name = name or path.name
        self.found = found or Wording(zh=zh, en=en)
        self.mend = mend
        self.sheet = sheet
        self.cell = cell
        self.column = column


class ListInvalid(Mendable):
    """A list with faulty rows: none of it is used. `lines` are the findings, one sentence each."""

    def __init__(self, path: Path, lines: Sequence[str]) -> None:
        found = "\n  ".join(lines)
        super().__init__(
            f"{path.name} 有 {len(lines)} 处问题，整份未采用，请改正后重新运行：\n  {found}",
            f"{path.name} has {len(lines)} faults and was not used; mend it and run again:\n  {found}",
        )


class SchemaInvalid(Mendable):
    """A YAML file of ours or the office's: every fault with file:line:column, expected and found."""

    def __init__(self, path: Path, lines: Sequence[str]) -> None:
        found = "\n  ".join(lines)
        super().__init__(
            f"{path} 不能采用：\n  {found}",
            f"{path} cannot be used:\n  {found}",
        )


class Unbalanced(Mendable):
    """A control total does not hold. This is our fault, not the operator's; refusing is the only safe answer."""


class Refused(Mendable):
    """The store did not take it: already different, locked, or not ours. Nothing was booked."""
