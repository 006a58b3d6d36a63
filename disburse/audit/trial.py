"""A month calculated under another policy file: what would have been paid, by measure and by row."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from disburse.audit.recalculation import recalculation
from disburse.dossier import inputs_of, read_record
from disburse.errors import Refused
from disburse.language import say
from disburse.policy import load_policy
from disburse.workbooks.words import STATUS, measure_name, word

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import pandas as pd

    from disburse.policy import Policy
    from disburse.policy.model import Limit

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

    Raises Refused where the folder was touched since or lacks what the policy asks for, Mendable where the other policy cannot read these workbooks.
    """
    record = read_record(folder)
    _must_be_covered(folder, record, policy)
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


def _must_be_covered(folder: Path, record: dict[str, Any], policy: Path) -> None:
    """Refuse a policy that asks more of the history than the run has looked up and kept."""
    own, other = (load_policy(file) for file in (inputs_of(folder, record).policy, policy))
    beyond = [limit for limit in other.limits if not any(_covers(each, limit) for each in own.limits)]
    if beyond and record["opening"]["sequence"]:
        raise Refused(
            f"试算政策的限额“{beyond[0].title}”要用到这次运行没有查阅的历史记账，文件夹里没有，试算会不准；未试算。"
            "请用记账之前（账簿为空）的月份试算，或请财政部门用这份政策文件重新运行 disburse run",
            f"the limit “{beyond[0].title}” of the other policy needs bookings that this run did not look up and the folder does "
            "not hold; nothing was calculated. Try a month from before anything was booked, or have the month run anew with "
            "that policy",
        )


def _covers(own: Limit, other: Limit) -> bool:
    """Whether what was looked up for `own` is all that `other` asks of the history (disburse/store/consulted.py)."""
    if other.window == "batch" or {"subject", "matter"} & set(other.shared_by):
        return True
    if not set(other.measures) <= set(own.measures):
        return False
    if other.balanced:
        years = other.window != "event_year" or own.window == "event_year"
        return own.counts_all or (own.balanced and years and set(other.columns) <= set(own.columns))
    if other.counts_all:
        return own.counts_all
    return bool({"enterprise", "carrier"} & set(own.shared_by) & set(other.shared_by))


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
