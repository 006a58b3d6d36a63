"""A store in one SQLite file.

BEGIN IMMEDIATE   a poster has the file to itself before it looks at what is left; Python's own transaction mode
                  begins at the first write, and two posters can then both spend the same remainder
journal DELETE    with synchronous EXTRA nothing committed is lost in a power failure (WAL and FULL both lost some)
read back         SQLite ignores a pragma it cannot honour without a word
"""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

from sqlalchemy import create_engine, event
from sqlalchemy.exc import OperationalError
from sqlalchemy.pool import NullPool

from disburse.errors import Mendable, Refused, Unbalanced
from disburse.store.database import Database

if TYPE_CHECKING:
    from pathlib import Path

    from sqlalchemy import Connection

    from disburse.store.database import Waiting

_PRAGMAS = {"foreign_keys": 1, "recursive_triggers": 1, "synchronous": 3}
_AT_ONCE_MS = 100
"""What is not worth a word to the operator."""


class SQLite(Database):
    """The file is made when it is missing and `writable`. A reader too rolls back what a killed poster left behind."""

    faults = sqlite3.Error

    def __init__(self, path: Path, *, writable: bool, patience_seconds: float, waiting: Waiting) -> None:
        engine = create_engine("sqlite://", creator=self._connect, poolclass=NullPool)
        super().__init__(str(path), engine, writable=writable, patience_seconds=patience_seconds, waiting=waiting)
        self.path = path
        # SQLAlchemy's own begin says nothing to SQLite; ours follows
        event.listen(engine, "begin", lambda _: None)

    def begin_reading(self, connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN")

    def begin_writing(self, connection: Connection) -> None:
        connection.exec_driver_sql(f"PRAGMA busy_timeout = {min(_AT_ONCE_MS, self.patience_ms)}")
        try:
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        except OperationalError as error:
            if not _name(error.orig).startswith("SQLITE_BUSY"):
                raise
            self.waiting()
            connection.exec_driver_sql(f"PRAGMA busy_timeout = {self.patience_ms}")
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        connection.exec_driver_sql(f"PRAGMA busy_timeout = {self.patience_ms}")

    def begin_building(self, connection: Connection) -> None:
        self.begin_writing(connection)

    def tables(self, connection: Connection) -> set[str]:
        return set(connection.exec_driver_sql("SELECT name FROM sqlite_master WHERE type = 'table'").scalars())

    def _connect(self) -> sqlite3.Connection:
        # not mode=ro: a reader too must be able to roll back what a killed poster left behind
        mode = "rwc" if self.writable else "rw"
        uri = f"{self.path.absolute().as_uri()}?mode={mode}"
        connection = sqlite3.connect(uri, uri=True, isolation_level=None)
        try:
            connection.execute(f"PRAGMA busy_timeout = {self.patience_ms}")
            if self.writable:
                self._require(connection)
            else:
                connection.execute("PRAGMA query_only = ON")
        except BaseException:
            connection.close()
            raise
        return connection

    def _require(self, connection: sqlite3.Connection) -> None:
        in_force = {"journal_mode": connection.execute("PRAGMA journal_mode = DELETE").fetchone()[0]}
        for name, wanted in _PRAGMAS.items():
            connection.execute(f"PRAGMA {name} = {wanted}")
            in_force[name] = connection.execute(f"PRAGMA {name}").fetchone()[0]
        if in_force != {"journal_mode": "delete", **_PRAGMAS}:
            found = ", ".join(f"{name}={value}" for name, value in in_force.items())
            raise Refused(
                f"账簿 {self.path} 不能保证断电时数据完整（{found}），未记账；请关闭正在使用它的其他程序后重试。",
                f"The database {self.path} cannot promise to survive a power failure ({found}); nothing was booked. "
                "Close other programs that use it and try again.",
            )

    def sentence(self, error: Exception) -> Mendable | None:
        for prefix, (zh, en) in _SENTENCES.items():
            if _name(error).startswith(prefix) or str(error).startswith(prefix):
                kind = Unbalanced if prefix == "SQLITE_CONSTRAINT" else Refused
                return kind(zh.format(path=self.path, error=error), en.format(path=self.path, error=error))
        return None


def _name(error: BaseException | None) -> str:
    return getattr(error, "sqlite_errorname", None) or ""


_SENTENCES = {
    "SQLITE_BUSY": (
        "账簿 {path} 正被其他程序使用，等待后仍未释放，未记账；请稍后重试。",
        "The store {path} is in use by another program and stayed so; nothing was booked. Try again later.",
    ),
    "SQLITE_LOCKED": (
        "账簿 {path} 正被其他程序使用，未记账；请稍后重试。",
        "The store {path} is in use by another program; nothing was booked. Try again later.",
    ),
    "SQLITE_NOTADB": (
        "{path} 不是数据库文件，未作任何改动；请检查 --store。",
        "{path} is not a database and was left alone; check --store.",
    ),
    "SQLITE_CORRUPT": (
        "账簿 {path} 已损坏（{error}），未记账；请用备份替换后重试。",
        "The store {path} is damaged ({error}); nothing was booked. Put a backup in its place and try again.",
    ),
    "SQLITE_READONLY": (
        "账簿 {path} 是只读的，未记账；请取得写权限后重试。",
        "The store {path} is read-only; nothing was booked. Get permission to write to it and try again.",
    ),
    "SQLITE_CANTOPEN": (
        "打不开账簿 {path}：没有文件或所在文件夹的权限，未作任何改动；请检查权限或 --store。",
        "The store {path} cannot be opened: no permission for the file or its folder. Check them or --store.",
    ),
    "SQLITE_FULL": (
        "账簿 {path} 所在磁盘已满，未记账；请腾出空间后重试。",
        "The disk of the store {path} is full; nothing was booked. Make room and try again.",
    ),
    "SQLITE_IOERR": (
        "读写账簿 {path} 时磁盘出错（{error}）；请检查磁盘后用同一命令重试，不会重复记账。",
        "The disk failed under the store {path} ({error}). Check it and run the same command; nothing is booked twice.",
    ),
    "no such ": (
        "账簿 {path} 不完整（{error}），未记账；请用备份替换后重试。",
        "The store {path} is not whole ({error}); nothing was booked. Put a backup in its place and try again.",
    ),
    "SQLITE_CONSTRAINT": (
        "数据库拒绝了这批记账（{error}），未记账。这是程序的问题，请联系维护人员。",
        "The database refused this booking ({error}); nothing was booked. This is the program's fault: report it.",
    ),
}
