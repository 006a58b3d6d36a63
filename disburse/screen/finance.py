"""What the finance office's commands print."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

import click

from disburse.language import say
from disburse.money import yuan
from disburse.screen import show_skipped, show_table

if TYPE_CHECKING:
    from collections.abc import Mapping

    from disburse.batch import Posted, Run
    from disburse.bookkeeping import History
    from disburse.store import Receipt
    from disburse.store.backup import Copied
    from disburse.store.history import Totals
    from disburse.store.reversal import Returned


def show_run(month: str, result: Run) -> None:
    """The month in ten lines, and what to do next."""
    from disburse.settlement import STATUSES
    from disburse.workbooks.words import STATUS, word

    rows = result.settlement.rows
    counts = rows["status"].value_counts()
    click.echo(say(f"{month}：共 {len(rows)} 行", f"{month}: {len(rows)} rows"))
    for status in STATUSES:
        if counts.get(status, 0):
            mine = rows[rows["status"] == status]
            money = yuan(int(mine["paid_fen"].fillna(0).sum()), thousands=True)
            paid = say(f"，{money} 元", f", {money} yuan") if status in ("paid", "reduced") else ""
            click.echo(
                "  "
                + say(f"{word(STATUS, status)}（{status}）{counts[status]} 行", f"{status}: {counts[status]} rows")
                + paid
            )
    totals = [yuan(fen, thousands=True) for fen in result.settlement.totals]
    click.echo(
        say(
            f"核定 {totals[0]} 元 = 拨付 {totals[1]} 元 + 未拨付 {totals[2]} 元",
            f"approved {totals[0]} = paid {totals[1]} + withheld {totals[2]} yuan",
        )
    )
    show_skipped(result.skipped)
    for line in result.said:
        click.echo(line)
    if result.not_checked:
        click.echo(say("未核对：", "Not checked: ") + say("、", ", ").join(result.not_checked))
    for item in result.open_items.itertuples():
        click.echo(
            say(
                f"未结：{item.application_no}（分期 {item.instalment}，{item.batch} {word(STATUS, item.status)}）未再报送",
                f"Open: {item.application_no} (instalment {item.instalment}, {item.batch} {item.status}) was not sent again",
            )
        )
    click.echo(say(f"运行编号 {result.run_hash[:12]}", f"run {result.run_hash[:12]}"))
    click.echo(
        say(
            f"下一步：核对并签字 {result.folder}/ledger.xlsx，再运行 disburse post {result.folder} --prepared-by 制表人 --approved-by 审批人",
            f"Next: check and sign {result.folder}/ledger.xlsx, then disburse post {result.folder} --prepared-by … --approved-by …",
        ),
        err=True,
    )


def show_receipt(posted: Posted) -> None:
    from disburse.receipt import receipt_lines

    if posted.receipt.already:
        click.echo(say("此前已记账，本次没有重复记账。", "Booked before; nothing was booked again."))
    for line in receipt_lines(posted.receipt):
        click.echo(line)
    if posted.unwritten:
        click.echo(
            say(
                f"已记账，但回执没能写入 {posted.file}（{posted.unwritten}）；可以写入后再运行一次同一命令，不会重复记账。",
                f"Booked, but the receipt could not be written to {posted.file} ({posted.unwritten}); make it writable and run "
                "the same command again, nothing is booked twice.",
            ),
            err=True,
        )
    else:
        click.echo(say(f"回执：{posted.file}", f"receipt: {posted.file}"), err=True)


def show_brought_forward(receipt: Receipt) -> None:
    """What was taken in from before."""
    if receipt.already:
        click.echo(
            say("此前已导入同样的内容，本次没有重复记账。", "The same was taken in before; nothing was booked again.")
        )
    total = yuan(receipt.total_fen, thousands=True)
    click.echo(
        say(f"批次 {receipt.batch}：期初 {receipt.lines} 笔，合计 {total} 元，以后的计算都会计入",
            f"batch {receipt.batch}: {receipt.lines} opening lines, {total} yuan, counted from now on")
    )  # fmt: skip
    click.echo(say(f"链首 {receipt.sequence} {receipt.head}", f"head {receipt.sequence} {receipt.head}"))


def show_returned(returned: Returned) -> None:
    """What came back, payment by payment: the net before and after."""
    receipt = returned.receipt
    if receipt.already:
        click.echo(say("此前已记账，本次没有重复记账。", "Booked before; nothing was booked again."))
    total = yuan(-receipt.total_fen, thousands=True)
    click.echo(
        say(f"批次 {receipt.batch}：冲正 {receipt.lines} 笔，合计 {total} 元",
            f"batch {receipt.batch}: {receipt.lines} reversals, {total} yuan")
    )  # fmt: skip
    for line in returned.lines:
        before, after = yuan(line.before_fen, thousands=True), yuan(line.after_fen, thousands=True)
        click.echo(
            "  "
            + say(
                f"{line.application_no}（分期 {line.instalment}，批次 {line.batch}）{line.applicant_name}："
                f"{line.reason}，凭证 {line.document_no}，净额 {before} → {after} 元",
                f"{line.application_no} (instalment {line.instalment}, batch {line.batch}) {line.applicant_name}: "
                f"{line.reason}, document {line.document_no}, net {before} → {after} yuan",
            )
        )
    click.echo(say(f"链首 {receipt.sequence} {receipt.head}", f"head {receipt.sequence} {receipt.head}"))
    if any(line.after_fen == 0 for line in returned.lines):
        click.echo(
            say(
                "全额冲正的申报可以改正收款信息后再次报送（补发）。",
                "What was taken back wholly may be sent and paid again.",
            ),
            err=True,
        )


def show_settled(returned: Returned | None) -> None:
    """The failures booked; or that there was none."""
    if returned is None:
        click.echo(
            say("银行结果全部成功，没有需要记账的退票。", "Every payment went through; there is nothing to book.")
        )
    else:
        show_returned(returned)


def show_copied(copied: Copied, done: str) -> None:
    """What a backup or a restored book holds; all of it was read again."""
    net = yuan(copied.net_fen, thousands=True)
    click.echo(
        done
        + say(f"：{copied.batches} 批 {copied.lines} 笔，净额 {net} 元，已核对",
              f": {copied.batches} batches, {copied.lines} lines, net {net} yuan, verified")
    )  # fmt: skip
    click.echo(
        say(f"链首 {copied.head.sequence} {copied.head.hash}", f"head {copied.head.sequence} {copied.head.hash}")
    )


def show_history(found: History, form: str | None) -> None:
    """The lines asked for, as they are read: for people, or whole as CSV or JSON."""
    if form == "csv":
        _history_csv(found)
    elif form == "json":
        _history_json(found)
    elif found.totals is None:
        _open_items(found)
    else:
        _booked(found, found.totals)


def _booked(found: History, totals: Totals) -> None:
    headings = (
        say("批次", "batch"), say("笔", "line"), say("日期", "date"), say("申报编号", "application"), say("期", "inst."),
        say("措施", "measure"), say("企业", "applicant"), say("金额(元)", "yuan"), say("净额(元)", "net"), say("说明", "remark"),
    )  # fmt: skip
    show_table(headings, map(_booked_line, found.lines), right=(1, 4, 7, 8))
    if not totals.payments and not totals.reversals:
        click.echo(say("没有符合条件的记账。", "Nothing was booked that fits."))
        return
    paid, back, net = (yuan(fen, thousands=True) for fen in (totals.paid_fen, totals.back_fen, totals.net_fen))
    click.echo(
        say(f"拨付 {totals.payments} 笔 {paid} 元，冲正 {totals.reversals} 笔 {back} 元，净额 {net} 元",
            f"{totals.payments} payments {paid}, {totals.reversals} reversals {back}, net {net} yuan")
    )  # fmt: skip


def _booked_line(line: Mapping[str, Any]) -> tuple[str, ...]:
    refers = f"{line['refers_to_batch']}!{line['refers_to_line']}" if line["refers_to_batch"] else ""
    said = {
        "reversal": say(f"{line['reason']} {line['document_no']}，冲 {refers}", f"{line['reason']} {line['document_no']}, of {refers}"),
        "opening": say(f"期初 {line['document_no']}", f"opening {line['document_no']}"),
        "payment": say(f"补发 {refers}", f"paid again {refers}") if refers else "",
    }  # fmt: skip
    net = "" if line["net_fen"] is None else yuan(line["net_fen"], thousands=True)
    return (
        line["batch"], str(line["line"]), line["pay_date"], line["application_no"], str(line["instalment"]), line["measure"],
        line["applicant_name"], yuan(line["paid_fen"], thousands=True), net, said[line["kind"]].strip(),
    )  # fmt: skip


def _open_items(found: History) -> None:
    from disburse.workbooks.words import STATUS, word

    headings = (
        say("批次", "batch"), say("状态", "status"), say("申报编号", "application"), say("期", "inst."), say("措施", "measure"),
        say("企业", "applicant"), say("报送单位", "bureau"), say("核定金额(元)", "approved"), say("问题", "reasons"),
    )  # fmt: skip
    count = 0

    def told(item: Mapping[str, Any]) -> tuple[str, ...]:
        nonlocal count
        count += 1
        approved = "" if item["approved_fen"] is None else yuan(item["approved_fen"], thousands=True)
        return (
            item["batch"], word(STATUS, item["status"]), item["application_no"], str(item["instalment"]), item["measure"],
            item["applicant_name"], item["bureau"], approved, item["reasons"],
        )  # fmt: skip

    show_table(headings, map(told, found.lines), right=(3, 7))
    click.echo(say(f"未结 {count} 项", f"{count} open items"))


def _columns(found: History) -> dict[str, str]:
    """Heading → field of everything there is to tell."""
    from disburse.store.history import LINES, OPEN_ITEMS

    return {field.removesuffix("_fen"): field for field in (OPEN_ITEMS if found.totals is None else LINES)}


def _history_csv(found: History) -> None:
    from disburse.records import streamed

    sys.stdout.buffer.writelines(streamed(_columns(found), found.lines))
    sys.stdout.buffer.flush()


def _history_json(found: History) -> None:
    """One document, written line by line."""
    columns = _columns(found)
    head = {}
    if found.totals is not None:
        totals = found.totals
        head = {
            "payments": totals.payments, "paid": yuan(totals.paid_fen),
            "reversals": totals.reversals, "back": yuan(totals.back_fen), "net": yuan(totals.net_fen),
        }  # fmt: skip
    click.echo("{" + (f'"totals": {json.dumps(head)},' if head else ""))
    click.echo('"lines": [', nl=False)
    comma = ""
    for line in found.lines:
        told = {
            heading: yuan(line[field]) if field.endswith("_fen") and line[field] is not None else line[field]
            for heading, field in columns.items()
        }
        click.echo(f"{comma}\n  {json.dumps(told, ensure_ascii=False)}", nl=False)
        comma = ","
    click.echo("\n]}")
