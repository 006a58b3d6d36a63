"""What a month looks up in the history: the booked lines that could matter to one of its rows, and running balances.

A month costs the same however long the history is. That the calculation over these lines gives what it gives over
the whole history is held by a property test (tests/store/test_consulted.py); which line could matter to a row, rule
by rule:

    ALREADY_PAID                    the same application number
    CLAIM_REPEATED, EVIDENCE_REUSED, SUBJECT_CONFLICT by name     the same mark (marks.py)
    MATTER_POSSIBLE, SUBJECT_CONFLICT, limits per subject         the same subject number
    MATTER_SHARED, ALREADY_REWARDED, limits per matter            the same matter number
    limits per enterprise           the same enterprise under a measure of the limit; per carrier likewise
    ACCOUNT_CHANGED, NAME_CONFLICT  the latest batch of the enterprise, and of whoever bears the same name
    ACCOUNT_SHARED                  the same account, where another enterprise was paid into it
    limits shared more widely       running balances; where they count how often, all lines of their measures
    budget                          running balances
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, false, func, literal_column, or_, select

from disburse.rules.keys import key
from disburse.store.derived import in_chunks
from disburse.store.frames import BOOKED, SUMS, to_frame
from disburse.store.lines import BACK, PAYMENT, booked_lines, fetch
from disburse.store.marks import MARKED, marks
from disburse.store.schema import balance, batch, holder, posting, trace

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    import pandas as pd
    from sqlalchemy import Column, ColumnElement, Connection

    from disburse.case import Wanted
    from disburse.policy import Policy


def consulted_lines(connection: Connection, wanted: Wanted) -> pd.DataFrame:
    """The booked lines that could matter to one of the rows: the columns of `booked`, in booking order."""
    rows = wanted.rows
    found: set[int] = set()
    for column, values in _numbers(rows, wanted.policy).items():
        found.update(_ids(connection, posting.c[column], values))
    for measures, codes in _limited_enterprises(rows, wanted.policy):
        found.update(_ids(connection, posting.c.uscc, codes, posting.c.measure.in_(measures)))
    for some in in_chunks(_marks(rows)):
        found.update(connection.execute(select(trace.c.posting_id).where(trace.c.mark.in_(some))).scalars())
    found.update(_of_strangers(connection, rows))
    namesakes = _holders(connection, "name", map(key, _values(rows["applicant_name"])))
    found.update(_latest(connection, {*_values(rows["uscc"]), *(code for _, code in namesakes)}))
    if counted := sorted({code for limit in wanted.policy.limits if limit.counts_all for code in limit.measures}):
        found.update(connection.execute(select(posting.c.id).where(posting.c.measure.in_(counted), PAYMENT)).scalars())
    return _frame(connection, found)


def consulted_sums(connection: Connection, wanted: Wanted) -> pd.DataFrame:
    """The running balances that the budget and the widely shared limits ask for (docs/architecture.md, `sums`)."""
    asked: list[ColumnElement[bool]]
    asked = [balance.c.measure.in_(limit.measures) for limit in wanted.policy.limits if limit.balanced]
    if wanted.pay_date is not None:
        asked.append(balance.c.pay_year == wanted.pay_date.year)
    columns = [batch.c.batch if name == "batch" else balance.c[name] for name in wanted.balanced_by]
    query = (
        select(*columns, func.sum(balance.c.net_fen))
        .join_from(balance, batch, batch.c.batch_no == balance.c.batch_no)
        .where(or_(false(), *asked))
        .group_by(*columns)
    )
    # sorted here: every database has an order of its own for text. The sum of a BIGINT is a NUMERIC to PostgreSQL
    lines = sorted((*at, int(fen)) for *at, fen in connection.execute(query))
    return to_frame(lines, {**{name: SUMS[name] for name in wanted.balanced_by}, "net_fen": SUMS["net_fen"]})


def _numbers(rows: pd.DataFrame, policy: Policy) -> dict[str, set[str]]:
    """By column of the booked lines: the numbers of the rows to look for there."""
    # where a policy lets the subject's number stand for the matter's, one may be booked as the other
    numbers = _values(rows["subject_no"]) | _values(rows["matter_no"])
    per_carrier = any("carrier" in limit.shared_by for limit in policy.limits)
    return {
        "application_no": _values(rows["application_no"]),
        "subject_no": numbers,
        "matter_no": numbers,
        "carrier_no": _values(rows["carrier_no"]) if per_carrier else set(),
    }


def _limited_enterprises(rows: pd.DataFrame, policy: Policy) -> Iterator[tuple[tuple[str, ...], set[str]]]:
    for limit in policy.limits:
        if "enterprise" in limit.shared_by:
            yield limit.measures, _values(rows.loc[rows["measure"].isin(limit.measures), "uscc"])


def _marks(rows: pd.DataFrame) -> set[int]:
    days = rows["event_date"].dt.strftime("%Y-%m-%d")
    told = rows[list(MARKED)].assign(event_date=days).astype(object)
    told = told.where(told.notna(), None)
    return {mark for row in told.itertuples(index=False) for mark in marks(*row)}


def _of_strangers(connection: Connection, rows: pd.DataFrame) -> Iterator[int]:
    """Lines paid into an account of a row, where more than one enterprise uses it."""
    users: defaultdict[str, set[str]] = defaultdict(set)
    booked = _holders(connection, "account", _values(rows["account_no"]))
    for account, code in (*booked, *zip(rows["account_no"], rows["uscc"], strict=True)):
        users[account].add(code)
    shared = [(account, code) for account, code in booked if len(users[account]) > 1]
    for some in in_chunks({code for _, code in shared}):
        query = select(posting.c.id, posting.c.account_no, posting.c.uscc).where(posting.c.uscc.in_(some), PAYMENT)
        wanted = set(shared)
        yield from (line for line, account, code in connection.execute(query) if (account, code) in wanted)


def _holders(connection: Connection, kind: str, keys: Iterable[str]) -> list[tuple[str, str]]:
    """The enterprises known by a name, or paid into an account: pairs of that and the credit code."""
    found: list[tuple[str, str]] = []
    for some in in_chunks(set(keys)):
        query = select(holder.c.key, holder.c.uscc).where(holder.c.kind == kind, holder.c.key.in_(some))
        found += [(key, code) for key, code in connection.execute(query)]
    return found


def _latest(connection: Connection, codes: set[str]) -> Iterator[int]:
    """The lines of each enterprise's latest batch of which anything is left."""
    whole = (
        select(BACK.c.refers_to)
        .where(BACK.c.refers_to == posting.c.id)
        .group_by(BACK.c.refers_to)
        .having(func.sum(BACK.c.paid_fen) == -posting.c.paid_fen)
    )
    for some in in_chunks(codes):
        last = (
            select(posting.c.uscc, func.max(posting.c.batch_no).label("batch_no"))
            .where(posting.c.uscc.in_(some), PAYMENT, ~whole.exists())
            .group_by(posting.c.uscc)
            .subquery("latest")
        )
        again = and_(posting.c.uscc == last.c.uscc, posting.c.batch_no == last.c.batch_no)
        yield from connection.execute(select(posting.c.id).join(last, again).where(PAYMENT)).scalars()


def _ids(
    connection: Connection, column: Column[Any], values: set[str], *conditions: ColumnElement[bool]
) -> Iterator[int]:
    """Payments whose column holds one of `values`, none of which is blank."""
    for some in in_chunks(values):
        # the second condition is true of whatever the first finds; partial indexes want to hear it
        query = select(posting.c.id).where(column.in_(some), column != literal_column("''"), PAYMENT, *conditions)
        yield from connection.execute(query).scalars()


def _values(column: pd.Series[str]) -> set[str]:
    """What stands in a column, blanks left out; a NUL stands in no database."""
    return {value for value in column if value and "\0" not in value}


def _frame(connection: Connection, found: set[int]) -> pd.DataFrame:
    lines: list[Sequence[object]] = []
    for some in in_chunks(found):
        lines += fetch(connection, booked_lines().where(posting.c.id.in_(some)))
    return to_frame(lines, BOOKED)
