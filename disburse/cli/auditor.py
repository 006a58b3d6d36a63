"""The auditor's commands: whether the book still says what was booked."""

from __future__ import annotations

import sys
from typing import Any

import click

from disburse import screen
from disburse.cli.options import ChainHead, Command
from disburse.language import say
from disburse.screen import auditor as printed


def verify() -> click.Command:
    @click.command(
        cls=Command,
        help=say(
            "核对账簿：逐批验算校验链，查出改动、删除、增加的记账，并指明批次、笔和申报编号。",
            "Verify the book: walk its chain and name every batch, line and application that is not as booked.",
        ),
    )
    @click.option(
        "--head", "heads", type=ChainHead(), multiple=True, metavar=say("序号:校验码", "SEQ:HASH"),
        help=say(
            "回执上打印的链首，可重复；用来查出账簿末尾是否被删去。",
            "Head printed on a receipt, repeatable; shows whether the end of the book was cut off.",
        ),
    )  # fmt: skip
    @click.pass_obj
    def command(common: dict[str, Any], heads: tuple[tuple[int, str], ...]) -> None:
        from disburse import bookkeeping
        from disburse.store import Head

        verified = bookkeeping.verify(common["store"], [Head(*head) for head in heads], screen.progress())
        screen.clear()
        printed.show_verified(verified, len(heads))
        sys.exit(1 if verified.faults else 0)

    command.name = "verify"
    return command
