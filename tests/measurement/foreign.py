"""`make foreign DIR=…`: every workbook below a folder through `disburse check`, each in a process of its own.

Prints what goes wrong – a traceback, an exit status that is none of ours, silence, more than SECONDS or MEGABYTES –
then how the files ended, and the slowest and the greediest. Ends with 1 when anything went wrong. The processes are
forked from one that has everything imported already, so that thousands of files take minutes; Linux and macOS only.
"""

from __future__ import annotations

import os
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import psutil

SECONDS, MEGABYTES = 20, 1024
KILLED_AFTER = 60
SUFFIXES = (".xlsx", ".xlsm", ".xls", ".csv")


@dataclass(frozen=True)
class Outcome:
    file: Path
    status: int
    seconds: float
    megabytes: float
    told: str
    unprinted: str

    @property
    def faults(self) -> list[str]:
        found = {
            "traceback": "Traceback" in self.told + self.unprinted,
            f"status {self.status}": self.status not in (0, 1, 2),
            "no sentence": self.status != 0 and not self.told.strip(),
            f"{self.seconds:.0f} s": self.seconds > SECONDS,
            f"{self.megabytes:.0f} MB": self.megabytes > MEGABYTES,
        }
        return [fault for fault, there in found.items() if there]


def check(file: Path) -> Outcome:
    """One file: how it ended, its time, the peak memory of its process and the reader's together, its last words."""
    place = Path(tempfile.mkdtemp())
    begin = time.monotonic()
    pid = _forked(file, place)
    peak = 0.0
    process = psutil.Process(pid)
    while True:
        ended, status = os.waitpid(pid, os.WNOHANG)
        if ended:
            break
        peak = max(peak, _memory(process))
        if time.monotonic() - begin > KILLED_AFTER:
            os.killpg(pid, signal.SIGKILL)
        time.sleep(0.02)
    seconds = time.monotonic() - begin
    told, printed = ((place / name).read_text(encoding="utf-8", errors="replace") for name in ("err", "out"))
    shutil.rmtree(place)
    return Outcome(file, os.waitstatus_to_exitcode(status), seconds, peak / 2**20, told[-2000:], printed)


def _forked(file: Path, place: Path) -> int:
    pid = os.fork()
    if pid:
        return pid
    status = 70
    try:
        os.setsid()
        os.chdir(place)
        for number, name in ((1, "out"), (2, "err")):
            os.dup2(os.open(name, os.O_WRONLY | os.O_CREAT, 0o600), number)
        from disburse.cli import main

        sys.argv = ["disburse", "check", str(file), *os.environ.get("OPTIONS", "").split()]
        status = _ended(main)
        sys.stdout.flush()
        sys.stderr.flush()
    finally:
        from disburse.reader import worker

        worker._worker.stop()
        os._exit(status)


def _ended(main: object) -> int:
    import traceback

    try:
        main()  # type: ignore[operator]
    except SystemExit as end:
        return int(end.code or 0)
    except BaseException:  # noqa: BLE001 – whatever it is, it is to be counted
        traceback.print_exc()
        return 70
    return 0


def _memory(process: psutil.Process) -> float:
    total = 0.0
    try:
        for each in (process, *process.children(recursive=True)):
            total += each.memory_info().rss
    except psutil.Error:
        pass
    return total


def main() -> None:
    import disburse.batch
    import disburse.copies  # noqa: F401 – everything imported once, before the processes are forked

    folder = Path(sys.argv[1]).resolve()
    files = sorted(path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES and path.is_file())
    outcomes: list[Outcome] = []
    with ThreadPoolExecutor(int(os.environ.get("JOBS", "2"))) as pool:
        for outcome in pool.map(check, files):
            outcomes.append(outcome)
            if outcome.faults:
                print(f"{', '.join(outcome.faults)}: {outcome.file}\n{outcome.told[-1500:]}", flush=True)
    _summary(outcomes)
    sys.exit(any(outcome.faults for outcome in outcomes))


def _summary(outcomes: list[Outcome]) -> None:
    print(f"{len(outcomes)} files", dict(sorted(Counter(outcome.status for outcome in outcomes).items())))
    faulty = Counter(fault.split()[-1] for outcome in outcomes for fault in outcome.faults)
    print("wrong:", dict(faulty) or "nothing")
    for title, key in (("slowest", "seconds"), ("greediest", "megabytes")):
        print(title)
        for outcome in sorted(outcomes, key=lambda each: -getattr(each, key))[:5]:
            print(f"  {outcome.seconds:6.1f} s {outcome.megabytes:6.0f} MB  {outcome.file}")


if __name__ == "__main__":
    main()
