"""What the store holds of a run, against what should have been booked and what the run had consulted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from disburse.audit.recalculation import consulted
from disburse.audit.review import Check
from disburse.language import say
from disburse.records import as_text, paid_in_order
from disburse.store import open_store
from disburse.store.frames import BOOKED, LINES
from disburse.verify.compare import Difference, apart

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    import pandas as pd

    from disburse.store import Store
    from disburse.workbooks.month import Month

SINCE = ("net_fen", "batch_no")
"""What later reversals change of a line, and what the chain holds."""


def booked_otherwise(store_url: str, record: Mapping[str, Any], folder: Path, month: Month) -> Check:
    """Each booked line of the run against its ledger, and each booking the run had consulted as it stands now."""
    store = open_store(store_url, create=False)
    title, paid = say("账簿", "Store"), paid_in_order(month.settlement)
    found = store.of_run(str(record["run"]))
    if found is None:
        missing = Difference(
            title, expected=say("本次运行已记账", "this run is booked"), found=say("没有记账", "it is not")
        )
        return Check(title, "", [missing, *_before(store, record, folder)])
    batch, lines = found
    differences = [*_lines(f"{title} {batch}", paid, lines, LINES), *_before(store, record, folder)]
    return Check(title, say(f"批次 {batch}，{len(lines)} 笔", f"batch {batch}, {len(lines)} lines"), differences)


def _before(store: Store, record: Mapping[str, Any], folder: Path) -> Iterator[Difference]:
    """The bookings consulted are still what the store says of them."""
    then = consulted(folder, record, "bookings")
    sequence = int(record["opening"]["sequence"])
    now = store.booked()
    now = now[now["batch_no"] <= sequence]
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
