"""The PostgreSQL server of the tests: a real one, named by DISBURSE_TEST_POSTGRES (docs: CONTRIBUTING.md)."""

from __future__ import annotations

import os
import uuid
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import create_engine
from sqlalchemy.engine import make_url
from sqlalchemy.pool import NullPool

if TYPE_CHECKING:
    from collections.abc import Iterator

VARIABLE = "DISBURSE_TEST_POSTGRES"
"""Address of a user who may make databases, like postgresql+psycopg://postgres@127.0.0.1/postgres."""


@contextmanager
def database() -> Iterator[str]:
    """The address of an empty database, dropped afterwards. Skips without a server; in CI that is a failure."""
    address = os.environ.get(VARIABLE)
    if not address:
        reason = f"NOT TESTED ON POSTGRESQL: {VARIABLE} names no server"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    engine = create_engine(address, isolation_level="AUTOCOMMIT", poolclass=NullPool)
    name = f"test_{uuid.uuid4().hex}"
    with engine.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8'")
    try:
        yield make_url(address).set(database=name).render_as_string(hide_password=False)
    finally:
        with engine.connect() as connection:
            connection.exec_driver_sql(f"DROP DATABASE {name} WITH (FORCE)")
