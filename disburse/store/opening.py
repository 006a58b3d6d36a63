"""From `--store URL` to a Store: which database, is it ours, is it of this version."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from disburse.errors import Refused, Usage
from disburse.store.ledger import Store
from disburse.store.schema import REVISIONS
from disburse.store.share import on_share
from disburse.store.sqlite import SQLite

if TYPE_CHECKING:
    from sqlalchemy import Connection
    from sqlalchemy.engine import URL

    from disburse.store.database import Database, Waiting

PATIENCE_SECONDS = 120.0
"""How long to wait for another process before saying that the store is in use."""


def open_store(
    url: str,
    *,
    create: bool,
    update: bool = False,
    patience_seconds: float = PATIENCE_SECONDS,
    waiting: Waiting = lambda: None,
) -> Store:
    """The store at `url`, like sqlite:///disburse.db or postgresql+psycopg://clerk@server/disburse.

    create=True   to book: made when missing, brought up to date when older
    create=False  to read: a missing file or an empty database is an empty store, and nothing is ever created
    update=True   to read, but an older store is brought up to date first: what is booked stays as it is
    waiting       called once when somebody else is booking and we begin to wait, `patience_seconds` at most

    Raises Usage for an address that cannot be one, Refused for a database that is not ours, newer, or out of reach.
    """
    address = _address(url)
    if address.get_backend_name() == "postgresql":
        database = _server(address, writable=create, patience_seconds=patience_seconds, waiting=waiting)
    else:
        path = _file(address, create=create)
        if not create and (not path.exists() or path.stat().st_size == 0):
            return Store(None)
        database = SQLite(path, writable=create, patience_seconds=patience_seconds, waiting=waiting)
    with database.reading() as connection:
        revision = _revision(connection, database)
    if revision == REVISIONS[-1]:
        return Store(database)
    if create:
        _upgrade(database)
        return Store(database)
    if revision is None:
        return Store(None)
    if update:
        open_store(url, create=True, patience_seconds=patience_seconds, waiting=waiting)
        return Store(database)
    raise Refused(
        f"账簿 {database.name} 由旧版本建立（{revision}），还不能查询。请财政先备份这个账簿，再运行 disburse run 计算下一个月，"
        "账簿随之升级；已记的账一笔不变。",
        f"The store {database.name} was made by an older version ({revision}) and cannot be asked yet. Let the finance "
        "office keep a copy of it and run the next month: `disburse run` brings it up to date, and nothing booked changes.",
    )


def _address(url: str) -> URL:
    try:
        address = make_url(url)
    except ArgumentError:
        raise Usage(
            f"--store “{url}” 不是账簿地址，请写成 sqlite:///disburse.db 的样子。",
            f"--store “{url}” is not an address; write it like sqlite:///disburse.db.",
        ) from None
    shown = address.set(query={}).render_as_string()  # a query may hold a password too
    if address.drivername in ("postgresql", "postgresql+psycopg"):
        if not address.database:
            raise Usage(
                f"--store “{shown}” 没有写数据库名，请写成 postgresql+psycopg://用户@服务器/数据库。",
                f"--store “{shown}” names no database; write it like postgresql+psycopg://user@server/database.",
            )
        return address.set(drivername="postgresql+psycopg")
    if address.drivername != "sqlite" or address.host or address.query or address.database in (None, "", ":memory:"):
        raise Usage(
            f"--store “{shown}” 不能使用：须为 sqlite:///文件，如 sqlite:///disburse.db，或 postgresql+psycopg://用户@服务器/数据库。",
            f"--store “{shown}” cannot be used: it must be sqlite:///FILE, like sqlite:///disburse.db, or "
            "postgresql+psycopg://user@server/database.",
        )
    return address


def _file(address: URL, *, create: bool) -> Path:
    path = Path(str(address.database))
    if not path.parent.is_dir() and create:
        raise Usage(
            f"账簿所在的文件夹 {path.parent} 不存在，请先建立或检查 --store。",
            f"The store's folder {path.parent} does not exist; make it first or check --store.",
        )
    if path.is_dir():
        raise Usage(
            f"--store {path} 是文件夹，请写成文件，如 sqlite:///{path / 'disburse.db'}。",
            f"--store {path} is a folder; name a file, like sqlite:///{path / 'disburse.db'}.",
        )
    if path.parent.is_dir() and (share := on_share(path)):
        raise Refused(
            f"账簿 {path} 在网络共享 {share} 上，那里的文件锁不可靠，可能重复记账；请把账簿放在本机硬盘，多人共用请改用 PostgreSQL"
            "（postgresql+psycopg://用户@服务器/数据库，见 README）。",
            f"The store {path} lies on the network share {share}, where file locks do not hold and a booking could be made "
            "twice. Keep it on a disk of this machine, or share a PostgreSQL database "
            "(postgresql+psycopg://user@server/database, see the README).",
        )
    return path


def _server(address: URL, *, writable: bool, patience_seconds: float, waiting: Waiting) -> Database:
    try:
        from disburse.store.postgresql import PostgreSQL  # noqa: PLC0415  an extra that most offices do not need
    except ImportError:
        raise Usage(
            "使用 PostgreSQL 账簿需要附加组件 psycopg，请先安装：pip install 'disburse[postgres]'。",
            "A store on PostgreSQL needs psycopg; install it first: pip install 'disburse[postgres]'.",
        ) from None
    return PostgreSQL(address, writable=writable, patience_seconds=patience_seconds, waiting=waiting)


def _revision(connection: Connection, database: Database) -> str | None:
    """The revision of a store that is ours; None of a database with nothing in it."""
    tables = database.tables(connection)
    if not tables:
        return None
    if not {"alembic_version", "posting", "head"} <= tables:
        raise Refused(
            f"{database.name} 是别的程序的数据库，未作任何改动；请检查 --store。",
            f"{database.name} is another program's database and was left alone; check --store.",
        )
    revision = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()
    if revision not in REVISIONS:
        raise Refused(
            f"账簿 {database.name} 由更新的版本建立（{revision}），未作任何改动；请升级 disburse 后重试。",
            f"The store {database.name} was made by a newer version ({revision}) and was left alone; upgrade disburse "
            "and try again.",
        )
    return str(revision)


def _upgrade(database: Database) -> None:
    from disburse.store.migrations import upgrade  # noqa: PLC0415  Alembic takes long to load and is seldom needed

    with database.building() as connection:
        # another process may have been faster
        if _revision(connection, database) != REVISIONS[-1]:
            upgrade(connection)
