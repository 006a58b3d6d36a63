"""What came of checking a run: what was compared, how much of it, and what is not as it should be."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from disburse import __version__
from disburse.dossier import digest
from disburse.language import say

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from disburse.verify.compare import Difference
    from disburse.workbooks.month import Month


@dataclass(frozen=True)
class Check:
    """One thing that was compared: what, how much of it, and whatever is not as it should be."""

    title: str
    extent: str
    differences: list[Difference]


@dataclass(frozen=True)
class Review:
    """What came of checking a run's folder or a ledger.

    subject   what was checked
    record    run.json of the run, where there was one
    month     the month as it should be, where it could be calculated again
    remarks   what could not be checked, and why
    agreed    what may be said where nothing differs; "" where the whole run was calculated again
    """

    subject: Path
    record: Mapping[str, Any]
    checks: list[Check]
    month: Month | None = None
    remarks: list[str] = field(default_factory=list)
    agreed: str = ""

    @property
    def facts(self) -> list[tuple[str, str]]:
        """What was checked, as reports begin: name and value."""
        policy, opening = (self.record.get(name, {}) for name in ("policy", "opening"))
        run, now = self.record.get("program", ""), f"disburse {__version__}"
        programs = [say(f"计算 {run}", f"run {run}")] * bool(run) + [say(f"复核 {now}", f"review {now}")]
        told = (
            (say("复核对象", "Checked"), self.subject.name),
            (say("文件校验码", "SHA-256 of the file"), digest(self.subject) if self.subject.is_file() else ""),
            (say("月份", "Month"), self.record.get("month", "")),
            (say("运行编号", "Run"), self.record.get("run", "")),
            (say("政策", "Policy"), " ".join(str(policy.get(name, "")) for name in ("document", "sha256")).strip()),
            (
                say("计算时的账簿", "Store at the run"),
                f"{opening.get('sequence', '')} {opening.get('hash', '')}".strip(),
            ),
            (say("程序", "Program"), say("；", "; ").join(programs)),
        )
        return [(name, str(value)) for name, value in told if value]

    @property
    def control(self) -> list[str]:
        """The sums that must hold, as they were calculated again; and what could not be checked."""
        return [*(self.month.balance() if self.month else ()), *self.remarks]

    @property
    def conclusion(self) -> str:
        """What the signature stands under: no more than was done."""
        count = len(self.differences)
        if count:
            return say(
                f"有 {count} 处差异，逐处列于“差异”。", f"{count} differences, listed on the sheet “Differences”."
            )
        return self.agreed or say(
            "由另一套逐行计算独立得出的结果与本次运行写出的每一格一致，无差异。",
            "The second, row-by-row calculation agrees with every cell that was written: no differences.",
        )

    @cached_property
    def differences(self) -> list[Difference]:
        return [difference for check in self.checks for difference in check.differences]
