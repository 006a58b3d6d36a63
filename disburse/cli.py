"""The commands: parse, call, print. Nothing heavy is imported before a command runs."""

from __future__ import annotations

import re
import sys
from collections import Counter
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from disburse import __version__, screen, settings
from disburse.errors import Mendable
from disburse.language import say

if TYPE_CHECKING:
    from collections.abc import Callable

    from disburse.batch import Checked
    from disburse.dossier import Inputs

LISTS = ("exclusions", "awards", "register", "budget", "waivers")


def main() -> None:
    """Entry point: settle the language first, then build the commands in it."""
    try:
        defaults = settings.from_file(Path.cwd())
        settings.choose_language(sys.argv[1:], defaults)
    except Mendable as error:
        click.echo(say(f"错误：{error}", f"Error: {error}"), err=True)
        sys.exit(2)
    group()(prog_name="disburse", auto_envvar_prefix="DISBURSE", default_map=defaults)


class Commands(click.Group):
    """A group whose commands are built when asked for, in the language chosen; what can be mended ends with status 2."""

    def list_commands(self, _: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, _: click.Context, name: str) -> click.Command | None:
        if name not in COMMANDS:
            return None
        command = COMMANDS[name]()
        command.options_metavar = say("[选项]", "[OPTIONS]")
        return command

    def invoke(self, context: click.Context) -> Any:
        try:
            return super().invoke(context)
        except Mendable as error:
            screen.clear()
            raise Unfinished(str(error)) from None
        except KeyboardInterrupt:
            screen.clear()
            raise Unfinished(
                say("已中断，没有写出任何文件；请再运行一次", "interrupted, nothing was written; run it again")
            ) from None


class Command(click.Command):
    """A command that refuses an option given twice: the first value would be dropped without a word."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        single = {
            name
            for param in self.params
            if isinstance(param, click.Option) and not param.multiple
            for name in param.opts
        }
        given = Counter(argument.split("=")[0] for argument in args if argument.startswith("-"))
        for name, times in given.items():
            if name in single and times > 1:
                raise click.UsageError(
                    say(f"{name} 给出了 {times} 次，请只给一次", f"{name} was given {times} times; give it once"), ctx
                )
        return super().parse_args(ctx, args)


class Day(click.ParamType[Any]):
    """A day written 2025-06-30."""

    name = "date"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        try:
            if not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", value):
                raise ValueError(value)
            return date.fromisoformat(value)
        except ValueError:  # also a day that is not there, 2025-06-31
            self.fail(
                say(f"{value} 不是日期，应写作 2025-06-30", f"{value} is no day; write it as 2025-06-30"), param, ctx
            )


class Unfinished(click.ClickException):
    """Not done: usage, unreadable input, or refused."""

    exit_code = 2


def group() -> click.Group:
    @click.group(
        cls=Commands,
        help=say(
            "把各单位报送的补贴申报表算成可签字、可审计、可拨付的清单。\n\n"
            "每月：template 发表 → check 自查 → run 计算 → post 记账。",
            "From the bureaus' workbooks of approved applications to a ledger that can be signed, audited and paid.\n\n"
            "Each month: template, check, run, post.",
        ),
        context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
        options_metavar=say("[选项]", "[OPTIONS]"),
        subcommand_metavar=say("命令 [参数]...", "COMMAND [ARGS]..."),
    )
    @click.version_option(__version__, prog_name="disburse")
    @click.option(
        "--store",
        default="sqlite:///disburse.db",
        show_default=True,
        show_envvar=True,
        help=say("账簿：已拨付记录所在的数据库。", "The store of what was booked."),
    )
    @click.option(
        "--policy",
        type=click.Path(path_type=Path),
        show_envvar=True,
        help=say("政策文件；默认为随附的东府〔2025〕2号。", "Policy file; default: the shipped 东府〔2025〕2号."),
    )
    @click.option(
        "--lang", type=click.Choice(["zh", "en"]), default="zh", show_default=True, show_envvar=True,
        help=say("说明、信息和表格所用的语言。", "Language of help, messages and workbooks."),
    )  # fmt: skip
    @click.pass_context
    def disburse(context: click.Context, store: str, policy: Path | None, lang: str) -> None:  # noqa: ARG001 - settled in main, before the first word
        context.obj = {"store": store, "policy": policy}

    return disburse


def _list_options(command: Callable[..., Any]) -> Callable[..., Any]:
    titles = {
        "exclusions": say("不予资助名单", "exclusion list"),
        "awards": say("其他政策已获资助清单", "awards under other policies"),
        "register": say("认定名录", "register of the recognised"),
        "budget": say("预算表", "budget list"),
        "waivers": say("放行清单", "waivers"),
    }
    for name in reversed(LISTS):
        option = click.option(
            f"--{name}",
            type=click.Path(path_type=Path, readable=False),
            metavar="FILE",
            help=titles[name] + say("。", "."),
        )
        command = option(command)
    return command


def _pay_date(default: str) -> Callable[..., Any]:
    text = say(f"拨付日，如 2025-06-30；{default}。", "Pay date, e.g. 2025-06-30.")
    return click.option("--pay-date", type=Day(), metavar="DATE", help=text)


def _inputs(policy: Path | None, lists: dict[str, Path | None], pay_date: date | None) -> Inputs:
    from disburse.batch import default_policy
    from disburse.dossier import Inputs

    given = {name: path for name, path in lists.items() if path is not None}
    return Inputs((), policy or default_policy(), given, pay_date)


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
        "--list", "name", type=click.Choice(["register", "exclusions", "awards", "budget", "waivers"]),
        help=say("生成这一名单的表。", "Make the form of this list."),
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
    @_pay_date(say("不给则不检查与拨付日有关的各项", ""))
    @_list_options
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

        inputs = _inputs(common["policy"], lists, pay_date)
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
    (screen.check_json if as_json else screen.show_check)(checked, placed, counts)
    if checked.stopped:
        names = say("、", ", ").join(sorted({each.name for each in checked.stopped}))
        click.echo(say(f"未能读取：{names}；请按上面的提示改正。", f"Could not be read: {names}."), err=True)
        return 2
    if TO_MEND & counts.keys():
        click.echo(say("请按 → 后的提示改正后再报送。", "Mend what stands after → before sending."), err=True)
        return 1
    return 0


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
    @_pay_date(say("默认为当月最后一天", ""))
    @_list_options
    @click.pass_obj
    def command(
        common: dict[str, Any], /, month: str, files: tuple[Path, ...], out: Path, pay_date: Any, **lists: Path | None
    ) -> None:
        from disburse import batch

        month, last_day = batch.month_of(month)
        inputs = _inputs(common["policy"], lists, pay_date or last_day)
        result = batch.run(month, files, inputs, out, common["store"], screen.progress())
        screen.clear()
        screen.show_run(month, result)

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

        receipt = batch.post(folder, common["store"], prepared_by, approved_by, reviewed_by, screen.progress())
        screen.clear()
        screen.show_receipt(receipt)

    command.name = "post"
    return command


def codes() -> click.Command:
    @click.command(
        cls=Command,
        help=say("列出全部问题代码：含义和改正办法。", "The catalogue of findings: what each means, how to mend it."),
    )
    @click.option("--json", "as_json", is_flag=True, help=say("以 JSON 输出。", "Print JSON."))
    def command(as_json: bool) -> None:
        screen.show_codes(as_json)

    command.name = "codes"
    return command


COMMANDS: dict[str, Callable[[], click.Command]] = {
    "template": template,
    "check": check,
    "run": run,
    "post": post,
    "codes": codes,
}
