"""What the auditor's commands print."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from disburse.language import say

if TYPE_CHECKING:
    from pathlib import Path

    from disburse.audit.review import Review
    from disburse.verify.compare import Difference

SHOWN = 40
"""Differences on the screen; the report has them all."""


def show_review(review: Review, report: Path) -> None:
    """What was compared, and only what differs."""
    for name, value in review.facts:
        click.echo(name + say("：", ": ") + value)
    for check in review.checks:
        count = len(check.differences)
        answer = say(f"{count} 处差异", f"{count} differences") if count else say("无差异", "no difference")
        click.echo(f"  {check.title}  {check.extent}  {answer}".replace("    ", "  "))
    for line in review.control:
        click.echo(line)
    for difference in review.differences[:SHOWN]:
        show_difference(difference)
    more = len(review.differences) - SHOWN
    if more > 0:
        click.echo(say(f"  还有 {more} 处，见复核报告", f"  {more} more, see the report"))
    click.echo(say(f"复核报告 {report}", f"Report {report}"))


def show_difference(each: Difference) -> None:
    """One difference: where, about what, expected, found, apart."""
    place = "!".join(part for part in (each.sheet, each.cell) if part)
    where = "  ".join(part for part in (each.file, place, each.application_no, each.column) if part)
    apart = say(f"，相差 {each.difference}", f", apart {each.difference}") if each.difference else ""
    blank = say("（空）", "(blank)")
    expected, found = each.expected or blank, each.found or blank
    click.echo(f"  {where}")
    click.echo("      " + say(f"应为 {expected}，实为 {found}", f"expected {expected}, found {found}") + apart)
