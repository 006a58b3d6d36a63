"""What several commands share: a command that refuses repeated options, days, and the options for the lists."""

from __future__ import annotations

import re
from collections import Counter
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from disburse.language import say

if TYPE_CHECKING:
    from collections.abc import Callable

    from disburse.dossier import Inputs

LISTS = ("exclusions", "awards", "register", "budget", "waivers")


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


def list_options(command: Callable[..., Any]) -> Callable[..., Any]:
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


def pay_date_option(default: str) -> Callable[..., Any]:
    text = say(f"拨付日，如 2025-06-30；{default}。", "Pay date, e.g. 2025-06-30.")
    return click.option("--pay-date", type=Day(), metavar="DATE", help=text)


def inputs_of(policy: Path | None, lists: dict[str, Path | None], pay_date: date | None) -> Inputs:
    from disburse.batch import default_policy
    from disburse.dossier import Inputs

    given = {name: path for name, path in lists.items() if path is not None}
    return Inputs((), policy or default_policy(), given, pay_date)
