"""`make fuzz N=…`: workbooks damaged in ways drawn from a seed. What must hold of each, `judge` says.

A mutant is refused by a sentence, or it is read – and then every row without an error has the values an independent
reader sees in it; or, where that reader cannot open it, the values the sound workbook has.
"""

from __future__ import annotations

import random
import re
import sys
import tempfile
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import openpyxl
import xlsxwriter

from disburse.errors import FileUnreadable
from disburse.intake import Source, read_applications
from disburse.policy import load_policy
from disburse.reader import worker
from tests.intake.made import FIELDS, lines, save
from tests.measurement.oracle import NoOracle, differences

if TYPE_CHECKING:
    from collections.abc import Callable

    from disburse.policy import Policy

SHEET = "xl/worksheets/sheet1.xml"
ROWS = [{}, {"approved_amount": 123456.78, "measure": "M06B"}, {"remark": "一 & 二\n三", "approved_amount": "1,234.50"}]
NASTY: tuple[Any, ...] = (
    "", 0, -1, 1e308, 1e-9, 12345.675, True, "=1+1", "#REF!", "１２３", "1e3", "0x10", "NaN", "_x0031_", "一\x85二", " 350000 ",
    "350000元", "2025-02-30", 45717, 45717.5, "￥1", "'1", "\u200b1", "1,23.4", "00123", 91110108551385082.0,
)  # fmt: skip


def sound(folder: Path) -> list[Path]:
    """The same rows written by two programs: inline texts and shared ones."""
    table = lines(*ROWS)
    shared = folder / "shared.xlsx"
    with xlsxwriter.Workbook(shared) as book:
        sheet, day = book.add_worksheet("表1"), book.add_format({"num_format": "yyyy-mm-dd"})
        for row, line in enumerate(table):
            for column, value in enumerate(line):
                if hasattr(value, "year"):
                    sheet.write_datetime(row, column, value, day)
                elif isinstance(value, str):
                    sheet.write_string(row, column, value)
                elif value is not None:
                    sheet.write_number(row, column, value)
        sheet.write_formula(1, FIELDS.index("approved_amount"), "=700000/2", None, 350000)
    return [save(folder / "inline.xlsx", table), shared]


def mutant(original: Path, made: Path, chance: random.Random) -> None:
    """A damaged copy of `original`: its bytes, the XML of a part, or the value of a cell."""
    chance.choice((_bytes, _markup, _markup, _markup, _value))(original, made, chance)


def _bytes(original: Path, made: Path, chance: random.Random) -> None:
    content = bytearray(original.read_bytes())
    for _ in range(chance.choice((1, 1, 3, 20))):
        at = chance.randrange(len(content))
        match chance.randrange(4):
            case 0:
                content[at] ^= 1 << chance.randrange(8)
            case 1:
                content[at] = chance.randrange(256)
            case 2:
                del content[at : at + chance.randrange(1, 40)]
            case _:
                content[at:at] = chance.randbytes(chance.randrange(1, 40))
    made.write_bytes(content)


def _markup(original: Path, made: Path, chance: random.Random) -> None:
    with zipfile.ZipFile(original) as archive:
        parts = {info.filename: archive.read(info) for info in archive.infolist()}
    part = chance.choice([SHEET] * 6 + [name for name in parts if name.endswith((".xml", ".rels"))])
    for _ in range(chance.choice((1, 1, 2, 5))):
        parts[part] = chance.choice(_CHANGES)(parts[part], chance)
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)


def _at(pattern: bytes, change: Callable[[bytes, random.Random], bytes]) -> Callable[[bytes, random.Random], bytes]:
    """A change of one place, drawn from those the pattern finds."""

    def changed(xml: bytes, chance: random.Random) -> bytes:
        places = list(re.finditer(pattern, xml))
        if not places:
            return xml
        place = chance.choice(places)
        return xml[: place.start()] + change(place[0], chance) + xml[place.end() :]

    return changed


_CHANGES = (
    _at(rb"<[^<>]+>", lambda tag, _: b""),
    _at(rb"<[^<>]+>", lambda tag, _: tag * 2),
    _at(rb"<[^<>]+>", lambda tag, chance: tag + chance.choice((b"<!-- x -->", b"<?x y?>", b"<![CDATA[1]]>", b" ", b"<x/>", b"&amp;"))),
    _at(rb'"[^"<>]*"', lambda value, chance: b'"' + chance.choice((b"", b"1", b"A1", b"s", b"str", b"e", b"B2", b"99999999", b"inlineStr", b"b", b"d", b"n")) + b'"'),
    _at(rb'"[^"<>]*"', lambda value, _: b"'" + value[1:-1] + b"'"),
    _at(rb' [A-Za-z:]+="[^"<>]*"', lambda attribute, _: b""),
    _at(rb' [A-Za-z:]+="[^"<>]*"', lambda attribute, _: attribute * 2),
    _at(rb' [A-Za-z:]+="', lambda attribute, _: attribute.replace(b"=", b" \n= ")),
    _at(rb">[^<>]+<", lambda text, chance: b">" + chance.choice((b"", b"1", b" 7 ", b"1e5", b"&#49;", b"&lt;", b"-", b"NaN", b"12.345", b"_x0031_")) + b"<"),
    _at(rb">[^<>]+<", lambda text, chance: text[: len(text) // 2] + chance.choice((b"<!-- x -->", b"&#48;", b"\x00", b"\xff", b"9", b".", b"<x/>")) + text[len(text) // 2 :]),
    _at(rb"<c [^<>]*>.*?</c>", lambda cell, _: cell * 2),
    _at(rb"<c [^<>]*>.*?</c>", lambda cell, _: b""),
    _at(rb"<c [^<>]*>", lambda cell, chance: cell + chance.choice((b"<f>1+1</f>", b"<f/>", b"<v>5</v>", b"<is><t>5</t></is>"))),
    _at(rb"<row [^<>]*>.*?</row>", lambda row, _: row * 2),
    _at(rb"[0-9]", lambda digit, chance: b"%d" % chance.randrange(10)),
    _at(rb"</sheetData>", lambda end, chance: end + chance.choice((b'<mergeCells><mergeCell ref="G2:G4"/></mergeCells>', b'<mergeCells><mergeCell ref="A2:C3"/><mergeCell ref="B2:B4"/></mergeCells>', b"<sheetData/>"))),
)  # fmt: skip


def _value(original: Path, made: Path, chance: random.Random) -> None:
    book = openpyxl.load_workbook(original)
    cell = book.active.cell(chance.randrange(2, 5), chance.randrange(1, len(FIELDS) + 1))
    cell.value = chance.choice(NASTY)
    if chance.random() < 0.3:
        cell.number_format = chance.choice(("yyyy-mm-dd", "@", "0.00", "[h]:mm", "General"))
    book.save(made)


def judge(original: Path, made: Path, policy: Policy) -> str:
    """What became of the mutant: refused, or read with or without faulty rows; raises AssertionError at a misreading."""
    try:
        intake = read_applications([Source(made.name, made, "")], policy)
    except FileUnreadable as error:
        sentences = error.zh, error.en
        intake = None
    if intake is None:
        assert all(made.name in sentence for sentence in sentences)
        return "refused"
    wrong = {finding.row for finding in intake.findings if finding.row >= 0}
    accepted = {
        (sheet, int(row))
        for number, (sheet, row) in enumerate(
            intake.rows[["source_sheet", "source_row"]].itertuples(index=False, name=None)
        )
        if number not in wrong
    }
    sheets = worker.read(made)
    try:
        differ = list(differences(made, sheets))
    except NoOracle:
        differ = list(differences(original, sheets))
    for sheet, cell, ours, theirs in differ:
        row = int(re.sub("[A-Z]", "", cell))
        assert (sheet, row) not in accepted, f"{sheet}!{cell} is {ours!r}, the other reader says {theirs!r}"
    return "with faults" if wrong else "clean"


def main() -> None:
    count, first = (int(each) for each in (*sys.argv[1:], "0")[:2])
    told: dict[str, int] = {}
    policy = load_policy()
    failed = 0
    with tempfile.TemporaryDirectory() as place:
        originals = sound(Path(place))
        for seed in range(first, first + count):
            chance = random.Random(seed)
            original, made = chance.choice(originals), Path(place) / "mutant.xlsx"
            mutant(original, made, chance)
            try:
                became = judge(original, made, policy)
            except Exception as error:  # noqa: BLE001 – whatever it is, it is to be counted
                failed += 1
                became = "FAILED"
                print(f"seed {seed}: {error!r}", flush=True)
            told[became] = told.get(became, 0) + 1
    print(count, "mutants:", told)
    sys.exit(bool(failed))


if __name__ == "__main__":
    main()
