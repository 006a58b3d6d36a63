"""ledger.xlsx: the sheets that are signed, and behind them all that an auditor asks for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from disburse.language import say
from disburse.workbooks import annexes, detail, signed, summary
from disburse.workbooks.annexes import write_annexes
from disburse.workbooks.book import Book, footer
from disburse.workbooks.detail import STREAMED_FROM, write_detail
from disburse.workbooks.signed import write_payments, write_transfers
from disburse.workbooks.summary import write_summary

if TYPE_CHECKING:
    from pathlib import Path

    from disburse.workbooks.month import Month


def write_ledger(path: Path, month: Month) -> None:
    """Write the ledger; the set of sheets is always the same. Raises Unbalanced before anything is written."""
    foot = footer(
        f"{month.month}  {month.policy.document}",
        say(f"运行校验码 {month.run_hash[:12]}", f"Run {month.run_hash[:12]}"),
    )
    with Book(path, streamed=len(month.rows) >= STREAMED_FROM) as book:
        write_payments(book, month, foot)
        write_transfers(book, month, foot)
        write_summary(book, month, foot)
        write_detail(book, month, foot)
        write_annexes(book, month, foot)


def headings() -> frozenset[str]:
    """The headings of all tables of the ledger, in the language of the moment."""
    tables = (
        signed.COLUMNS, detail.PRINTED, detail.ON_SCREEN, summary.NUMBERS, summary.BUDGETS,
        annexes.CUTS, annexes.REGISTERED, annexes.WAIVERS, annexes.READINGS, annexes.OPEN_ITEMS,
    )  # fmt: skip
    return frozenset(column.heading for columns in tables for column in columns)
