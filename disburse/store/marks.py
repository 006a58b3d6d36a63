"""What two lines have in common besides a column: the same claim, a voucher, the same name of a subject.

A mark is 64 bits of a hash over its kind and what is compared, so that one narrow index finds them all.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import TYPE_CHECKING

from disburse.rules.keys import key

if TYPE_CHECKING:
    from collections.abc import Iterator

MARKED = ("uscc", "measure", "subject_no", "subject_name", "event_date", "approved_amount_fen", "evidence_nos")
"""The columns that `marks` looks at."""


def marks(
    uscc: str, measure: str, subject_no: str, subject_name: str, event_date: str | None, approved_fen: int | None,
    evidence_nos: str,
) -> Iterator[int]:  # fmt: skip
    """The marks of one application or booked line, each a signed 64-bit number; a mark may come twice.

    event_date    ISO day, None where unknown
    evidence_nos  joined by ";"
    A claim for a subject is found by the subject's number and bears no mark of its own.
    """
    if not subject_no:
        yield _mark("claim", uscc, measure, str(event_date), str(approved_fen))
    if subject_name:
        yield _mark("subject", measure, key(subject_name))
    for number in evidence_nos.split(";"):
        if number:
            yield _mark("voucher", number)


def _mark(*words: str) -> int:
    text = "\x1f".join(words).encode(errors="surrogatepass")
    return int.from_bytes(blake2b(text, digest_size=8).digest(), signed=True)
