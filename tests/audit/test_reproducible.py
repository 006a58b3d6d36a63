"""The same run on another day, in another place, under another language and order of files: the same bytes in every file."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.audit.office import SAMPLE, SAMPLES

FAKETIME = shutil.which("faketime")

ELSEWHERE = {
    "time zone": {"TZ": "America/St_Johns"},
    "locale": {"LANG": "C", "LC_ALL": "C", "LANGUAGE": "de"},
    "Turkish locale": {"LC_ALL": "tr_TR.UTF-8"},
    "hash seed": {"PYTHONHASHSEED": "4711"},
    "home and name": {"HOME": "/nonexistent", "USER": "anders", "LOGNAME": "anders", "COLUMNS": "40"},
    "one thread": {"OMP_NUM_THREADS": "1", "NUMEXPR_NUM_THREADS": "1", "POLARS_MAX_THREADS": "1"},
}


def calculated(
    office: Path, *, inputs: list[str] | None = None, before: tuple[str, ...] = (), **environment: str
) -> dict[str, bytes]:
    """The files of a May run of the sample's workbooks laid in `office`, by name."""
    office.mkdir(parents=True)
    shutil.copytree(SAMPLES / SAMPLE / "inputs", office / "inputs")
    shutil.copytree(SAMPLES / SAMPLE / "lists", office / "lists")
    lists = {
        name: f"lists/2025-05/{file}.xlsx"
        for name, file in (("exclusions", "不予资助名单"), ("budget", "预算"), ("waivers", "放行"))
    }
    lists |= {"register": "lists/认定名录.xlsx", "awards": "lists/其他政策已获资助.xlsx"}
    given = [argument for name, file in lists.items() for argument in (f"--{name}", file)]
    command = [
        *before,
        sys.executable,
        "-X",
        "utf8",
        "-m",
        "disburse",
        "run",
        "2025-05",
        *(inputs or ["inputs/2025-05"]),
        "--out",
        "五月",
        *given,
    ]
    subprocess.run(command, cwd=office, env={**os.environ, **environment}, check=True, capture_output=True)
    files = (file for file in (office / "五月").rglob("*") if file.is_file())
    return {file.relative_to(office / "五月").as_posix(): file.read_bytes() for file in files}


def same(one: dict[str, bytes], other: dict[str, bytes]) -> bool:
    return one.keys() == other.keys() and [name for name in one if one[name] != other[name]] == []


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    return calculated(tmp_path_factory.mktemp("here") / "office")


@pytest.mark.parametrize("where", ELSEWHERE)
def test_elsewhere(here: dict[str, bytes], tmp_path: Path, where: str) -> None:
    assert same(here, calculated(tmp_path / "别处 é" / "深 一层" / "o", **ELSEWHERE[where]))


def test_on_another_day(here: dict[str, bytes], tmp_path: Path) -> None:
    if FAKETIME is None:
        assert "CI" not in os.environ, "CI must be able to set the clock: install faketime"
        pytest.skip("needs faketime")
    assert same(here, calculated(tmp_path / "o", before=(FAKETIME, "2031-02-28 23:59:58"), PYTHONDONTWRITEBYTECODE="1"))


def test_files_named_in_another_order(here: dict[str, bytes], tmp_path: Path) -> None:
    names = sorted(file.name for file in (SAMPLES / SAMPLE / "inputs" / "2025-05").iterdir())
    named = [f"inputs/2025-05/{name}" for name in reversed(names)]
    assert same(here, calculated(tmp_path / "o", inputs=named))
