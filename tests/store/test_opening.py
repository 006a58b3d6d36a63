"""Which files are a store: every other one is left alone, and said so in one sentence."""

from __future__ import annotations

import os
import shutil
import sqlite3
import tempfile
import threading
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, create_engine, inspect
from sqlalchemy.pool import NullPool

from disburse.errors import Mendable, Refused, Usage
from disburse.language import current
from disburse.store import Store, open_store
from disburse.store.migrations import configuration
from disburse.store.schema import REVISIONS, metadata
from tests.store.runs import book, booking, raw

if TYPE_CHECKING:
    from collections.abc import Iterator


def sentence(error: Mendable) -> str:
    """Both wordings, which must name the same and be one line."""
    assert "\n" not in error.zh + error.en
    assert error.zh.endswith("。")
    assert error.en.endswith(".")
    return f"{error.zh} {error.en}"


def test_reading_never_makes_a_file(tmp_path: Path) -> None:
    for name in ("none.db", "no folder/none.db"):
        store = open_store(f"sqlite:///{tmp_path / name}", create=False)
        store.booked(), store.open_items(), store.head()
    assert list(tmp_path.iterdir()) == []


def test_reading_changes_nothing(store: Store, url: str, path: Path) -> None:
    book(store, booking(3))
    before = path.read_bytes(), path.stat().st_mtime_ns, list(path.parent.iterdir())
    reader = open_store(url, create=False)
    reader.booked(), reader.open_items(), reader.head()
    assert (path.read_bytes(), path.stat().st_mtime_ns, list(path.parent.iterdir())) == before


def test_an_empty_file_is_an_empty_store(url: str, path: Path) -> None:
    path.touch()
    assert open_store(url, create=False).head().sequence == 0
    assert path.stat().st_size == 0
    assert book(open_store(url, create=True), booking(1)).sequence == 1


def test_a_relative_address_is_a_file_in_the_working_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    open_store("sqlite:///disburse.db", create=True)
    assert (tmp_path / "disburse.db").exists()


@pytest.mark.parametrize(
    "address",
    ["disburse.db", "", "sqlite://", "sqlite:///", "sqlite:///:memory:", "sqlite://server/share.db", "mysql://x/y",
     "sqlite:///a.db?mode=ro", "sqlite+aiosqlite:///a.db", "postgresql+psycopg2://x/y", "C:\\disburse.db"],
)  # fmt: skip
@pytest.mark.parametrize("create", [True, False])
def test_an_address_that_is_none(address: str, create: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(Usage) as raised:
        open_store(address, create=create)
    assert "sqlite:///disburse.db" in sentence(raised.value)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("create", [True, False])
def test_a_server_that_is_not_there_is_no_empty_store_and_its_password_is_not_shown(create: bool) -> None:
    with pytest.raises(Refused) as raised:
        open_store("postgresql+psycopg://clerk:secret@127.0.0.1:1/disburse", create=create)
    assert "cannot be reached" in sentence(raised.value)
    with pytest.raises(Usage) as wrong:
        open_store("mysql://clerk:secret@server/disburse", create=create)
    with pytest.raises(Usage) as nameless:
        open_store("postgresql+psycopg://clerk:secret@server?password=secret", create=create)
    assert "names no database" in sentence(nameless.value)
    assert "secret" not in sentence(raised.value) + sentence(wrong.value) + sentence(nameless.value)


def test_a_folder_that_is_missing_is_not_made(tmp_path: Path) -> None:
    with pytest.raises(Usage) as raised:
        open_store(f"sqlite:///{tmp_path / 'no folder' / 'a.db'}", create=True)
    assert str(tmp_path / "no folder") in sentence(raised.value)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("create", [True, False])
def test_a_folder_is_not_a_store(tmp_path: Path, create: bool) -> None:
    with pytest.raises(Usage) as raised:
        open_store(f"sqlite:///{tmp_path}", create=create)
    assert str(tmp_path / "disburse.db") in sentence(raised.value)


def foreign(path: Path) -> None:
    with closing(raw(path)) as connection:
        connection.execute("CREATE TABLE posting (id INTEGER)")


def foreign_alembic(path: Path) -> None:
    with closing(raw(path)) as connection:
        connection.execute("CREATE TABLE alembic_version (version_num TEXT)")


def newer(path: Path) -> None:
    open_store(f"sqlite:///{path}", create=True)
    with closing(raw(path)) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")


def damaged(path: Path) -> None:
    book(open_store(f"sqlite:///{path}", create=True), booking(500))
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 3])


def overwritten(path: Path) -> None:
    book(open_store(f"sqlite:///{path}", create=True), booking(500))
    whole = bytearray(path.read_bytes())
    whole[4096:] = b"\xaa" * (len(whole) - 4096)
    path.write_bytes(whole)


def lacking(path: Path) -> None:
    open_store(f"sqlite:///{path}", create=True)
    with closing(raw(path)) as connection:
        connection.execute("DROP TABLE outcome")


def read(url: str, create: bool) -> None:
    store = open_store(url, create=create)
    store.booked(), store.open_items(), store.head()


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda path: path.write_text("申报编号,金额\n" * 500), "not a database"),
        (lambda path: path.write_bytes(b"PK\x03\x04" + bytes(3000)), "not a database"),
        (foreign, "another program's database"),
        (foreign_alembic, "another program's database"),
        (newer, "newer version"),
        (damaged, "damaged"),
        (overwritten, "damaged"),
        (lacking, "not whole"),
    ],
)
@pytest.mark.parametrize("create", [True, False])
def test_another_file_is_left_alone(url: str, path: Path, make: Any, says: str, create: bool) -> None:
    make(path)
    before = path.read_bytes()
    with pytest.raises(Refused) as raised:
        read(url, create)
    assert says in sentence(raised.value)
    assert str(path) in raised.value.zh
    assert path.read_bytes() == before


def test_a_damaged_store_books_nothing(url: str, path: Path) -> None:
    damaged(path)
    before = path.read_bytes()
    with pytest.raises(Refused, match="已损坏"):
        book(open_store(url, create=True), booking(1, "B"), "second")
    assert path.read_bytes() == before


def test_the_sentence_is_in_the_language_asked_for(url: str, path: Path) -> None:
    path.write_text("no database" * 500)
    token = current.set("en")
    try:
        with pytest.raises(Refused, match="is not a database"):
            open_store(url, create=True)
    finally:
        current.reset(token)


@pytest.fixture
def outside() -> Iterator[Path]:
    """A folder that another user can reach, which pytest's own are not."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.mark.parametrize("folder_too", [False, True])
def test_a_read_only_store_is_read_and_not_booked_into(outside: Path, fork: Any, folder_too: bool) -> None:
    path = outside / "a.db"
    book(open_store(f"sqlite:///{path}", create=True), booking(3))
    path.chmod(0o444)
    outside.chmod(0o555 if folder_too else 0o777)
    answers = fork.SimpleQueue()

    def as_nobody() -> None:
        if os.geteuid() == 0:
            os.setuid(65534)
        answers.put(len(open_store(f"sqlite:///{path}", create=False).booked()))
        try:
            book(open_store(f"sqlite:///{path}", create=True), booking(1, "B"), "second")
        except Refused as error:
            answers.put(sentence(error))
        except Exception as error:  # noqa: BLE001  the parent must hear of it
            answers.put(repr(error))

    child = fork.Process(target=as_nobody)
    child.start()
    assert answers.get() == 3
    assert "read-only" in answers.get()
    child.join()


def test_a_folder_without_permission_is_said(outside: Path, fork: Any) -> None:
    path = outside / "a.db"
    outside.chmod(0o555)
    answers = fork.SimpleQueue()

    def as_nobody() -> None:
        if os.geteuid() == 0:
            os.setuid(65534)
        try:
            open_store(f"sqlite:///{path}", create=True)
        except Refused as error:
            answers.put(sentence(error))
        except Exception as error:  # noqa: BLE001  the parent must hear of it
            answers.put(repr(error))

    child = fork.Process(target=as_nobody)
    child.start()
    assert "no permission" in answers.get()
    child.join()


def test_a_locked_store_says_so(store: Store, url: str, path: Path) -> None:
    with closing(raw(path)) as other:
        other.execute("BEGIN EXCLUSIVE")
        for create in (True, False):
            with pytest.raises(Refused) as raised:
                open_store(url, create=create, patience_seconds=0.2)
            assert "in use" in sentence(raised.value)
        other.execute("ROLLBACK")
        impatient = open_store(url, create=True, patience_seconds=0.2)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(Refused, match="正被其他程序使用"):
            book(impatient, booking(1))


def test_a_short_wait_is_not_noticed(store: Store, path: Path) -> None:
    other = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    other.execute("BEGIN EXCLUSIVE")
    release = threading.Timer(0.5, other.close)
    release.start()
    assert book(store, booking(1)).sequence == 1
    release.join()


def test_readers_go_on_while_a_batch_is_calculated(store: Store, path: Path) -> None:
    book(store, booking(1))
    with closing(raw(path)) as other:
        other.execute("BEGIN IMMEDIATE")
        assert len(store.booked()) == 1


def test_what_keeps_a_booking_through_a_power_failure_is_in_force(store: Store, path: Path) -> None:
    with closing(raw(path)) as other:
        other.execute("PRAGMA journal_mode = WAL")
    with store._database.writing() as connection:  # type: ignore[union-attr]
        found = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys", "recursive_triggers", "busy_timeout")
        }
    assert found == {
        "journal_mode": "delete", "synchronous": 3, "foreign_keys": 1, "recursive_triggers": 1, "busy_timeout": 120_000,
    }  # fmt: skip


def test_a_store_that_cannot_leave_its_journal_mode_is_refused(store: Store, url: str, path: Path) -> None:
    with closing(raw(path)) as other:
        other.execute("PRAGMA journal_mode = WAL")
        other.execute("BEGIN")
        other.execute("SELECT * FROM head").fetchall()
        with pytest.raises(Refused) as raised:
            open_store(url, create=True, patience_seconds=0.2)
    assert str(path) in sentence(raised.value)


class TestMigrations:
    def test_they_lead_to_the_tables_of_the_program(self, url: str, store: Store) -> None:
        engine = create_engine(url, poolclass=NullPool)
        migrated = shape(engine)
        if engine.dialect.name == "sqlite":
            living = create_engine("sqlite://")
        else:
            living = create_engine(url, poolclass=NullPool, connect_args={"options": "-c search_path=living"})
            with living.begin() as connection:
                connection.exec_driver_sql("CREATE SCHEMA living")
        metadata.create_all(living)
        assert migrated == shape(living)

    def test_all_of_them_are_known(self) -> None:
        scripts = ScriptDirectory.from_config(configuration())
        assert [one.revision for one in scripts.walk_revisions()][::-1] == list(REVISIONS)

    def test_every_table_is_strict(self, path: Path, store: Store) -> None:
        with closing(raw(path)) as connection:
            kinds = connection.execute("SELECT name, strict FROM pragma_table_list WHERE schema = 'main'").fetchall()
        strict = {name for name, strict in kinds if strict}
        assert strict == set(metadata.tables)


def shape(engine: Engine) -> dict[str, Any]:
    """Tables, keys, checks and indexes as the database remembers them, in any order."""
    found = inspect(engine)
    return {
        name: {
            "columns": [(each["name"], str(each["type"]), each["nullable"]) for each in found.get_columns(name)],
            "primary": found.get_pk_constraint(name),
            "foreign": sorted(
                (each["constrained_columns"], each["referred_table"], each["referred_columns"])
                for each in found.get_foreign_keys(name)
            ),
            "unique": sorted(map(str, found.get_unique_constraints(name))),
            "checks": sorted((each["name"], each["sqltext"]) for each in found.get_check_constraints(name)),
            "indexes": sorted(
                (str(each["name"]), each["column_names"], each["unique"], [*map(str, each["dialect_options"].values())])
                for each in found.get_indexes(name)
            ),
        }
        for name in found.get_table_names()
        if name != "alembic_version"
    }
