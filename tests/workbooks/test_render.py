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

if TYPE_CHECKING:
    from disburse.workbooks.month import Month

NEEDED = ("soffice", "pdftotext")


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory, month: Month) -> list[str]:
    missing = [program for program in NEEDED if not shutil.which(program)]
    if missing:
        (pytest.fail if os.environ.get("CI") else pytest.skip)(f"not installed: {', '.join(missing)}")
    folder = tmp_path_factory.mktemp("render")
    write_ledger(folder / "ledger.xlsx", month)
    profile = f"-env:UserInstallation={(folder / 'profile').as_uri()}"
    command = [
        "soffice",
        profile,
        "--headless",
        "--convert-to",
        "pdf",
        "--outdir",
        str(folder),
        str(folder / "ledger.xlsx"),
    ]
    subprocess.run(command, check=True, capture_output=True, timeout=120)
    text = subprocess.run(["pdftotext", "-layout", str(folder / "ledger.pdf"), "-"], check=True, capture_output=True)
    return text.stdout.decode("utf-8").split("\f")[:-1]


def test_no_amount_is_too_wide_for_its_column(pages: list[str]) -> None:
    assert not any("###" in page for page in pages)


def test_every_page_says_where_it_belongs(pages: list[str]) -> None:
    for number, page in enumerate(pages, 1):
        flat = re.sub(r"\s+", "", page)
        assert f"第{number}页，共{len(pages)}页" in flat
        assert "2025-06东府〔2025〕2号" in flat
        assert "运行校验码0123456789ab" in flat


def test_headings_stand_on_every_page_of_the_payments(pages: list[str], month: Month) -> None:
    flat = [re.sub(r"\s+", "", page) for page in pages]
    signed = next(i for i, page in enumerate(flat) if "制表：" in page)
    assert signed >= 1
    assert all("序号申报编号企业名称" in page for page in flat[: signed + 1])
    paid = int(month.rows["bank_fen"].sum())
    assert capital(paid) in flat[signed]
    assert f"{paid / 100:,.2f}" in flat[signed]


def test_one_page_across(pages: list[str]) -> None:
    """Twenty lines of payments take two pages; a column pushed off the paper would double them."""
    first_transfers = next(i for i, page in enumerate(pages) if "指标调剂清单" in re.sub(r"\s+", "", page))
    assert first_transfers == 2
