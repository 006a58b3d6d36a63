"""The wheel carries schemas/, the migrations and click's words: it works where there is no checkout."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

from tests.test_commands import SIGNED
from tests.workbook import submission

ROOT = Path(__file__).parents[1]


def test_the_wheel_works_away_from_the_checkout(tmp_path: Path) -> None:
    pip = [
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "-q",
        "--no-deps",
        "--no-build-isolation",
        "-w",
        str(tmp_path),
        str(ROOT),
    ]
    subprocess.run(pip, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    site, office = tmp_path / "site", tmp_path / "office"
    zipfile.ZipFile(wheel).extractall(site)
    submission(office / "in" / "甲局.xlsx", {"measure": "M06B"})
    for arguments in (["run", "2025-06", "in", "--out", "out"], ["post", "out", *SIGNED], ["--help"]):
        done = subprocess.run(
            [sys.executable, "-c", f"import sys; sys.path.insert(0, {str(site)!r}); from disburse.cli import main; main()",
             *arguments],
            cwd=office, env={**os.environ, "PYTHONUTF8": "1"}, capture_output=True, text=True, encoding="utf-8", check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
    assert "用法" in done.stdout
    assert (office / "disburse.db").exists()
    assert (site / "disburse" / "_shipped" / "schemas" / "policies" / "dongfu-2025-2.yaml").is_file()
