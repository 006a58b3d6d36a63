"""A seal of every line beside its batch, so that a change is found at its line. Filled by the program that upgrades."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from disburse.store.migrations.guard import Guard

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "seal",
        sa.Column("batch_no", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("postings", sa.LargeBinary, nullable=False),
        sa.Column("outcomes", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("batch_no", name="pk_seal"),
        sa.ForeignKeyConstraint(["batch_no"], ["batch.batch_no"], name="fk_seal_batch_no"),
        sqlite_strict=True,
    )
    for verb in ("UPDATE", "DELETE"):
        Guard(f"seal_{verb.lower()}", f"{verb} ON seal", "seal is append-only").set_up()
    if op.get_bind().dialect.name == "postgresql":
        Guard("seal_truncate", "TRUNCATE ON seal", "seal is append-only").set_up()
