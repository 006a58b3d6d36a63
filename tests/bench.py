"""`make bench`: where the time and memory of one big month go, in one run, as ratios to the floor.

The floor is reading and writing the same cells with the same libraries and nothing else; the plain way is
pandas.read_excel and DataFrame.to_excel on openpyxl. Each line is measured in a process of its own, so that peak
memory means that line alone. ROWS=100000 unless the environment says otherwise. Trust the ratios, not the seconds.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from datetime import date
from pathlib import Path

ROWS = int(os.environ.get("ROWS", "100000"))
LEDGER_COLUMNS = 20


def workbook(path: Path) -> None:
    """ROWS sound applications under four measures, from one bureau."""
    import xlsxwriter

    from disburse.tables import table

    book = xlsxwriter.Workbook(str(path), {"constant_memory": True, "strings_to_formulas": False})
    sheet = book.add_worksheet("申报表")
    day = book.add_format({"num_format": "yyyy-mm-dd"})
    columns = table("application").columns
    for place, column in enumerate(columns):
        sheet.write_string(0, place, column.heading.zh)
    for number in range(ROWS):
        row = _row(number)
        for place, column in enumerate(columns):
            value = row.get(column.field)
            if isinstance(value, date):
                sheet.write_datetime(number + 1, place, value, day)
            elif isinstance(value, str):
                sheet.write_string(number + 1, place, value)
            elif value is not None:
                sheet.write_number(number + 1, place, value)
    book.close()


def _row(number: int) -> dict[str, object]:
    code = _code(number // 4)
    name = f"东莞示例第{number // 4}号有限公司"
    return {
        "application_no": f"SQ-{number:07d}",
        "measure": ("M06B", "M10", "M05A", "M12B")[number % 4],
        "applicant_name": name,
        "uscc": code,
        "subject_no": f"DX-{number // 8}-{number % 4}",
        "subject_name": f"对象{number // 8}之{number % 4}",
        "approved_amount": 1000 + number * 37 % 600_000 + number % 100 / 100,
        "event_date": date(2025, 3, 1 + number % 28),
        "approved_date": date(2025, 5, 1 + number % 28),
        "notice_end_date": date(2025, 6, 10),
        "approval_no": f"东发改〔2025〕{number}号",
        "evidence_nos": f"FP{number:08d}",
        "payee_name": name,
        "bank_name": "示例银行东莞分行",
        "account_no": f"62220202{number // 4:010d}",
        "town": "松山湖",
        "bureau": "市发展改革局",
    }


def _code(number: int) -> str:
    """A credit code with both check signs."""
    from stdnum.cn import uscc

    digits = f"{number:08d}"
    weights = (3, 7, 9, 10, 5, 8, 4, 2)
    ninth = "0123456789X0"[(11 - sum(int(d) * w for d, w in zip(digits, weights, strict=True)) % 11) % 11]
    base = "91441900" + digits + ninth
    return base + str(uscc.calc_check_digit(base))


def floor(folder: Path) -> None:
    """Read every cell, write ROWS × LEDGER_COLUMNS cells."""
    import python_calamine
    import xlsxwriter

    cells = python_calamine.load_workbook(str(folder / "申报.xlsx")).get_sheet_by_index(0).to_python()
    book = xlsxwriter.Workbook(str(folder / "floor.xlsx"), {"constant_memory": True, "strings_to_formulas": False})
    sheet = book.add_worksheet()
    for number, row in enumerate(cells):
        for place, value in enumerate(row[:LEDGER_COLUMNS]):
            if isinstance(value, float):
                sheet.write_number(number, place, value)
            else:
                sheet.write_string(number, place, str(value))
    book.close()


def plain(folder: Path) -> None:
    """What one would write in an afternoon: read_excel, groupby-clip, to_excel."""
    import pandas as pd

    rows = pd.read_excel(folder / "申报.xlsx", engine="openpyxl", dtype=str)
    rows["拨付"] = rows["核定金额(元)"].astype(float).clip(upper=500_000)
    rows.iloc[:, : LEDGER_COLUMNS - 1].assign(拨付=rows["拨付"]).to_excel(
        folder / "plain.xlsx", engine="openpyxl", index=False
    )


def whole(folder: Path) -> dict[str, float]:
    """`disburse run`, with the seconds of each stage as the progress line names them."""
    from disburse import batch
    from disburse.dossier import Inputs

    stages: list[tuple[str, float]] = []
    inputs = Inputs((), batch.default_policy(), {}, date(2025, 6, 30))
    url = f"sqlite:///{folder}/none.db"
    batch.run(
        "2025-06",
        [folder / "申报.xlsx"],
        inputs,
        folder / "out",
        url,
        lambda s: stages.append((s, time.process_time())),
    )
    ends = [at for _, at in stages[1:]] + [time.process_time()]
    spent: dict[str, float] = {}
    for (name, begin), end in zip(stages, ends, strict=True):
        spent[name] = spent.get(name, 0) + end - begin
    return spent


def measure(what: str, folder: Path) -> dict[str, object]:
    """Run one of the above in a process of its own: CPU seconds, peak MB, and what it says of its stages."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench", what, str(folder)], capture_output=True, text=True, check=False
    )
    if done.returncode:
        sys.exit(done.stderr)
    return dict(json.loads(done.stdout))


def main() -> None:
    if len(sys.argv) == 3:
        stages = {"floor": floor, "plain": plain, "whole": whole}[sys.argv[1]](Path(sys.argv[2])) or {}
        used = resource.getrusage(resource.RUSAGE_SELF)
        peak = used.ru_maxrss / (1024 if sys.platform != "darwin" else 1024 * 1024)
        print(json.dumps({"seconds": used.ru_utime + used.ru_stime, "megabytes": peak, "stages": stages}))
        return
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        workbook(folder / "申报.xlsx")
        megabytes = (folder / "申报.xlsx").stat().st_size / 1e6
        print(f"{ROWS} rows × {len(_row(0))} filled columns, {megabytes:.1f} MB; CPU seconds of whole processes")
        results = {what: measure(what, folder) for what in ("floor", "whole", "plain")}
        least = float(str(results["floor"]["seconds"]))
        titles = {"floor": "read and write the same cells", "whole": "disburse run", "plain": "pandas with openpyxl"}
        for what, title in titles.items():
            seconds, peak = (float(str(results[what][unit])) for unit in ("seconds", "megabytes"))
            print(f"{title:32} {seconds:8.1f} s {seconds / least:6.1f} × floor {peak:8.0f} MB")
            for name, spent in dict(results[what]["stages"]).items():  # type: ignore[call-overload]
                print(f"    {name:36} {spent:8.1f} s {spent / least:6.1f} ×")


if __name__ == "__main__":
    main()
