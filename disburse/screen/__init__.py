"""What the commands print: results on standard output, the way there on standard error."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from disburse.language import say

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


def progress() -> Callable[[str], None]:
    """Says each stage on a terminal, in one line that is written over; says nothing in a pipe."""
    if not sys.stderr.isatty():
        return lambda _: None

    def say_stage(stage: str) -> None:
        click.echo(f"\r\x1b[K{stage} …", nl=False, err=True)

    return say_stage


def clear() -> None:
    """Take the progress line away."""
    if sys.stderr.isatty():
        click.echo("\r\x1b[K", nl=False, err=True)


def show_skipped(names: Iterable[str]) -> None:
    for name in names:
        click.echo(say(f"跳过：{name}", f"Skipped: {name}"))
