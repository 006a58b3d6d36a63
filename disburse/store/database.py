"""The database under a store: transactions that hold, and its failures in the operator's words."""

from __future__ import annotations

from abc import ABC, abstractmethod
from contextlib import contextmanager
from typing import TYPE_CHECKING

from sqlalchemy.exc import DBAPIError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sqlalchemy import Connection, Engine

    from disburse.errors import Mendable

    Waiting = Callable[[], None]


class Database(ABC):
    """One SQLite file or one PostgreSQL schema, opened anew for every transaction, so that nothing is locked in between.

    name              as the operator wrote it, without a password
    writable          may write. Otherwise nothing is created or changed
    patience_seconds  how long to wait for another process
    waiting           called once when another process has the store and we begin to wait
    """

    def __init__(self, name: str, engine: Engine, *, writable: bool, patience_seconds: float, waiting: Waiting) -> None:
        self.name = name
        self.writable = writable
        self.patience_ms = int(patience_seconds * 1000)
        self.waiting = waiting
        self._engine = engine

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A transaction that sees one state of the store."""
        with self.explained(), self._engine.connect() as connection, connection.begin():
            self.begin_reading(connection)
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction alone with the store: whole at the end, or not at all when anything is raised."""
        with self.explained(), self._engine.connect() as connection, connection.begin():
            self.begin_writing(connection)
            yield connection

    @contextmanager
    def building(self) -> Iterator[Connection]:
        """`writing`, where the tables may not be there yet."""
        with self.explained(), self._engine.connect() as connection, connection.begin():
            self.begin_building(connection)
            yield connection

    @contextmanager
    def explained(self) -> Iterator[None]:
        """What the operator can mend is raised as a sentence, the program's own faults as they are."""
        try:
            yield
        except Exception as error:
            cause = error.orig if isinstance(error, DBAPIError) else error
            sentence = self.sentence(cause) if isinstance(cause, self.faults) else None
            if sentence is None:
                raise
            raise sentence from error

    faults: type[Exception]
    """What the driver raises."""

    @abstractmethod
    def begin_reading(self, connection: Connection) -> None: ...

    @abstractmethod
    def begin_writing(self, connection: Connection) -> None: ...

    @abstractmethod
    def begin_building(self, connection: Connection) -> None: ...

    @abstractmethod
    def tables(self, connection: Connection) -> set[str]:
        """The names of the tables there are, whoever made them."""

    @abstractmethod
    def sentence(self, error: Exception) -> Mendable | None:
        """What the driver's error means to the operator; None when it means that the program is wrong."""
