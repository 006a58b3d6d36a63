"""A run checked by itself: its folder against what its own inputs come to when they are calculated again.

Everything is compared and nothing is believed: what was written against its hashes, every cell against the second
calculation, what was booked against what should have been.
"""

from __future__ import annotations

import json
import tempfile
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from disburse.audit.arithmetic import arithmetic, concealed
from disburse.audit.booked import booked_otherwise, chain_broken, signed_otherwise
from disburse.audit.printed import printed, written
from disburse.audit.recalculation import Recalculation, recalculation
from disburse.audit.review import Check, Review
from disburse.dossier import RECORD, open_record, touched
from disburse.errors import Mendable, Usage
from disburse.findings import catalogue
from disburse.language import say, speaking
from disburse.money import yuan
from disburse.records import FINDINGS, csv_headings, lines_of
from disburse.settlement import STATUSES
from disburse.verify.compare import Difference, Sheet, compare
from disburse.workbooks import signed
from disburse.workbooks.ledger import headings, write_ledger

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from disburse.audit.printed import Printed

    Progress = Callable[[str], None]

LEDGER = "ledger.xlsx"


def recheck(folder: Path, store_url: str | None, progress: Progress) -> Review:
    """Check a run's folder: its seal, every cell of it against the second calculation, and what was booked if asked.

    Raises Usage where `folder` holds no run, Refused where run.json can no longer be read.
    """
    record = open_record(folder)
    progress(say("核对校验码", "Checking the hashes"))
    checks = [_seal(folder, record)]
    try:
        again = recalculation(folder, record, progress)
    except Mendable as error:
        return Review(folder, record, [*checks, _not_calculated(error)])
    progress(say("逐格比较", "Comparing cell by cell"))
    checks += [_complete(folder, again), *_tables(folder, again), _findings(folder, again)]
    checks += [_record(record, again), ledger(folder / LEDGER, again)]
    if store_url is not None:
        checks.append(booked_otherwise(store_url, record, folder, again.month))
        checks.append(chain_broken(store_url, record, progress))
    return Review(folder, record, checks, again.month)


def recheck_ledger(file: Path, folder: Path | None, store_url: str | None, progress: Progress) -> Review:
    """Check a ledger that came back: against its run, against what was booked, or where neither is given by itself.

    Raises FileUnreadable where it cannot be read, Usage where it is no ledger.
    """
    progress(say("读取清单", "Reading the ledger"))
    sheets = printed(file)
    if not any(True for sheet in sheets for _ in sheet.tables(signed.COLUMNS)):
        raise Usage(
            f"{file} 不是 disburse 写出的拨付清单（找不到清单的表头）；请给出 ledger.xlsx 或运行的文件夹",
            f"{file} is no ledger of disburse (its headings were not found); name a ledger.xlsx or a run's folder",
        )
    if folder is None:
        checks = arithmetic(file.name, sheets, written(file))
        if store_url is not None:
            agreed = say(
                "清单自身的加总、笔数、大写和各步金额相符，各笔与账簿所记一致；没有重新计算。",
                "The ledger's own sums, counts, words and chain hold, and its lines are those that were booked; nothing was "
                "calculated again.",
            )
            return Review(file, {}, [*checks, signed_otherwise(store_url, file.name, sheets)], agreed=agreed)
        only = say(
            "没有给出 --run 或 --store：只核对了清单自身的加总、笔数、大写和各步金额，没有重新计算。",
            "Neither --run nor --store was given: only the ledger's own sums, counts, words and chain were checked.",
        )
        agreed = say(
            "清单自身的加总、笔数、大写和各步金额相符；是否与运行、账簿一致，没有核对。",
            "The ledger's own sums, counts, words and chain hold; whether it is what was calculated or booked was not checked.",
        )
        return Review(file, {}, checks, remarks=[only], agreed=agreed)
    record = open_record(folder)
    checks = [_seal(folder, record)]
    again = recalculation(folder, record, progress)
    checks.append(ledger(file, again))
    if store_url is not None:
        checks.append(booked_otherwise(store_url, record, folder, again.month))
    agreed = say(
        "清单的每一格与另一套逐行计算独立得出的结果一致，无差异。",
        "The second, row-by-row calculation agrees with every cell of the ledger: no differences.",
    )
    return Review(file, record, checks, again.month, agreed=agreed)


def _seal(folder: Path, record: dict[str, Any]) -> Check:
    """The hashes of inputs and outputs, and files that were added or are gone."""
    none = say("无此文件", "no such file")
    found = [
        Difference(each.name, column=say("校验码", "SHA-256"), expected=each.then or none, found=each.now or none)
        for each in touched(folder, record)
    ]
    files = sum(1 for file in folder.rglob("*") if file.is_file())
    return Check(say("校验码", "Hashes"), say(f"{files} 个文件", f"{files} files"), found)


def _not_calculated(error: Mendable) -> Check:
    difference = Difference("inputs/", expected=say("可以重新计算", "can be calculated again"), found=str(error))
    return Check(say("重新计算", "Calculation"), say("未能进行", "not possible"), [difference])


def _complete(folder: Path, again: Recalculation) -> Check:
    """Every row read ends in exactly one status; every line paid comes from exactly one row."""
    title = say("完整性", "Completeness")
    try:
        outcomes, paid = ([*_dicts(folder / name)] for name in ("outcomes.csv", "ledger.csv"))
    except (OSError, ValueError) as error:
        return Check(title, "", [_unreadable("outcomes.csv, ledger.csv", error)])
    place = ("source_file", "source_sheet", "source_row")
    rows = Counter(tuple(map(str, row)) for row in again.intake.rows[list(place)].itertuples(index=False, name=None))
    ended = Counter(tuple(line.get(name, "") for name in place) for line in outcomes if line.get("status") in STATUSES)
    owed = Counter(_pair(line) for line in outcomes if line.get("status") in ("paid", "reduced"))
    lines = Counter(_pair(line) for line in paid)
    found = [*_counted("outcomes.csv", rows, ended, say("一种状态", "one status"))]
    found += _counted("ledger.csv", owed, lines, say("一笔拨付", "one payment"))
    extent = say(
        f"{len(again.intake.rows)} 行申报、{len(paid)} 笔拨付", f"{len(again.intake.rows)} rows, {len(paid)} payments"
    )
    return Check(title, extent, found)


def _pair(line: dict[str, str]) -> tuple[str, str]:
    return line.get("application_no", ""), line.get("instalment", "")


def _counted(file: str, meant: Counter[Any], there: Counter[Any], what: str) -> Iterator[Difference]:
    for each in sorted({*meant, *there}):
        if meant[each] != there[each]:
            yield Difference(
                file, application_no=" ".join(each), column=what, expected=str(meant[each]), found=str(there[each]),
                difference=str(there[each] - meant[each]),
            )  # fmt: skip


def _dicts(file: Path) -> Iterator[dict[str, str]]:
    heading, *lines = lines_of(file.read_bytes())
    return (dict(zip(heading, line, strict=False)) for line in lines)


def _tables(folder: Path, again: Recalculation) -> Iterator[Check]:
    """outcomes.csv, cuts.csv and ledger.csv, cell by cell."""
    for name, content in again.files.items():
        expected = lines_of(content)
        extent = say(f"{len(expected) - 1} 行 × {len(expected[0])} 列", f"{len(expected) - 1} × {len(expected[0])}")
        try:
            written = (folder / name).read_bytes()
            same = written == content
            found = [] if same else [*compare(name, [_sheet(expected)], [_sheet(lines_of(written))], csv_headings())]
        except (OSError, ValueError) as error:
            found = [_unreadable(name, error)]
        yield Check(name, extent, found)


def _sheet(lines: list[list[str]]) -> Sheet:
    return Sheet("", [tuple(line) for line in lines])


def _unreadable(name: str, error: Exception) -> Difference:
    return Difference(name, expected=say("可以读取", "can be read"), found=str(error) or type(error).__name__)


def _findings(folder: Path, again: Recalculation) -> Check:
    """findings.csv holds what reading has found, word for word, and exactly the codes of the second calculation."""
    name, title = "findings.csv", say("findings.csv（代码）", "findings.csv (codes)")
    rows = again.month.settlement.rows
    gone = set(rows.index[rows["status"] == "replaced"])
    with speaking(again.language):
        placed = again.intake.placed([each for each in again.intake.findings if each.row not in gone])
    read = Counter(tuple(str(getattr(each, column)) for column in FINDINGS) for each in placed)
    try:
        heading, *lines = lines_of((folder / name).read_bytes())
    except (OSError, ValueError) as error:
        return Check(title, "", [_unreadable(name, error)])
    written = Counter(map(tuple, lines))
    found = [
        Difference(
            name, each[3], each[4], each[5], each[0], expected=say("有此问题", "this finding"), found=say("无", "none")
        )
        for each in sorted(read - written)
    ]
    if heading != list(FINDINGS):
        found.append(Difference(name, cell="1:1", expected=",".join(FINDINGS), found=",".join(heading)))
    numbers = rows["application_no"].tolist()
    meant = {
        (number, code)
        for number, codes in zip(numbers, rows["reasons"], strict=True)
        for code in codes.split(";")
        if code
    }
    there = {(line[5], line[0]) for line in lines if len(line) == len(FINDINGS) and line[5]}
    apart = {
        each.code for each in again.intake.findings if each.place
    }  # of totals and merged cells: said once for many
    meant = {each for each in meant if each[1] not in apart or each in there}
    found += [_code(name, *each, expected=True) for each in sorted(meant - there)]
    found += [_code(name, *each, expected=False) for each in sorted(there - meant)]
    found += [
        Difference(name, line[3], line[4], line[5], "severity", catalogue()[line[0]].severity, line[1])
        for line in lines
        if len(line) == len(FINDINGS) and line[0] in catalogue() and line[1] != catalogue()[line[0]].severity
    ]
    return Check(title, say(f"{len(lines)} 条", f"{len(lines)} lines"), found)


def _code(name: str, number: str, code: str, *, expected: bool) -> Difference:
    words = say("有", "there"), say("无", "none")
    return Difference(name, "", "", number, code, *(words if expected else reversed(words)))


def _record(record: dict[str, Any], again: Recalculation) -> Check:
    """What run.json says of the result."""
    month = again.month
    statuses = month.settlement.rows["status"].value_counts()
    totals = month.settlement.totals._asdict()
    meant = {
        "policy.policy": month.policy.policy,
        "policy.document": month.policy.document,
        "not_checked": "、".join(month.not_checked),
        "counts.rows": str(len(month.settlement.rows)),
        **{f"counts.{status}": str(statuses.get(status, 0)) for status in STATUSES},
        **{f"totals.{name.removesuffix('_fen')}": yuan(fen) for name, fen in totals.items()},
    }
    found = [
        Difference(RECORD, column=path, expected=text, found=said)
        for path, text in meant.items()
        if (said := _said(record, path)) != text
    ]
    return Check(say("run.json（内容）", "run.json (content)"), say(f"{len(meant)} 项", f"{len(meant)} entries"), found)


def _said(record: dict[str, Any], path: str) -> str:
    node: Any = record
    for step in path.split("."):
        node = node.get(step) if isinstance(node, dict) else None
    match node:
        case list():
            return "、".join(map(str, node))
        case str():
            return node
    return json.dumps(node, ensure_ascii=False)


def ledger(file: Path, again: Recalculation) -> Check:
    """Every cell of the ledger in `file`, and every formula in it, against the ledger as it should be."""
    with tempfile.TemporaryDirectory() as beside:
        meant = Path(beside) / LEDGER
        with speaking(again.language):
            write_ledger(meant, again.month)
            known = headings()
        sheets = _sheets(printed(meant))
        cells = sum(_filled(sheet) for sheet in sheets)
        extent = say(f"{len(sheets)} 张工作表、{cells} 格", f"{len(sheets)} sheets, {cells} cells")
        try:
            same = file.read_bytes() == meant.read_bytes()
            found = [] if same else [*_ledger(file, meant, sheets, known)]
        except (OSError, Mendable) as error:
            found = [_unreadable(file.name, error)]
    return Check(file.name, extent, found)


def _ledger(file: Path, meant: Path, sheets: list[Sheet], known: frozenset[str]) -> Iterator[Difference]:
    """Cells, formulas that are not the ledger's own – a program that calculates would show something else –, and masks."""
    theirs, behind, own = printed(file), written(file), written(meant).formulas
    yield from compare(file.name, sheets, _sheets(theirs), known)
    for (sheet, cell), formula in behind.formulas.items():
        if formula != own.get((sheet, cell), ""):
            yield Difference(
                file.name,
                sheet,
                cell,
                column=say("公式", "formula"),
                expected=own.get((sheet, cell), ""),
                found=formula,
            )
    yield from concealed(file.name, theirs, behind.masks)


def _sheets(sheets: list[Printed]) -> list[Sheet]:
    return [Sheet(sheet.name, sheet.rows) for sheet in sheets]


def _filled(sheet: Sheet) -> int:
    return sum(cell != "" for row in sheet.rows for cell in row)
