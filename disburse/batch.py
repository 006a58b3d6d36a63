"""One month, start to finish: read → settle → write. The only module that knows all the others."""

from __future__ import annotations

import json
import re
import shutil
import tempfile
from calendar import monthrange
from dataclasses import asdict, dataclass
from datetime import date
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from disburse import __version__
from disburse.case import Case, Lists
from disburse.errors import Refused, Usage
from disburse.intake import Intake, Source, read_applications, read_list, sources
from disburse.language import current, say
from disburse.money import yuan
from disburse.policy import load_policy
from disburse.records import bookings, records
from disburse.settlement import STATUSES, Settlement, examine, settle
from disburse.shipped import shipped
from disburse.store import Booking, Receipt, open_store
from disburse.tables import LISTS, table
from disburse.workbooks.exceptions import write_exceptions
from disburse.workbooks.ledger import write_ledger
from disburse.workbooks.month import Month
from disburse.workbooks.template import write_form, write_template

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import pandas as pd

    from disburse.findings import Placed
    from disburse.policy import Policy
    from disburse.store import Head

    Progress = Callable[[str], None]

T = TypeVar("T")


@dataclass(frozen=True)
class Inputs:
    """Everything a calculation starts from, as files: where they are, not what they hold."""

    sources: tuple[Source, ...]
    policy: Path
    lists: Mapping[str, Path]
    pay_date: date | None

    @property
    def not_checked(self) -> tuple[str, ...]:
        """The lists not given, by title."""
        return tuple(str(table(name).title) for name in LISTS if name not in self.lists)


@dataclass(frozen=True)
class Checked:
    """What `check` found: every finding at its place, the files that stopped, and what could not be checked."""

    intake: Intake
    settlement: Settlement
    placed: list[Placed]
    not_checked: tuple[str, ...]


@dataclass(frozen=True)
class Calculated:
    """A month calculated: the result and the files for machines that say it."""

    policy: Policy
    settlement: Settlement
    placed: list[Placed]
    files: dict[str, bytes]


@dataclass(frozen=True)
class Run:
    """A month written: where, what came of it, which files were skipped, which open items did not come again."""

    folder: Path
    settlement: Settlement
    run_hash: str
    not_checked: tuple[str, ...]
    skipped: tuple[str, ...]
    open_items: pd.DataFrame


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
    unknown = [code for code in measures if code not in policy.by_code]
    if unknown:
        raise Usage(
            f"政策中没有措施 {'、'.join(unknown)}；可选：{'、'.join(policy.by_code)}",
            f"the policy has no measure {', '.join(unknown)}; choose from {', '.join(policy.by_code)}",
        )
    if out.suffix.lower() != ".xlsx":
        raise Usage(f"文件名应以 .xlsx 结尾，实为 {out.name}", f"the name must end in .xlsx, found {out.name}")
    if out.exists():
        raise Usage(f"{out} 已存在，未覆盖；请换一个文件名", f"{out} exists and was left alone; choose another name")

    def write(beside: Path) -> None:
        if name is None:
            write_template(beside, policy, measures)
        else:
            write_form(beside, name, policy)

    _complete_or_not_at_all(out, write)


def check(paths: Sequence[Path], inputs: Inputs, store_url: str, progress: Progress) -> Checked:
    """Steps 1–3 of the calculation with whatever is given. Nothing is written, no store is made."""
    policy = load_policy(inputs.policy)
    found, _ = sources(paths)
    case = Case(policy, open_store(store_url, create=False).booked(), _lists(inputs, policy), inputs.pay_date)
    intake = read_applications(found, policy, stop=False, progress=progress)
    progress(say("检查", "Checking"))
    settlement = examine(intake.rows, intake.findings, case)
    return Checked(intake, settlement, intake.placed(settlement.findings), _unchecked(inputs))


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
    _must_be_free(out)
    found, skipped = sources(paths)
    inputs = Inputs(tuple(found), inputs.policy, inputs.lists, inputs.pay_date)
    opening = open_store(store_url, create=False).opening()
    calculated = calculate(month, inputs, opening.booked, progress)
    open_items = _not_sent_again(opening.open_items, calculated.settlement)

    def write(folder: Path) -> str:
        folder.mkdir()
        kept = _keep_inputs(
            folder, inputs, {"bookings.csv": bookings(opening.booked), "open_items.csv": bookings(open_items)}
        )
        record = _record(month, inputs, calculated, opening.head, kept)
        _write_month(folder, month, inputs, calculated, record["run"], open_items, progress)
        record["outputs"] = {
            file.relative_to(folder).as_posix(): _sha256(file)
            for file in sorted(folder.rglob("*"))
            if file.is_file() and "inputs" not in file.relative_to(folder).parts[:1]
        }
        text = json.dumps(record, ensure_ascii=False, indent=2) + "\n"
        (folder / "run.json").write_text(text, encoding="utf-8", newline="\n")
        return str(record["run"])

    run_hash = _complete_or_not_at_all(out, write)
    return Run(out, calculated.settlement, run_hash, inputs.not_checked, tuple(skipped), open_items)


def calculate(month: str, inputs: Inputs, booked: pd.DataFrame, progress: Progress) -> Calculated:
    """Read the inputs and settle them against `booked`."""
    policy = load_policy(inputs.policy)
    case = Case(policy, booked, _lists(inputs, policy), inputs.pay_date)
    intake = read_applications(list(inputs.sources), policy, stop=True, progress=progress)
    progress(say("计算", "Calculating"))
    settlement = settle(intake.rows, intake.findings, case)
    placed = intake.placed(settlement.findings)
    return Calculated(policy, settlement, placed, records(settlement, placed, month))


def post(
    folder: Path, store_url: str, prepared_by: str, approved_by: str, reviewed_by: str | None, progress: Progress
) -> Receipt:
    """Book a run exactly once: recalculated inside the transaction from its own inputs. Raises Refused."""
    record = _read_record(folder)
    _must_be_untouched(folder, record)
    current.set(record["language"])
    month, inputs = record["month"], _inputs_of(folder, record)

    def booking_of(booked: pd.DataFrame) -> Booking:
        calculated = calculate(month, inputs, booked, progress)
        for name, content in calculated.files.items():
            _must_agree(name, (folder / name).read_bytes(), content)
        progress(say("记账", "Booking"))
        return _booking(calculated)

    return open_store(store_url, create=True).book(
        booking_of,
        run_hash=record["run"],
        month=month,
        pay_date=date.fromisoformat(record["pay_date"]),
        prepared_by=prepared_by,
        approved_by=approved_by,
        reviewed_by=reviewed_by,
    )


def _lists(inputs: Inputs, policy: Policy) -> Lists:
    return Lists(**{name: read_list(path, name, policy) for name, path in inputs.lists.items()})


def _not_sent_again(open_items: pd.DataFrame, settlement: Settlement) -> pd.DataFrame:
    """Items held or carried before that are not in this batch."""
    pair = ["application_no", "instalment"]
    sent = set(settlement.rows[pair].dropna().itertuples(index=False, name=None))
    again = [item in sent for item in open_items[pair].itertuples(index=False, name=None)]
    return open_items[[not here for here in again]].reset_index(drop=True)


def _must_be_free(out: Path) -> None:
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise Usage(
            f"输出文件夹 {out} 已存在且不是空的；请换一个新的文件夹，或先移走其中的文件",
            f"the output folder {out} exists and is not empty; name a new one or move its files away first",
        )


def _complete_or_not_at_all(out: Path, write: Callable[[Path], T]) -> T:
    """`write` makes a file or folder beside `out`, which takes its place only when it is whole."""
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".{out.name}-", dir=out.parent, ignore_cleanup_errors=True) as beside:
            result = write(Path(beside) / out.name)
            if out.exists():
                out.rmdir()
            (Path(beside) / out.name).replace(out)
    except OSError as error:
        raise Usage(
            f"无法写入 {out}：{error.strerror or error}；请检查路径、权限和磁盘空间",
            f"cannot write {out}: {error.strerror or error}; check the path, its rights and the free space",
        ) from error
    return result


def _keep_inputs(folder: Path, inputs: Inputs, consulted: dict[str, bytes]) -> dict[str, Any]:
    """Copy all that is needed to recalculate into `inputs/`; return names and hashes as run.json says them."""
    kept = folder / "inputs"
    applications, lists = kept / "applications", kept / "lists"
    applications.mkdir(parents=True)
    lists.mkdir()
    files = []
    for number, source in enumerate(inputs.sources, start=1):
        name = source.name if source.name == source.path.name else f"{number}-{source.path.name}"
        shutil.copyfile(source.path, applications / name)
        files.append({"source_file": source.name, "file": f"inputs/applications/{name}", "sha256": source.sha256})
    given: dict[str, Any] = dict.fromkeys(LISTS)
    for name, path in inputs.lists.items():
        copy = lists / f"{name}{path.suffix.lower()}"
        shutil.copyfile(path, copy)
        given[name] = {"file": f"inputs/lists/{copy.name}", "sha256": _sha256(copy)}
    shutil.copyfile(inputs.policy, kept / "policy.yaml")
    for name, content in consulted.items():
        (kept / name).write_bytes(content)
    opening = {
        name: {"file": f"inputs/{name}", "sha256": sha256(content).hexdigest()} for name, content in consulted.items()
    }
    return {"applications": files, "lists": given, "opening": opening}


def _record(month: str, inputs: Inputs, calculated: Calculated, head: Head, kept: dict[str, Any]) -> dict[str, Any]:
    """run.json without the outputs; `run` is the hash of all that decides the result and of the result itself."""
    rows = calculated.settlement.rows
    totals = calculated.settlement.totals._asdict().items()
    statuses = rows["status"].value_counts()
    policy = calculated.policy
    record = {
        "program": f"disburse {__version__}",
        "month": month,
        "pay_date": str(inputs.pay_date),
        "language": current.get(),
        "policy": {
            "policy": policy.policy,
            "document": policy.document,
            "file": "inputs/policy.yaml",
            "sha256": policy.sha256,
        },
        "inputs": kept["applications"],
        "lists": kept["lists"],
        "not_checked": list(inputs.not_checked),
        "opening": {
            **asdict(head),
            "bookings": kept["opening"]["bookings.csv"],
            "open_items": kept["opening"]["open_items.csv"],
        },
        "counts": {"rows": len(rows), **{status: int(statuses.get(status, 0)) for status in STATUSES}},
        "totals": {name.removesuffix("_fen"): yuan(fen) for name, fen in totals},
        "results": {name: sha256(content).hexdigest() for name, content in calculated.files.items()},
    }
    canonical = json.dumps(record, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return {"run": sha256(canonical.encode()).hexdigest(), **record}


def _write_month(
    folder: Path, month: str, inputs: Inputs, calculated: Calculated, run_hash: str, open_items: pd.DataFrame,
    progress: Progress,
) -> None:  # fmt: skip
    progress(say("写出拨付清单", "Writing the ledger"))
    for name, content in calculated.files.items():
        (folder / name).write_bytes(content)
    assert inputs.pay_date is not None
    settled = Month(
        settlement=calculated.settlement,
        policy=calculated.policy,
        month=month,
        pay_date=inputs.pay_date,
        run_hash=run_hash,
        not_checked=inputs.not_checked,
        placed=calculated.placed,
        open_items=open_items,
    )
    write_ledger(folder / "ledger.xlsx", settled)
    progress(say("写出各单位问题清单", "Writing the exceptions"))
    write_exceptions(folder / "exceptions", settled)


def _read_record(folder: Path) -> dict[str, Any]:
    try:
        record = json.loads((folder / "run.json").read_text(encoding="utf-8"))
        needed = {"run", "month", "pay_date", "language", "policy", "inputs", "lists", "outputs"}
        if not isinstance(record, dict) or not needed <= record.keys():
            raise ValueError(needed)
    except FileNotFoundError:
        raise Usage(
            f"{folder} 里没有 run.json；请给出 disburse run 写出的文件夹",
            f"there is no run.json in {folder}; name a folder that `disburse run` wrote",
        ) from None
    except (OSError, ValueError) as error:
        raise Usage(
            f"{folder} 的 run.json 无法读取；请重新运行 disburse run", f"run.json in {folder} cannot be read; run again"
        ) from error
    return record


def _must_be_untouched(folder: Path, record: dict[str, Any]) -> None:
    """Every file of the run, outputs and inputs, is as it was written."""
    lists = [entry for entry in record["lists"].values() if entry]
    expected = {entry["file"]: entry["sha256"] for entry in [*record["inputs"], *lists, record["policy"]]}
    expected |= record["outputs"]
    for name, digest in sorted(expected.items()):
        file = folder / name
        if not file.is_file() or _sha256(file) != digest:
            raise Refused(
                f"{name} 在计算之后被改动或删除；请重新运行 disburse run，不要修改其写出的文件",
                f"{name} was changed or removed after the run; run again and leave its files as they are",
            )


def _inputs_of(folder: Path, record: dict[str, Any]) -> Inputs:
    given = tuple(Source(each["source_file"], folder / each["file"], each["sha256"]) for each in record["inputs"])
    lists = {name: folder / entry["file"] for name, entry in record["lists"].items() if entry}
    return Inputs(given, folder / record["policy"]["file"], lists, date.fromisoformat(record["pay_date"]))


def _must_agree(name: str, written: bytes, now: bytes) -> None:
    """The run's file is what the calculation gives against the store as it is now."""
    if written == now:
        return
    before, after = (set(content.decode("utf-8-sig").splitlines()) for content in (written, now))
    changed = sorted(after - before or before - after)
    shown = "\n  ".join(changed[:5])
    raise Refused(
        f"记账前重新计算，{name} 有 {len(changed)} 行与本次结果不同（计算之后又有别的记账，或名单、政策有变）；"
        f"未记账，请重新运行 disburse run 后再记账。现在应为：\n  {shown}",
        f"recalculated before booking, {len(changed)} lines of {name} differ (something was booked since the run); "
        f"nothing was booked: run again, then post. It would now be:\n  {shown}",
    )


def _booking(calculated: Calculated) -> Booking:
    rows = calculated.settlement.rows
    paid = rows[rows["status"].isin(["paid", "reduced"])].sort_values("order")
    sent = rows[~rows["status"].isin(["invalid", "replaced"])].sort_values("order")
    return Booking(lines=paid, outcomes=sent, policy_sha256=calculated.policy.sha256)


def default_policy() -> Path:
    """The shipped 东府〔2025〕2号."""
    return shipped("policies", "dongfu-2025-2.yaml")


def _sha256(file: Path) -> str:
    return sha256(file.read_bytes()).hexdigest()
