"""What `check` and `codes` print."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import asdict
from itertools import groupby
from typing import TYPE_CHECKING, Any

import click

from disburse.language import say
from disburse.screen import show_skipped

if TYPE_CHECKING:
    from collections.abc import Iterable

    from disburse.batch import Checked
    from disburse.findings import Placed


def show_findings(placed: Iterable[Placed]) -> None:
    """Every finding, by file: place, severity, title, what was found, how to mend."""
    from disburse.findings import catalogue
    from disburse.workbooks.words import SEVERITY, word

    for file, findings in groupby(placed, key=lambda each: each.source_file):
        click.echo(click.style(file, bold=True))
        for each in findings:
            place = "!".join(part for part in (each.source_sheet, each.cell) if part)
            number = say(f"申报编号 {each.application_no}", f"application {each.application_no}")
            parts = (place, number if each.application_no else "", f"[{word(SEVERITY, each.severity)}]")
            title = f"{each.code} {catalogue()[each.code].title}"
            click.echo("  " + "  ".join(part for part in (*parts, title) if part))
            click.echo(f"      {each.message} → {each.remedy}")


MANY = 20
"""Findings beyond which they are also counted by code, below the list, where the eye ends up."""


def show_counts(placed: Iterable[Placed]) -> None:
    """How often each code was found, in order of precedence."""
    from disburse.findings import catalogue, precedence
    from disburse.workbooks.words import SEVERITY, word

    counts = Counter(each.code for each in placed)
    click.echo(say("各类问题：", "By kind:"))
    for code in sorted(counts, key=precedence):
        severity = word(SEVERITY, catalogue()[code].severity)
        click.echo(f"  [{severity}]  {code} {catalogue()[code].title}  {counts[code]}")


def show_next_step(checked: Checked, *, to_mend: bool) -> None:
    """What a clerk does now; nothing where no row was read, which is said already."""
    if not to_mend:
        if len(checked.settlement.rows):
            click.echo(say("下一步：可以报送。", "Next: send it."), err=True)
    elif checked.copies:
        click.echo(
            say(
                "下一步：打开标注副本，按“问题清单”逐条改正并保存，再检查这个副本；没有问题后报送。",
                "Next: open the marked copy, mend it along its list, save and check it again; send it when it is clean.",
            ),
            err=True,
        )
    else:
        click.echo(
            say(
                "下一步：按每条 → 后面的办法改正，保存后再检查；加 --annotate 标注 可得到标出问题的副本。",
                "Next: mend what stands after →, save and check again; --annotate DIR gives a copy with the faults marked.",
            ),
            err=True,
        )


def show_check(checked: Checked, placed: list[Placed], counts: dict[str, int]) -> None:
    """The findings, what could not be checked, and one line that sums up."""
    from disburse.workbooks.words import SEVERITY, word

    show_findings(placed)
    if len(placed) > MANY:
        show_counts(placed)
    show_skipped(checked.skipped)
    _show_replaced(checked)
    for copy in checked.copies:
        click.echo(say(f"标注副本：{copy.file}（{copy.count} 处）", f"Marked copy: {copy.file} ({copy.count})"))
    if checked.not_checked:
        click.echo(say("未核对：", "Not checked: ") + say("；", "; ").join(checked.not_checked))
    rows = len(checked.settlement.rows)
    found = "，".join(f"{word(SEVERITY, severity)} {count}" for severity, count in counts.items())
    total = sum(counts.values())
    if total:
        click.echo(say(f"共 {rows} 行，{total} 个问题：{found}。", f"{rows} rows, {total} findings: {found}."))
    elif rows:
        click.echo(say(f"共 {rows} 行：没有问题。", f"{rows} rows: nothing found."))
    if not rows and not checked.stopped:
        click.echo(
            say(
                "没有读到任何申报行：请从表头下面第一个空行起填写，每行要有申报编号。",
                "No application was read: fill in from the first line below the headings, each with its number.",
            )
        )


def _show_replaced(checked: Checked) -> None:
    """The rows that another one, marked 更正, has put out of force: whoever marked it by mistake must see it."""
    rows = checked.settlement.rows
    for row in rows[rows["status"] == "replaced"].to_dict("records"):
        place = (row["source_file"], row["source_sheet"], str(row["source_row"]))
        said = "  ".join(("!".join(filter(None, place)), row["application_no"], row["applicant_name"]))
        click.echo(
            say(f"已被“更正”的行替换，不再计算：{said}", f"Replaced by a row marked 更正, not calculated: {said}")
        )


def check_json(checked: Checked, placed: list[Placed], counts: dict[str, int]) -> None:
    document = {
        "rows": len(checked.settlement.rows),
        "counts": dict(counts),
        "not_checked": list(checked.not_checked),
        "skipped": list(checked.skipped),
        "copies": [str(copy.file) for copy in checked.copies],
        "findings": [_public(each) for each in placed],
    }
    click.echo(json.dumps(document, ensure_ascii=False, indent=2))


def _public(placed: Placed) -> dict[str, Any]:
    from disburse.records import FINDINGS

    every = asdict(placed)
    return {name: every[name] for name in FINDINGS}


def show_codes(as_json: bool) -> None:
    """The catalogue of findings."""
    from disburse.findings import catalogue
    from disburse.workbooks.words import SEVERITY, word

    if as_json:
        entries = [
            {"code": each.code, "severity": each.severity, "title": str(each.title), "message": str(each.message),
             "remedy": str(each.remedy)}
            for each in catalogue().values()
        ]  # fmt: skip
        click.echo(json.dumps(entries, ensure_ascii=False, indent=2))
        return
    for each in catalogue().values():
        click.echo(f"{each.code}  {each.severity}（{word(SEVERITY, each.severity)}）  {each.title}")
        click.echo(f"    {each.message}")
        click.echo(f"    → {each.remedy}")
