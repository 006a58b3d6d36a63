"""The bureau's commands: the form, and the check before it is sent."""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from disburse import screen
from disburse.cli.options import Command, inputs_of, list_options, pay_date_option
from disburse.language import say
from disburse.screen import bureau as printed

if TYPE_CHECKING:
    from disburse.batch import Checked


def template() -> click.Command:
    @click.command(
        cls=Command,
        help=say(
            "生成空白申报表，或名单的空白表（--list）。",
            "Make the workbook to fill in, or the form of a list (--list).",
        ),
    )
    @click.option(
        "-o",
        "--output",
        type=click.Path(path_type=Path),
        required=True,
        help=say("要写出的 .xlsx 文件。", "The .xlsx file to write."),
    )
    @click.option(
        "--measure",
        "measures",
        multiple=True,
        metavar="CODE",
        help=say("只含这些措施，可重复；默认全部。", "Only these measures, repeatable; default all."),
    )
    @click.option(
        "--list", "name", type=click.Choice(["register", "exclusions", "awards", "budget", "waivers", "history", "settlement"]),
        help=say("生成这一名单的表；history 为期初已拨付，settlement 为银行结果。",
                 "Make the form of this list; history: paid before, settlement: the bank's results."),
    )  # fmt: skip
    @click.pass_obj
    def command(common: dict[str, Any], output: Path, measures: tuple[str, ...], name: str | None) -> None:
        from disburse import batch

        batch.form(output, common["policy"] or batch.default_policy(), measures, name)
        click.echo(say(f"已写出 {output}", f"Wrote {output}"))

    command.name = "template"
    return command


def check() -> click.Command:
    @click.command(
        cls=Command,
        help=say(
            "检查申报表：一次列出全部问题；加 --annotate 则另存一份标出问题的副本，原文件不变。",
            "Check workbooks: every finding at once; with --annotate also a copy with the faults marked.",
        ),
    )
    @click.argument(
        "files",
        nargs=-1,
        required=True,
        type=click.Path(path_type=Path, readable=False),
        metavar=say("文件...", "FILE..."),
    )
    @pay_date_option(say("不给则不检查与拨付日有关的各项", ""))
    @list_options
    @click.option(
        "--annotate", type=click.Path(path_type=Path, file_okay=False), metavar="DIR",
        help=say("在此文件夹里写出标出问题的副本，不覆盖已有文件。", "Write marked copies into this folder; nothing is overwritten."),
    )  # fmt: skip
    @click.option("--json", "as_json", is_flag=True, help=say("以 JSON 输出。", "Print JSON."))
    @click.pass_obj
    def command(
        common: dict[str, Any],
        /,
        files: tuple[Path, ...],
        pay_date: Any,
        annotate: Path | None,
        as_json: bool,
        **lists: Path | None,
    ) -> None:
        from disburse import batch

        inputs = inputs_of(common["policy"], lists, pay_date)
        checked = batch.check(files, inputs, common["store"], annotate, screen.progress())
        screen.clear()
        sys.exit(_report(checked, as_json))

    command.name = "check"
    return command


def _report(checked: Checked, as_json: bool) -> int:
    """Print the findings; 2 where a file could not be read, 1 where anything is to be mended, else 0."""
    from disburse.findings import TO_MEND, stopped

    placed = [*map(stopped, checked.stopped), *checked.placed]
    counts: dict[str, int] = Counter(each.severity for each in placed)
    (printed.check_json if as_json else printed.show_check)(checked, placed, counts)
    if checked.stopped:
        names = say("、", ", ").join(sorted({each.name for each in checked.stopped}))
        click.echo(say(f"未能读取：{names}；请按上面的提示改正。", f"Could not be read: {names}."), err=True)
        return 2
    to_mend = bool(TO_MEND & counts.keys())
    printed.show_next_step(checked, to_mend=to_mend)
    return 1 if to_mend else 0


def codes() -> click.Command:
    @click.command(
        cls=Command,
        help=say("列出全部问题代码：含义和改正办法。", "The catalogue of findings: what each means, how to mend it."),
    )
    @click.option("--json", "as_json", is_flag=True, help=say("以 JSON 输出。", "Print JSON."))
    def command(as_json: bool) -> None:
        printed.show_codes(as_json)

    command.name = "codes"
    return command
