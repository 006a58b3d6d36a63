"""The book between the months: take back what came back, ask what was paid, verify that it still stands, keep it safe."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from shutil import copyfile
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from sqlalchemy import make_url

from disburse.dossier import complete_or_not_at_all
from disburse.errors import Refused, Usage
from disburse.language import say
from disburse.policy import load_policy
from disburse.rules.keys import key
from disburse.store import open_store
from disburse.store.backup import Copied, not_empty, restored, snapshot
from disburse.store.history import Asked, Totals, lines, open_items, totals
from disburse.store.ledger import head_of
from disburse.store.reversal import Returned, Reversal, take_back
from disburse.store.verification import Fault, faults

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    import pandas as pd

    from disburse.store import Head, Signatures, Store

    Progress = Callable[[str], None]

_SQLITE = b"SQLite format 3\0"
"""How every SQLite file begins."""


@dataclass(frozen=True)
class History:
    """What was asked for: lines (or open items) as they are read, and what they come to (None for open items)."""

    lines: Iterator[dict[str, Any]]
    totals: Totals | None


@dataclass(frozen=True)
class Verified:
    """The book as it was found: the end of its chain and what is wrong."""

    head: Head
    faults: list[Fault]


def reverse(store_url: str, reversal: Reversal, signatures: Signatures, progress: Progress) -> Returned:
    """Book money that came back. Raises Refused where it cannot be, or was booked on this document before."""
    return take_back(standing(store_url, progress), lambda _: [reversal], signatures)


def asked(conditions: Mapping[str, str | None], policy_file: Path, *, only_open: bool) -> Asked:
    """The conditions as the store knows them: numbers and names normalised, a measure's title as its code."""
    given = {name: key(text) for name, text in conditions.items() if text is not None}
    if only_open and "subject" in given:
        raise Usage(
            "未结事项不记补贴对象，--open 不能与 --subject 合用；请改用 --enterprise 或 --measure。",
            "Open items hold no subject: --open does not go with --subject; use --enterprise or --measure.",
        )
    if "measure" in given:
        given["measure"] = load_policy(policy_file).code_of.get(given["measure"], given["measure"].upper())
    return Asked(**given)


@contextmanager
def history(store_url: str, asked: Asked, *, only_open: bool) -> Iterator[History]:
    """What was booked, or with `only_open` what still waits, read while the store is open."""
    with open_store(store_url, create=False).reading() as connection:
        if connection is None:
            yield History(iter(()), None if only_open else Totals(0, 0, 0, 0))
        elif only_open:
            yield History(open_items(connection, asked), None)
        else:
            yield History(lines(connection, asked), totals(connection, asked))


def verify(store_url: str, heads: Sequence[Head], progress: Progress) -> Verified:
    """Walk the chain and compare it with `heads`, as receipts printed them."""
    with existing(store_url).reading() as connection:
        assert connection is not None
        return Verified(head_of(connection), [*faults(connection, heads, progress)])


def backup(store_url: str, file: Path, progress: Progress) -> Copied:
    """Write the whole book into a new file, verified. Others may go on booking. Raises Usage where the file exists."""
    store = existing(store_url)
    if file.exists():
        raise Usage(
            f"{file} 已存在，未覆盖；请换一个文件名。", f"{file} exists and was left alone; choose another name."
        )
    return complete_or_not_at_all(file, lambda beside: snapshot(store, beside, progress))


def restore(file: Path, store_url: str, progress: Progress) -> Copied:
    """Bring a backup into an empty store of either kind, whole or not at all. The backup is left as it is."""
    if not file.is_file():
        raise Usage(f"找不到备份 {file}，请检查路径。", f"There is no backup {file}; check the path.")
    with file.open("rb") as opened:
        if not opened.read(len(_SQLITE)) == _SQLITE:
            raise Usage(
                f"{file} 不是备份（disburse backup 写出的文件），未作任何改动；请检查路径。",
                f"{file} is no backup (a file that disburse backup wrote); nothing was changed. Check the path.",
            )
    if open_store(store_url, create=False).head().sequence:
        raise not_empty()
    with TemporaryDirectory(prefix="disburse-", ignore_cleanup_errors=True) as folder:
        copy = Path(folder) / file.name
        copyfile(file, copy)  # one from an older version is brought up to date: not the backup itself
        address = f"sqlite:///{copy}"
        open_store(address, create=True)
        with existing(address).reading() as connection, open_store(store_url, create=True).writing() as target:
            assert connection is not None
            return restored(connection, target, progress)


def standing(store_url: str, progress: Progress) -> Store:
    """The store to book into; it must hold something already, or the address is likely mistyped."""
    existing(store_url)
    return to_book(store_url, progress)


def to_book(store_url: str, progress: Progress) -> Store:
    """The store to book into, made when missing; says so while somebody else has it."""
    waiting = say("账簿正由另一人使用，等待中", "Somebody else is using the store, waiting")
    return open_store(store_url, create=True, waiting=lambda: progress(waiting))


def existing(store_url: str) -> Store:
    """The store, to ask; raises Refused where nothing was ever booked in it, for its address is likely mistyped."""
    store = open_store(store_url, create=False)
    if not store.head().sequence:
        named = make_url(store_url).render_as_string()  # without a password
        raise Refused(
            f"账簿 {named} 不存在或是空的，没有可以处理的记账；请检查 --store。",
            f"The store {named} does not exist or is empty; nothing was ever booked there. Check --store.",
        )
    return store


def must_hold_rows(path: Path, rows: pd.DataFrame) -> None:
    """Raises Usage for a file to be booked in which nothing stands."""
    if rows.empty:
        raise Usage(
            f"{path} 里没有一行内容，未记账；请检查文件",
            f"there is no row in {path}; nothing was booked: check the file",
        )
