"""The auditor's commands: calculate again and compare, explain a row."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from disburse import screen
from disburse.cli.options import Command
from disburse.language import say
from disburse.screen import auditor as printed


def recheck() -> click.Command:
    @click.command(
        cls=Command,
        help=say(
            "复核：用另一套逐行计算重新算一遍，逐格比较，只列出差异。给出 run 写出的文件夹，离线即可。",
            "Check a run: calculate it again by a second, row-by-row calculation and list only what differs. "
            "The run's folder is enough.",
        ),
    )
    @click.argument("subject", type=click.Path(path_type=Path), metavar=say("文件夹或清单", "DIR_OR_LEDGER"))
    @click.option(
        "--store", metavar="URL",
        help=say("另与这本账簿里记的账比较。", "Compare with what is booked in this store too."),
    )  # fmt: skip
    @click.option(
        "--run", "folder", type=click.Path(path_type=Path, file_okay=False), metavar="DIR",
        help=say("清单出自哪次运行；与它逐格比较。", "The run a ledger comes from, to compare it with."),
    )  # fmt: skip
    @click.option(
        "--report", type=click.Path(path_type=Path), metavar="FILE.xlsx",
        help=say("复核报告写到哪里；默认在文件夹旁边。", "Where the report is written; default: beside the folder."),
    )  # fmt: skip
    @click.pass_context
    def command(
        context: click.Context, subject: Path, store: str | None, folder: Path | None, report: Path | None
    ) -> None:
        from disburse.audit import recheck as auditing

        store, progress = store or _given(context, "store"), screen.progress()
        if subject.is_file():
            review = auditing.recheck_ledger(subject, folder, store, progress)
        elif folder is None:
            review = auditing.recheck(subject, store, progress)
        else:
            raise click.UsageError(say("--run 只用于清单文件", "--run goes with a ledger file"), context)
        written = auditing.write_report(review, report)
        screen.clear()
        printed.show_review(review, written)
        sys.exit(1 if review.differences else 0)

    command.name = "recheck"
    return command


def explain() -> click.Command:
    @click.command(
        cls=Command,
        help=say(
            "说明一笔申报怎样一步步得出结果：每一步、上限减此前已用、条款和口径，都引自运行写出的文件。",
            "Explain how one application came to its outcome, step by step, quoted from the run's files.",
        ),
    )
    @click.argument("folder", type=click.Path(path_type=Path), metavar=say("文件夹", "DIR"))
    @click.argument("application_no", metavar=say("申报编号", "APPLICATION_NO"))
    @click.option(
        "--instalment", type=int, metavar="N", help=say("只看这一期；默认各期都列。", "Only this instalment.")
    )
    @click.option("--json", "as_json", is_flag=True, help=say("以 JSON 输出。", "Print JSON."))
    def command(folder: Path, application_no: str, instalment: int | None, as_json: bool) -> None:
        from disburse.audit import explanation

        explained = explanation.explain(folder, application_no, instalment)
        (printed.explanations_json if as_json else printed.show_explanations)(explained)

    command.name = "explain"
    return command


def _given(context: click.Context, name: str) -> Any:
    """A common option, where it was written before the command: a standing setting is not asked for by itself."""
    group = context.parent
    if group is not None and group.get_parameter_source(name) is ParameterSource.COMMANDLINE:
        return context.obj[name]
    return None
