"""Single changes to what a run has left behind, drawn at random: each must be found. `python -m tests.audit.mutation N SEED`.

Every change is made to a real file or to the real store. A forged one also mends the hashes that would give it away.
"""

from __future__ import annotations

import csv
import io
import json
import random
import re
import shutil
import sqlite3
import sys
import tempfile
import zipfile
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from disburse.audit.recheck import recheck
from disburse.dossier import digest, sealed
from disburse.errors import Mendable
from tests.audit.office import MONTHS, play

CSV = ("outcomes.csv", "cuts.csv", "ledger.csv", "findings.csv")
STATUSES = ("paid", "reduced", "rejected", "held", "carried", "invalid", "registered", "replaced")
POSTING = (
    "paid_fen", "approved_amount_fen", "payee_name", "account_no", "bank_name", "application_no", "measure", "fund", "uscc",
)  # fmt: skip
OUTCOME = ("status", "application_no", "approved_amount_fen", "reasons", "uscc", "measure")


@dataclass(frozen=True)
class Mutation:
    """One change: in which file, what, and whether its hashes were mended."""

    where: str
    what: str
    forged: bool = False


class Office:
    """A played sample that is changed and put back."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.store = folder / "disburse.db"

    def run(self, month: str) -> Path:
        return self.folder / "out" / month

    def found(self, month: str) -> list[str]:
        """What recheck says, as an auditor with the store would hear it; a refusal is an answer too."""
        try:
            review = recheck(self.run(month), f"sqlite:///{self.store}", lambda _: None)
        except Mendable as error:
            return [str(error)]
        return [
            f"{each.file} {each.sheet}!{each.cell} {each.column}: {each.expected} | {each.found}"
            for each in review.differences
        ]


def mutate(office: Office, month: str, rng: random.Random) -> Mutation:
    """Make one change."""
    return rng.choice((in_csv, in_csv, in_ledger, in_ledger, in_record, in_inputs, in_workbooks, in_store, in_store))(
        office, month, rng
    )


def in_csv(office: Office, month: str, rng: random.Random) -> Mutation:
    """One cell of one of the files for machines."""
    file = office.run(month) / rng.choice(CSV)
    lines = [*csv.reader(io.StringIO(file.read_bytes().decode("utf-8-sig"), newline=""))]
    row, column = rng.randrange(1, len(lines)), rng.randrange(len(lines[0]))
    before = lines[row][column]
    lines[row][column] = after = (
        rng.choice([each for each in STATUSES if each != before])
        if lines[0][column] == "status"
        else other(before, rng)
    )
    out = io.StringIO()
    csv.writer(out, lineterminator="\r\n").writerows(lines)
    file.write_bytes(b"\xef\xbb\xbf" + out.getvalue().encode())
    forged = file.name != "findings.csv" and rng.random() < 0.6
    if forged:
        forge(office.run(month), file.name)
    return Mutation(file.name, f"{row + 1}:{lines[0][column]} {before!r} → {after!r}", forged)


def in_ledger(office: Office, month: str, rng: random.Random) -> Mutation:
    """One cell of the ledger."""
    what = one_cell(office.run(month) / "ledger.xlsx", rng)
    forged = rng.random() < 0.6
    if forged:
        forge(office.run(month), "ledger.xlsx")
    return Mutation("ledger.xlsx", what, forged)


def in_workbooks(office: Office, month: str, rng: random.Random) -> Mutation:
    """One cell of a workbook that goes back to a bureau."""
    files = sorted(file for name in ("exceptions", "annotated") for file in (office.run(month) / name).rglob("*.xlsx"))
    file = rng.choice(files)
    return Mutation(file.name, one_cell(file, rng))


def in_inputs(office: Office, month: str, rng: random.Random) -> Mutation:
    """A digit of what the run was calculated from."""
    file = rng.choice(sorted(file for file in (office.run(month) / "inputs").rglob("*") if file.is_file()))
    if file.suffix == ".xlsx":
        return Mutation(file.name, one_cell(file, rng))
    content = file.read_bytes()
    at = rng.choice([i for i, sign in enumerate(content) if chr(sign).isdigit()] or [len(content) - 1])
    file.write_bytes(content[:at] + (b"7" if content[at : at + 1] != b"7" else b"3") + content[at + 1 :])
    return Mutation(file.name, f"byte {at}")


def in_record(office: Office, month: str, rng: random.Random) -> Mutation:
    """One entry of run.json."""
    file = office.run(month) / "run.json"
    record = json.loads(file.read_text(encoding="utf-8"))
    places = [*leaves(record)]
    node, name = rng.choice(places)
    before = node[name]
    node[name] = other(before, rng) if isinstance(before, str) else 1 if before is None else before + 1
    forged = rng.random() < 0.5 and name != "run"
    record = sealed({key: value for key, value in record.items() if key != "run"}) if forged else record
    file.write_text(json.dumps(record, ensure_ascii=False, indent=2) + "\n", encoding="utf-8", newline="\n")
    return Mutation("run.json", f"{name}: {before!r} → {node[name]!r}", forged)


def leaves(node: Any) -> Any:
    for name in node if isinstance(node, dict) else range(len(node)):
        if isinstance(node[name], dict | list):
            yield from leaves(node[name])
        else:
            yield node, name


def in_store(office: Office, month: str, rng: random.Random) -> Mutation:
    """One cell of a line or an outcome that is booked, of whichever run."""
    with closing(sqlite3.connect(office.store)) as connection:
        for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            connection.execute(f"DROP TRIGGER {name}")
        table, columns = rng.choice((("posting", POSTING), ("posting", POSTING), ("outcome", OUTCOME)))
        column = rng.choice(columns)
        (line,) = rng.choice(connection.execute(f"SELECT rowid FROM {table} ORDER BY rowid").fetchall())
        connection.execute("PRAGMA ignore_check_constraints = ON")
        (before,) = connection.execute(f"SELECT {column} FROM {table} WHERE rowid = ?", (line,)).fetchone()
        after = (before or 0) + rng.choice((-1, 1, 100)) if column.endswith("_fen") else other(before, rng) + "改"
        connection.execute(f"UPDATE {table} SET {column} = ? WHERE rowid = ?", (after, line))
        connection.commit()
    return Mutation("store", f"{table} {line} {column}: {before!r} → {after!r}")


def one_cell(file: Path, rng: random.Random) -> str:
    """Change one filled cell of a workbook where it stands: a number, or the text of this cell alone."""
    with zipfile.ZipFile(file) as archive:
        parts = {each.filename: archive.read(each) for each in archive.infolist()}
    cells = [
        (name, found)
        for name, part in parts.items()
        if re.fullmatch(r"xl/worksheets/sheet[0-9]+\.xml", name)
        for found in re.finditer(rb"<c [^>]*?(?:/>|>.*?</c>)", part)
        if b"<v>" in found.group() or b"<t" in found.group()
    ]
    name, found = rng.choice(cells)
    cell = found.group()
    value = re.search(rb"<v>(.*?)</v>", cell)
    at = re.search(rb'r="([A-Z]+[0-9]+)"', cell)
    assert at
    if value and not re.search(rb't="(s|str)"', cell):
        fresh = cell.replace(value[0], b"<v>%s</v>" % number(value[1].decode(), rng).encode())
    elif value and b't="s"' in cell:
        words = parts["xl/sharedStrings.xml"]
        count = len(re.findall(rb"<si[ >/]", words))
        parts["xl/sharedStrings.xml"] = words.replace(
            b"</sst>", b"<si><t>\xe6\x94\xb9%d</t></si></sst>" % rng.randrange(9), 1
        )
        fresh = cell.replace(value[0], b"<v>%d</v>" % count)
    else:
        fresh = re.sub(rb"<(?:t|v)(?: [^>]*)?>", lambda text: text[0] + "改".encode(), cell, count=1)
    part = parts[name]
    parts[name] = part[: found.start()] + fresh + part[found.end() :]
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for each, content in parts.items():
            archive.writestr(each, content)
    return f"{name} {at[1].decode()}: {cell[-60:]!r} → {fresh[-60:]!r}"


def number(text: str, rng: random.Random) -> str:
    return f"{float(text) + rng.choice((0.01, 1, -1, 1000)):.15g}"


def other(text: str, rng: random.Random) -> str:
    """The text with one sign changed: a digit stays a digit, so that amounts and numbers stay plausible."""
    if not text:
        return "1"
    at = rng.randrange(len(text))
    sign = text[at]
    fresh = (
        rng.choice([each for each in "0123456789" if each != sign])
        if sign.isdigit()
        else "改"
        if sign != "改"
        else "正"
    )
    return text[:at] + fresh + text[at + 1 :]


def forge(folder: Path, name: str) -> None:
    """Mend every hash in run.json that would give a change of this file away."""
    file = folder / "run.json"
    record = json.loads(file.read_text(encoding="utf-8"))
    record["outputs"][name] = digest(folder / name)
    if name in record["results"]:
        record["results"][name] = digest(folder / name)
    record = sealed({key: value for key, value in record.items() if key != "run"})
    file.write_text(json.dumps(record, ensure_ascii=False, indent=2) + "\n", encoding="utf-8", newline="\n")


def missed(folder: Path, count: int, seed: int) -> list[tuple[str, Mutation]]:
    """The changes that recheck did not find, of `count`."""
    rng, unseen = random.Random(seed), []
    pristine = Office(folder)
    for number in range(count):
        month = rng.choice(MONTHS)
        with tempfile.TemporaryDirectory() as scratch:
            office = Office(Path(scratch))
            shutil.copytree(pristine.run(month), office.run(month))
            shutil.copyfile(pristine.store, office.store)
            mutation = mutate(office, month, rng)
            if not office.found(month):
                unseen.append((month, mutation))
                print("MISSED", number, month, mutation, flush=True)
        if number % 100 == 99:
            print(f"{number + 1} changes, {len(unseen)} missed", flush=True)
    return unseen


def main() -> int:
    count, seed = int(sys.argv[1]), int(sys.argv[2])
    with tempfile.TemporaryDirectory() as folder:
        play(Path(folder))
        unseen = missed(Path(folder), count, seed)
    return 1 if unseen else 0


if __name__ == "__main__":
    sys.exit(main())
