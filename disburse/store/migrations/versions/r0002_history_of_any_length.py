"""What a month looks up, kept beside the lines; a line that pays again names the one it stands for; PostgreSQL.

Stores on PostgreSQL begin here. The derived tables are filled by the program that upgrades (derived.py), not here.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from disburse.store.migrations.guard import Guard

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

FEN = sa.BigInteger().with_variant(sa.Integer, "sqlite")
PAID = "kind <> 'reversal'"


def upgrade() -> None:
    _pays_again()
    _index("ix_posting_enterprise", ["uscc", "batch_no", "measure", "paid_fen"], PAID)
    for name in ("subject", "matter", "carrier"):
        _index(f"ix_posting_{name}", [f"{name}_no"], f"{PAID} AND {name}_no <> ''")
    _balance()
    _holder()
    _trace()
    _open_item()
    if op.get_bind().dialect.name == "postgresql":
        for table in ("batch", "posting", "outcome", "head"):
            Guard(f"{table}_truncate", f"TRUNCATE ON {table}", f"{table} is append-only").set_up()


def _pays_again() -> None:
    whole = "INTEGER" if op.get_bind().dialect.name == "sqlite" else "BIGINT"
    op.execute(
        f"ALTER TABLE posting ADD COLUMN pays_again {whole} CONSTRAINT fk_posting_pays_again REFERENCES posting (id)"
    )
    AGAIN.take_down()
    AGAIN.set_up()


AGAIN = Guard(
    "posting_again",
    "INSERT ON posting",
    "paid before and not taken back",
    """(NEW.pays_again IS NOT NULL AND (NEW.kind = 'reversal' OR NEW.generation = 1))
       OR (NEW.kind <> 'reversal' AND NEW.generation > 1 AND NOT EXISTS (
         SELECT 1 FROM posting AS old
         WHERE old.id = NEW.pays_again AND old.kind <> 'reversal' AND old.application_no = NEW.application_no
           AND old.instalment = NEW.instalment AND old.generation = NEW.generation - 1
           AND old.paid_fen + (SELECT coalesce(sum(paid_fen), 0) FROM posting WHERE refers_to = old.id) = 0))""",
)
"""A pair is paid again only after all of it came back, and the new line says which one it stands for."""


def _balance() -> None:
    op.create_table(
        "balance",
        _whole("pay_year"),
        *_words("fund", "measure"),
        *(_whole(name) for name in ("batch_no", "event_year")),
        *_words("town", "bureau", "category"),
        sa.Column("net_fen", FEN, nullable=False),
        sa.PrimaryKeyConstraint(
            "pay_year", "fund", "measure", "batch_no", "event_year", "town", "bureau", "category", name="pk_balance"
        ),
        sa.CheckConstraint("net_fen >= 0", name=op.f("ck_balance_left")),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )


def _holder() -> None:
    op.create_table(
        "holder",
        *_words("kind", "key", "uscc"),
        sa.PrimaryKeyConstraint("kind", "key", "uscc", name="pk_holder"),
        sa.CheckConstraint("kind IN ('name', 'account')", name=op.f("ck_holder_kind")),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )


def _trace() -> None:
    op.create_table(
        "trace",
        *(sa.Column(name, FEN, nullable=False, autoincrement=False) for name in ("mark", "posting_id")),
        sa.PrimaryKeyConstraint("mark", "posting_id", name="pk_trace"),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )


def _open_item() -> None:
    op.create_table(
        "open_item",
        *_words("application_no"),
        *(_whole(name) for name in ("instalment", "batch_no", "line")),
        sa.PrimaryKeyConstraint("application_no", "instalment", name="pk_open_item"),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )


def _whole(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.Integer, nullable=False, autoincrement=False)


def _words(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.Text, nullable=False) for name in names]


def _index(name: str, columns: list[str], condition: str) -> None:
    where = sa.text(condition)
    op.create_index(name, "posting", columns, sqlite_where=where, postgresql_where=where)
