"""What goes into the store and what comes back: Booking, Receipt, Head, and who signs."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, NamedTuple

from disburse.case import Wanted
from disburse.errors import Usage

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Booking:
    """A run's result, as it is to be booked.

    lines          what is paid, in the ledger's order: the columns of `booked` (docs/architecture.md) without batch,
                   batch_no, line, month, pay_date and net_fen
    outcomes       every row of the run: application_no, instalment, status, measure, bureau, uscc, applicant_name,
                   approved_amount_fen, reasons. Held and carried rows become open items, the others close older ones
    policy_sha256  the policy it was calculated by
    """

    lines: pd.DataFrame
    outcomes: pd.DataFrame
    policy_sha256: str


class BookedRun(NamedTuple):
    """A run as it was booked: its batch, and its lines and outcomes with the columns of Booking, in their order."""

    batch: str
    lines: pd.DataFrame
    outcomes: pd.DataFrame


@dataclass(frozen=True)
class Receipt:
    """What was booked: by which batch, the chain's sequence number and hash there, counts and sum, and who signed.

    outcomes    the rows of the run that were understood; `open_items` counts the held and carried ones among them
    already     an earlier call booked it, this one nothing
    The names are those of the booking, whoever asks again.
    """

    batch: str
    sequence: int
    head: str
    lines: int
    total_fen: int
    open_items: int
    already: bool
    outcomes: int
    month: str
    pay_date: str
    run_hash: str
    prepared_by: str
    approved_by: str
    reviewed_by: str | None


@dataclass(frozen=True)
class Head:
    """The end of the chain: number of batches (0 when empty) and hash of the last (64 zeros when empty)."""

    sequence: int
    hash: str


@dataclass(frozen=True)
class Opening:
    """What a month starts from, at one moment.

    booked      the booked lines that could matter to its rows; sums: the running balances it asks for; both as
                docs/architecture.md describes them
    open_items  Store.open_items()
    head        Store.head()
    """

    booked: pd.DataFrame
    sums: pd.DataFrame
    open_items: pd.DataFrame
    head: Head


Consult = Callable[[Wanted], Opening]
"""To ask what is booked."""


@dataclass(frozen=True)
class Signatures:
    """Who answers for a booking. Two people at least; raises Usage when a name is blank or stands twice."""

    prepared_by: str
    approved_by: str
    reviewed_by: str | None

    def __post_init__(self) -> None:
        names = {"制表 --prepared-by": self.prepared_by, "审批 --approved-by": self.approved_by}
        if self.reviewed_by is not None:
            names["复核 --reviewed-by"] = self.reviewed_by
        for role, name in names.items():
            if not _same(name):
                raise Usage(
                    f"{role} 没有填姓名，请补上后重新运行。", f"{role} names nobody; give a name and run again."
                )
        for (one, name), (other, second) in combinations(names.items(), 2):
            if _same(name) == _same(second):
                raise Usage(
                    f"{one} 与 {other} 都是“{name.strip()}”，必须是不同的人，请改正后重新运行。",
                    f"{one} and {other} are both “{name.strip()}”; they must be different people. Mend it and run again.",
                )


def _same(name: str) -> str:
    """What two spellings of one name have in common: no width, case, spaces or invisible signs."""
    folded = unicodedata.normalize("NFKC", name).casefold()
    return "".join(sign for sign in folded if not sign.isspace() and unicodedata.category(sign) not in ("Cf", "Cc"))
