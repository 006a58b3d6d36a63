"""A trigger that refuses what must not happen to a table, in the words of either database."""

from __future__ import annotations

from typing import NamedTuple

from alembic import op


class Guard(NamedTuple):
    """Before `event` (like "INSERT ON posting"), every row of which `condition` holds is refused with `message`.

    condition  SQL that both databases understand, over NEW and OLD; None refuses whatever the row
    """

    name: str
    event: str
    message: str
    condition: str | None = None

    def set_up(self) -> None:
        if op.get_bind().dialect.name == "sqlite":
            op.execute(
                f"CREATE TRIGGER {self.name} BEFORE {self.event} WHEN {' '.join((self.condition or '1').split())} "
                f"BEGIN SELECT RAISE(ABORT, '{self.message}'); END"
            )
            return
        # 23514 is a check that fails, as to SQLite; PL/pgSQL because WHEN takes no subquery there
        op.execute(
            f"CREATE FUNCTION {self.name}() RETURNS trigger LANGUAGE plpgsql AS $$ #variable_conflict use_column\nBEGIN "
            f"IF {self.condition or 'true'} THEN RAISE EXCEPTION '{self.message}' USING ERRCODE = '23514'; END IF; "
            "RETURN NEW; END $$"
        )
        # a refusal of everything is asked once a statement: TRUNCATE has no rows
        each = "ROW" if self.condition else "STATEMENT"
        op.execute(f"CREATE TRIGGER {self.name} BEFORE {self.event} FOR EACH {each} EXECUTE FUNCTION {self.name}()")

    def take_down(self) -> None:
        table = self.event.rsplit(" ", 1)[-1]
        if op.get_bind().dialect.name == "sqlite":
            op.execute(f"DROP TRIGGER {self.name}")
        else:
            op.execute(f"DROP TRIGGER {self.name} ON {table}")
            op.execute(f"DROP FUNCTION {self.name}()")
