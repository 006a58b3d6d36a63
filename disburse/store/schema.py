"""The tables of the store, as they are now. How older stores come here: migrations/.

    batch     one line per booking, each with the hash of the one before
    posting   what was paid: payments, opening lines, and the reversals that refer to them
    outcome   what every application of a run came to; held and carried ones are the open items
    head      one row: how many batches there are, and the hash of the last
    seal      per batch a few bytes of each line's own hash: where the chain says that a batch was changed, which line

Derived from these in the same transaction (derived.py), so that a month costs the same however long the history is:

    balance    running balances: net fen per batch, measure, fund, years, town, bureau and category
    holder     which enterprises stand behind a name or an account
    trace      which lines bear a voucher, a subject's name, or the same claim
    open_item  the held and carried rows that no later run has taken up

Amounts are integer fen, days ISO text (which sorts and reads the same on every database). The keys and checks make
a double booking impossible even if the program is wrong; the triggers of the migrations make lines final.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
    text,
)

REVISIONS = ("0001", "0002", "0003")
"""The migrations, oldest first; the last one leads to these tables."""

GENESIS = "0" * 64
"""The hash before the first batch."""

PAID = "kind <> 'reversal'"
"""What the partial indexes over payments and opening lines say; a query must say it word for word to use them."""

Fen = BigInteger().with_variant(Integer, "sqlite")
"""64 bits everywhere: SQLite's INTEGER already is, and its STRICT tables know no BIGINT."""

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
    }
)


def _words(*names: str) -> list[Column[str]]:
    return [Column(name, Text, nullable=False) for name in names]


batch = Table(
    "batch",
    metadata,
    Column("batch_no", Integer, primary_key=True, autoincrement=False),
    *_words("batch", "month"),
    Column("number", Integer, nullable=False),
    *_words("pay_date", "run_hash", "policy_sha256", "prepared_by", "approved_by"),
    Column("reviewed_by", Text),
    Column("lines", Integer, nullable=False),
    Column("total_fen", Fen, nullable=False),
    Column("outcomes", Integer, nullable=False),
    Column("open_items", Integer, nullable=False),
    Column("form", Integer, nullable=False),
    *_words("previous_hash", "hash"),
    UniqueConstraint("batch"),
    UniqueConstraint("month", "number"),
    UniqueConstraint("run_hash"),
    UniqueConstraint("previous_hash"),
    UniqueConstraint("hash"),
    CheckConstraint("batch_no >= 1 AND number >= 1", "numbered"),
    CheckConstraint("batch = month || '-' || number", "named"),
    CheckConstraint("trim(prepared_by) <> '' AND trim(approved_by) <> ''", "signed"),
    CheckConstraint("prepared_by <> approved_by", "two_people"),
    CheckConstraint(
        "reviewed_by IS NULL OR (trim(reviewed_by) <> '' AND reviewed_by <> prepared_by AND reviewed_by <> approved_by)",
        "three_people",
    ),
    CheckConstraint("length(run_hash) = 64 AND length(previous_hash) = 64 AND length(hash) = 64", "hashed"),
    CheckConstraint("lines >= 0 AND outcomes >= 0 AND open_items >= 0", "counted"),
    sqlite_strict=True,
)

posting = Table(
    "posting",
    metadata,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=False),
    Column("batch_no", Integer, ForeignKey("batch.batch_no"), nullable=False),
    Column("line", Integer, nullable=False),
    *_words("kind"),
    # a reversal refers to the line it takes back, wholly or in part; the parts are numbered
    Column("refers_to", BigInteger().with_variant(Integer, "sqlite"), ForeignKey("posting.id")),
    Column("reversal_no", Integer),
    # 1, and one more each time the pair is paid again after a full reversal
    Column("generation", Integer, nullable=False),
    *_words("month", "pay_date", "application_no"),
    Column("instalment", Integer, nullable=False),
    *_words("measure", "article", "fund", "uscc", "applicant_name", "subject_no", "subject_name", "carrier_no"),
    *_words("category", "town", "bureau", "matter_no", "evidence_nos"),
    Column("event_date", Text),
    Column("approved_amount_fen", Fen, nullable=False),
    Column("paid_fen", Fen, nullable=False),
    *_words("payee_name", "bank_name", "cnaps", "account_no", "payee_type"),
    # of a reversal: why (退票, 退款, 追回 …) and on which paper
    *_words("reason", "document_no"),
    # 补发: the line, wholly taken back, that this one pays again
    Column("pays_again", BigInteger().with_variant(Integer, "sqlite"), ForeignKey("posting.id")),
    UniqueConstraint("batch_no", "line"),
    CheckConstraint("kind IN ('payment', 'reversal', 'opening')", "kind"),
    CheckConstraint("line >= 1 AND instalment >= 1 AND generation >= 1", "numbered"),
    CheckConstraint("application_no <> ''", "named"),
    CheckConstraint("(kind = 'reversal' AND paid_fen < 0) OR (kind <> 'reversal' AND paid_fen > 0)", "signed"),
    CheckConstraint(
        "(kind = 'reversal' AND refers_to IS NOT NULL AND reversal_no >= 1 AND reversal_no IS NOT NULL"
        " AND reason <> '' AND document_no <> '')"
        " OR (kind <> 'reversal' AND refers_to IS NULL AND reversal_no IS NULL)",
        "reversal",
    ),
    CheckConstraint("kind <> 'payment' OR (event_date IS NOT NULL AND paid_fen <= approved_amount_fen)", "payment"),
    sqlite_strict=True,
)

Index(
    "uq_posting_payment",
    posting.c.application_no,
    posting.c.instalment,
    posting.c.generation,
    unique=True,
    sqlite_where=text(PAID),
    postgresql_where=text(PAID),
)
Index(
    "uq_posting_reversal",
    posting.c.refers_to,
    posting.c.reversal_no,
    unique=True,
    sqlite_where=text("refers_to IS NOT NULL"),
    postgresql_where=text("refers_to IS NOT NULL"),
)

for name, columns, condition in (
    ("enterprise", ("uscc", "batch_no", "measure", "paid_fen"), PAID),
    ("subject", ("subject_no",), f"{PAID} AND subject_no <> ''"),
    ("matter", ("matter_no",), f"{PAID} AND matter_no <> ''"),
    ("carrier", ("carrier_no",), f"{PAID} AND carrier_no <> ''"),
):
    Index(
        f"ix_posting_{name}",
        *(posting.c[column] for column in columns),
        sqlite_where=text(condition),
        postgresql_where=text(condition),
    )

outcome = Table(
    "outcome",
    metadata,
    Column("batch_no", Integer, ForeignKey("batch.batch_no"), primary_key=True),
    Column("line", Integer, primary_key=True),
    *_words("application_no"),
    Column("instalment", Integer, nullable=False),
    *_words("status", "measure", "bureau", "uscc", "applicant_name"),
    Column("approved_amount_fen", Fen),
    *_words("reasons"),
    CheckConstraint(
        "status IN ('paid', 'reduced', 'rejected', 'held', 'carried', 'invalid', 'registered', 'replaced')", "status"
    ),
    CheckConstraint("line >= 1 AND application_no <> ''", "named"),
    sqlite_strict=True,
)

Index("ix_outcome_pair", outcome.c.application_no, outcome.c.instalment, outcome.c.batch_no)
Index(
    "uq_outcome_open",
    outcome.c.batch_no,
    outcome.c.application_no,
    outcome.c.instalment,
    unique=True,
    sqlite_where=text("status IN ('held', 'carried')"),
    postgresql_where=text("status IN ('held', 'carried')"),
)

head = Table(
    "head",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("sequence", Integer, nullable=False),
    Column("hash", Text, nullable=False),
    CheckConstraint("id = 1", "one_row"),
    sqlite_strict=True,
)

seal = Table(
    "seal",
    metadata,
    Column("batch_no", Integer, ForeignKey("batch.batch_no"), primary_key=True, autoincrement=False),
    # eight bytes of each line's hash, in the order of the lines
    Column("postings", LargeBinary, nullable=False),
    Column("outcomes", LargeBinary, nullable=False),
    sqlite_strict=True,
)

BALANCE_KEY = ("pay_year", "fund", "measure", "batch_no", "event_year", "town", "bureau", "category")

balance = Table(
    "balance",
    metadata,
    Column("pay_year", Integer, nullable=False),
    *_words("fund", "measure"),
    Column("batch_no", Integer, nullable=False),
    # 0 where the day is not known
    Column("event_year", Integer, nullable=False),
    # as compared (rules/keys.py), not as written
    *_words("town", "bureau", "category"),
    Column("net_fen", Fen, nullable=False),
    PrimaryKeyConstraint(*BALANCE_KEY),
    CheckConstraint("net_fen >= 0", "left"),
    sqlite_strict=True,
    sqlite_with_rowid=False,
)

holder = Table(
    "holder",
    metadata,
    *_words("kind", "key", "uscc"),
    PrimaryKeyConstraint("kind", "key", "uscc"),
    CheckConstraint("kind IN ('name', 'account')", "kind"),
    sqlite_strict=True,
    sqlite_with_rowid=False,
)

trace = Table(
    "trace",
    metadata,
    # 64 bits of a hash (marks.py): two that meet by chance only bring a line too many, which the rules pass over
    Column("mark", Fen, nullable=False, autoincrement=False),
    Column("posting_id", Fen, nullable=False, autoincrement=False),
    PrimaryKeyConstraint("mark", "posting_id"),
    sqlite_strict=True,
    sqlite_with_rowid=False,
)

open_item = Table(
    "open_item",
    metadata,
    *_words("application_no"),
    Column("instalment", Integer, nullable=False, autoincrement=False),
    Column("batch_no", Integer, nullable=False),
    Column("line", Integer, nullable=False),
    PrimaryKeyConstraint("application_no", "instalment"),
    sqlite_strict=True,
    sqlite_with_rowid=False,
)

DERIVED = (balance, holder, trace, open_item)
