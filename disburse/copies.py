"""The marked copies: for each workbook that was read, the same workbook with what was found in it."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from xlsxwriter.utility import xl_cell_to_rowcol

from disburse.errors import FileUnreadable, Mendable
from disburse.findings import stopped
from disburse.intake import read_workbook
from disburse.language import say
from disburse.workbooks.annotated import Area, Marks, Unmarkable, write_annotated
from disburse.workbooks.rebuilt import UNNAMED, write_rebuilt

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from disburse.findings import Finding, Placed
    from disburse.intake import Intake, Source

MARKABLE = ("TABLE_NOT_FOUND", "COLUMN_MISSING", "COLUMN_REPEATED")
"""What may stop a file that can be opened all the same, and so be handed back."""

_ZIP = b"PK\x03\x04"


@dataclass(frozen=True)
class Copy:
    """A marked copy: its file, how many findings are in it, and what of the original it has not."""

    file: Path
    count: int
    lost: Placed | None


def write_copies(
    folder: Path,
    sources: Iterable[Source],
    intake: Intake,
    findings: Sequence[Finding],
    stops: Sequence[FileUnreadable],
) -> list[Copy]:
    """Write the copy of each source into the folder, in the sources' order; none of a file that could not be opened.

    A file that is there already is never written over: a copy with other content gets the next free name.
    """
    marks = _marks(intake, findings, stops)
    unopened = {stop.name for stop in stops if stop.code not in MARKABLE}
    with TemporaryDirectory(prefix=".disburse-", dir=_made(folder)) as beside:
        return [
            _copy(source, marks.get(source.name, Marks(())), folder, Path(beside))
            for source in sources
            if source.name not in unopened
        ]


def _made(folder: Path) -> Path:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Mendable(
            f"无法写入文件夹 {folder}（{error.strerror}）；请换一个文件夹",
            f"cannot write into the folder {folder} ({error.strerror}); name another one",
        ) from error
    return folder


def _copy(source: Source, marks: Marks, folder: Path, beside: Path) -> Copy:
    made = beside / "copy.xlsx"
    with source.path.open("rb") as file:
        is_package = file.read(4) == _ZIP
    try:
        if not is_package:
            raise Unmarkable(source.name)
        lost = write_annotated(source.path, made, source.name, marks)
    except Unmarkable:
        plain = beside / "plain.xlsx"
        write_rebuilt(plain, read_workbook(source.path, source.name))
        kept = "" if source.path.suffix.lower() == ".csv" else _bare()
        lost = write_annotated(plain, made, source.name, marks.under(UNNAMED), kept)
    return Copy(_put(made, folder, _name(source, is_package=is_package)), len(marks.findings), lost)


def _bare() -> str:
    return say(
        "格式、公式、图片和批注（副本只含数值）", "formats, formulas, pictures and comments (the copy holds values)"
    )


def _name(source: Source, *, is_package: bool) -> str:
    """The source's name with the suffix of what the copy is; sources of one name differ by their hash."""
    path, told = source.path, source.name.removeprefix(source.path.name)
    suffix = path.suffix if is_package and path.suffix.lower() in (".xlsx", ".xlsm") else ".xlsx"
    stem = path.stem if path.suffix.lower() in (".xlsx", ".xlsm") else path.name
    return f"{stem}{told}{suffix}"


def _put(made: Path, folder: Path, name: str) -> Path:
    """Give the file its name, or the next one that is free or already holds the same."""
    content = made.read_bytes()
    stem, suffix = Path(name).stem, Path(name).suffix
    number = 1
    while True:
        target = folder / (name if number == 1 else f"{stem} ({number}){suffix}")
        if not target.exists():
            made.rename(target)
            return target
        if target.is_file() and target.read_bytes() == content:
            made.unlink()
            return target
        number += 1


def _marks(intake: Intake, findings: Sequence[Finding], stops: Sequence[FileUnreadable]) -> dict[str, Marks]:
    """What is to be marked, by the name of the file."""
    applicants = _applicants(intake)
    listed: dict[str, list[tuple[Placed, str]]] = defaultdict(list)
    for placed in [*map(stopped, stops), *intake.placed(findings)]:
        listed[placed.source_file].append((placed, applicants.get(_line(placed), "")))
    lines, tables = _lines(intake, findings), _tables(intake)
    return {name: Marks(found, lines.get(name, {}), tables.get(name, {})) for name, found in listed.items()}


def _line(placed: Placed) -> tuple[str, str, int]:
    row = xl_cell_to_rowcol(placed.cell)[0] if placed.cell else -1
    return placed.source_file, placed.source_sheet, row


def _applicants(intake: Intake) -> dict[tuple[str, str, int], str]:
    if "applicant_name" not in intake.rows:
        return {}
    fields = ["source_file", "source_sheet", "source_row", "applicant_name"]
    return {
        (file, sheet, row - 1): name
        for file, sheet, row, name in intake.rows[fields].itertuples(index=False, name=None)
    }


def _lines(intake: Intake, findings: Sequence[Finding]) -> dict[str, dict[str, dict[int, list[Placed]]]]:
    """File → sheet → line → what stands in its column 问题: the row's own findings, and those of total lines."""
    lines: dict[str, dict[str, dict[int, list[Placed]]]] = defaultdict(lambda: defaultdict(dict))
    rows = intake.rows["source_row"].tolist()
    for finding in findings:
        placed = intake.place(finding)
        own = finding.row >= 0 and finding.place is None
        line = rows[finding.row] - 1 if own else _line(placed)[2]
        if line >= 0:
            there = lines[placed.source_file][placed.source_sheet].setdefault(line, [])
            if all((each.code, each.message) != (placed.code, placed.message) for each in there):
                there.append(placed)
    return lines


def _tables(intake: Intake) -> Mapping[str, dict[str, list[Area]]]:
    tables: dict[str, dict[str, list[Area]]] = defaultdict(lambda: defaultdict(list))
    for each in intake.tables:
        last = max([each.heading.below - 1, *each.rows[-1:], *(line.row for line in each.totals[-1:])])
        reaching = [merged[3] + 1 for merged in each.merged if merged[2] >= each.heading.top]
        free = max([len(each.cells[0]), *reaching])
        tables[each.source_file][each.sheet].append(Area(each.heading.row, min(each.heading.written), last, free))
    return tables
