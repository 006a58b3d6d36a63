"""What the commands print: findings, the month's result, the receipt. Standard output for results, standard error for the way there."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from itertools import groupby
from typing import TYPE_CHECKING, Any

import click

from disburse.language import say
from disburse.money import yuan

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from disburse.batch import Checked, Run
    from disburse.findings import Placed
    from disburse.store import Receipt


def progress() -> Callable[[str], None]:
    """Says each stage on a terminal, in one line that is written over; says nothing in a pipe."""
    if not sys.stderr.isatty():
        return lambda _: None

    def say_stage(stage: str) -> None:
        click.echo(f"\r\x1b[K{stage} …", nl=False, err=True)

    return say_stage


def clear() -> None:
    """Take the progress line away."""
    if sys.stderr.isatty():
        click.echo("\r\x1b[K", nl=False, err=True)


def show_findings(placed: Iterable[Placed]) -> None:
    """Every finding, by file: place, severity, title, what was found, how to mend."""
    from disburse.findings import catalogue
    from disburse.workbooks.words import SEVERITY, word

    for file, findings in groupby(placed, key=lambda each: each.source_file):
        click.echo(click.style(file, bold=True))
        for each in findings:
            place = "!".join(part for part in (each.source_sheet, each.cell) if part)
            number = say(f"申报编号 {each.application_no}", f"application {each.application_no}")
            parts = (place, number if each.application_no else "", f"[{word(SEVERITY, each.severity)}]")
            title = f"{each.code} {catalogue()[each.code].title}"
            click.echo("  " + "  ".join(part for part in (*parts, title) if part))
            click.echo(f"      {each.message} → {each.remedy}")


def show_skipped(names: Iterable[str]) -> None:
    for name in names:
        click.echo(say(f"跳过：{name}", f"Skipped: {name}"))


def show_check(checked: Checked, placed: list[Placed], counts: dict[str, int]) -> None:
    """The findings, what could not be checked, and one line that sums up."""
    from disburse.workbooks.words import SEVERITY, word

    show_findings(placed)
    show_skipped(checked.skipped)
    for copy in checked.copies:
        click.echo(say(f"标注副本：{copy.file}（{copy.count} 处）", f"Marked copy: {copy.file} ({copy.count})"))
    if checked.not_checked:
        click.echo(say("未核对：", "Not checked: ") + say("；", "; ").join(checked.not_checked))
    rows = len(checked.settlement.rows)
    found = "，".join(f"{word(SEVERITY, severity)} {count}" for severity, count in counts.items())
    click.echo(say(f"共 {rows} 行：{found or '没有问题'}。", f"{rows} rows: {found or 'nothing found'}."))


def check_json(checked: Checked, placed: list[Placed], counts: dict[str, int]) -> None:
    document = {
        "rows": len(checked.settlement.rows),
        "counts": dict(counts),
        "not_checked": list(checked.not_checked),
        "skipped": list(checked.skipped),
        "copies": [str(copy.file) for copy in checked.copies],
        "findings": [_public(each) for each in placed],
    }
    click.echo(json.dumps(document, ensure_ascii=False, indent=2))


def _public(placed: Placed) -> dict[str, Any]:
    from disburse.records import FINDINGS

    every = asdict(placed)
    return {name: every[name] for name in FINDINGS}


def show_run(month: str, result: Run) -> None:
    """The month in ten lines, and what to do next."""
    from disburse.settlement import STATUSES
    from disburse.workbooks.words import STATUS, word

    rows = result.settlement.rows
    counts = rows["status"].value_counts()
    click.echo(say(f"{month}：共 {len(rows)} 行", f"{month}: {len(rows)} rows"))
    for status in STATUSES:
        if counts.get(status, 0):
            mine = rows[rows["status"] == status]
            money = yuan(int(mine["paid_fen"].fillna(0).sum()), thousands=True)
            paid = say(f"，{money} 元", f", {money} yuan") if status in ("paid", "reduced") else ""
            click.echo(
                "  "
                + say(f"{word(STATUS, status)}（{status}）{counts[status]} 行", f"{status}: {counts[status]} rows")
                + paid
            )
    totals = [yuan(fen, thousands=True) for fen in result.settlement.totals]
    click.echo(
        say(
            f"核定 {totals[0]} 元 = 拨付 {totals[1]} 元 + 未拨付 {totals[2]} 元",
            f"approved {totals[0]} = paid {totals[1]} + withheld {totals[2]} yuan",
        )
    )
    show_skipped(result.skipped)
    for line in result.said:
        click.echo(line)
    if result.not_checked:
        click.echo(say("未核对：", "Not checked: ") + say("、", ", ").join(result.not_checked))
    for item in result.open_items.itertuples():
        click.echo(
            say(
                f"未结：{item.application_no}（分期 {item.instalment}，{item.batch} {word(STATUS, item.status)}）未再报送",
                f"Open: {item.application_no} (instalment {item.instalment}, {item.batch} {item.status}) was not sent again",
            )
        )
    click.echo(say(f"运行编号 {result.run_hash[:12]}", f"run {result.run_hash[:12]}"))
    click.echo(
        say(
            f"下一步：核对并签字 {result.folder}/ledger.xlsx，再运行 disburse post {result.folder} --prepared-by 制表人 --approved-by 审批人",
            f"Next: check and sign {result.folder}/ledger.xlsx, then disburse post {result.folder} --prepared-by … --approved-by …",
        ),
        err=True,
    )


def show_receipt(receipt: Receipt) -> None:
    total = yuan(receipt.total_fen, thousands=True)
    if receipt.already:
        click.echo(say("此前已记账，本次没有重复记账。", "Booked before; nothing was booked again."))
    click.echo(
        say(
            f"批次 {receipt.batch}：{receipt.lines} 笔，合计 {total} 元；本批待核或结转 {receipt.open_items} 项",
            f"batch {receipt.batch}: {receipt.lines} lines, {total} yuan; {receipt.open_items} held or carried",
        )
    )
    click.echo(say(f"链首 {receipt.sequence} {receipt.head}", f"head {receipt.sequence} {receipt.head}"))


def show_codes(as_json: bool) -> None:
    """The catalogue of findings."""
    from disburse.findings import catalogue
    from disburse.workbooks.words import SEVERITY, word

    if as_json:
        entries = [
            {"code": each.code, "severity": each.severity, "title": str(each.title), "message": str(each.message),
             "remedy": str(each.remedy)}
            for each in catalogue().values()
        ]  # fmt: skip
        click.echo(json.dumps(entries, ensure_ascii=False, indent=2))
        return
    for each in catalogue().values():
        click.echo(f"{each.code}  {each.severity}（{word(SEVERITY, each.severity)}）  {each.title}")
        click.echo(f"    {each.message}")
        click.echo(f"    → {each.remedy}")
