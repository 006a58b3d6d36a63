"""A month calculated under another policy file: what would have been paid, by measure and by row."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from disburse.audit.recalculation import recalculation
from disburse.dossier import read_record
from disburse.language import say
from disburse.workbooks.words import STATUS, measure_name, word

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import pandas as pd

    from disburse.policy import Policy

    Progress = Callable[[str], None]


@dataclass(frozen=True)
class Trial:
    """Two results of one month.

    subject   the run's folder; record, its run.json
    policy    the other policy
    measures  one line per measure: title, rows (in all), differing (rows), was_fen, would_fen, more_fen
    rows      the rows that differ: application_no, instalment, applicant_name, title, bureau, was_word, would_word,
              was_fen, would_fen, more_fen, reasons (codes under the other policy)
    """

    subject: Path
    record: dict[str, Any]
    policy: Policy
    measures: pd.DataFrame
    rows: pd.DataFrame

    @property
    def totals(self) -> tuple[int, int]:
        """Paid under the run's own policy and under the other, in fen."""
        return int(self.measures["was_fen"].sum()), int(self.measures["would_fen"].sum())


def trial(folder: Path, policy: Path, progress: Progress) -> Trial:
    """The run in `folder` beside what it would have come to under `policy`.

    Raises Refused where the folder was touched since, Mendable where the other policy cannot read these workbooks.
    """
    record = read_record(folder)
    own, other = (recalculation(folder, record, progress, file).month for file in (None, policy))
    place = ["source_file", "source_sheet", "source_row"]
    said = ["status", "paid_fen", "reasons"]
    rows = own.rows.merge(other.rows[[*place, *said]], on=place, how="outer", suffixes=("", "_would"))
    rows = rows.assign(
        title=[measure_name(own.policy, code) for code in rows["measure"]],
        was_fen=rows["paid_fen"].fillna(0).astype("int64"),
        would_fen=rows["paid_fen_would"].fillna(0).astype("int64"),
        was_word=[word(STATUS, status) for status in rows["status"]],
        would_word=[word(STATUS, status) for status in rows["status_would"]],
        reasons=rows["reasons_would"],
    )
    rows["more_fen"] = rows["would_fen"] - rows["was_fen"]
    rows["differs"] = (rows["status"] != rows["status_would"]) | (rows["more_fen"] != 0)
    measures = (
        rows.groupby("title", sort=True)
        .agg(
            rows=("title", "size"), differing=("differs", "sum"), was_fen=("was_fen", "sum"),
            would_fen=("would_fen", "sum"), more_fen=("more_fen", "sum"),
        )
        .reset_index()
    )  # fmt: skip
    return Trial(folder, record, other.policy, measures, rows[rows["differs"]].reset_index(drop=True))


def heading(trial: Trial) -> list[str]:
    """What was compared with what, in words."""
    own = trial.record["policy"]
    return [
        say(
            f"月份：{trial.record['month']}      运行编号：{trial.record['run']}",
            f"Month: {trial.record['month']}      Run: {trial.record['run']}",
        ),
        say(f"原政策：{own['document']} {own['sha256']}", f"Own policy: {own['document']} {own['sha256']}"),
        say(
            f"试算政策：{trial.policy.document} {trial.policy.sha256}",
            f"Other policy: {trial.policy.document} {trial.policy.sha256}",
        ),
    ]
