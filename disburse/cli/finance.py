"""The finance office's commands: calculate the month, book it, take back what came back, and ask what was paid."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from disburse import screen
from disburse.cli.options import (
    Command,
    Day,
    Month,
    Yuan,
    inputs_of,
    list_options,
    pay_date_option,
    signature_options,
    signatures,
)
from disburse.language import say
from disburse.screen import finance as printed


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
    @pay_date_option(say("默认为当月最后一天", ""))
    @list_options
    @click.pass_obj
    def command(
        common: dict[str, Any], /, month: str, files: tuple[Path, ...], out: Path, pay_date: Any, **lists: Path | None
    ) -> None:
        from disburse import batch

        month, last_day = batch.month_of(month)
        inputs = inputs_of(common["policy"], lists, pay_date or last_day)
        result = batch.run(month, files, inputs, out, common["store"], screen.progress())
        screen.clear()
        printed.show_run(month, result)

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
    @signature_options
    @click.pass_obj
    def command(
        common: dict[str, Any], folder: Path, prepared_by: str, approved_by: str, reviewed_by: str | None
    ) -> None:
        from disburse import batch

        posted = batch.post(folder, common["store"], prepared_by, approved_by, reviewed_by, screen.progress())
        screen.clear()
        printed.show_receipt(posted)

    command.name = "post"
    return command


def reverse() -> click.Command:
    @click.command(
        cls=Command,
        help=say(
            "冲正一笔已记账的拨付（退票、退款、追回），全额或部分；限额按净额计算。",
            "Take a booked payment back (退票, 退款, 追回), wholly or in part; limits count the net.",
        ),
    )
    @click.argument("application_no", metavar=say("申报编号", "APPLICATION_NO"))
    @click.option(
        "--date", "day", type=Day(), required=True, metavar="DATE",
        help=say("款项退回的日期，如 2025-07-08。", "Day the money came back, e.g. 2025-07-08."),
    )  # fmt: skip
    @click.option(
        "--reason", required=True, metavar="TEXT",
        help=say("原因：退票、退款 或 追回，可在其后补充说明。", "Why: 退票, 退款 or 追回; more words may follow."),
    )  # fmt: skip
    @click.option(
        "--document-no", required=True, metavar="NO",
        help=say("所依据凭证的号码；同一凭证只记一次。", "Number of the document it rests on; each is booked once."),
    )  # fmt: skip
    @click.option(
        "--amount", type=Yuan(), metavar=say("金额", "YUAN"),
        help=say("冲正的金额，单位元；默认为该笔的全部余额。", "Amount in yuan; default: all that is left."),
    )  # fmt: skip
    @click.option(
        "--instalment", type=click.IntRange(min=1), metavar="N",
        help=say("分期；只付过一期时可不写。", "Instalment; needed where several were paid."),
    )  # fmt: skip
    @signature_options
    @click.pass_obj
    def command(
        common: dict[str, Any],
        /,
        application_no: str,
        day: Any,
        reason: str,
        document_no: str,
        amount: int | None,
        instalment: int | None,
        **people: str | None,
    ) -> None:
        from disburse import bookkeeping
        from disburse.store.reversal import Reversal

        signed = signatures(people)
        reversal = Reversal(application_no, instalment, day, reason, document_no, amount)
        returned = bookkeeping.reverse(common["store"], reversal, signed, screen.progress())
        screen.clear()
        printed.show_returned(returned)

    command.name = "reverse"
    return command


def settle() -> click.Command:
    @click.command(
        cls=Command,
        help=say(
            "读入银行的付款结果表，把其中失败的各笔一次记为退票；有一笔对不上就都不记。表样：template --list settlement。",
            "Take in the bank's results and book its failures as 退票 in one go, all or none. Form: template --list settlement.",
        ),
    )
    @click.argument("file", type=click.Path(path_type=Path, readable=False), metavar=say("文件", "FILE"))
    @click.option(
        "--date", "day", type=Day(), metavar="DATE",
        help=say("款项退回的日期，用于表中没有写日期的各行。", "Day the money came back, for rows that do not say it."),
    )  # fmt: skip
    @click.option(
        "--document-no", default="", metavar="NO",
        help=say("退票凭证号，用于表中没有写凭证号的各行。", "Document number, for rows that do not say it."),
    )  # fmt: skip
    @signature_options
    @click.pass_obj
    def command(common: dict[str, Any], /, file: Path, day: Any, document_no: str, **people: str | None) -> None:
        from disburse import bank_results, batch

        signed = signatures(people)
        policy = common["policy"] or batch.default_policy()
        returned = bank_results.settle(file, common["store"], policy, day, document_no, signed, screen.progress())
        screen.clear()
        printed.show_settled(returned)

    command.name = "settle"
    return command


def import_() -> click.Command:
    @click.command(
        cls=Command,
        help=say(
            "接续历史：把启用本程序之前已拨付的各笔一次记入账簿，与以后的记账同样计入限额。表样：template --list history。",
            "Take in, once, what was paid before; it counts like any booking. Form: template --list history.",
        ),
    )
    @click.argument("file", type=click.Path(path_type=Path, readable=False), metavar=say("文件", "FILE"))
    @signature_options
    @click.pass_obj
    def command(common: dict[str, Any], /, file: Path, **people: str | None) -> None:
        from disburse import batch, paid_before

        signed = signatures(people)
        policy = common["policy"] or batch.default_policy()
        receipt = paid_before.take_in(file, common["store"], policy, signed, screen.progress())
        screen.clear()
        printed.show_brought_forward(receipt)

    command.name = "import"
    return command


def history() -> click.Command:
    @click.command(
        cls=Command,
        help=say(
            "查询已记账的拨付和冲正；各条件可以合用，--open 列出未结事项。",
            "What was paid and what came back; conditions combine. --open lists what still waits.",
        ),
    )
    @click.option(
        "--enterprise",
        metavar="TEXT",
        help=say("统一社会信用代码，或名称的一部分。", "Credit code, or part of the name."),
    )
    @click.option("--measure", metavar="CODE", help=say("措施代码或名称。", "Code or title of the measure."))
    @click.option(
        "--subject", metavar="TEXT", help=say("补贴对象编号，或名称的一部分。", "Subject number, or part of its name.")
    )
    @click.option("--batch", metavar="BATCH", help=say("批次，如 2025-06-1。", "Batch, e.g. 2025-06-1."))
    @click.option("--month", type=Month(), metavar="MONTH", help=say("月份，如 2025-06。", "Month, e.g. 2025-06."))
    @click.option("--application", metavar="NO", help=say("申报编号。", "Application number."))
    @click.option(
        "--open",
        "only_open",
        is_flag=True,
        help=say("待核和结转而未再报送的事项。", "What was held or carried and not sent again."),
    )
    @click.option("--csv", "form", flag_value="csv", help=say("以 CSV 输出全部列。", "Print CSV, every column."))
    @click.option("--json", "form", flag_value="json", help=say("以 JSON 输出。", "Print JSON."))
    @click.pass_obj
    def command(common: dict[str, Any], /, only_open: bool, form: str | None, **conditions: str | None) -> None:
        from disburse import batch, bookkeeping

        asked = bookkeeping.asked(conditions, common["policy"] or batch.default_policy(), only_open=only_open)
        with bookkeeping.history(common["store"], asked, only_open=only_open) as found:
            printed.show_history(found, form)

    command.name = "history"
    return command


def backup() -> click.Command:
    @click.command(
        cls=Command,
        help=say(
            "把整个账簿备份到一个新文件并核对；备份时别人可以照常记账。",
            "Write the whole book into a new file and verify it; others may go on booking meanwhile.",
        ),
    )
    @click.argument("file", type=click.Path(path_type=Path, dir_okay=False), metavar=say("文件", "FILE"))
    @click.pass_obj
    def command(common: dict[str, Any], file: Path) -> None:
        from disburse import bookkeeping

        copied = bookkeeping.backup(common["store"], file, screen.progress())
        screen.clear()
        printed.show_copied(copied, say(f"已备份到 {file}", f"Backed up to {file}"))

    command.name = "backup"
    return command


def restore() -> click.Command:
    @click.command(
        cls=Command,
        help=say(
            "把备份恢复到一个空的账簿（--store，文件或 PostgreSQL 均可）并核对；不覆盖已有的账簿。",
            "Bring a backup into an empty store (--store, a file or PostgreSQL) and verify it; nothing is written over.",
        ),
    )
    @click.argument("file", type=click.Path(path_type=Path, readable=False), metavar=say("备份文件", "FILE"))
    @click.pass_obj
    def command(common: dict[str, Any], file: Path) -> None:
        from disburse import bookkeeping

        copied = bookkeeping.restore(file, common["store"], screen.progress())
        screen.clear()
        printed.show_copied(copied, say(f"已从 {file} 恢复", f"Restored from {file}"))

    command.name = "restore"
    return command
