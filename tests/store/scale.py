"""`make scale`: what a month costs with a long history against a short one, measured side by side.

Two stores, SHORT and LONG booked lines, ten lines to an enterprise, a hundred thousand to a batch; a workbook of ROWS
applications, every one of an enterprise that was paid before. `run` and `post` in turn, each in a process of its own.
On SQLite, or where DISBURSE_TEST_POSTGRES names a server, there. LINES and ROUNDS come from the environment; 10,000,000
lines need some 10 GB of disk, with a server 25. Trust the ratios, not the seconds.
"""

from __future__ import annotations

import os
import resource
import sqlite3
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack, closing
from functools import lru_cache
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

import numpy as np
import psycopg
from sqlalchemy import make_url

from disburse.store import open_store
from disburse.store.marks import MARKED, marks
from disburse.store.schema import metadata
from tests.store import server

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SHORT, LONG = 100_000, int(os.environ.get("LINES", "10000000"))
ROWS, ROUNDS = 10_000, int(os.environ.get("ROUNDS", "3"))
BATCH, PER_ENTERPRISE = 100_000, 10
MEASURES = ("M06B", "M10", "M05A", "M12B")
TOWNS = 33


@lru_cache(maxsize=4)
def code(number: int) -> str:
    from tests.bench import _code

    return _code(number)


POSTING = f"""
WITH RECURSIVE n(i) AS (SELECT :first UNION ALL SELECT i + 1 FROM n WHERE i < :last)
INSERT INTO posting SELECT
  i, :batch_no, i - :first + 1, 'payment', NULL, NULL, 1, :month, :month || '-28', printf('H-%08d', i), 1,
  CASE i % 4 WHEN 0 THEN '{MEASURES[0]}' WHEN 1 THEN '{MEASURES[1]}' WHEN 2 THEN '{MEASURES[2]}' ELSE '{MEASURES[3]}' END,
  '东府〔2025〕2号', '东府〔2025〕2号', code(i / {PER_ENTERPRISE}), '东莞示例第' || (i / {PER_ENTERPRISE}) || '号有限公司',
  CASE WHEN i % 4 > 1 THEN 'DX-' || i ELSE '' END, CASE WHEN i % 4 > 1 THEN '对象' || i ELSE '' END, '', '',
  '镇街' || (i / {PER_ENTERPRISE} % {TOWNS}), '市发展改革局', '', 'FP-' || i,
  printf('2025-03-%02d', 1 + i % 28), 200000, 100000 + i % 97, '东莞示例第' || (i / {PER_ENTERPRISE}) || '号有限公司',
  '示例银行东莞分行', '', printf('62220202%010d', i / {PER_ENTERPRISE}), '企业', '', '', NULL
FROM n
"""
OUTCOME = """
INSERT INTO outcome SELECT batch_no, line, application_no, 1, 'paid', measure, bureau, uscc, applicant_name, 200000, ''
FROM posting WHERE batch_no = :batch_no
"""
BALANCE = """
INSERT INTO balance SELECT CAST(substr(pay_date, 1, 4) AS INTEGER) AS y, fund, measure, batch_no, 2025, town, bureau,
  category, sum(paid_fen) FROM posting GROUP BY y, fund, measure, batch_no, town, bureau, category
"""


def build(path: Path, lines: int) -> None:
    """A store of `lines` payments, filled past the program, with all it would have derived."""
    open_store(f"sqlite:///{path}", create=True)
    with closing(sqlite3.connect(path, isolation_level=None)) as store:
        store.create_function("code", 1, code, deterministic=True)
        for pragma in ("journal_mode = OFF", "synchronous = OFF", "cache_size = -1000000", "temp_store = FILE"):
            store.execute(f"PRAGMA {pragma}")
        guards = store.execute(
            "SELECT type, name, sql FROM sqlite_master WHERE type IN ('trigger', 'index') AND sql IS NOT NULL"
        ).fetchall()
        for kind, name, _ in guards:
            store.execute(f"DROP {kind} {name}")
        store.execute("BEGIN")
        for batch_no, first in enumerate(range(1, lines + 1, BATCH), start=1):
            _batch(store, batch_no, first, min(first + BATCH - 1, lines))
        for kind, column in (("name", "applicant_name"), ("account", "account_no")):
            query = f"INSERT INTO holder SELECT DISTINCT '{kind}', {column}, uscc FROM posting ORDER BY 2, 3"
            store.execute(query)
        store.execute(BALANCE)
        store.executemany("INSERT INTO trace VALUES (?, ?)", _traces(store, lines))
        for _, _, sql in guards:
            store.execute(sql)
        store.execute("COMMIT")
        store.execute("ANALYZE")


def sent(path: Path, address: str) -> None:
    """The same store on a server, past its guards."""
    open_store(address, create=True)
    url = make_url(address).set(drivername="postgresql").render_as_string(hide_password=False)
    with closing(sqlite3.connect(path)) as file, psycopg.connect(url, autocommit=True) as target:
        target.execute("SET session_replication_role = replica")  # neither triggers nor foreign keys
        for table in metadata.sorted_tables:
            names = ", ".join(column.name for column in table.columns)
            target.execute(f"TRUNCATE {table.name} CASCADE")
            with target.cursor().copy(f"COPY {table.name} ({names}) FROM STDIN") as copy:
                for row in file.execute(f"SELECT {names} FROM {table.name}"):
                    copy.write_row(row)
        target.execute("VACUUM (ANALYZE)")


def _batch(store: sqlite3.Connection, batch_no: int, first: int, last: int) -> None:
    year, month = divmod(batch_no * 36 // (LONG // BATCH + 1), 12)
    at = {"batch_no": batch_no, "month": f"{2022 + year}-{month + 1:02}", "first": first, "last": last}
    store.execute(POSTING, at)
    store.execute(OUTCOME, {"batch_no": batch_no})
    store.execute(
        "INSERT INTO batch SELECT :batch_no, :month || '-' || :batch_no, :month, :batch_no, :month || '-28',"
        " printf('%064d', :batch_no), 'p', '甲', '乙', NULL, count(*), sum(paid_fen), count(*), 0, 2,"
        " printf('%064d', :batch_no - 1), printf('%064d', :batch_no) FROM posting WHERE batch_no = :batch_no",
        at,
    )
    store.execute("UPDATE head SET sequence = :batch_no, hash = printf('%064d', :batch_no)", at)


def _traces(store: sqlite3.Connection, lines: int) -> Iterator[tuple[int, int]]:
    """All marks in their order, so that the table is written from its beginning to its end."""
    found = np.empty((lines * 3, 2), dtype=np.int64)
    count = 0
    for number, *told in store.execute(f"SELECT id, {', '.join(MARKED)} FROM posting"):
        for mark in marks(*told):
            found[count] = mark, number
            count += 1
    found = found[:count]
    for first in range(0, count, BATCH):
        if first == 0:
            order = np.lexsort((found[:, 1], found[:, 0]))
        yield from map(tuple, found[order[first : first + BATCH]].tolist())


def workbook(path: Path, round_no: int) -> None:
    """ROWS applications of enterprises that were paid before, half of them for subjects that were."""
    import xlsxwriter

    from disburse.tables import table

    book = xlsxwriter.Workbook(str(path), {"constant_memory": True, "strings_to_formulas": False})
    sheet = book.add_worksheet("申报表")
    columns = table("application").columns
    for place, column in enumerate(columns):
        sheet.write_string(0, place, column.heading.zh)
    for number in range(ROWS):
        row = _row(number, round_no)
        for place, column in enumerate(columns):
            if column.field in row:
                sheet.write_string(number + 1, place, row[column.field])
    book.close()


def _row(number: int, round_no: int) -> dict[str, str]:
    enterprise = number % (SHORT // PER_ENTERPRISE)
    line = enterprise * PER_ENTERPRISE + number % 4
    name = f"东莞示例第{enterprise}号有限公司"
    subject = line if number % 8 < 4 and line % 4 == number % 4 else f"N-{round_no}-{number}"
    return {
        "application_no": f"SQ-{round_no}-{number:06d}", "measure": MEASURES[number % 4], "applicant_name": name,
        "uscc": code(enterprise), "subject_no": f"DX-{subject}", "subject_name": f"对象{subject}",
        "approved_amount": f"{1000 + number % 900}.{number % 100:02d}", "event_date": f"2025-04-{1 + number % 28:02d}",
        "approved_date": "2025-05-12", "notice_end_date": "2025-06-10", "approval_no": f"东发改〔2025〕{number}号",
        "evidence_nos": f"N-{round_no}-{number}", "payee_name": name, "bank_name": "示例银行东莞分行",
        "account_no": f"62220202{enterprise:010d}", "town": f"镇街{enterprise % TOWNS}", "bureau": "市发展改革局",
    }  # fmt: skip


def disburse(*arguments: object, cwd: Path) -> tuple[float, float]:
    """Run the command: wall and CPU seconds."""
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    command = [sys.executable, "-m", "disburse", *map(str, arguments)]
    subprocess.run(command, cwd=cwd, check=True, capture_output=True, env={**os.environ, "PYTHONUTF8": "1"})
    wall, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> None:
    with ExitStack() as until_the_end:
        measure(lambda: until_the_end.enter_context(server.database()) if server.VARIABLE in os.environ else "")


def measure(database: Callable[[], str]) -> None:
    """database: the address of an empty database, "" for a file."""
    with tempfile.TemporaryDirectory(prefix="scale-", dir=os.environ.get("SCALE_DIR")) as place:
        folder = Path(place)
        (folder / "budget").mkdir()
        stores = {}
        for lines in (SHORT, LONG):
            start = time.perf_counter()
            file = folder / f"{lines}.db"
            build(file, lines)
            size, address = file.stat().st_size / 1e9, database()
            if address:
                sent(file, address)
                file.unlink()
            stores[lines] = f"--store={address or f'sqlite:///{file.name}'}"
            print(f"{lines:,} lines: {size:.2f} GB, made in {time.perf_counter() - start:.0f} s", flush=True)
        seconds: dict[tuple[str, int], list[tuple[float, float]]] = {}
        for round_no in range(ROUNDS):
            workbook(folder / f"{round_no}.xlsx", round_no)
            for lines in (SHORT, LONG) if round_no % 2 else (LONG, SHORT):
                out, store = f"out-{round_no}-{lines}", stores[lines]
                did = disburse(store, "run", "2025-06", f"{round_no}.xlsx", "--out", out, cwd=folder)
                seconds.setdefault(("run", lines), []).append(did)
                signed = ("--prepared-by", "甲", "--approved-by", "乙")
                seconds.setdefault(("post", lines), []).append(disburse(store, "post", out, *signed, cwd=folder))
        _report(seconds)


def _report(seconds: dict[tuple[str, int], list[Any]]) -> None:
    print(f"{ROWS:,} rows, {ROUNDS} rounds, medians: wall and CPU seconds")
    for command in ("run", "post"):
        short, long = (
            np.array([median(each) for each in zip(*seconds[command, lines], strict=True)]) for lines in (SHORT, LONG)
        )
        ratio = long / short
        print(
            f"{command:5} {short[0]:7.2f} {short[1]:7.2f} → {long[0]:7.2f} {long[1]:7.2f}   × {ratio[0]:.2f} {ratio[1]:.2f}"
        )


if __name__ == "__main__":
    main()
