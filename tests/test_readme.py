"""What the READMEs show is what happens: their console blocks are typed in a copy of the first sample."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from disburse.policy import load_policy

ROOT = Path(__file__).parents[1]


def _console(page: str) -> list[tuple[str, list[str]]]:
    """Each command of the console blocks with the lines that follow it."""
    shown: list[tuple[str, list[str]]] = []
    for block in re.findall(r"```console\n(.*?)```", (ROOT / page).read_text(encoding="utf-8"), re.DOTALL):
        for line in block.splitlines():
            if line.startswith("$ "):
                shown.append((line[2:], []))
            else:
                shown[-1][1].append(line)
    return shown


@pytest.mark.parametrize("page", ["README.md", "README.zh.md"])
def test_console_blocks_are_true(page: str, tmp_path: Path) -> None:
    office = tmp_path / "office"
    shutil.copytree(ROOT / "samples" / "01-three-months", office)
    shown = _console(page)
    told = ["template", "check", "check", "run", "post", "recheck", "explain", "reverse", "history", "backup", "verify"]
    assert [command.split()[1] for command, _ in shown] == told
    for command, expected in shown:
        done = subprocess.run(
            [sys.executable, "-m", *shlex.split(command)], cwd=office, env={**os.environ, "PYTHONUTF8": "1"},
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, encoding="utf-8", check=False,
        )  # fmt: skip
        lines = done.stdout.splitlines()
        assert len(lines) == len(expected), done.stdout
        for line, wanted in zip(sorted(lines), sorted(expected), strict=True):
            assert re.fullmatch(re.escape(wanted).replace("…", ".*"), line), line


def test_the_limit_shown_is_the_shipped_one() -> None:
    shown = re.search(r"```yaml\nlimits:\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL)
    policy = (ROOT / "schemas" / "policies" / "dongfu-2025-2.yaml").read_text(encoding="utf-8")
    assert shown
    assert shown[1] in policy


def test_the_examples_of_the_policy_page_load(tmp_path: Path) -> None:
    """Each formula and limit of docs/policy.md, put into a small policy, is one the loader takes."""
    page = (ROOT / "docs" / "policy.md").read_text(encoding="utf-8")
    crossing = (ROOT / "tests" / "policies" / "crossing.yaml").read_text(encoding="utf-8")
    formulas = re.findall(r"```yaml\n(formula:.*?)```", page, re.DOTALL)
    limits = re.findall(r"```yaml\nlimits:\n(.*?)```", page, re.DOTALL)
    assert (len(formulas), len(limits)) == (2, 1)
    for formula in formulas:
        text = "\n".join("    " + line for line in formula.splitlines())
        made = crossing.replace(
            "  - {code: P1, title: {zh: 项目资助一, en: Project one}, article: 第二条, bureaus: 甲局, subject: project, fund: 示例资金}\n",
            "  - code: P1\n    title: {zh: 项目资助一, en: Project one}\n    article: 第二条\n    bureaus: 甲局\n"
            f"    subject: project\n    fund: 示例资金\n{text}\n",
        ).replace("from: 2025-01-01, to: 2027-12-31, date", "from: 2025-02-05, to: 2027-12-31, date")
        (tmp_path / "policy.yaml").write_text(made, encoding="utf-8")
        assert load_policy(tmp_path / "policy.yaml").by_code["P1"].formula
    made = re.sub(r"limits:\n.*?duplication:", f"limits:\n{limits[0]}duplication:", crossing, flags=re.DOTALL)
    (tmp_path / "policy.yaml").write_text(made, encoding="utf-8")
    assert load_policy(tmp_path / "policy.yaml").limits[0].times[0].value == 2
