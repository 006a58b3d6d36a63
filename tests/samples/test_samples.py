"""The samples as a user runs them: every command typed, every answer compared, the hand calculation held to the store."""

from __future__ import annotations

import csv
import io
import re
import subprocess
import sys
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pytest
from stdnum.cn import uscc

from disburse.findings import catalogue
from disburse.intake.identifiers import is_cnaps, is_uscc
from disburse.money import to_fen
from disburse.policy import load_policy
from disburse.settlement import STATUSES
from disburse.shipped import shipped
from disburse.store import open_store

SAMPLES = Path(__file__).parents[2] / "samples"
sys.path.insert(0, str(SAMPLES))

import build  # noqa: E402

NAMES = [folder.name for folder in build.samples()]

OTHER_READING = {"FUNDS_DEDUCTED", "ROUNDED", "DIFFERENCE_PAID"}
"""What the shipped policy cannot produce: it takes another reading of the document."""

OTHER_YEAR = {"TERM_ENDED_BEFORE_PAYMENT"}
"""What only a payment after 2027 produces."""

CALCULATED = [
    each.code
    for each in catalogue().values()
    if each.severity in ("reject", "hold", "carry", "reduce", "notice")
    and each.code not in {*OTHER_READING, *OTHER_YEAR, "COPY_INCOMPLETE"}
]

BY_HAND = re.compile(r"^\| (\S+) \| (\S+) \| [^|]* \| ([0-9.]+) \|$", re.MULTILINE)
"""A line of the README's table: by what, which, how it was added up, the sum."""

FAULTS = [
    each.code
    for each in catalogue().values()
    if each.severity == "error" and each.code not in ("ALREADY_PAID", "LINE_REPEATED")
]


@dataclass(frozen=True)
class Played:
    """A sample whose commands were typed in `folder`."""

    sample: Path
    folder: Path

    @cached_property
    def replayed(self):
        return build.replay(self.sample, self.folder)


@pytest.fixture(scope="module")
def played(tmp_path_factory):
    """Each sample, played once when first asked for."""
    known = {}

    def of(name: str) -> Played:
        if name not in known:
            known[name] = Played(SAMPLES / name, tmp_path_factory.mktemp(name))
        return known[name]

    return of


def _table(sample: str, name: str) -> list[dict[str, str]]:
    """The lines of one CSV over all the runs of a sample, as written down."""
    contents = [content for file, content in build.expected(SAMPLES / sample).items() if file.endswith(f"/{name}")]
    return [line for content in contents for line in csv.DictReader(io.StringIO(content.decode("utf-8-sig")))]


@pytest.mark.parametrize("name", NAMES)
def test_the_workbooks_are_what_the_story_says(name):
    assert build.differences(SAMPLES / name) == []


def test_build_check_answers_0():
    done = subprocess.run(
        [sys.executable, SAMPLES / "build.py", "--check"], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize("name", NAMES)
def test_the_commands_answer_as_written_down(name, played):
    replayed, expected = played(name).replayed, build.expected(SAMPLES / name)
    assert replayed.wrong == []
    assert replayed.files.keys() == expected.keys()
    for file, content in expected.items():
        assert replayed.files[file].decode("utf-8-sig") == content.decode("utf-8-sig"), file
        assert replayed.files[file] == content, file


@pytest.mark.parametrize("name", NAMES)
def test_nothing_written_down_knows_where_it_was_run(name, played):
    folder = played(name).folder
    for file, content in build.expected(SAMPLES / name).items():
        text = content.decode("utf-8-sig")
        assert str(folder) not in text, file
        assert not re.search(r"(?<!\w)/(tmp|home|root|work)/", text), file


@pytest.mark.parametrize("name", ["01-three-months", "02-short-budget"])
def test_the_calculation_by_hand_agrees_with_the_store(name, played):
    assert played(name).replayed.wrong == []
    booked = open_store(f"sqlite:///{played(name).folder / 'disburse.db'}", create=False).booked()
    known = build.read_story(SAMPLES / "enterprises.yaml")["企业"]
    by_hand = BY_HAND.findall((SAMPLES / name / "README.md").read_text(encoding="utf-8"))
    columns = {"补贴对象": "subject_no", "企业": "uscc", "措施": "measure", "资金": "fund", "月份": "month"}
    found = {}
    for by, what, _ in by_hand:
        key = known[what]["统一社会信用代码"] if by == "企业" else what
        lines = booked if by == "合计" else booked[booked[columns[by]] == key]
        found[by, what] = int(lines["net_fen"].sum())
    assert found == {(by, what): to_fen(amount) for by, what, amount in by_hand}
    paid = booked[booked["net_fen"] > 0]
    named = {by: {what for each, what, _ in by_hand if each == by} for by in columns}
    codes = {known[what]["统一社会信用代码"] for what in named["企业"]}
    assert all(line.subject_no in named["补贴对象"] or line.uscc in codes for line in paid.itertuples())
    assert named["资金"] == set(paid["fund"])


def test_every_status_appears():
    rows = _table("01-three-months", "outcomes.csv")
    assert {row["status"] for row in rows} == set(STATUSES)


def test_every_measure_appears_and_every_paying_one_is_paid():
    rows = _table("01-three-months", "outcomes.csv")
    measures = load_policy(shipped("policies", "dongfu-2025-2.yaml")).measures
    paid = {row["measure"] for row in rows if row["status"] in ("paid", "reduced")}
    assert {row["measure"] for row in rows} == {measure.code for measure in measures}
    assert paid == {measure.code for measure in measures if measure.pays}


@pytest.mark.parametrize("code", [*CALCULATED, "APPLICATION_REPEATED", "ALREADY_PAID"])
def test_every_code_of_the_calculation_appears(code):
    findings = [line for name in NAMES for line in _table(name, "findings.csv")]
    assert code in {line["code"] for line in findings}


@pytest.mark.parametrize("code", [*FAULTS, "COLUMN_MISSING"])
def test_the_faulty_workbook_shows_every_fault(code):
    assert code in build.expected(SAMPLES / "03-faulty-workbook")["screen.txt"].decode()


def test_a_list_that_contradicts_itself_is_refused():
    screen = build.expected(SAMPLES / "03-faulty-workbook")["screen.txt"].decode()
    assert str(catalogue()["LINE_REPEATED"].remedy) in screen


def test_invented_numbers_hold_their_check_digits():
    known = build.read_story(SAMPLES / "enterprises.yaml")["企业"].values()
    codes = [each["统一社会信用代码"] for each in known]
    assert all(uscc.is_valid(code) and is_uscc(code) for code in codes)
    assert all(is_cnaps(each["联行号"]) for each in known)
    assert len(set(codes)) == len({each["收款账号"] for each in known}) == len(known)
    assert any(code.endswith("0") for code in codes), "a check sign of 0: a common mistake in the formula"
    assert any(code[16] == "X" for code in codes)
