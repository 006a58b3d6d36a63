"""The chain: every batch carries a SHA-256 over its whole content and the hash of the batch before it.

What is hashed is JSON Lines in UTF-8, without white space and with sorted keys: first one object with the previous
hash, the batch and the names of the columns, then one array per posting and one per outcome, in their order. The
number of the form is kept in `batch.form`, so that a later form cannot make an older batch look forged: form 1 knows
no `pays_again`.

The hash says that a batch was changed; the seals beside it (`seal`, SEAL bytes of each line's own SHA-256) say which line.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

FORM = 2
"""The form in which batches are booked now."""

BATCH_FIELDS = (
    "batch_no", "batch", "month", "number", "pay_date", "run_hash", "policy_sha256",
    "prepared_by", "approved_by", "reviewed_by", "lines", "total_fen", "outcomes", "open_items", "form",
)  # fmt: skip

POSTING_FIELDS = (
    "id", "batch_no", "line", "kind", "refers_to", "reversal_no", "generation", "month", "pay_date",
    "application_no", "instalment", "measure", "article", "fund", "uscc", "applicant_name",
    "subject_no", "subject_name", "carrier_no", "category", "town", "bureau", "matter_no", "evidence_nos",
    "event_date", "approved_amount_fen", "paid_fen",
    "payee_name", "bank_name", "cnaps", "account_no", "payee_type", "reason", "document_no", "pays_again",
)  # fmt: skip

OUTCOME_FIELDS = (
    "batch_no", "line", "application_no", "instalment", "status",
    "measure", "bureau", "uscc", "applicant_name", "approved_amount_fen", "reasons",
)  # fmt: skip

POSTING_FIELDS_OF = {1: tuple(name for name in POSTING_FIELDS if name != "pays_again"), 2: POSTING_FIELDS}
"""The columns of a posting that the hash covers, by the batch's form."""

SEAL = 8
"""Bytes of a line's seal."""

Row = tuple[object, ...]

_canonical = json.JSONEncoder(
    ensure_ascii=False, allow_nan=False, check_circular=False, sort_keys=True, separators=(",", ":")
).encode


class Hashing:
    """The hash of a batch, whose predecessor's hash is `previous`, as its lines pass by.

    batch  at least BATCH_FIELDS; then `add` each posting by line, POSTING_FIELDS_OF[the batch's form], then each outcome
    """

    def __init__(self, previous: str, batch: Mapping[str, object]) -> None:
        head = {
            "previous": previous,
            "batch": {name: batch[name] for name in BATCH_FIELDS},
            "posting": POSTING_FIELDS_OF.get(cast("int", batch["form"]), POSTING_FIELDS),
            "outcome": OUTCOME_FIELDS,
        }
        self._digest = hashlib.sha256(_line(head))

    def add(self, row: Sequence[object]) -> bytes:
        """Take a line in; its seal: SEAL bytes that tell this line from any other."""
        line = _line(row)
        self._digest.update(line)
        return hashlib.sha256(line).digest()[:SEAL]

    def hexdigest(self) -> str:
        return self._digest.hexdigest()


def batch_hash(
    previous: str,
    batch: Mapping[str, object],
    postings: Iterable[Sequence[object]],
    outcomes: Iterable[Sequence[object]],
) -> str:
    """The hash of a batch all of whose lines are at hand."""
    hashing = Hashing(previous, batch)
    for row in (*postings, *outcomes):
        hashing.add(row)
    return hashing.hexdigest()


def _line(value: object) -> bytes:
    return (_canonical(value) + "\n").encode()
