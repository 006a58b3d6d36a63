"""The receipt of a booking: what the screen says, and `receipt.txt` in the run's folder, the same bytes whenever asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from disburse.language import say
from disburse.money import capital, yuan

if TYPE_CHECKING:
    from pathlib import Path

    from disburse.store import Receipt

FILE = "receipt.txt"
"""Written after the run was sealed, and no output of it."""


def receipt_lines(receipt: Receipt) -> list[str]:
    """The receipt in a few lines. It names the head of the chain: kept on paper, it shows if the store loses its end."""
    total = yuan(receipt.total_fen, thousands=True)
    reviewed = (
        say(f"，复核 {receipt.reviewed_by}", f", reviewed by {receipt.reviewed_by}") if receipt.reviewed_by else ""
    )
    return [
        say(
            f"批次 {receipt.batch}：{receipt.lines} 笔，合计 {total} 元（{capital(receipt.total_fen)}）",
            f"batch {receipt.batch}: {receipt.lines} lines, {total} yuan ({capital(receipt.total_fen)})",
        ),
        say(
            f"本批申报 {receipt.outcomes} 行，其中待核或结转 {receipt.open_items} 行",
            f"{receipt.outcomes} rows, {receipt.open_items} of them held or carried",
        ),
        say(
            f"制表 {receipt.prepared_by}{reviewed}，审批 {receipt.approved_by}",
            f"prepared by {receipt.prepared_by}{reviewed}, approved by {receipt.approved_by}",
        ),
        say(f"链首 {receipt.sequence} {receipt.head}", f"head {receipt.sequence} {receipt.head}"),
    ]


def write_receipt(folder: Path, receipt: Receipt, document: str) -> tuple[Path, str]:
    """Write the receipt into the run's folder: the file, and why it could not be written, or ""."""
    lines = [
        say(f"记账回执　{document}　{receipt.month}", f"Receipt of booking, {document}, {receipt.month}"),
        say(f"拨付日 {receipt.pay_date}", f"pay date {receipt.pay_date}"),
        say(f"运行编号 {receipt.run_hash}", f"run {receipt.run_hash}"),
        *receipt_lines(receipt),
    ]
    file = folder / FILE
    beside = file.with_name(f".{FILE}-{receipt.sequence}")
    try:
        # a byte order mark and CR LF: any editor of an office shows it right
        beside.write_text("\n".join([*lines, ""]), encoding="utf-8-sig", newline="\r\n")
        beside.replace(file)
    except OSError as error:
        return file, str(error.strerror or error)
    return file, ""
