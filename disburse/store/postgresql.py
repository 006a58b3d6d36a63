"""A store in a PostgreSQL database of its own, for an office where several people book.

SELECT … FOR UPDATE   of the head's one row: a poster is alone before it looks at what is left. READ COMMITTED by
                      itself would let two posters spend the same remainder; behind the lock every statement sees
                      all that was booked before
REPEATABLE READ       a reader sees one state, whatever is booked meanwhile
synchronous_commit    what was said to be booked is on the server's disk, whatever the server's default
jit                   off: compiling a query that looks up a few hundred lines takes longer than to run it, as soon as
                      the history is long
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg
from sqlalchemy import create_engine, inspect, select
from sqlalchemy.exc import OperationalError
from sqlalchemy.pool import NullPool

from disburse.errors import Mendable, Refused, Unbalanced
from disburse.store.database import Database
from disburse.store.schema import head

if TYPE_CHECKING:
    from sqlalchemy import Connection
    from sqlalchemy.engine import URL

    from disburse.store.database import Waiting

OLDEST = 15
"""The oldest major version of the server that the tests run on."""

_BUILDING = 0x6469_7362
"""The advisory lock under which tables are made: then there is no head to lock yet."""

_CONNECT = {"connect_timeout": 10, "application_name": "disburse", "client_encoding": "utf8"}


class PostgreSQL(Database):
    """The tables lie in the first schema of the user's search path."""

    faults = psycopg.Error

    def __init__(self, url: URL, *, writable: bool, patience_seconds: float, waiting: Waiting) -> None:
        # what the address says itself is stronger
        defaults = {name: value for name, value in _CONNECT.items() if name not in url.query}
        engine = create_engine(url, connect_args=defaults, poolclass=NullPool)
        # a query may hold a password too
        name = url.set(query={}).render_as_string()
        super().__init__(name, engine, writable=writable, patience_seconds=patience_seconds, waiting=waiting)

    def begin_reading(self, connection: Connection) -> None:
        connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        connection.exec_driver_sql("SET LOCAL jit = off")
        connection.exec_driver_sql(f"SET LOCAL lock_timeout = {self.patience_ms}")

    def begin_writing(self, connection: Connection) -> None:
        self._begin(connection)
        locked = select(head.c.id).with_for_update(nowait=True)
        try:
            with connection.begin_nested():
                connection.execute(locked).all()
        except OperationalError as error:
            if getattr(error.orig, "sqlstate", None) != "55P03":
                raise
            self.waiting()
            connection.execute(select(head.c.id).with_for_update()).all()

    def begin_building(self, connection: Connection) -> None:
        self._begin(connection)
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_BUILDING})")

    def _begin(self, connection: Connection) -> None:
        connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL READ COMMITTED")
        connection.exec_driver_sql("SET LOCAL synchronous_commit = on")
        connection.exec_driver_sql("SET LOCAL jit = off")
        connection.exec_driver_sql(f"SET LOCAL lock_timeout = {max(self.patience_ms, 1)}")

    def tables(self, connection: Connection) -> set[str]:
        version = connection.connection.dbapi_connection.info.server_version  # type: ignore[union-attr]
        if version // 10_000 < OLDEST:
            raise Refused(
                f"账簿 {self.name} 的 PostgreSQL 版本过旧（{version // 10_000}），请使用 {OLDEST} 或更新的版本。",
                f"The PostgreSQL of the store {self.name} is too old ({version // 10_000}); use {OLDEST} or later.",
            )
        return set(inspect(connection).get_table_names())

    def sentence(self, error: Exception) -> Mendable | None:
        state = getattr(error, "sqlstate", None) or ""
        if not state and not isinstance(error, psycopg.OperationalError):
            return None
        for prefix, (zh, en) in _SENTENCES.items():
            if state.startswith(prefix) and bool(state) == bool(prefix):
                text = " ".join(str(error).split())
                kind = Unbalanced if prefix == "23" else Refused
                return kind(zh.format(name=self.name, error=text), en.format(name=self.name, error=text))
        return None


_LOST = (
    "与账簿 {name} 的连接中断（{error}）；请检查网络和服务器后用同一命令重试，不会重复记账。",
    (
        "The connection to the store {name} was lost ({error}). Check network and server and run the same command; "
        "nothing is booked twice."
    ),
)

_SENTENCES = {
    "55P03": (
        "账簿 {name} 正由另一人记账，等待后仍未结束，未记账；请稍后重试。",
        "Somebody else is booking into the store {name} and has not ended; nothing was booked. Try again later.",
    ),
    "57014": (
        "账簿 {name} 的服务器中止了操作（{error}），未记账；请重试，或请管理员放宽 statement_timeout。",
        (
            "The server of the store {name} stopped the work ({error}); nothing was booked. Try again, or have "
            "statement_timeout raised."
        ),
    ),
    "53100": (
        "账簿 {name} 的服务器磁盘已满，未记账；请管理员腾出空间后重试。",
        "The server of the store {name} has no disk space left; nothing was booked. Have room made and try again.",
    ),
    "53": (
        "账簿 {name} 的服务器资源不足（{error}），未记账；请稍后重试。",
        "The server of the store {name} lacks resources ({error}); nothing was booked. Try again later.",
    ),
    "58": (
        "账簿 {name} 的服务器读写磁盘出错（{error}），未记账；请管理员检查后用同一命令重试，不会重复记账。",
        (
            "The disk failed under the server of the store {name} ({error}). Have it checked and run the same command; "
            "nothing is booked twice."
        ),
    ),
    "25006": (
        "账簿 {name} 是只读的，未记账；请连接主服务器，或请管理员授予写权限。",
        "The store {name} is read-only; nothing was booked. Use the primary server or have the right to write granted.",
    ),
    "42501": (
        "账簿 {name} 没有授予所需的权限（{error}），未作任何改动；请管理员授权后重试。",
        "The store {name} does not grant what is needed ({error}); nothing was changed. Have it granted and try again.",
    ),
    "42P01": (
        "账簿 {name} 不完整（{error}），未记账；请用备份恢复后重试。",
        "The store {name} is not whole ({error}); nothing was booked. Restore a backup and try again.",
    ),
    "XX": (
        "账簿 {name} 的服务器报告内部错误或数据损坏（{error}），未记账；请联系管理员。",
        (
            "The server of the store {name} reports an internal error or damage ({error}); nothing was booked. Call its "
            "administrator."
        ),
    ),
    "40": (
        "账簿 {name} 同时有别的改动，未记账；请重试。",
        "The store {name} was changed at the same time; nothing was booked. Try again.",
    ),
    "23": (
        "数据库拒绝了这批记账（{error}），未记账。这是程序的问题，请联系维护人员。",
        "The database refused this booking ({error}); nothing was booked. This is the program's fault: report it.",
    ),
    "08": _LOST,
    "57P": _LOST,
    "28": (
        "账簿 {name} 不接受该用户或密码（{error}）；请检查用户名，密码写在 PGPASSFILE 指定的文件里。",
        (
            "The store {name} does not accept this user or password ({error}). Check the name; the password belongs into "
            "the file that PGPASSFILE names."
        ),
    ),
    "3D": (
        "账簿 {name} 的数据库不存在（{error}）；请管理员建立，或检查 --store。",
        "The database of the store {name} does not exist ({error}). Have it made, or check --store.",
    ),
    "": (
        "连不上账簿 {name}（{error}）；请检查 --store、网络、用户和密码（PGPASSFILE）后重试，不会重复记账。",
        (
            "The store {name} cannot be reached ({error}). Check --store, network, user and password (PGPASSFILE) and try "
            "again; nothing is booked twice."
        ),
    ),
}
"""By the beginning of the SQLSTATE; the last one where there is none: no server answered, or not any more."""
