"""What the printer makes of it: the sheets that are signed, through a real office program."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from disburse.money import capital
from disburse.workbooks.ledger import write_ledger
from tests.workbooks.conftest import signed_sheets

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from disburse.workbooks.month import Month

NEEDED = ("soffice", "pdftotext")


def printed(books: Sequence[Path], folder: Path) -> list[list[str]]:
    """The pages of each workbook as they are printed, without blanks; one start of the office program for all."""
    missing = [program for program in NEEDED if not shutil.which(program)]
    if missing:
        (pytest.fail if os.environ.get("CI") else pytest.skip)(f"not installed: {', '.join(missing)}")
    profile = f"-env:UserInstallation={(folder / 'profile').as_uri()}"
    command = ["soffice", profile, "--headless", "--convert-to", "pdf", "--outdir", str(folder), *map(str, books)]
    subprocess.run(command, check=True, capture_output=True, timeout=120)
    found = []
    for book in books:
        command = ["pdftotext", "-layout", str(folder / f"{book.stem}.pdf"), "-"]
        text = subprocess.run(command, check=True, capture_output=True).stdout.decode("utf-8")
        found.append([re.sub(r"\s+", "", page) for page in text.split("\f")[:-1]])
    return found


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory, month: Month) -> list[str]:
    folder = tmp_path_factory.mktemp("render")
    write_ledger(folder / "ledger.xlsx", month)
    return printed([folder / "ledger.xlsx"], folder)[0]


def test_no_amount_is_too_wide_for_its_column(pages: list[str]) -> None:
    assert not any("###" in page for page in pages)


def test_every_page_says_where_it_belongs(pages: list[str]) -> None:
    for number, flat in enumerate(pages, 1):
        assert f"第{number}页，共{len(pages)}页" in flat
        assert "2025-06东府〔2025〕2号" in flat
        assert "运行校验码0123456789ab" in flat


def test_headings_stand_on_every_page_of_the_payments(pages: list[str], month: Month) -> None:
    signed = next(i for i, page in enumerate(pages) if "制表：" in page)
    assert signed >= 1
    assert all("序号申报编号企业名称" in page for page in pages[: signed + 1])
    paid = int(month.rows["bank_fen"].sum())
    assert capital(paid) in pages[signed]
    assert f"{paid / 100:,.2f}" in pages[signed]


def test_one_page_across(pages: list[str]) -> None:
    """Twenty lines of payments take two pages; a column pushed off the paper would double them."""
    first_transfers = next(i for i, page in enumerate(pages) if "指标调剂清单" in page)
    assert first_transfers == 2


def test_what_is_signed_stands_with_the_total_and_a_payment(tmp_path: Path, month: Month) -> None:
    """Counts that end in the middle of a page, at its end, and where only the total does not fit any more."""
    counts = (0, 1, 8, 9, 10, 11, 14, 15, 16, 17, 26, 28, 30, 45, 60)
    books = [tmp_path / f"{count}.xlsx" for count in counts]
    for path, count in zip(books, counts, strict=True):
        signed_sheets(path, month, count)
    for count, pages in zip(counts, printed(books, tmp_path), strict=True):
        assert not any("###" in page for page in pages)
        assert all("序号申报编号" in page and "备注" in page for page in pages), "a page without all columns"
        for first, title in ((1, "拨付清单"), (count + 1, "指标调剂清单")):
            numbers = [f"BT-2025-{number:04d}" for number in range(first, first + count)]
            begin = next(i for i, page in enumerate(pages) if title in page)
            page = next(page for page in pages[begin:] if "审批：" in page)
            assert all(each in page for each in (f"合计（{count}笔）", "大写", "全月金额核对", "制表：", "日期："))
            assert not count or numbers[-1] in page
            assert all(sum(number in page for page in pages) == 1 for number in numbers)
        assert sum("审批：" in page for page in pages) == sum("合计（" in page for page in pages) == 2
        assert all("合计（" in page or "BT-2025-" in page for page in pages), "a page without a payment"
