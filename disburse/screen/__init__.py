"""What the commands print: results on standard output, the way there on standard error."""

from __future__ import annotations

import sys
import unicodedata
from itertools import chain, islice
from typing import TYPE_CHECKING

import click

from disburse.language import say

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Sequence


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


FITTED = 500
"""Lines that decide how wide the columns of a table are; the rest is printed as it is read."""


def show_table(headings: Sequence[str], lines: Iterable[Sequence[str]], right: Collection[int] = ()) -> None:
    """A table for a screen where a Chinese sign takes two places. right: columns that end in one line, as numbers do.

    Nothing is printed without lines.
    """
    rest = iter(lines)
    first = [*islice(rest, FITTED)]
    if not first:
        return
    widths = [max(map(_wide, column)) for column in zip(headings, *first, strict=True)]
    for line in chain([headings], first, rest):
        padded = [
            " " * (width - _wide(text)) + text if place in right else text + " " * (width - _wide(text))
            for place, (text, width) in enumerate(zip(line, widths, strict=True))
        ]
        click.echo("  ".join(padded).rstrip())


def _wide(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(sign) in "WF" else 1 for sign in text)
