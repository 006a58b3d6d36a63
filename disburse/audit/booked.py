"""What the store holds of a run, against what should have been booked and what the run had consulted."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from disburse.audit.arithmetic import amount
from disburse.audit.recalculation import consulted
from disburse.audit.review import Check
from disburse.bookkeeping import existing, verify
from disburse.language import say
from disburse.money import yuan
from disburse.records import as_text, paid_in_order, understood_in_order
from disburse.store import Head
from disburse.store.frames import BOOKED, LINES, OUTCOMES
from disburse.verify.compare import Difference, apart
from disburse.workbooks import signed
from disburse.workbooks.book import shown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    import pandas as pd

    from disburse.audit.printed import Printed, Table
    from disburse.store import Store
    from disburse.store.booking import BookedRun
    from disburse.workbooks.month import Month

SIGNED = {
    "applicant_name": "applicant_name", "approved_fen": "approved_amount_fen", "paid_fen": "paid_fen",
    "payee_name": "payee_name", "bank_name": "bank_name", "account_no": "account_no",
}  # fmt: skip
"""What a signed line says of a payment → the column of the store that says it."""

SINCE = ("net_fen", "batch_no")
"""What later reversals change of a line, and what the chain holds."""


def booked_otherwise(store_url: str, record: Mapping[str, Any], folder: Path, month: Month) -> Check:
    """Each booked line and outcome of the run against its result, and each booking it had consulted as it stands now."""
    store, settlement = existing(store_url), month.settlement
    title = say("账簿", "Store")
    found = store.of_run(str(record["run"]))
    if found is None:
        missing = Difference(
            title, expected=say("本次运行已记账", "this run is booked"), found=say("没有记账", "it is not")
        )
        return Check(title, "", [missing, *_before(store, record, folder)])
    differences = [
        *_lines(f"{title} {found.batch}", paid_in_order(settlement), found.lines, LINES),
        *_lines(
            say(f"{title} {found.batch}（处理结果）", f"{title} {found.batch} (outcomes)"),
            understood_in_order(settlement), found.outcomes, OUTCOMES,
        ),
        *_before(store, record, folder),
    ]  # fmt: skip
    return Check(title, _extent(found), differences)


def chain_broken(store_url: str, record: Mapping[str, Any], progress: Callable[[str], None]) -> Check:
    """The whole book by its own chain, which must hold the head that the run started from."""
    title, opening = say("账簿（链）", "Store (chain)"), record["opening"]
    heads = [Head(opening["sequence"], opening["hash"])] if opening["sequence"] else []
    verified, whole = verify(store_url, heads, progress), say("与记账时相同", "as it was booked")
    found = [
        Difference(
            say(f"账簿 {fault.batch}", f"Store {fault.batch}").strip(), "",
            "" if fault.line is None else say(f"第 {fault.line} 笔", f"line {fault.line}"),
            fault.application_no, say("链", "chain"), whole, fault.said,
        )
        for fault in verified.faults
    ]  # fmt: skip
    return Check(title, say(f"{verified.head.sequence} 批", f"{verified.head.sequence} batches"), found)


def signed_otherwise(store_url: str, file: str, sheets: Sequence[Printed]) -> Check:
    """Each line of a signed ledger against the line that was booked of the run it names."""
    title = say("账簿", "Store")
    run_hash = next(filter(None, (_named_run(cell) for sheet in sheets for row in sheet.rows for cell in row)), "")
    found = existing(store_url).of_run(run_hash)
    if found is None:
        missing = Difference(
            file, column=say("运行校验码", "run hash"), expected=say("账簿里已记账的运行", "a run booked in this store"),
            found=run_hash or say("无", "none"),
        )  # fmt: skip
        return Check(title, "", [missing])
    left: dict[str, list[dict[str, str]]] = {}
    for line in _texts(found.lines, LINES):
        left.setdefault(line["application_no"], []).append(line)
    differences = [
        difference
        for sheet in sheets
        for table in sheet.tables(signed.COLUMNS)
        for row in table.lines
        for difference in _signed(file, table, row, left.get(str(table.cell(row, "application_no")), []))
    ]
    differences += [
        Difference(
            file,
            application_no=number,
            column=say("整行", "whole line"),
            expected=line["paid_fen"],
            found=say("无此行", "no such line"),
        )
        for number, several in left.items()
        for line in several
    ]
    return Check(title, _extent(found), differences)


def _extent(found: BookedRun) -> str:
    return say(f"批次 {found.batch}，{len(found.lines)} 笔", f"batch {found.batch}, {len(found.lines)} lines")


def _named_run(cell: Any) -> str:
    found = re.search(r"[：:] ?([0-9a-f]{64})$", cell) if isinstance(cell, str) else None
    return found[1] if found else ""


def _signed(file: str, table: Table, row: int, booked: list[dict[str, str]]) -> Iterator[Difference]:
    """One line against those booked for its application; the one it is like is taken away."""
    number = str(table.cell(row, "application_no"))
    mine = {name: (field, _as_booked(table.cell(row, field), field)) for field, name in SIGNED.items()}
    if not booked:
        yield Difference(
            file,
            table.sheet.name,
            table.address(row, "application_no"),
            number,
            "",
            say("已记账", "booked"),
            say("没有记账", "not booked"),
        )
        return
    line = max(booked, key=lambda each: sum(shown(each[name]) == text for name, (_, text) in mine.items()))
    booked.remove(line)
    for name, (field, text) in mine.items():
        if text != shown(line[name]):
            cell, column = table.address(row, field), name.removesuffix("_fen")
            yield Difference(file, table.sheet.name, cell, number, column, line[name], text, apart(line[name], text))


def _as_booked(cell: Any, field: str) -> str:
    """A cell as `_texts` writes what was booked."""
    fen = amount(cell) if field.endswith("_fen") else None
    return str(cell) if fen is None else yuan(fen)


def _before(store: Store, record: Mapping[str, Any], folder: Path) -> Iterator[Difference]:
    """The bookings consulted are still what the store says of them."""
    then = consulted(folder, record, "bookings")
    now = store.booked_at(then[["batch_no", "line"]].itertuples(index=False, name=None))
    columns = {name: dtype for name, dtype in BOOKED.items() if name not in SINCE}
    for batch in sorted({*then["batch"], *now["batch"]}):
        mine, theirs = (frame[frame["batch"] == batch] for frame in (then, now))
        yield from _lines(say(f"账簿 {batch}", f"Store {batch}"), mine, theirs, columns)


def _lines(name: str, meant: pd.DataFrame, booked: pd.DataFrame, columns: Mapping[str, str]) -> Iterator[Difference]:
    """Line by line, in booking order."""
    expected, found = _texts(meant, columns), _texts(booked, columns)
    for at in range(max(len(expected), len(found))):
        line = say(f"第 {at + 1} 笔", f"line {at + 1}")
        one, other = (lines[at] if at < len(lines) else None for lines in (expected, found))
        if one is None or other is None:
            there = one or other or {}
            words = say("有这一笔", "this line"), say("无", "none")
            yield Difference(name, "", line, there["application_no"], "", *(words if one else reversed(words)))
            continue
        for column, text in one.items():
            if text != other[column]:
                yield Difference(
                    name, "", line, one["application_no"], column.removesuffix("_fen"), text, other[column],
                    apart(text, other[column]),
                )  # fmt: skip


def _texts(frame: pd.DataFrame, columns: Mapping[str, str]) -> Sequence[dict[str, str]]:
    texts = {name: [as_text(value, name) for value in frame[name].array] for name in columns}
    return [dict(zip(texts, values, strict=True)) for values in zip(*texts.values(), strict=True)]
