"""The finance office's commands: calculate the month, and book it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from disburse import screen
from disburse.cli.options import Command, inputs_of, list_options, pay_date_option
from disburse.language import say
from disburse.screen import finance as printed


def run() -> click.Command:
    @click.command(
        cls=Command,
        help=say(
            "计算一个月：读入申报表或文件夹，写出拨付清单、各单位问题清单和全部依据。",
            "Calculate a month from workbooks or folders: ledger, exceptions and all they rest on.",
        ),
    )
    @click.argument("month", metavar=say("月份", "MONTH"))
    @click.argument(
        "files",
        nargs=-1,
        required=True,
        type=click.Path(path_type=Path),
        metavar=say("文件或文件夹...", "FILE_OR_FOLDER..."),
    )
    @click.option(
        "--out", type=click.Path(path_type=Path), required=True, metavar="DIR",
        help=say("写出结果的新文件夹。", "New folder for the result."),
    )  # fmt: skip
    @pay_date_option(say("默认为当月最后一天", ""))
    @list_options
    @click.pass_obj
    def command(
        common: dict[str, Any], /, month: str, files: tuple[Path, ...], out: Path, pay_date: Any, **lists: Path | None
    ) -> None:
        from disburse import batch

        month, last_day = batch.month_of(month)
        inputs = inputs_of(common["policy"], lists, pay_date or last_day)
        result = batch.run(month, files, inputs, out, common["store"], screen.progress())
        screen.clear()
        printed.show_run(month, result)

    command.name = "run"
    return command


def post() -> click.Command:
    @click.command(
        cls=Command,
        help=say(
            "把 run 的结果记入账簿，只记一次；记账前重新计算，有任何不同即拒绝。",
            "Book a run, exactly once; it is calculated again first and refused if anything differs.",
        ),
    )
    @click.argument("folder", type=click.Path(path_type=Path), metavar=say("文件夹", "DIR"))
    @click.option("--prepared-by", required=True, metavar="NAME", help=say("制表人。", "Who prepared it."))
    @click.option(
        "--approved-by", required=True, metavar="NAME", help=say("审批人，与制表人不同。", "Who approved it.")
    )
    @click.option("--reviewed-by", metavar="NAME", help=say("复核人，与前两人不同。", "Who reviewed it."))
    @click.pass_obj
    def command(
        common: dict[str, Any], folder: Path, prepared_by: str, approved_by: str, reviewed_by: str | None
    ) -> None:
        from disburse import batch

        posted = batch.post(folder, common["store"], prepared_by, approved_by, reviewed_by, screen.progress())
        screen.clear()
        printed.show_receipt(posted)

    command.name = "post"
    return command
