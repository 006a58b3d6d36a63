"""One office for all tests of the auditor's side, played once and never changed."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.audit.office import play

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture(scope="session")
def office(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The first sample, three months booked. Take a copy to change anything in it."""
    return play(tmp_path_factory.mktemp("office"))


@pytest.fixture
def copied(office: Path, tmp_path: Path) -> Path:
    """A copy of the office to change."""
    return Path(shutil.copytree(office, tmp_path / "副 本"))


@pytest.fixture
def disburse() -> Callable[..., subprocess.CompletedProcess[str]]:
    """The command as an auditor types it, in a process of its own."""

    def run(*arguments: object, cwd: Path) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [sys.executable, "-X", "utf8", "-m", "disburse", *map(str, arguments)],
            cwd=cwd, capture_output=True, text=True, encoding="utf-8", check=False,
        )  # fmt: skip
        assert "Traceback" not in done.stderr, done.stderr
        return done

    return run
