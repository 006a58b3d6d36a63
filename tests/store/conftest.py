"""A store of its own for every test, on SQLite and on a PostgreSQL server."""

from __future__ import annotations

import multiprocessing
from typing import TYPE_CHECKING, Any

import pytest

from disburse.store import Store, open_store
from tests.store import server

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """What asks for a store runs on both databases, unless it asks for the file itself."""
    if "url" in metafunc.fixturenames:
        databases = ["sqlite"] if "path" in metafunc.fixturenames else ["sqlite", "postgresql"]
        metafunc.parametrize("url", databases, indirect=True)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "账 本%.db"


@pytest.fixture
def url(request: pytest.FixtureRequest) -> Iterator[str]:
    """The address of a store that is not there yet."""
    if request.param == "sqlite":
        yield f"sqlite:///{request.getfixturevalue('path')}"
    else:
        with server.database() as address:
            yield address


@pytest.fixture
def store(url: str) -> Store:
    return open_store(url, create=True)


@pytest.fixture
def fork() -> Any:
    if "fork" not in multiprocessing.get_all_start_methods():
        pytest.skip("needs a system that forks")
    return multiprocessing.get_context("fork")
