"""What stops a file: the finding of the workbook group as an error, in both languages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from disburse.errors import FileUnreadable
from disburse.findings import catalogue
from disburse.language import Wording

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


def stop(
    code: str, path: Path, name: str, *, sheet: str = "", cell: str = "", column: str = "", **values: str | Wording
) -> FileUnreadable:
    """The error of `code` on the file shown as `name`; `values` fill the catalogue's message."""
    entry = catalogue()[code]
    zh = {key: value.zh if isinstance(value, Wording) else value for key, value in values.items()}
    en = {key: value.en if isinstance(value, Wording) else value for key, value in values.items()}
    at_zh = "，".join(filter(None, [name, sheet and f"工作表“{sheet}”", cell]))
    at_en = ", ".join(filter(None, [name, sheet and f"sheet “{sheet}”", cell]))
    found = Wording(zh=_ended(entry.message.zh.format_map(zh), "。"), en=_ended(entry.message.en.format_map(en), "."))
    return FileUnreadable(
        code,
        path,
        f"{at_zh}：{found.zh}{_ended(entry.remedy.zh, '。')}",
        f"{at_en}: {found.en} {_ended(entry.remedy.en, '.')}",
        name=name,
        found=found,
        sheet=sheet,
        cell=cell,
        column=column,
    )


def together(stops: Sequence[FileUnreadable]) -> FileUnreadable:
    """All stopping problems in one error, each on a line of its own; a single one as it is."""
    first = stops[0]
    if len(stops) == 1:
        return first
    zh, en = ("\n".join(getattr(each, language) for each in stops) for language in ("zh", "en"))
    return FileUnreadable(
        first.code, first.path, zh, en, name=first.name, sheet=first.sheet, cell=first.cell, column=first.column
    )


def _ended(sentence: str, stop_sign: str) -> str:
    return sentence if sentence.endswith((stop_sign, "?", "？")) else sentence + stop_sign
