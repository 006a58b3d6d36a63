"""`make copies DIR=…`: every workbook below a folder marked at some of its cells; the copy must differ by nothing but that.

Also a copy of the copy must be the same copy. With OPEN=N, LibreOffice must open each N-th copy. What a copy says it
lacks is counted, not held against it.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

from lxml import etree
from xlsxwriter.utility import xl_rowcol_to_cell

from disburse.findings import Placed, catalogue
from disburse.reader import worker
from disburse.reader.unreadable import Unreadable
from disburse.workbooks.annotated import Area, Marks, Unmarkable, write_annotated
from tests.workbooks.sameness import differences

if TYPE_CHECKING:
    from collections.abc import Iterator

CODES = ("CELL_REQUIRED", "PAYEE_MISMATCH", "CEILING")
UNCOLOURED = "not marked"


def drawn(path: Path, sheets: list[worker.Read]) -> tuple[Marks, dict[str, set[str]], dict[str, int]]:
    """Marks at cells drawn for this workbook, the cells by sheet, and the column each sheet gets, from 1."""
    rng = Random(path.name)
    found: list[tuple[Placed, str]] = []
    lines: dict[str, dict[int, list[Placed]]] = {}
    tables: dict[str, list[Area]] = {}
    for sheet in sheets:
        height, width = len(sheet.cells), max(map(len, sheet.cells), default=0)
        if not width or height < 2:
            continue
        tables[sheet.name] = [Area(0, 0, height - 1, width)]
        places = {(rng.randrange(1, height), rng.randrange(width)) for _ in range(4)}
        for (row, column), code in zip(sorted(places), CODES * 2, strict=False):
            cell, severity = xl_rowcol_to_cell(row, column), catalogue()[code].severity
            placed = Placed(
                code, severity, path.name, sheet.name, cell, "SQ-1", "列", "", "不能为空", "请填写", "第五条"
            )
            found.append((placed, "东莞甲公司"))
            lines.setdefault(sheet.name, {}).setdefault(row, []).append(placed)
    cells = {name: {each.cell for each, _ in found if each.source_sheet == name} for name in tables}
    return Marks(found, lines, tables), cells, {name: each[0].free + 1 for name, each in tables.items()}


def faults(path: Path, folder: Path, told: Counter[str]) -> Iterator[str]:
    """What is wrong with the copies of one workbook."""
    marks, cells, columns = drawn(path, worker.read(path))
    if not marks.findings:
        told["without a table"] += 1
        return
    copy, again = (folder / f"{name}{path.suffix}" for name in ("copy", "again"))
    notice = write_annotated(path, copy, path.name, marks)
    told["copied"] += 1
    told["said to lack something"] += notice is not None
    try:
        found = differences(path, copy, cells, columns)
    except etree.XMLSyntaxError as error:
        found = [f"no XML any more: {error}"]
    for each in found:
        if notice is None or UNCOLOURED not in each:
            yield each
    write_annotated(copy, again, path.name, marks)
    if again.read_bytes() != copy.read_bytes():
        yield "the copy of the copy is another"
    if every := int(os.environ.get("OPEN") or 0):
        told["opened"] += told["copied"] % every == 0
        if told["copied"] % every == 0 and not opens(copy, folder):
            yield "LibreOffice does not open it"


def opens(copy: Path, folder: Path) -> bool:
    """Whether LibreOffice makes a page of it."""
    profile = f"-env:UserInstallation=file://{folder / 'profile'}"
    command = [
        shutil.which("soffice") or "soffice",
        profile,
        "--headless",
        "--convert-to",
        "xlsx:Calc MS Excel 2007 XML",
    ]
    out = folder / "opened"
    done = subprocess.run([*command, "--outdir", out, copy], capture_output=True, timeout=180, check=False)
    return done.returncode == 0 and (out / f"{copy.stem}.xlsx").is_file()


def main() -> None:
    told: Counter[str] = Counter()
    for path in sorted(Path(sys.argv[1]).resolve().rglob("*")):
        if path.suffix.lower() not in (".xlsx", ".xlsm") or path.stat().st_size > 2_000_000:
            continue
        with tempfile.TemporaryDirectory() as name:
            try:
                found = [*faults(path, Path(name), told)]
            except Unreadable as reason:
                told[f"refused: {reason.code}"] += 1
                continue
            except Unmarkable:
                told["cannot be marked"] += 1
                continue
        if found:
            told["DIFFER"] += 1
            print(f"{path}\n  " + "\n  ".join(each[:300] for each in found[:5]), flush=True)
    for what, count in sorted(told.items()):
        print(f"{count:>7,}  {what}")
    sys.exit(bool(told["DIFFER"]))


if __name__ == "__main__":
    main()
