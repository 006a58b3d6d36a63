"""Write docs/findings.md from the catalogue; with --check, exit 1 when it differs."""

from __future__ import annotations

import sys
from pathlib import Path

from disburse.findings import catalogue

HERE = Path(__file__).with_name("findings.md")

HEAD = """# Findings · 问题代码

Generated from `schemas/findings.yaml` by `make docs`; `disburse codes` prints the same. In order of precedence: the
first a row has is its main reason. Severities: stop (exit 2), error (row invalid), reject, hold, carry, reduce, notice.

| code | severity | 含义 | message · 说明 | remedy · 改正 |
|---|---|---|---|---|
"""


def page() -> str:
    lines = []
    for each in catalogue().values():
        cells = [f"`{each.code}`", each.severity]
        cells += ["<br>".join(text.both()) for text in (each.title, each.message, each.remedy)]
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return HEAD + "\n".join(lines) + "\n"


if __name__ == "__main__":
    if "--check" in sys.argv:
        sys.exit(
            0 if HERE.read_text(encoding="utf-8") == page() else "docs/findings.md is out of date: run `make docs`"
        )
    HERE.write_text(page(), encoding="utf-8", newline="\n")
