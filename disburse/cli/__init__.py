"""The commands: parse, call, print. Nothing heavy is imported before a command runs."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from disburse import __version__, screen, settings
from disburse.cli import auditor, bureau, finance
from disburse.errors import Mendable
from disburse.language import say

if TYPE_CHECKING:
    from collections.abc import Callable


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


class Unfinished(click.ClickException):
    """Not done: usage, unreadable input, or refused."""

    exit_code = 2


def group() -> click.Group:
    @click.group(
        cls=Commands,
        help=say(
            "把各单位报送的补贴申报表算成可签字、可审计、可拨付的清单。\n\n"
            "每月：template 发表 → check 自查 → run 计算 → post 记账。退回的款项用 reverse 冲正，history 查询，verify 核对账簿。",
            "From the bureaus' workbooks of approved applications to a ledger that can be signed, audited and paid.\n\n"
            "Each month: template, check, run, post. Money that came back: reverse. Ask with history; verify the book.",
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


COMMANDS: dict[str, Callable[[], click.Command]] = {
    "template": bureau.template,
    "check": bureau.check,
    "run": finance.run,
    "post": finance.post,
    "reverse": finance.reverse,
    "settle": finance.settle,
    "import": finance.import_,
    "history": finance.history,
    "backup": finance.backup,
    "restore": finance.restore,
    "verify": auditor.verify,
    "recheck": auditor.recheck,
    "explain": auditor.explain,
    "codes": bureau.codes,
}
