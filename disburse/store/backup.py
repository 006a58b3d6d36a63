"""The whole book in another place: from either database into a file, and from such a file into either database.

A book is copied batch by batch, in its order and through every constraint, so that a copy comes to be as the book did; what
is derived is made anew. No batch is taken over whose content does not give its hash.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import func, insert, select, update

from disburse.errors import Refused
from disburse.language import say
from disburse.store.chain import OUTCOME_FIELDS, POSTING_FIELDS, POSTING_FIELDS_OF, Hashing
from disburse.store.derived import insert_rows, take_in
from disburse.store.ledger import head_of
from disburse.store.opening import open_store
from disburse.store.schema import batch, head, outcome, posting
from disburse.store.seals import CHUNK, batches, streamed, write_seals
from disburse.store.verification import faults

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from sqlalchemy import Connection, Table

    from disburse.store.booking import Head
    from disburse.store.ledger import Store
    from disburse.store.seals import Batch

    Progress = Callable[[str], None]


class Copied(NamedTuple):
    """What a copy holds: the end of its chain, batches and lines, and what they come to in fen."""

    head: Head
    batches: int
    lines: int
    net_fen: int


def snapshot(source: Store, path: Path, progress: Progress) -> Copied:
    """Write the book as it stands at one moment into the new file `path`, and read it again to be sure.

    Raises Refused where it does not verify.
    """
    with source.reading() as connection:
        assert connection is not None
        told = _counts(connection)
        if connection.dialect.name == "sqlite":
            progress(say("复制账簿", "Copying the book"))
            _copy_pages(connection, path)
        else:
            with open_store(f"sqlite:///{path}", create=True).writing() as target:
                replay(connection, target, progress)
    with open_store(f"sqlite:///{path}", create=False).reading() as connection:
        assert connection is not None
        _must_be(connection, told, progress)
    return told


def _copy_pages(connection: Connection, path: Path) -> None:
    """SQLite's own way: one state of the file, and so quick that a clerk who books meanwhile hardly waits."""
    source: Any = connection.connection.dbapi_connection
    with closing(sqlite3.connect(path)) as file:
        source.backup(file)


def replay(source: Connection, target: Connection, progress: Progress) -> None:
    """Bring every batch of `source` into `target`, which has none. Raises Refused for the first that is not what was booked."""
    for told in batches(source):
        progress(say(f"复制 {told['batch']}", f"Copying {told['batch']}"))
        hashing = Hashing(told["previous_hash"], told)
        target.execute(insert(batch), told)
        covered = [POSTING_FIELDS.index(name) for name in POSTING_FIELDS_OF[told["form"]]]
        lines = b""
        for rows in _rows(source, posting, POSTING_FIELDS, told):
            lines += b"".join(hashing.add([row[at] for at in covered]) for row in rows)
            insert_rows(target, posting, rows, POSTING_FIELDS)
        answers = b""
        for rows in _rows(source, outcome, OUTCOME_FIELDS, told):
            answers += b"".join(map(hashing.add, rows))
            insert_rows(target, outcome, rows, OUTCOME_FIELDS)
        if hashing.hexdigest() != told["hash"]:
            raise _not_whole(told["batch"])
        write_seals(target, told["batch_no"], lines, answers)
        take_in(target, told["batch_no"])
        target.execute(update(head).values(sequence=told["batch_no"], hash=told["hash"]))


def restored(source: Connection, target: Connection, progress: Progress) -> Copied:
    """Bring the book of `source` into `target`, and read it again to be sure. Raises Refused unless `target` is empty."""
    told = _counts(source)
    _must_be(source, told, progress)
    if head_of(target).sequence:
        raise not_empty()
    replay(source, target, progress)
    _must_be(target, told, progress)
    return told


def not_empty() -> Refused:
    """What would be written over is left alone."""
    return Refused(
        "要恢复到的账簿不是空的，未作任何改动；请用 --store 指定一个新的文件或空的数据库。",
        "The store to restore into is not empty and was left alone; name a new file or an empty database with --store.",
    )


def _rows(source: Connection, table: Table, fields: Sequence[str], told: Batch) -> Iterator[list[tuple[Any, ...]]]:
    query = (
        select(*(table.c[name] for name in fields)).where(table.c.batch_no == told["batch_no"]).order_by(table.c.line)
    )
    rows = iter(streamed(source, query))
    while some := [tuple(row) for row in islice(rows, CHUNK)]:
        yield some


def _counts(connection: Connection) -> Copied:
    lines, net = connection.execute(select(func.count(), func.coalesce(func.sum(posting.c.paid_fen), 0))).one()
    number = connection.execute(select(func.count()).select_from(batch)).scalar_one()
    return Copied(head_of(connection), number, lines, int(net))


def _must_be(connection: Connection, told: Copied, progress: Progress) -> None:
    """The copy holds what was told, and verifies from end to end."""
    if _counts(connection) != told:
        raise _not_whole("")
    for fault in faults(connection, [told.head], progress):
        raise _not_whole(fault.batch, fault.said)


def _not_whole(name: str, said: str = "") -> Refused:
    where = (
        say(f"（批次 {name}{'：' if said else ''}{said}）", f" (batch {name}{': ' if said else ''}{said})")
        if name or said
        else ""
    )
    return Refused(
        f"账簿与记账时不符{where}，未完成；请先运行 disburse verify 查明，再用完好的账簿或备份。",
        f"The book is not what was booked{where}; nothing was done. Run disburse verify first, then use a sound book or backup.",
    )
