"""Make and check N cases from a first seed on: `python -m tests.intake.seeded N [FIRST]`."""

from __future__ import annotations

import sys
import tempfile
from collections import Counter
from pathlib import Path

from tests.intake.seeded.case import check, known, make, write


def main(count: int, first: int) -> int:
    made, missed, invented = Counter[str](), Counter[str](), Counter[str]()
    layouts, wrong = Counter[str](), Counter[str]()
    with tempfile.TemporaryDirectory() as name:
        beside = known(Path(name))
        for seed in range(first, first + count):
            case = make(seed)
            found, messages = check(case, write(case, Path(name) / str(seed)), beside)
            code = case.defect.code or "sound"
            made[code] += 1
            layouts.update(case.layouts)
            if found != case.expected:
                missed[code] += bool(case.expected - found)
                invented[code] += bool(found - case.expected)
                wrong.update(case.layouts)
                print(
                    f"seed {seed}: {case.defect.name}\n  missed {case.expected - found}\n  made up {found - case.expected}"
                )
                print("   ", "\n    ".join(messages[:6]))
    for code in sorted(made):
        print(f"{code:28} {made[code]:6} cases  missed {missed[code]:4}  made up {invented[code]:4}")
    for layout in sorted(layouts):
        print(f"{layout:28} {layouts[layout]:6} cases  wrong {wrong[layout]:4}")
    bad = sum(missed.values()) + sum(invented.values())
    print(f"{count} cases, {sum(missed.values())} missed, {sum(invented.values())} with something made up")
    return int(bool(bad))


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 0))
