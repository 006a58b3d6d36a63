"""The old binary format: `files/faulty.xls` was saved by LibreOffice from three rows with known faults."""

from __future__ import annotations

import random
from datetime import date, datetime
from pathlib import Path

import pytest

from disburse.errors import FileUnreadable
from disburse.intake import Source, read_applications
from disburse.intake.workbook import read_workbook
from disburse.policy import load_policy

FAULTY = Path(__file__).parent / "files" / "faulty.xls"


def test_error_cells_hidden_rows_and_numbers_are_found_at_their_cells() -> None:
    intake = read_applications([Source("faulty.xls", FAULTY, "")], load_policy())
    found = {(each.code, each.cell, each.value) for each in intake.placed()}
    assert found == {
        ("CELL_ERROR_VALUE", "I2", "#DIV/0!"),
        ("ROW_HIDDEN", "A3", "A2"),
        ("IDENTIFIER_IS_NUMBER", "D4", "914413007820109000"),
        ("CELL_ERROR_VALUE", "H4", "#N/A"),
    }
    assert list(intake.rows["approved_amount_fen"]) == [100_000_00, 2_000_50, 3_000_00]


def test_date_cells_are_days() -> None:
    (sheet,) = read_workbook(FAULTY, "faulty.xls")
    assert date(2025, 3, 5) in {cell.date() for cell in sheet.cells[1] if isinstance(cell, datetime)}


@pytest.mark.parametrize("seed", range(40))
def test_damage_is_a_sentence(tmp_path: Path, seed: int) -> None:
    chance, content = random.Random(seed), bytearray(FAULTY.read_bytes())
    if seed % 2:
        del content[chance.randrange(600, len(content)) :]
    for _ in range(20):
        content[chance.randrange(8, len(content))] = chance.randrange(256)
    file = tmp_path / "damaged.xls"
    file.write_bytes(content)
    told = ""
    try:
        read_workbook(file, file.name)
    except FileUnreadable as error:
        told = str(error)
    assert not told or "damaged.xls" in told
