"""What a month would come to now, against what its files say: in sentences about applications, not about files."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

from disburse.language import say
from disburse.workbooks.words import STATUS, word

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    Line = dict[str, str]

SHOWN = 10
"""How many applications are named."""

_ROW = ("source_file", "source_sheet", "source_row")


def changes(written: Mapping[str, bytes], now: Mapping[str, bytes]) -> list[str]:
    """One sentence for each application that would come out otherwise, the first SHOWN; none where nothing changed.

    written, now  the files for machines by name, as the run wrote them and as they are calculated now
    """
    before, after = ({_row(line): line for line in _lines(files["outcomes.csv"])} for files in (written, now))
    said = set(map(_said, _lines(written["findings.csv"])))
    news: dict[tuple[str, str], list[str]] = {}
    for finding in _lines(now["findings.csv"]):
        if _said(finding) not in said:
            news.setdefault((finding["source_file"], finding["application_no"]), []).append(finding["message"])
    found = []
    for row, line in after.items():
        why = news.get((line["source_file"], line["application_no"]), [])
        if before.get(row) != line or why:
            found.append(_changed(before.get(row, line), line, why))
    if not found and any(written[name] != content for name, content in now.items()):
        files = [name for name, content in now.items() if written[name] != content]
        found = [say(f"{'、'.join(files)} 的内容有变", f"{', '.join(files)} would read otherwise")]
    more = len(found) - SHOWN
    rest = [say(f"……另有 {more} 行", f"… and {more} more rows")] if more > 0 else []
    return [*found[:SHOWN], *rest]


def _changed(before: Line, now: Line, why: Iterable[str]) -> str:
    no, instalment = now["application_no"], now["instalment"]
    place = f"{now['source_file']} {now['source_sheet']}!{now['source_row']}"
    due = " ".join(dict.fromkeys(why))
    return say(
        f"{no}（分期 {instalment}，{place}）：计算时{_came_to(before)}，现在{_came_to(now)}。{due}",
        f"{no} (instalment {instalment}, {place}): was {_came_to(before)}, is now {_came_to(now)}. {due}",
    ).strip()


def _came_to(line: Line) -> str:
    paid = say(f" {line['paid']} 元", f" {line['paid']} yuan") if line["paid"] else ""
    return word(STATUS, line["status"]) + paid


def _lines(content: bytes) -> list[Line]:
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline="")))


def _row(line: Line) -> tuple[str, ...]:
    return tuple(line[name] for name in _ROW)


def _said(finding: Line) -> tuple[str, str, str, str]:
    return finding["source_file"], finding["application_no"], finding["code"], finding["message"]
