"""How a store made by any version becomes one of this version."""

from __future__ import annotations

from typing import TYPE_CHECKING

from alembic import command
from alembic.config import Config

from disburse.store import derived, seals

if TYPE_CHECKING:
    from sqlalchemy import Connection


def upgrade(connection: Connection) -> None:
    """Bring the store behind `connection` up to date, inside the transaction that is open on it."""
    command.upgrade(configuration(connection), "head")
    derived.fill(connection)
    seals.fill(connection)


def configuration(connection: Connection | None = None) -> Config:
    """Alembic's settings without an alembic.ini, so that they hold in a wheel too."""
    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", "disburse.store:migrations")
    config.set_main_option("path_separator", "os")
    return config
