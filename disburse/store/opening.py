"""From `--store URL` to a Store: which file, is it ours, is it of this version."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from disburse.errors import Refused, Usage
from disburse.store.database import Database
from disburse.store.ledger import Store
from disburse.store.schema import REVISIONS

if TYPE_CHECKING:
    from sqlalchemy import Connection

PATIENCE_SECONDS = 30.0
"""How long to wait for another process before saying that the store is in use."""


def open_store(url: str, *, create: bool, patience_seconds: float = PATIENCE_SECONDS) -> Store:
    """The store at `url`, like sqlite:///disburse.db.

    create=True   to book: made when missing, brought up to date when older
    create=False  to read: a missing file is an empty store, and nothing is ever created

    Raises Usage for an address that cannot be one, Refused for a file that is not ours, newer, or out of reach.
    """
    path = _file(url)
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
    if not create and (not path.exists() or path.stat().st_size == 0):
        return Store(None)
    database = Database(path, writable=create, patience_seconds=patience_seconds)
    with database.reading() as connection:
        revision = _revision(connection, path)
    if revision == REVISIONS[-1]:
        return Store(database)
    if create:
        _upgrade(database)
        return Store(database)
    if revision is None:
        return Store(None)
    raise Refused(
        f"账簿 {path} 由旧版本建立（{revision}），请先用 disburse post 升级后再查询。",
        f"The store {path} was made by an older version ({revision}); `disburse post` brings it up to date first.",
    )


def _file(url: str) -> Path:
    try:
        address = make_url(url)
    except ArgumentError:
        raise Usage(
            f"--store “{url}” 不是账簿地址，请写成 sqlite:///disburse.db 的样子。",
            f"--store “{url}” is not an address; write it like sqlite:///disburse.db.",
        ) from None
    if address.get_backend_name() == "postgresql":
        raise Refused(
            "本版本还不能使用 PostgreSQL 账簿，请用 sqlite:///disburse.db 这样的文件。",
            "This version cannot use PostgreSQL yet; use a file like sqlite:///disburse.db.",
        )
    if address.drivername != "sqlite" or address.host or address.query or address.database in (None, "", ":memory:"):
        raise Usage(
            f"--store “{address.render_as_string()}” 不能使用：须为 sqlite:///文件，如 sqlite:///disburse.db。",
            f"--store “{address.render_as_string()}” cannot be used: it must be sqlite:///FILE, like sqlite:///disburse.db.",
        )
    return Path(str(address.database))


def _revision(connection: Connection, path: Path) -> str | None:
    """The revision of a store that is ours; None of a database with nothing in it."""
    tables = set(connection.exec_driver_sql("SELECT name FROM sqlite_master WHERE type = 'table'").scalars())
    if not tables:
        return None
    if not {"alembic_version", "posting", "head"} <= tables:
        raise Refused(
            f"{path} 是别的程序的数据库，未作任何改动；请检查 --store。",
            f"{path} is another program's database and was left alone; check --store.",
        )
    revision = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()
    if revision not in REVISIONS:
        raise Refused(
            f"账簿 {path} 由更新的版本建立（{revision}），未作任何改动；请升级 disburse 后重试。",
            f"The store {path} was made by a newer version ({revision}) and was left alone; upgrade disburse and try again.",
        )
    return str(revision)


def _upgrade(database: Database) -> None:
    from disburse.store.migrations import upgrade  # noqa: PLC0415  Alembic takes long to load and is seldom needed

    with database.writing() as connection:
        # another process may have been faster
        if _revision(connection, database.path) != REVISIONS[-1]:
            upgrade(connection)
