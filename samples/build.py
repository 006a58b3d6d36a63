"""Build the workbooks of the samples from their stories, and write down what the commands answer.

    python samples/build.py              rewrite the workbooks of every sample
    python samples/build.py --check      exit 1 where a committed workbook is not what its story says
    python samples/build.py --expected   run every line of cmd.txt and rewrite expected/

A sample is a folder with story/*.yaml (what the bureaus sent, in their words), cmd.txt (what the user types) and
expected/. How a story is written: samples/README.md.
"""

from __future__ import annotations

import argparse
import csv
import io
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import zipfile
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any

import xlsxwriter
from ruamel.yaml import YAML

from disburse.tables import table

if TYPE_CHECKING:
    from collections.abc import Iterator

    from xlsxwriter.format import Format
    from xlsxwriter.worksheet import Worksheet

SAMPLES = Path(__file__).parent
BUILT = ("inputs", "lists")
RESULTS = ("outcomes.csv", "cuts.csv", "ledger.csv", "findings.csv")
CREATED = datetime(2025, 1, 1)  # noqa: DTZ001 - a workbook knows no time zone

AMOUNTS = {"核定金额", "核定依据金额", "其他财政资金", "预算金额", "金额"}
DATES = {"事项发生日期", "审核通过日期", "公示截止日期", "起始日期", "截止日期", "奖励日期", "有效期至"}
NUMBERS = {"排序", "分期", "年度", "服务数量", "序号"}

_GRID = {"border": 1, "border_color": "#808080", "font_name": "宋体", "font_size": 10, "valign": "vcenter"}
LOOKS: dict[str, dict[str, Any]] = {
    "title": {"font_name": "黑体", "font_size": 16, "align": "center", "valign": "vcenter"},
    "note": {"font_name": "宋体", "font_size": 10},
    "heading": {**_GRID, "bold": True, "text_wrap": True, "align": "center", "bg_color": "#D9E1F2"},
    "text": {**_GRID, "num_format": "@", "text_wrap": True},
    "amount": {**_GRID, "num_format": "#,##0.00####"},
    "number": {**_GRID, "num_format": "0"},
    "date": {**_GRID, "num_format": "yyyy-mm-dd"},
    "total": {**_GRID, "bold": True, "num_format": "#,##0.00####", "bg_color": "#F2F2F2"},
}

Story = dict[str, Any]


def samples() -> list[Path]:
    """The folder of every sample."""
    return sorted(folder.parent for folder in SAMPLES.glob("*/story"))


def read_story(file: Path) -> Story:
    """A story file; every scalar is the text that was written."""
    story: Story = YAML(typ="base", pure=True).load(file.read_text(encoding="utf-8"))
    return story


def build(sample: Path) -> dict[str, bytes]:
    """Every workbook of a sample: path below its folder → content."""
    stories = [read_story(file) for file in sorted((sample / "story").glob("*.yaml"))]
    known = read_story(SAMPLES / "enterprises.yaml")
    known["版面"] = {name: layout for story in stories for name, layout in story.get("版面", {}).items()}
    built = {}
    for workbook in (workbook for story in stories for workbook in story.get("工作簿", [])):
        sheets = [Sheet.of(each, known) for each in workbook["工作表"]]
        built[workbook["文件"]] = _csv(sheets[0]) if workbook["文件"].endswith(".csv") else _xlsx(sheets)
    return built


@dataclass(frozen=True)
class Sheet:
    """A sheet as its story tells it; `columns` pairs the heading as the bureau writes it with the key of the story."""

    told: Story
    columns: list[tuple[str, str]]
    rows: list[Story]

    @classmethod
    def of(cls, told: Story, known: Story) -> Sheet:
        layout = known["版面"][told["版面"]] if "版面" in told else {}
        told = {**layout, **told}
        usual = {**layout.get("缺省", {}), **told.get("缺省", {})}
        rows = [_filled(row, usual, known) for row in told["行"]]
        named = [tuple(each.split("=")) for each in told.get("列", [])]
        columns = [(each[0], each[-1]) for each in named]
        if not columns:
            form = table(told.get("表", "application"))
            columns = [(column.heading.zh, column.heading.zh.removesuffix("(元)")) for column in form.columns]
        unknown = {key for row in told["行"] for key in row} - {key for _, key in columns} - {"企业", "对象", "隐藏"}
        if unknown:
            raise SystemExit(f"{told['名称']}: 行里有表中没有的列 {'、'.join(sorted(unknown))}")
        return cls(told, columns, rows)

    def per_unit(self, heading: str) -> int:
        """元 in one unit of the amounts under `heading`."""
        return 10_000 if "万元" in heading or (self.told.get("单位") == "万元" and "元)" not in heading) else 1

    def total(self, heading: str, key: str) -> Decimal:
        """What the bureau declares under the rows: a deliberate error where the story says so, else their sum."""
        if key in self.told.get("合计写错", {}):
            return Decimal(self.told["合计写错"][key])
        amounts = [Decimal(row[key]) for row in self.rows if _is_amount(key, row.get(key, ""))]
        return sum(amounts, Decimal(0)) / self.per_unit(heading)


def _filled(row: Story, usual: Story, known: Story) -> Story:
    """The row with what it says only once: its enterprise, its subject, and what is usual on the sheet."""
    row = {**usual, **row}
    enterprise = known["企业"][row.pop("企业")] if "企业" in row else {}
    number = row.pop("对象", "")
    subject = {"补贴对象编号": number, "补贴对象名称": known["对象"][number]} if number else {}
    return {**enterprise, **subject, **row}


def _is_amount(key: str, value: object) -> bool:
    return key in AMOUNTS and isinstance(value, str) and bool(re.fullmatch(r"[0-9]+(\.[0-9]+)?", value))


def _xlsx(sheets: list[Sheet]) -> bytes:
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True}) as book:
        book.set_properties({"created": CREATED, "author": ""})
        looks = {name: book.add_format(look) for name, look in LOOKS.items()}
        for sheet in sheets:
            _Writer(book.add_worksheet(sheet.told["名称"]), sheet, looks).write()
    return out.getvalue()


class _Writer:
    """One sheet being written, line by line from the top."""

    def __init__(self, worksheet: Worksheet, sheet: Sheet, looks: dict[str, Format]) -> None:
        self.worksheet, self.sheet, self.looks, self.line = worksheet, sheet, looks, 0

    def write(self) -> None:
        told = self.sheet.told
        self._above()
        for column, (heading, key) in enumerate(self.sheet.columns):
            self.worksheet.write_string(self.line, column, heading, self.looks["heading"])
            self.worksheet.set_column(column, column, _width(key))
        self.line += 1
        if told.get("首行"):
            self._totals(told["首行"])
        first = self.line
        for row in self.sheet.rows:
            self._row(row)
        for key in told.get("合并", []):
            self._merge(key, first)
        if told.get("末行"):
            self._totals(told["末行"])
        for text in told.get("落款", []):
            self.worksheet.write_string(self.line, 0, text, self.looks["note"])
            self.line += 1

    def _above(self) -> None:
        told, last = self.sheet.told, len(self.sheet.columns) - 1
        if told.get("标题"):
            self.worksheet.merge_range(0, 0, 0, last, told["标题"], self.looks["title"])
            self.worksheet.set_row(0, 28)
            self.line = 1
        self.line += int(told.get("空行", 0))
        if told.get("单位"):
            at = 0 if told.get("版式") == "模板" else last
            self.worksheet.write_string(self.line, at, f"单位:{told['单位']}", self.looks["note"])
            self.line += 1
        for text in told.get("说明", []):
            self.worksheet.write_string(self.line, 0, text, self.looks["note"])
            self.line += 1

    def _totals(self, label: str) -> None:
        for column, (heading, key) in enumerate(self.sheet.columns):
            if column == 0:
                self.worksheet.write_string(self.line, column, label, self.looks["total"])
            elif key in AMOUNTS and (total := self.sheet.total(heading, key)):
                self.worksheet.write_number(self.line, column, float(total), self.looks["total"])
            else:
                self.worksheet.write_blank(self.line, column, None, self.looks["total"])
        self.line += 1

    def _row(self, row: Story) -> None:
        for column, (heading, key) in enumerate(self.sheet.columns):
            self._cell(column, heading, key, row.get(key, ""))
        if row.get("隐藏"):
            self.worksheet.set_row(self.line, None, None, {"hidden": True})
        self.line += 1

    def _cell(self, column: int, heading: str, key: str, value: str | Story) -> None:
        at = (self.line, column)
        if isinstance(value, dict):
            self._oddity(*at, value)
        elif not value:
            self.worksheet.write_blank(*at, None, self.looks["text"])
        elif _is_amount(key, value):
            number = Decimal(value) / self.sheet.per_unit(heading)
            self.worksheet.write_number(*at, float(number), self.looks["amount"])
        elif key in NUMBERS and value.isdigit():
            self.worksheet.write_number(*at, int(value), self.looks["number"])
        elif key in DATES and re.fullmatch(r"\d{4}-\d\d-\d\d", value):
            self.worksheet.write_datetime(*at, date.fromisoformat(value), self.looks["date"])
        else:
            self.worksheet.write_string(*at, value, self.looks["text"])

    def _oddity(self, line: int, column: int, value: Story) -> None:
        """What a clerk's cell holds against its column: a number, a formula with its result, a date, a truth value."""
        match value:
            case {"数字": number}:
                self.worksheet.write_number(line, column, float(number), self.looks["number"])
            case {"公式": formula, **rest}:
                self.worksheet.write_formula(line, column, formula, self.looks["amount"], rest.get("结果", ""))
            case {"日期": day}:
                self.worksheet.write_datetime(line, column, date.fromisoformat(day), self.looks["date"])
            case {"文字": text, **rest}:
                self.worksheet.write_string(line, column, text * int(rest.get("次数", "1")), self.looks["text"])
            case _:
                raise SystemExit(f"不认识的写法：{value}")

    def _merge(self, key: str, first: int) -> None:
        """Merge the cells of one column that hold the same, as bureaus like to do with names."""
        column = [each for _, each in self.sheet.columns].index(key)
        heading = self.sheet.columns[column][0]
        line = first
        for value, same in groupby(row.get(key, "") for row in self.sheet.rows):
            count = len(list(same))
            if count > 1 and value:
                look = self.looks["amount" if key in AMOUNTS else "text"]
                self.worksheet.merge_range(line, column, line + count - 1, column, "", look)
                self.line, back = line, self.line
                self._cell(column, heading, key, value)
                self.line = back
            line += count


def _width(key: str) -> int:
    if key in ("企业名称", "收款户名", "补贴对象名称", "开户银行", "原因", "理由"):
        return 28
    return 22 if key in ("统一社会信用代码", "收款账号", "批复文号") else 15


def _csv(sheet: Sheet) -> bytes:
    """As Excel saves it in an office: GB18030, no types."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(heading for heading, _ in sheet.columns)
    writer.writerows([row.get(key, "") for _, key in sheet.columns] for row in sheet.rows)
    return out.getvalue().encode("gb18030")


def same(one: bytes, other: bytes) -> bool:
    """Whether two files say the same; in a workbook the parts count, not how they were compressed."""
    if not one.startswith(b"PK") or not other.startswith(b"PK"):
        return one == other
    return _parts(one) == _parts(other)


def _parts(workbook: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(workbook)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def committed(sample: Path) -> dict[str, Path]:
    """The built files that are there."""
    files = (file for name in BUILT for file in (sample / name).rglob("*") if file.is_file())
    return {file.relative_to(sample).as_posix(): file for file in files}


def differences(sample: Path) -> list[str]:
    """Built files that are missing, left over, or not what the story says."""
    built, there = build(sample), committed(sample)
    return sorted(
        name
        for name in built.keys() | there.keys()
        if name not in built or name not in there or not same(built[name], there[name].read_bytes())
    )


def write(sample: Path) -> list[str]:
    """Bring the built files of a sample up to its story; the names of those that changed."""
    built, changed = build(sample), differences(sample)
    for name in changed:
        file = sample / name
        if name in built:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(built[name])
        else:
            file.unlink()
    return changed


@dataclass(frozen=True)
class Line:
    """A line of cmd.txt: what is typed, and the exit status it should end with (0 unless `# exit N` follows)."""

    typed: str
    status: int


def lines(sample: Path) -> Iterator[Line]:
    """The commands of a sample in order."""
    for text in (sample / "cmd.txt").read_text(encoding="utf-8").splitlines():
        typed, _, note = text.partition("#")
        if typed.strip():
            yield Line(typed.strip(), int(note.split()[-1]) if "exit" in note else 0)


@dataclass(frozen=True)
class Replayed:
    """What came of a sample's commands: the files to compare, and what did not end with its exit status."""

    files: dict[str, bytes]
    wrong: list[str]


def replay(sample: Path, folder: Path) -> Replayed:
    """Type every line of cmd.txt in `folder`, a scratch copy of the sample's workbooks."""
    for name in BUILT:
        if (sample / name).is_dir():
            shutil.copytree(sample / name, folder / name)
    environment = {key: value for key, value in os.environ.items() if not key.startswith("DISBURSE_")}
    environment |= {"PYTHONUTF8": "1", "NO_COLOR": "1"}
    screen, wrong = [], []
    for line in lines(sample):
        command = [sys.executable, "-m", *shlex.split(line.typed)]
        done = subprocess.run(  # noqa: S603 - the command is the sample's own
            command, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            encoding="utf-8", check=False,
        )  # fmt: skip
        screen.append(f"$ {line.typed}\n{done.stdout}")
        if done.returncode != line.status:
            wrong.append(f"{line.typed}: exit {done.returncode}, not {line.status}\n{done.stdout}")
    files = {"screen.txt": "\n".join(screen).encode()}
    for run in sorted((folder / "out").glob("*")):
        files |= {f"{run.name}/{name}": (run / name).read_bytes() for name in RESULTS}
    return Replayed(files, wrong)


def expected(sample: Path) -> dict[str, bytes]:
    """What is written down under expected/."""
    root = sample / "expected"
    return {file.relative_to(root).as_posix(): file.read_bytes() for file in sorted(root.rglob("*")) if file.is_file()}


def write_expected(sample: Path) -> list[str]:
    """Run the sample and write down what came of it; nothing where a command did not end as cmd.txt says."""
    with tempfile.TemporaryDirectory() as folder:
        replayed = replay(sample, Path(folder))
    if replayed.wrong:
        return replayed.wrong
    root = sample / "expected"
    shutil.rmtree(root, ignore_errors=True)
    for name, content in replayed.files.items():
        file = root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
    return replayed.wrong


def main() -> int:
    """Answer 1 where something differs (--check) or did not end as it should (--expected)."""
    parser = argparse.ArgumentParser(description="Build the samples.")
    parser.add_argument("--check", action="store_true", help="only compare; exit 1 where a workbook differs")
    parser.add_argument("--expected", action="store_true", help="also run the commands and rewrite expected/")
    parser.add_argument("names", nargs="*", help="samples, e.g. 01-three-months; default: all")
    options = parser.parse_args()
    wrong = []
    for sample in samples():
        if options.names and sample.name not in options.names:
            continue
        if options.check:
            wrong += [f"{sample.name}/{name}" for name in differences(sample)]
            continue
        for name in write(sample):
            print(f"{sample.name}/{name}")
        if options.expected:
            wrong += write_expected(sample)
    for each in wrong:
        print(each, file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
