"""What `verify` prints."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from disburse.language import say

if TYPE_CHECKING:
    from disburse.bookkeeping import Verified


def show_verified(verified: Verified, heads: int) -> None:
    """What is wrong, by place; or that nothing is, and what that was held against."""
    for fault in verified.faults:
        place = [
            say(f"批次 {fault.batch}", f"batch {fault.batch}") if fault.batch else "",
            say(f"第 {fault.line} 笔", f"line {fault.line}") if fault.line else "",
            say(f"申报编号 {fault.application_no}", f"application {fault.application_no}")
            if fault.application_no
            else "",
        ]
        named = say("，", ", ").join(filter(None, place))
        click.echo(f"{named}{say('：', ': ')}{fault.said}" if named else fault.said)
    end = verified.head
    click.echo(say(f"链首 {end.sequence} {end.hash}", f"head {end.sequence} {end.hash}"))
    if verified.faults:
        click.echo(
            say(
                f"账簿有 {len(verified.faults)} 处与记账时不符。请勿再记账，保留现状，用备份（disburse restore）和签字的清单查对。",
                f"The book differs from what was booked in {len(verified.faults)} places. Book nothing more, keep it as it is, "
                "and compare it with a backup (disburse restore) and the signed ledgers.",
            ),
            err=True,
        )
    elif heads:
        click.echo(
            say(
                f"账簿完整，并与给出的 {heads} 个链首相符。",
                f"The book is whole and agrees with the {heads} heads given.",
            )
        )
    else:
        click.echo(
            say(
                "账簿前后一致。末尾是否被删去，请与最近一份回执上的链首对照（--head 序号:校验码）。",
                "The book is whole in itself. Whether its end was cut off, only the last receipt can tell (--head SEQ:HASH).",
            )
        )
