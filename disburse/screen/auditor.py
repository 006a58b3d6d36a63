"""What the auditor's commands print."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from disburse.language import say
from disburse.money import to_fen, yuan

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from disburse.audit.explanation import Explanation, Reduction
    from disburse.audit.review import Review
    from disburse.audit.trial import Trial
    from disburse.bookkeeping import Verified
    from disburse.verify.compare import Difference
    from disburse.workbooks.review import Sampled

SHOWN = 40
"""Differences on the screen; the report has them all."""


def show_review(review: Review, sampled: Sampled | None, report: Path) -> None:
    """What was compared, and only what differs."""
    record = review.record
    run = (
        say(f"{record['month']} 月运行 {record['run'][:12]}，", f"run {record['run'][:12]} of {record['month']}, ")
        if record
        else ""
    )
    click.echo(say(f"复核 {review.subject}：{run}逐项核对：", f"Review of {review.subject}: {run}compared:"))
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
    if sampled is not None:
        show_sample(sampled)
    click.echo(say(f"复核报告 {report}", f"Report {report}"))


def show_sample(sampled: Sampled) -> None:
    """The rows drawn, and those worth a look."""
    click.echo(sampled.how)
    drawn: list[Any] = list(sampled.drawn.itertuples())
    for number, row in enumerate(drawn, 1):
        place = f"{row.source_file} {row.source_sheet}!{row.source_row}"
        paid = f"{yuan(int(row.paid_fen), thousands=True)}{say(' 元', ' yuan')}"
        click.echo(f"  {number}  {row.application_no}  {row.applicant_name}  {paid}  {place}")
    click.echo(say("值得一看：", "Worth a look:"))
    for row in sampled.risks.itertuples():
        click.echo(f"  {row.application_no}  {row.applicant_name}  {row.why}")


def show_trial(trial: Trial, report: Path) -> None:
    """By measure, then each row that differs."""
    from disburse.audit.trial import heading

    for line in heading(trial):
        click.echo(line)
    measures: list[Any] = list(trial.measures.itertuples())
    rows: list[Any] = list(trial.rows.itertuples())
    for row in measures:
        was, would, more = (yuan(int(fen), thousands=True) for fen in (row.was_fen, row.would_fen, row.more_fen))
        click.echo(f"  {row.title}  {was} → {would}  {more}")
    own, other = trial.totals
    totals = [yuan(fen, thousands=True) for fen in (own, other, other - own)]
    click.echo(
        say(
            f"原拨付 {totals[0]} 元，试算 {totals[1]} 元，增减 {totals[2]} 元；{len(trial.rows)} 行不同",
            f"paid {totals[0]}, would be {totals[1]}, difference {totals[2]} yuan; {len(trial.rows)} rows differ",
        )
    )
    for row in rows[:SHOWN]:
        was, would = (yuan(int(fen), thousands=True) for fen in (row.was_fen, row.would_fen))
        click.echo(f"  {row.application_no}  {row.was_word} {was} → {row.would_word} {would}  {row.reasons}")
    click.echo(say(f"试算结果 {report}", f"Written to {report}"))


def show_difference(each: Difference) -> None:
    """One difference: where, about what, expected, found, apart."""
    place = "!".join(part for part in (each.sheet, each.cell) if part)
    where = "  ".join(part for part in (each.file, place, each.application_no, each.column) if part)
    apart = say(f"，相差 {each.difference}", f", apart {each.difference}") if each.difference else ""
    blank = say("（空）", "(blank)")
    expected, found = each.expected or blank, each.found or blank
    click.echo(f"  {where}")
    click.echo("      " + say(f"应为 {expected}，实为 {found}", f"expected {expected}, found {found}") + apart)


def show_explanations(explanations: Sequence[Explanation]) -> None:
    """Each row's way in words: what was asked, each step, what was said of it, and what it rests on."""
    for explanation in explanations:
        _show_row(explanation)
        _show_steps(explanation)
        _show_said(explanation)
        _show_ground(explanation)


def _show_row(explanation: Explanation) -> None:
    from disburse.workbooks.words import STATUS, word

    row = explanation.outcome
    place = f"{row['source_file']} {row['source_sheet']}!{row['source_row']}"
    click.echo(
        click.style(f"{row['application_no']}  {say('分期', 'instalment')} {row['instalment']}  {place}", bold=True)
    )
    subject = say(f"补贴对象 {row['subject_no']}", f"subject {row['subject_no']}") if row["subject_no"] else ""
    matter = say(f"事项 {row['matter_no']}", f"matter {row['matter_no']}") if row["matter_no"] else ""
    status = f"{word(STATUS, row['status'])}（{row['status']}）" if say("zh", "") else row["status"]
    for name, parts in (
        (say("企业", "Enterprise"), (row["applicant_name"], row["uscc"])),
        (say("措施", "Measure"), (row["measure"], row["article"], subject, matter)),
        (say("报送", "Sent by"), (row["bureau"],)),
        (
            say("结果", "Outcome"),
            (status, _money(say("核定", "approved"), row["approved"]), _money(say("拨付", "paid"), row["paid"])),
        ),
    ):
        click.echo(f"  {name}  " + "  ".join(part for part in parts if part))
    if explanation.payment:
        paid = explanation.payment
        click.echo(f"  {say('收款', 'Payee')}  {paid['payee_name']}  {paid['bank_name']}  {paid['account_no']}")


def _money(name: str, text: str) -> str:
    return f"{name} {_yuan(text)}{say(' 元', ' yuan')}" if text else ""


def _yuan(text: str) -> str:
    return yuan(to_fen(text), thousands=True)


def _show_steps(explanation: Explanation) -> None:
    """The chain of amounts, step by step, as far as the row came."""
    from disburse.records import STEPS
    from disburse.workbooks.words import STEP, word

    row = explanation.outcome
    if not row["entitled"]:
        click.echo(say("  没有计算到金额：", "  No amount was calculated: ") + (row["reasons"] or row["status"]))
        return
    click.echo("  " + _money(say("核定", "approved"), row["approved"]))
    for step in STEPS:
        mine = [each for each in explanation.reductions if each.cut["step"] == step]
        if not mine:
            click.echo(f"  {word(STEP, step)}  {say('没有核减', 'no reduction')}")
        for each in mine:
            _show_reduction(word(STEP, step), each)
        if mine and not to_fen(mine[-1].cut["after"]):
            break  # it went no further
    click.echo("  " + _money(say("拨付", "paid"), row["paid"]))


def _show_reduction(step: str, each: Reduction) -> None:
    from disburse.audit.explanation import this_batch
    from disburse.workbooks.words import titles

    cut = each.cut
    click.echo(
        f"  {step}  {_yuan(cut['before'])} → {_yuan(cut['after'])}{say(' 元', ' yuan')}  "
        f"{titles([cut['code']])}（{cut['code']}）  {each.title}  {cut['article']}"
    )
    if each.message:
        click.echo(f"      {each.message}")
    if cut["ceiling"] and cut["step"] != "entitlement" and (equation := _equation(cut)):
        click.echo(f"      {equation}")
    for line in each.booked:
        batch = (
            line["batch"] if line["batch"] == this_batch() else say(f"批次 {line['batch']}", f"batch {line['batch']}")
        )
        row = say(
            f"{line['application_no']} 分期 {line['instalment']}", f"{line['application_no']}/{line['instalment']}"
        )
        net = f"{_yuan(line['net'])}{say(' 元', ' yuan')}"
        click.echo("      " + say(f"其中{batch}：{row}，{net}", f"of which {batch}: {row}, {net}"))
    if each.batches and not each.booked:
        click.echo("      " + say("已用批次：", "used in batches: ") + "、".join(each.batches))


def _equation(cut: dict[str, str]) -> str:
    """Ceiling − used before = left. "" where something else was decisive: how often it may be paid, not how much."""
    ceiling, used, after = (to_fen(cut[name]) for name in ("ceiling", "used_before", "after"))
    left = max(ceiling - used, 0)
    if left != after and cut["step"] != "budget":
        return ""
    return say(
        f"上限 {_yuan(cut['ceiling'])} − 此前已用 {_yuan(cut['used_before'])} = 余 {_yuan(yuan(left))} 元",
        f"ceiling {_yuan(cut['ceiling'])} − used before {_yuan(cut['used_before'])} = left {_yuan(yuan(left))} yuan",
    )


def _show_said(explanation: Explanation) -> None:
    """What the findings say that no reduction has said already; waivers; other rows of the matter."""
    from disburse.workbooks.words import STATUS, titles, word

    told = {each.cut["code"] for each in explanation.reductions if each.message}
    for line in explanation.findings:
        if line["code"] not in told:
            click.echo(f"  {line['cell']}  {titles([line['code']])}（{line['code']}）：{line['message']}")
            click.echo(f"      → {line['remedy']}")
    for line in explanation.waivers:
        click.echo(
            say(
                f"  经放行：{line['code_title']}（{line['code']}），批准人 {line['approver']}，理由：{line['reason']}",
                f"  Waived: {line['code_title']} ({line['code']}), by {line['approver']}: {line['reason']}",
            )
        )
    for line in explanation.matter:
        amounts = (_money(say("应享", "entitled"), line["entitled"]), _money(say("拨付", "paid"), line["paid"]))
        parts = (line["application_no"], line["measure"], word(STATUS, line["status"]), *amounts, line["reasons"])
        click.echo(say("  同一事项：", "  Same matter: ") + "  ".join(part for part in parts if part))


def _show_ground(explanation: Explanation) -> None:
    """The policy, its readings, and the run all this is quoted from."""
    for line in explanation.readings:
        click.echo(say("  口径：", "  Reading: ") + f"{line['point']}：{line['reading']}（{line['status']}）")
    record = explanation.record
    click.echo(
        say(
            f"  依据：{record['policy']['document']}，{record['month']} 月运行 {record['run'][:12]}，拨付日 {record['pay_date']}",
            f"  By {record['policy']['document']}, run {record['run'][:12]} of {record['month']}, pay date {record['pay_date']}",
        )
    )


def explanations_json(explanations: Sequence[Explanation]) -> None:
    click.echo(json.dumps([_document(each) for each in explanations], ensure_ascii=False, indent=2))


def _document(each: Explanation) -> dict[str, Any]:
    record = each.record
    return {
        "run": record["run"], "month": record["month"], "pay_date": record["pay_date"], "policy": record["policy"],
        **each.outcome,
        "reasons": [code for code in each.outcome["reasons"].split(";") if code],
        "payment": each.payment,
        "reductions": [
            {**one.cut, "title": one.title, "message": one.message, "batches": one.batches, "booked": one.booked}
            for one in each.reductions
        ],
        "findings": each.findings, "waivers": each.waivers, "same_matter": each.matter, "readings": each.readings,
    }  # fmt: skip


def show_verified(verified: Verified, heads: int) -> None:
    """What is wrong, by place; or that nothing is, and what that was held against."""
    for fault in verified.faults:
        place = [
            say(f"批次 {fault.batch}", f"batch {fault.batch}") if fault.batch else "",
            say(f"第 {fault.line} 笔", f"line {fault.line}") if fault.line else "",
            say(f"申报编号 {fault.application_no}", f"application {fault.application_no}")
            if fault.application_no
            else "",
        ]
        named = say("，", ", ").join(filter(None, place))
        click.echo(f"{named}{say('：', ': ')}{fault.said}" if named else fault.said)
    end = verified.head
    click.echo(say(f"链首 {end.sequence} {end.hash}", f"head {end.sequence} {end.hash}"))
    if verified.faults:
        click.echo(
            say(
                f"账簿有 {len(verified.faults)} 处与记账时不符。请勿再记账，保留现状，用备份（disburse restore）和签字的清单查对。",
                f"The book differs from what was booked in {len(verified.faults)} places. Book nothing more, keep it as it is, "
                "and compare it with a backup (disburse restore) and the signed ledgers.",
            ),
            err=True,
        )
    elif heads:
        click.echo(
            say(
                f"账簿完整，并与给出的 {heads} 个链首相符。",
                f"The book is whole and agrees with the {heads} heads given.",
            )
        )
    else:
        click.echo(
            say(
                "账簿前后一致。末尾是否被删去，请与最近一份回执上的链首对照（--head 序号:校验码）。",
                "The book is whole in itself. Whether its end was cut off, only the last receipt can tell (--head SEQ:HASH).",
            )
        )
