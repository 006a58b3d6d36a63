"""What `run` and `post` print."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from disburse.language import say
from disburse.money import yuan
from disburse.screen import show_skipped

if TYPE_CHECKING:
    from disburse.batch import Posted, Run


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


def show_receipt(posted: Posted) -> None:
    from disburse.receipt import receipt_lines

    if posted.receipt.already:
        click.echo(say("此前已记账，本次没有重复记账。", "Booked before; nothing was booked again."))
    for line in receipt_lines(posted.receipt):
        click.echo(line)
    if posted.unwritten:
        click.echo(
            say(
                f"已记账，但回执没能写入 {posted.file}（{posted.unwritten}）；可以写入后再运行一次同一命令，不会重复记账。",
                f"Booked, but the receipt could not be written to {posted.file} ({posted.unwritten}); make it writable and run "
                "the same command again, nothing is booked twice.",
            ),
            err=True,
        )
    else:
        click.echo(say(f"回执：{posted.file}", f"receipt: {posted.file}"), err=True)
