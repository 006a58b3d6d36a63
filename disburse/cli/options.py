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
    from disburse.store import Signatures

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


class Yuan(click.ParamType[int]):
    """An amount in yuan, read like a cell of a workbook; fen."""

    name = "yuan"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        from disburse.intake.cells import Fault, amount
        from disburse.money import FEN_PER

        fen = amount(str(value), FEN_PER["元"], "")
        if isinstance(fen, Fault) or not isinstance(fen, int):
            self.fail(
                say(f"{value} 不是金额，应写作 1234.50（元，至多两位小数）", f"{value} is no amount; write it as 1234.50 (yuan)"),
                param, ctx,
            )  # fmt: skip
        return fen


class Month(click.ParamType[str]):
    """A month written 2025-06."""

    name = "month"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        if not re.fullmatch(r"[0-9]{4}-(0[1-9]|1[0-2])", value):
            self.fail(say(f"{value} 不是月份，应写作 2025-06", f"{value} is no month; write it as 2025-06"), param, ctx)
        return str(value)


class ChainHead(click.ParamType[tuple[int, str]]):
    """The head of the chain as a receipt prints it: number and hash, or the hash's first twelve signs."""

    name = "head"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[int, str]:
        within = re.fullmatch(r"([0-9]{1,9})[ :：]\s*([0-9a-f]{12,64})…?", str(value).strip().lower())
        if within is None:
            self.fail(
                say(f"{value} 不是链首，请照回执写作“3:校验码”（校验码至少 12 位）",
                    f"{value} is no head; write it as the receipt does, “3:HASH” (at least 12 signs)"),
                param, ctx,
            )  # fmt: skip
        return int(within[1]), within[2]


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


def signature_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Who answers for what is booked."""
    people = (
        ("--prepared-by", True, say("制表人。", "Who prepared it.")),
        ("--approved-by", True, say("审批人，与制表人不同。", "Who approved it.")),
        ("--reviewed-by", False, say("复核人，与前两人不同。", "Who reviewed it.")),
    )
    for name, required, text in reversed(people):
        command = click.option(name, required=required, metavar="NAME", help=text)(command)
    return command


def signatures(people: dict[str, str | None]) -> Signatures:
    """The names given to signature_options. Raises Usage where two are one."""
    from disburse.store import Signatures

    return Signatures(people["prepared_by"] or "", people["approved_by"] or "", people["reviewed_by"])
