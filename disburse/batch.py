"""One month, start to finish: read → settle → write. The only module that knows all the others."""

from __future__ import annotations

import re
from calendar import monthrange
from dataclasses import asdict, dataclass
from datetime import date
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from disburse import __version__
from disburse.case import Case, Lists, Wanted
from disburse.changes import changes
from disburse.copies import Copy, write_copies
from disburse.dossier import (
    Inputs,
    complete_or_not_at_all,
    inputs_of,
    keep_inputs,
    must_be_free,
    read_record,
    sealed,
    write_record,
)
from disburse.errors import Refused, Usage
from disburse.intake import read_applications, read_list, sources
from disburse.language import current, say
from disburse.money import yuan
from disburse.policy import load_policy
from disburse.receipt import write_receipt
from disburse.records import bookings, paid_in_order, records, understood_in_order
from disburse.rules.keys import key
from disburse.settlement import STATUSES, Settlement, examine, settle
from disburse.shipped import shipped
from disburse.store import Booking, Receipt, Signatures, open_store
from disburse.tables import LISTS, table
from disburse.workbooks.exceptions import write_exceptions
from disburse.workbooks.ledger import write_ledger
from disburse.workbooks.month import Month
from disburse.workbooks.template import write_form, write_template

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    import pandas as pd

    from disburse.errors import FileUnreadable
    from disburse.findings import Placed
    from disburse.intake import Intake
    from disburse.policy import Policy
    from disburse.store import Consult, Head, Opening

    Progress = Callable[[str], None]


@dataclass(frozen=True)
class Checked:
    """What `check` found: every finding at its place, files that stopped, files skipped, what could not be checked.

    copies  the marked copies written
    """

    settlement: Settlement
    placed: list[Placed]
    stopped: list[FileUnreadable]
    skipped: tuple[str, ...]
    not_checked: tuple[str, ...]
    copies: tuple[Copy, ...] = ()


@dataclass(frozen=True)
class Read:
    """A month read, before anything is calculated."""

    month: str
    inputs: Inputs
    policy: Policy
    lists: Lists
    intake: Intake

    @property
    def wanted(self) -> Wanted:
        return Wanted(self.intake.rows, self.policy, self.inputs.pay_date)


@dataclass(frozen=True)
class Calculated:
    """A month calculated: the result and the files for machines that say it."""

    read: Read
    settlement: Settlement
    placed: list[Placed]
    files: dict[str, bytes]


@dataclass(frozen=True)
class Run:
    """A month written: where, what came of it, files skipped, open items not sent again, and what else must be said."""

    folder: Path
    settlement: Settlement
    run_hash: str
    not_checked: tuple[str, ...]
    skipped: tuple[str, ...]
    open_items: pd.DataFrame
    said: tuple[str, ...]


@dataclass(frozen=True)
class Posted:
    """A run booked, now or before; the receipt in the run's folder, and why it could not be written, or ""."""

    receipt: Receipt
    file: Path
    unwritten: str


def month_of(text: str) -> tuple[str, date]:
    """A month like 2025-06 and its last day. Raises Usage."""
    if re.fullmatch(r"[0-9]{4}-[0-9]{2}", text) and 1 <= int(text[5:]) <= 12 and int(text[:4]) >= 1:
        year, month = int(text[:4]), int(text[5:])
        return text, date(year, month, monthrange(year, month)[1])
    raise Usage(
        f"月份应写作 2025-06（年-月，月为 01 至 12），实为 {text}",
        f"write the month as 2025-06 (month 01 to 12), found {text}",
    )


def form(out: Path, policy_file: Path, measures: Sequence[str], name: str | None) -> None:
    """Write the workbook to fill in, or the form of the list `name`. A file that exists is never written over."""
    policy = load_policy(policy_file)
    if out.suffix.lower() != ".xlsx":
        raise Usage(f"文件名应以 .xlsx 结尾，实为 {out.name}", f"the name must end in .xlsx, found {out.name}")
    if out.exists():
        raise Usage(f"{out} 已存在，未覆盖；请换一个文件名", f"{out} exists and was left alone; choose another name")

    def write(beside: Path) -> None:
        if name is None:
            write_template(beside, policy, measures)
        else:
            write_form(beside, name, policy)

    complete_or_not_at_all(out, write)


def check(paths: Sequence[Path], inputs: Inputs, store_url: str, annotate: Path | None, progress: Progress) -> Checked:
    """Steps 1–3 of the calculation with whatever is given; no store is made.

    annotate  folder for the marked copies; None to write nothing
    """
    policy = load_policy(inputs.policy)
    found, skipped, unopened = sources(paths, stop=False, but=annotate)
    lists = _lists(inputs, policy)
    store = open_store(store_url, create=False)
    intake = read_applications(found, policy, stop=False, progress=progress)
    progress(say("检查", "Checking"))
    opening = store.opening(Wanted(intake.rows, policy, inputs.pay_date))
    case = Case(policy, opening.booked, lists, inputs.pay_date, opening.sums)
    settlement = examine(intake.rows, intake.findings, case)
    stopped = [*unopened, *intake.stopped]
    copies: list[Copy] = []
    if annotate:
        progress(say("写出标注副本", "Writing the marked copies"))
        copies = write_copies(annotate, found, intake, settlement.findings, stopped)
    placed = [*intake.placed(settlement.findings), *(copy.lost for copy in copies if copy.lost)]
    return Checked(settlement, placed, stopped, tuple(skipped), _unchecked(inputs), tuple(copies))


def _unchecked(inputs: Inputs) -> tuple[str, ...]:
    """The checks that could not be made, in words."""
    without_date = [
        say("公示是否结束", "end of notice"),
        say("审核是否晚于拨付", "approval after payment"),
        *([say("不予资助名单", "exclusion list")] if "exclusions" in inputs.lists else []),
        *([say("放行是否到期", "expiry of waivers")] if "waivers" in inputs.lists else []),
    ]
    dates = say("未给出拨付日：", "no pay date: ") + say("、", ", ").join(without_date)
    lists = (str(table(name).title) for name in LISTS if name not in (*inputs.lists, "budget", "waivers"))
    return (*([] if inputs.pay_date else [dates]), *(say(f"未给出{name}", f"no list: {name}") for name in lists))


def run(month: str, paths: Sequence[Path], inputs: Inputs, out: Path, store_url: str, progress: Progress) -> Run:
    """Calculate the month and write its folder, complete or not at all. Raises Mendable; then nothing is written."""
    target = must_be_free(out)
    found, skipped, _ = sources(paths)
    inputs = Inputs(tuple(found), inputs.policy, inputs.lists, inputs.pay_date)
    store = open_store(store_url, create=False, update=True)
    month_read = read(month, inputs, progress)
    opening = store.opening(month_read.wanted)
    calculated = calculate(month_read, opening, progress)
    open_items = _not_sent_again(opening.open_items, calculated.settlement)

    def write(folder: Path) -> tuple[str, list[Copy]]:
        folder.mkdir()
        consulted = {"bookings": opening.booked, "sums": opening.sums, "open_items": open_items}
        kept = keep_inputs(folder, inputs, {name: bookings(lines) for name, lines in consulted.items()})
        record = sealed(_record(calculated, opening.head, kept))
        copies = _write_month(folder, calculated, record["run"], open_items, progress)
        write_record(folder, record)
        return str(record["run"]), copies

    run_hash, copies = complete_or_not_at_all(target, write)
    incomplete = (f"annotated/{copy.file.name}{say('：', ': ')}{copy.lost.message}" for copy in copies if copy.lost)
    said = (*_opening_said(opening.head), *_funds_unknown(calculated), *incomplete)
    return Run(out, calculated.settlement, run_hash, inputs.not_checked, tuple(skipped), open_items, said)


def _opening_said(head: Head) -> Iterator[str]:
    """A mistyped store would drop all history without a word."""
    if not head.sequence:
        yield say("账簿不存在或是空的：按没有历史拨付计算", "no store, or an empty one: calculated without any history")


def _funds_unknown(calculated: Calculated) -> Iterator[str]:
    """A budget line that limits nothing must not go unnoticed: the name may be written another way."""
    budget, funds = calculated.read.lists.budget, [fund.name for fund in calculated.read.policy.funds]
    known = {key(fund) for fund in funds}
    for fund in () if budget is None else sorted(name for name in set(budget["fund"]) if key(name) not in known):
        yield say(
            f"预算中的资金“{fund}”不是本政策的资金，该行没有起作用；本政策的资金：{'、'.join(funds)}",
            f"fund “{fund}” of the budget list is not of this policy and limits nothing; its funds: {', '.join(funds)}",
        )


def read(month: str, inputs: Inputs, progress: Progress) -> Read:
    """Read policy, lists and workbooks. Raises Mendable for what cannot be taken in."""
    policy = load_policy(inputs.policy)
    lists = _lists(inputs, policy)
    return Read(
        month, inputs, policy, lists, read_applications(list(inputs.sources), policy, stop=True, progress=progress)
    )


def calculate(month: Read, opening: Opening, progress: Progress) -> Calculated:
    """Settle what was read against what was booked."""
    progress(say("计算", "Calculating"))
    case = Case(month.policy, opening.booked, month.lists, month.inputs.pay_date, opening.sums)
    settlement = settle(month.intake.rows, month.intake.findings, case)
    placed = month.intake.placed(settlement.findings)
    return Calculated(month, settlement, placed, records(settlement, placed, month.month))


def post(
    folder: Path, store_url: str, prepared_by: str, approved_by: str, reviewed_by: str | None, progress: Progress
) -> Posted:
    """Book a run exactly once: recalculated inside the transaction from its own inputs. Raises Refused.

    The inputs are read before, so that others wait no longer than the calculation takes.
    """
    Signatures(prepared_by, approved_by, reviewed_by)  # refused before a store is made
    record = read_record(folder)
    current.set(record["language"])
    month = read(record["month"], inputs_of(folder, record), progress)

    def booking_of(consult: Consult) -> Booking:
        opening = consult(month.wanted)
        calculated = calculate(month, opening, progress)
        _must_agree({name: (folder / name).read_bytes() for name in calculated.files}, calculated, opening, record)
        progress(say("记账", "Booking"))
        return _booking(calculated)

    def waiting() -> None:
        progress(say("账簿正由另一人使用，等待中", "Somebody else is using the store, waiting"))

    receipt = open_store(store_url, create=True, waiting=waiting).book(
        booking_of,
        run_hash=record["run"],
        month=month.month,
        pay_date=date.fromisoformat(record["pay_date"]),
        prepared_by=prepared_by,
        approved_by=approved_by,
        reviewed_by=reviewed_by,
    )
    return Posted(receipt, *write_receipt(folder, receipt, month.policy.document))


def _lists(inputs: Inputs, policy: Policy) -> Lists:
    return Lists(**{name: read_list(path, name, policy) for name, path in inputs.lists.items()})


def _not_sent_again(open_items: pd.DataFrame, settlement: Settlement) -> pd.DataFrame:
    """Items held or carried before that are not in this batch."""
    pair = ["application_no", "instalment"]
    sent = set(settlement.rows[pair].dropna().itertuples(index=False, name=None))
    again = [item in sent for item in open_items[pair].itertuples(index=False, name=None)]
    return open_items.loc[[not here for here in again]].reset_index(drop=True)


def _record(calculated: Calculated, head: Head, kept: dict[str, Any]) -> dict[str, Any]:
    """What run.json says but for the run's name and the outputs."""
    statuses = calculated.settlement.rows["status"].value_counts()
    policy, inputs = calculated.read.policy, calculated.read.inputs
    return {
        "program": f"disburse {__version__}",
        "month": calculated.read.month,
        "pay_date": str(inputs.pay_date),
        "language": current.get(),
        "policy": {"policy": policy.policy, "document": policy.document, **kept["policy"]},
        "inputs": kept["inputs"],
        "lists": kept["lists"],
        "not_checked": list(inputs.not_checked),
        "opening": {**asdict(head), **kept["opening"]},
        "counts": {
            "rows": len(calculated.settlement.rows),
            **{status: int(statuses.get(status, 0)) for status in STATUSES},
        },
        "totals": {
            name.removesuffix("_fen"): yuan(fen) for name, fen in calculated.settlement.totals._asdict().items()
        },
        "results": {name: sha256(content).hexdigest() for name, content in calculated.files.items()},
    }


def _write_month(
    folder: Path, calculated: Calculated, run_hash: str, open_items: pd.DataFrame, progress: Progress
) -> list[Copy]:
    """Write every file of the month but run.json; return the marked copies."""
    month = calculated.read
    progress(say("写出拨付清单", "Writing the ledger"))
    for name, content in calculated.files.items():
        (folder / name).write_bytes(content)
    assert month.inputs.pay_date is not None
    settled = Month(
        settlement=calculated.settlement,
        policy=month.policy,
        month=month.month,
        pay_date=month.inputs.pay_date,
        run_hash=run_hash,
        not_checked=month.inputs.not_checked,
        placed=calculated.placed,
        open_items=open_items,
    )
    write_ledger(folder / "ledger.xlsx", settled)
    progress(say("写出各单位问题清单", "Writing the exceptions"))
    write_exceptions(folder / "exceptions", settled)
    progress(say("写出标注副本", "Writing the marked copies"))
    found = calculated.settlement.findings
    return write_copies(folder / "annotated", month.inputs.sources, month.intake, found, ())


def _must_agree(written: dict[str, bytes], calculated: Calculated, opening: Opening, record: dict[str, Any]) -> None:
    """The run's files are what the calculation gives against the store as it is now."""
    changed = changes(written, calculated.files)
    if not changed:
        return
    shown = "\n  ".join(changed)
    sequence = record["opening"]["sequence"]
    since = opening.head.sequence - sequence
    booked = opening.booked.loc[opening.booked["batch_no"] > sequence, "batch"]
    named = "、".join(dict.fromkeys(booked))
    if since > 0:
        zh = f"计算之后账簿又记入 {since} 批（{named or f'第 {sequence + 1} 批起'}）"
        en = f"since the run {since} batches were booked ({named or f'from number {sequence + 1} on'})"
    elif since < 0:
        zh, en = "账簿比计算时少，可能不是同一本账簿", "the store holds less than at the run: perhaps it is another one"
    else:
        zh, en = f"计算时的程序是 {record['program']}", f"the run was made by {record['program']}"
    raise Refused(
        f"记账前按账簿现状重新计算，结果与 {calculated.read.month} 的计算不同，未记账：{zh}。"
        f"请重新运行 disburse run（写到新的文件夹），核对签字后再记账。\n  {shown}",
        f"recalculated against the store as it is now, {calculated.read.month} comes out otherwise; nothing was booked: "
        f"{en}. Run again into a new folder, have it signed, then post.\n  {shown}",
    )


def _booking(calculated: Calculated) -> Booking:
    settlement = calculated.settlement
    return Booking(paid_in_order(settlement), understood_in_order(settlement), calculated.read.policy.sha256)


def default_policy() -> Path:
    """The shipped 东府〔2025〕2号."""
    return shipped("policies", "dongfu-2025-2.yaml")
