"""The auditor's commands: calculate again and compare, explain a row, verify the book."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from disburse import screen
from disburse.cli.options import ChainHead, Command
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
        "--policy", type=click.Path(path_type=Path), metavar="FILE",
        help=say("换这份政策文件试算：会拨付多少，按措施、逐行列出不同。", "What would have been paid under this policy file."),
    )  # fmt: skip
    @click.option(
        "--sample", type=click.IntRange(min=1), metavar="N",
        help=say("另按金额加权抽取 N 笔，写出核查底稿和风险清单。", "Also draw N payments weighted by amount."),
    )  # fmt: skip
    @click.option(
        "--seed", type=int, metavar="S",
        help=say("抽样的种子；同样的种子抽到同样的行。", "Seed of the drawing: the same seed draws the same."),
    )  # fmt: skip
    @click.option(
        "--report", type=click.Path(path_type=Path), metavar="FILE.xlsx",
        help=say("复核报告写到哪里；默认在文件夹旁边。", "Where the report is written; default: beside the folder."),
    )  # fmt: skip
    @click.pass_context
    def command(
        context: click.Context, /, subject: Path, store: str | None, folder: Path | None, policy: Path | None,
        sample: int | None, seed: int | None, report: Path | None,
    ) -> None:  # fmt: skip
        from disburse.audit.report import must_be_free

        _must_fit(context, folder if subject.is_file() else subject, subject, sample, seed)
        must_be_free(subject, report)
        policy, store = policy or _given(context, "policy"), store or _given(context, "store")
        if policy is not None:
            sys.exit(_trial(subject, policy, report))
        sys.exit(_review(subject, folder, store, report, sample, seed))

    command.name = "recheck"
    return command


def _must_fit(context: click.Context, run: Path | None, subject: Path, sample: int | None, seed: int | None) -> None:
    """Refuse options that have nothing to work on."""
    if not subject.exists():
        raise click.UsageError(say(f"找不到 {subject}；请检查路径", f"there is no {subject}; check the path"), context)
    if context.params["folder"] is not None and not subject.is_file():
        raise click.UsageError(say("--run 只用于清单文件", "--run goes with a ledger file"), context)
    if (sample is None) != (seed is None):
        raise click.UsageError(
            say(
                "--sample 和 --seed 须一起给出，抽样才能重复",
                "give --sample and --seed together: a drawing must be repeatable",
            ),
            context,
        )
    if sample is not None and run is None:
        raise click.UsageError(say("抽样需要运行的文件夹（--run）", "a sample needs the run's folder (--run)"), context)
    if context.params["policy"] is not None and subject.is_file():
        raise click.UsageError(say("试算需要运行的文件夹", "a trial needs the run's folder"), context)


def _review(
    subject: Path, folder: Path | None, store: str | None, report: Path | None, sample: int | None, seed: int | None
) -> int:
    from disburse.audit.recheck import recheck, recheck_ledger
    from disburse.audit.report import write_report
    from disburse.audit.sample import draw

    progress = screen.progress()
    if subject.is_file():
        review = recheck_ledger(subject, folder, store, progress)
    else:
        review = recheck(subject, store, progress)
    sampled = draw(review.month, sample, seed) if review.month and sample is not None and seed is not None else None
    written = write_report(review, sampled, report)
    screen.clear()
    printed.show_review(review, sampled, written)
    return 1 if review.differences else 0


def _trial(folder: Path, policy: Path, report: Path | None) -> int:
    from disburse.audit.report import write_comparison
    from disburse.audit.trial import trial

    compared = trial(folder, policy, screen.progress())
    written = write_comparison(compared, report)
    screen.clear()
    printed.show_trial(compared, written)
    return 1 if len(compared.rows) else 0


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


def _given(context: click.Context, name: str) -> Any:
    """A common option, where it was written before the command: a standing setting is not asked for by itself."""
    group = context.parent
    if group is not None and group.get_parameter_source(name) is ParameterSource.COMMANDLINE:
        return context.obj[name]
    return None
