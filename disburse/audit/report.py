"""Where what an auditor finds is written down: beside what was checked, never inside it, and over no other file."""

from __future__ import annotations

import tempfile
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

from disburse.audit.trial import heading
from disburse.dossier import complete_or_not_at_all
from disburse.errors import Usage
from disburse.language import say
from disburse.workbooks.review import write_review
from disburse.workbooks.trial import write_trial

if TYPE_CHECKING:
    from collections.abc import Callable

    from disburse.audit.review import Review
    from disburse.audit.trial import Trial
    from disburse.workbooks.review import Sampled


def must_be_free(subject: Path, report: Path | None) -> None:
    """Raises Usage where `report` is there already, is no .xlsx, or would lie in the sealed folder."""
    if report is None:
        return
    if subject.is_dir() and report.resolve().is_relative_to(subject.resolve()):
        raise Usage(
            f"{report} 在被复核的文件夹里；请写到别处，免得改动它",
            f"{report} lies in the folder checked; write it elsewhere",
        )
    if report.suffix.lower() != ".xlsx":
        raise Usage(f"文件名应以 .xlsx 结尾，实为 {report.name}", f"the name must end in .xlsx, found {report.name}")
    if report.exists():
        raise Usage(
            f"{report} 已存在，未覆盖；请换一个文件名", f"{report} exists and was left alone; choose another name"
        )


def write_report(review: Review, sampled: Sampled | None, report: Path | None) -> Path:
    """复核报告, with the working paper of `sampled` where rows were drawn; where it was written."""
    checks = [(check.title, check.extent, len(check.differences)) for check in review.checks]

    def write(path: Path) -> None:
        write_review(path, review.facts, checks, review.control, review.conclusion, review.differences, sampled)

    return _written(review.subject, report, say("复核报告", "review"), write)


def write_comparison(trial: Trial, report: Path | None) -> Path:
    """试算: the month under another policy; where it was written."""

    def write(path: Path) -> None:
        write_trial(path, heading(trial), trial.measures, trial.rows)

    return _written(trial.subject, report, say("试算", "trial"), write)


def _written(subject: Path, report: Path | None, what: str, write: Callable[[Path], None]) -> Path:
    with tempfile.TemporaryDirectory() as folder:
        made = Path(folder) / "report.xlsx"
        write(made)
        content = made.read_bytes()
    report = report or _beside(subject if subject.name not in ("", "..") else subject.resolve(), what, content)
    if not report.exists():
        complete_or_not_at_all(report, lambda path: path.write_bytes(content))
    return report


def _beside(subject: Path, what: str, content: bytes) -> Path:
    """Beside the subject, under its name; numbered where another report stands there already."""
    stem = f"{subject.stem if subject.is_file() else subject.name}-{what}"
    for number in count(1):
        report = subject.with_name(f"{stem}-{number}.xlsx" if number > 1 else f"{stem}.xlsx")
        if not report.exists() or report.read_bytes() == content:
            return report
    raise AssertionError  # there is always a next number
