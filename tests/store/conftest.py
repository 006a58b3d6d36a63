"""A store of its own for every test."""

from __future__ import annotations

import multiprocessing
from typing import TYPE_CHECKING, Any

import pytest

from disburse.store import Store, open_store

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "账 本%.db"


@pytest.fixture
def url(path: Path) -> str:
    return f"sqlite:///{path}"


@pytest.fixture
def store(url: str) -> Store:
    return open_store(url, create=True)


@pytest.fixture
def fork() -> Any:
    if "fork" not in multiprocessing.get_all_start_methods():
        pytest.skip("needs a system that forks")
    return multiprocessing.get_context("fork")
