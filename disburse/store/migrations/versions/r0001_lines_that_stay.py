"""The first store: batches, postings and outcomes that stay as they were booked, and the head of their chain."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from disburse.store.migrations.guard import Guard

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

FEN = sa.BigInteger().with_variant(sa.Integer, "sqlite")
REVERSAL = "refers_to IS NOT NULL"
NOT_REVERSAL = "kind <> 'reversal'"
OPEN = "status IN ('held', 'carried')"


def upgrade() -> None:
    _batch()
    _posting()
    _outcome()
    _head()
    for guard in GUARDS:
        guard.set_up()


def _batch() -> None:
    op.create_table(
        "batch",
        _whole("batch_no"),
        *_words("batch", "month"),
        _whole("number"),
        *_words("pay_date", "run_hash", "policy_sha256", "prepared_by", "approved_by"),
        sa.Column("reviewed_by", sa.Text),
        _whole("lines"),
        sa.Column("total_fen", FEN, nullable=False),
        *(_whole(name) for name in ("outcomes", "open_items", "form")),
        *_words("previous_hash", "hash"),
        sa.PrimaryKeyConstraint("batch_no", name="pk_batch"),
        sa.UniqueConstraint("batch", name="uq_batch_batch"),
        sa.UniqueConstraint("month", "number", name="uq_batch_month_number"),
        sa.UniqueConstraint("run_hash", name="uq_batch_run_hash"),
        sa.UniqueConstraint("previous_hash", name="uq_batch_previous_hash"),
        sa.UniqueConstraint("hash", name="uq_batch_hash"),
        _check("batch_no >= 1 AND number >= 1", "ck_batch_numbered"),
        _check("batch = month || '-' || number", "ck_batch_named"),
        _check("trim(prepared_by) <> '' AND trim(approved_by) <> ''", "ck_batch_signed"),
        _check("prepared_by <> approved_by", "ck_batch_two_people"),
        _check(
            "reviewed_by IS NULL OR"
            " (trim(reviewed_by) <> '' AND reviewed_by <> prepared_by AND reviewed_by <> approved_by)",
            "ck_batch_three_people",
        ),
        _check("length(run_hash) = 64 AND length(previous_hash) = 64 AND length(hash) = 64", "ck_batch_hashed"),
        _check("lines >= 0 AND outcomes >= 0 AND open_items >= 0", "ck_batch_counted"),
        sqlite_strict=True,
    )


def _posting() -> None:
    op.create_table(
        "posting",
        sa.Column("id", FEN, nullable=False, autoincrement=False),
        _whole("batch_no"),
        _whole("line"),
        *_words("kind"),
        sa.Column("refers_to", FEN),
        sa.Column("reversal_no", sa.Integer),
        _whole("generation"),
        *_words("month", "pay_date", "application_no"),
        _whole("instalment"),
        *_words("measure", "article", "fund", "uscc", "applicant_name", "subject_no", "subject_name", "carrier_no"),
        *_words("category", "town", "bureau", "matter_no", "evidence_nos"),
        sa.Column("event_date", sa.Text),
        sa.Column("approved_amount_fen", FEN, nullable=False),
        sa.Column("paid_fen", FEN, nullable=False),
        *_words("payee_name", "bank_name", "cnaps", "account_no", "payee_type", "reason", "document_no"),
        sa.PrimaryKeyConstraint("id", name="pk_posting"),
        sa.ForeignKeyConstraint(["batch_no"], ["batch.batch_no"], name="fk_posting_batch_no"),
        sa.ForeignKeyConstraint(["refers_to"], ["posting.id"], name="fk_posting_refers_to"),
        sa.UniqueConstraint("batch_no", "line", name="uq_posting_batch_no_line"),
        _check("kind IN ('payment', 'reversal', 'opening')", "ck_posting_kind"),
        _check("line >= 1 AND instalment >= 1 AND generation >= 1", "ck_posting_numbered"),
        _check("application_no <> ''", "ck_posting_named"),
        _check("(kind = 'reversal' AND paid_fen < 0) OR (kind <> 'reversal' AND paid_fen > 0)", "ck_posting_signed"),
        _check(
            "(kind = 'reversal' AND refers_to IS NOT NULL AND reversal_no >= 1 AND reversal_no IS NOT NULL"
            " AND reason <> '' AND document_no <> '')"
            " OR (kind <> 'reversal' AND refers_to IS NULL AND reversal_no IS NULL)",
            "ck_posting_reversal",
        ),
        _check(
            "kind <> 'payment' OR (event_date IS NOT NULL AND paid_fen <= approved_amount_fen)", "ck_posting_payment"
        ),
        sqlite_strict=True,
    )
    _unique_where("uq_posting_payment", "posting", ["application_no", "instalment", "generation"], NOT_REVERSAL)
    _unique_where("uq_posting_reversal", "posting", ["refers_to", "reversal_no"], REVERSAL)


def _outcome() -> None:
    op.create_table(
        "outcome",
        _whole("batch_no"),
        _whole("line"),
        *_words("application_no"),
        _whole("instalment"),
        *_words("status", "measure", "bureau", "uscc", "applicant_name"),
        sa.Column("approved_amount_fen", FEN),
        *_words("reasons"),
        sa.PrimaryKeyConstraint("batch_no", "line", name="pk_outcome"),
        sa.ForeignKeyConstraint(["batch_no"], ["batch.batch_no"], name="fk_outcome_batch_no"),
        _check(
            "status IN ('paid', 'reduced', 'rejected', 'held', 'carried', 'invalid', 'registered', 'replaced')",
            "ck_outcome_status",
        ),
        _check("line >= 1 AND application_no <> ''", "ck_outcome_named"),
        sqlite_strict=True,
    )
    op.create_index("ix_outcome_pair", "outcome", ["application_no", "instalment", "batch_no"])
    _unique_where("uq_outcome_open", "outcome", ["batch_no", "application_no", "instalment"], OPEN)


def _head() -> None:
    op.create_table(
        "head",
        _whole("id"),
        _whole("sequence"),
        *_words("hash"),
        sa.PrimaryKeyConstraint("id", name="pk_head"),
        _check("id = 1", "ck_head_one_row"),
        sqlite_strict=True,
    )
    row = sa.table("head", sa.column("id"), sa.column("sequence"), sa.column("hash"))
    op.execute(sa.insert(row).values(id=1, sequence=0, hash="0" * 64))


def _whole(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.Integer, nullable=False, autoincrement=False)


def _words(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.Text, nullable=False) for name in names]


def _check(condition: str, name: str) -> sa.CheckConstraint:
    return sa.CheckConstraint(condition, name=op.f(name))


def _unique_where(name: str, table: str, columns: list[str], condition: str) -> None:
    where = sa.text(condition)
    op.create_index(name, table, columns, unique=True, sqlite_where=where, postgresql_where=where)


GUARDS = (
    # what is booked stays
    *(
        Guard(f"{table}_{verb.lower()}", f"{verb} ON {table}", f"{table} is append-only")
        for table in ("batch", "posting", "outcome")
        for verb in ("UPDATE", "DELETE")
    ),
    # nothing is added to a batch that the head has passed; no number is left out or used again
    Guard(
        "batch_insert",
        "INSERT ON batch",
        "batch does not follow the head",
        """NEW.batch_no <> (SELECT sequence + 1 FROM head) OR NEW.previous_hash <> (SELECT hash FROM head)""",
    ),
    Guard(
        "posting_insert",
        "INSERT ON posting",
        "posting does not follow the last one",
        """NEW.batch_no <= (SELECT sequence FROM head)
           OR NEW.id <> (SELECT coalesce(max(id), 0) + 1 FROM posting)""",
    ),
    Guard(
        "outcome_insert",
        "INSERT ON outcome",
        "outcome of a batch that is closed",
        """NEW.batch_no <= (SELECT sequence FROM head)""",
    ),
    # a pair is paid again only after all of it came back
    Guard(
        "posting_again",
        "INSERT ON posting",
        "paid before and not taken back",
        """NEW.generation > 1 AND NEW.kind <> 'reversal' AND NOT EXISTS (
             SELECT 1 FROM posting AS old
             WHERE old.kind <> 'reversal' AND old.application_no = NEW.application_no
               AND old.instalment = NEW.instalment AND old.generation = NEW.generation - 1
               AND old.paid_fen + (SELECT coalesce(sum(paid_fen), 0) FROM posting WHERE refers_to = old.id) = 0)""",
    ),
    # a reversal takes back a line of the same pair, and never more than is left of it
    Guard(
        "posting_reversal",
        "INSERT ON posting",
        "reversal of more than is left",
        """NEW.kind = 'reversal' AND NOT EXISTS (
             SELECT 1 FROM posting AS old
             WHERE old.id = NEW.refers_to AND old.kind <> 'reversal' AND old.application_no = NEW.application_no
               AND old.instalment = NEW.instalment AND old.generation = NEW.generation
               AND old.paid_fen + NEW.paid_fen
                 + (SELECT coalesce(sum(paid_fen), 0) FROM posting WHERE refers_to = old.id) >= 0)""",
    ),
    # the head moves one batch at a time, to a batch that is there and whole
    Guard("head_delete", "DELETE ON head", "the head stays"),
    Guard(
        "head_update",
        "UPDATE ON head",
        "the head leads to no whole batch",
        """NEW.sequence <> OLD.sequence + 1 OR NOT EXISTS (
             SELECT 1 FROM batch
             WHERE batch_no = NEW.sequence AND hash = NEW.hash AND previous_hash = OLD.hash
               AND lines = (SELECT count(*) FROM posting WHERE batch_no = NEW.sequence)
               AND total_fen = (SELECT coalesce(sum(paid_fen), 0) FROM posting WHERE batch_no = NEW.sequence)
               AND outcomes = (SELECT count(*) FROM outcome WHERE batch_no = NEW.sequence))""",
    ),
)
