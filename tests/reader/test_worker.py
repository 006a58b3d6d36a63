"""The child: ended when it takes too long or too much, and replaced; files it cannot survive are refused by a sentence."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from typing import TYPE_CHECKING

import psutil
import pytest

from disburse.errors import FileUnreadable
from disburse.intake.workbook import read_workbook
from disburse.reader import unreadable, worker
from tests.intake.made import lines, patched, save

if TYPE_CHECKING:
    from pathlib import Path

SHEET = "xl/worksheets/sheet1.xml"


@pytest.fixture
def sound(tmp_path: Path) -> Path:
    return save(tmp_path / "a.xlsx", lines({}))


@pytest.fixture
def slow(tmp_path: Path) -> Path:
    """A workbook whose sheet takes seconds to read: a hundred thousand rows written in an unusual way."""
    path = save(tmp_path / "slow.xlsx", lines({}))
    row = b"<row>" + b"<c><v>1</v></c>" * 20 + b"</row>"
    return patched(path, SHEET, lambda xml: xml.replace(b"</sheetData>", row * 60_000 + b"</sheetData>"))


def refused(path: Path) -> FileUnreadable:
    with pytest.raises(FileUnreadable, match=path.name) as caught:
        read_workbook(path, path.name)
    return caught.value


def test_a_file_that_takes_too_long_is_refused_and_the_next_one_read(slow, sound, monkeypatch):
    monkeypatch.setattr(unreadable, "SECONDS", 0.3)
    error = refused(slow)
    assert error.code == "WORKBOOK_TOO_LARGE"
    assert "0.3 秒" in error.zh
    monkeypatch.undo()
    assert len(read_workbook(sound, "a.xlsx")) == 1


def test_a_file_that_takes_too_much_memory_is_refused_and_the_next_one_read(slow, sound, monkeypatch):
    read_workbook(sound, "a.xlsx")
    monkeypatch.setattr(unreadable, "MEMORY", 20 << 20)
    assert refused(slow).code == "WORKBOOK_TOO_LARGE"
    monkeypatch.undo()
    assert len(read_workbook(sound, "a.xlsx")) == 1


def test_a_child_that_ends_in_the_middle_is_a_sentence(slow, sound, monkeypatch):
    read_workbook(sound, "a.xlsx")
    child = psutil.Process(worker._worker._pid)
    monkeypatch.setattr(worker._Watch, "run", lambda self: child.kill())
    assert refused(slow).code == "WORKBOOK_UNREADABLE"
    monkeypatch.undo()
    assert len(read_workbook(sound, "a.xlsx")) == 1


def test_one_child_reads_all_files_and_ends_with_the_program(sound):
    told = subprocess.run(
        [sys.executable, "-c", _TWICE, str(sound)], capture_output=True, text=True, check=True
    ).stdout.split()
    assert told[0] == told[1]
    assert not psutil.pid_exists(int(told[0]))


_TWICE = """
import sys
from pathlib import Path
from disburse.reader import worker
for _ in range(2):
    worker.read(Path(sys.argv[1]))
    print(worker._worker._pid)
"""


def test_a_name_the_archive_gives_goes_nowhere(sound, tmp_path):
    with zipfile.ZipFile(sound, "a") as archive:
        archive.writestr("../../outside.txt", "x")
        archive.writestr("/etc/outside.txt", "x")
    assert len(read_workbook(sound, "a.xlsx")) == 1
    assert [path.name for path in tmp_path.parent.rglob("outside.txt")] == []


def test_a_fault_of_the_reader_is_a_traceback(sound, monkeypatch):
    read = worker._worker._sheets
    monkeypatch.setattr(worker._worker, "_sheets", lambda back: read(_Broken()))
    with pytest.raises(RuntimeError, match="ZeroDivisionError"):
        read_workbook(sound, "a.xlsx")
    worker._worker.stop()


class _Broken:
    """A child that met a bug, as it tells it."""

    def __init__(self) -> None:
        import io
        import pickle

        self._told = io.BytesIO(pickle.dumps((worker.child.BROKEN, "ZeroDivisionError")))
        self.read, self.readline = self._told.read, self._told.readline
