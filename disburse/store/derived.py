"""What is derived from the booked lines, kept in the same transaction: `balance`, `holder`, `trace`, `open_item`.

A month looks here instead of reading the whole history. Nothing here is evidence: all of it can be made again from
postings and outcomes, and `differences` says where it is not what it should be.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import bindparam, delete, func, insert, literal_column, select, update

from disburse.rules.keys import key
from disburse.store.lines import PAYMENT
from disburse.store.marks import MARKED, marks
from disburse.store.schema import BALANCE_KEY, DERIVED, balance, batch, holder, open_item, outcome, posting, trace

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from sqlalchemy import Connection, Select, Table

    Row = tuple[Any, ...]

OPEN_STATUSES = ("held", "carried")
_OPEN_ITEM = ("application_no", "instalment", "batch_no", "line")
_HELD = literal_column("outcome.status").in_([literal_column("'held'"), literal_column("'carried'")])


def take_in(connection: Connection, batch_no: int) -> None:
    """Bring everything derived up to date with the lines and outcomes of the batch just written.

    To be called once for each batch, in the transaction that books it, in the order of the batches.
    """
    lines = _lines_of(connection, batch_no)
    insert_rows(connection, balance, [(*at, fen) for at, fen in _paid(connection, batch_no).items()])
    _take_back(connection, batch_no)
    _insert_new(connection, holder, {pair for line in lines for pair in _holders(line)})
    insert_rows(connection, trace, sorted({pair for line in lines for pair in _traces(line)}))
    _open(connection, batch_no)


def fill(connection: Connection) -> None:
    """Make all of it anew from what is booked."""
    for table in DERIVED:
        connection.execute(delete(table))
    for batch_no in connection.execute(select(batch.c.batch_no).order_by(batch.c.batch_no)).scalars().all():
        take_in(connection, batch_no)


class Difference(NamedTuple):
    """Something derived that is not what the booked lines say.

    table     balance, holder, trace or open_item
    key       the entry, as text
    expected  what the lines say; None where the entry should not be there
    found     what is there; None where it is missing
    """

    table: str
    key: str
    expected: str | None
    found: str | None


def insert_rows(
    connection: Connection, table: Table, rows: Sequence[Row], columns: Sequence[str] | None = None
) -> None:
    """Insert plain tuples. SQLAlchemy's own insert takes 1.4 times as long."""
    if rows:
        names = columns or [column.name for column in table.c]
        place = "?" if connection.dialect.paramstyle == "qmark" else "%s"
        places = ", ".join([place] * len(names))
        # names from schema.py, values as parameters
        statement = f"INSERT INTO {table.name} ({', '.join(names)}) VALUES ({places})"  # noqa: S608
        connection.exec_driver_sql(statement, list(rows))


def in_chunks(values: Iterable[Any], size: int = 500) -> Iterator[list[Any]]:
    """The values sorted, in lists short enough for an IN."""
    ordered = sorted(values)
    return (ordered[at : at + size] for at in range(0, len(ordered), size))


def _insert_new(connection: Connection, table: Table, rows: Iterable[Row]) -> None:
    ordered = sorted(rows)
    if ordered:
        place = "?" if connection.dialect.paramstyle == "qmark" else "%s"
        places = ", ".join([place] * len(table.c))
        statement = f"INSERT INTO {table.name} VALUES ({places}) ON CONFLICT DO NOTHING"  # noqa: S608
        connection.exec_driver_sql(statement, ordered)


_LINE = ("id", "applicant_name", "account_no", *MARKED)


def _lines_of(connection: Connection, batch_no: int) -> list[dict[str, Any]]:
    query = select(*(posting.c[name] for name in _LINE)).where(posting.c.batch_no == batch_no, PAYMENT)
    return [dict(row) for row in connection.execute(query).mappings()]


def _holders(line: Mapping[str, Any]) -> Iterator[Row]:
    yield "name", key(line["applicant_name"]), line["uscc"]
    if line["account_no"]:
        yield "account", line["account_no"], line["uscc"]


def _traces(line: Mapping[str, Any]) -> Iterator[Row]:
    for mark in marks(*(line[name] for name in MARKED)):
        yield mark, line["id"]


_YEAR = "CAST(substr({0}, 1, 4) AS INTEGER)"
_CELL = {
    "pay_year": literal_column(_YEAR.format("posting.pay_date")),
    "event_year": func.coalesce(literal_column(_YEAR.format("posting.event_date")), 0),
    **{name: posting.c[name] for name in BALANCE_KEY if not name.endswith("year")},
}


def _cells(*conditions: Any) -> Select[Any]:
    """Net fen of payments by the cell of the balance they fall into, with names as written."""
    columns = [_CELL[name].label(name) for name in BALANCE_KEY]
    return select(*columns, func.sum(posting.c.paid_fen)).where(*conditions).group_by(*(_CELL[n] for n in BALANCE_KEY))


def _as_compared(rows: Iterable[Row]) -> Counter[Row]:
    cells: Counter[Row] = Counter()
    for *at, fen in rows:
        pay_year, fund, measure, batch_no, event_year, *places = at
        cells[(pay_year, fund, measure, batch_no, event_year, *map(key, places))] += int(fen)
    return cells


def _paid(connection: Connection, batch_no: int) -> Counter[Row]:
    return _as_compared(connection.execute(_cells(posting.c.batch_no == batch_no, PAYMENT)))


def _take_back(connection: Connection, batch_no: int) -> None:
    """A reversal lowers the balance of the payment it refers to, in that payment's batch and year."""
    back = posting.alias("back")
    columns = [_CELL[name].label(name) for name in BALANCE_KEY]
    query = (
        select(*columns, func.sum(back.c.paid_fen))
        .join_from(back, posting, posting.c.id == back.c.refers_to)
        .where(back.c.batch_no == batch_no)
        .group_by(*(_CELL[name] for name in BALANCE_KEY))
    )
    cells = _as_compared(connection.execute(query))
    if cells:
        lower = (
            update(balance)
            .where(*(balance.c[name] == bindparam(f"at_{name}") for name in BALANCE_KEY))
            .values(net_fen=balance.c.net_fen + bindparam("fen"))
        )
        connection.execute(
            lower,
            [{"fen": fen, **{f"at_{name}": value for name, value in zip(BALANCE_KEY, at, strict=True)}}
             for at, fen in cells.items()],
        )  # fmt: skip


def _open(connection: Connection, batch_no: int) -> None:
    """What the batch says of an application takes the place of what was open; held and carried rows stay open."""
    mine = select(outcome.c.application_no, outcome.c.instalment).where(outcome.c.batch_no == batch_no)
    pairs = connection.execute(mine.distinct()).all()
    if pairs:
        gone = delete(open_item).where(
            open_item.c.application_no == bindparam("at_no"), open_item.c.instalment == bindparam("at_instalment")
        )
        connection.execute(gone, [{"at_no": number, "at_instalment": instalment} for number, instalment in pairs])
    held = select(*(outcome.c[name] for name in _OPEN_ITEM)).where(outcome.c.batch_no == batch_no, _HELD)
    connection.execute(insert(open_item).from_select(_OPEN_ITEM, held))


def differences(connection: Connection) -> Iterator[Difference]:
    """Where what is derived is not what it would be if made anew; nothing where all is well.

    Reads every line once, batch by batch, and keeps no more than balances, names and accounts.
    """
    known: set[Row] = set()
    traces = 0
    balances = _balances(connection)
    for batch_no in connection.execute(select(batch.c.batch_no).order_by(batch.c.batch_no)).scalars().all():
        yield from _unlike(balance, _left(connection, batch_no), balances.pop(batch_no, {}))
        lines = _lines_of(connection, batch_no)
        known |= {pair for line in lines for pair in _holders(line)}
        expected = {pair for line in lines for pair in _traces(line)}
        found = _traces_found(connection, expected)
        traces += len(found)
        yield from _unlike(trace, dict.fromkeys(expected, ""), dict.fromkeys(found, ""))
    for cells in balances.values():
        yield from _unlike(balance, {}, cells)
    there = connection.execute(select(func.count()).select_from(trace)).scalar_one()
    if there != traces:
        yield Difference(trace.name, "*", str(traces), str(there))
    holders = map(tuple, connection.execute(select(holder)))
    yield from _unlike(holder, dict.fromkeys(known, ""), dict.fromkeys(holders, ""))
    yield from _unlike(open_item, _still_open(connection), _open_now(connection))


def _unlike(table: Table, expected: Mapping[Row, Any], found: Mapping[Row, Any]) -> Iterator[Difference]:
    for at in sorted({*expected, *found}, key=str):
        if expected.get(at) != found.get(at):
            said = [None if each.get(at) is None else str(each[at]) for each in (expected, found)]
            yield Difference(table.name, " ".join(map(str, at)), *said)


def _left(connection: Connection, batch_no: int) -> Counter[Row]:
    cells = _paid(connection, batch_no)
    back = posting.alias("back")
    columns = [_CELL[name].label(name) for name in BALANCE_KEY]
    query = (
        select(*columns, func.sum(back.c.paid_fen))
        .join_from(posting, back, posting.c.id == back.c.refers_to)
        .where(posting.c.batch_no == batch_no)
        .group_by(*(_CELL[name] for name in BALANCE_KEY))
    )
    for at, fen in _as_compared(connection.execute(query)).items():
        cells[at] += fen
    return cells


def _balances(connection: Connection) -> dict[int, dict[Row, int]]:
    """Every balance, by batch."""
    found: dict[int, dict[Row, int]] = {}
    for *at, fen in connection.execute(select(*(balance.c[name] for name in BALANCE_KEY), balance.c.net_fen)):
        found.setdefault(at[BALANCE_KEY.index("batch_no")], {})[tuple(at)] = fen
    return found


def _traces_found(connection: Connection, expected: set[Row]) -> set[Row]:
    """The traces of the lines that `expected` speaks of, found by their marks."""
    lines = {line for _, line in expected}
    found: set[Row] = set()
    for some in in_chunks({mark for mark, _ in expected}):
        query = select(trace).where(trace.c.mark.in_(some), trace.c.posting_id.between(min(lines), max(lines)))
        found |= {(mark, line) for mark, line in connection.execute(query) if line in lines}
    return found


def _still_open(connection: Connection) -> dict[Row, Row]:
    """Held and carried rows of which no later batch says anything: where they stand, by application and instalment."""
    later = outcome.alias("later")
    again = select(later.c.line).where(
        later.c.application_no == outcome.c.application_no,
        later.c.instalment == outcome.c.instalment,
        later.c.batch_no > outcome.c.batch_no,
    )
    columns = [outcome.c[name] for name in _OPEN_ITEM]
    return _by_pair(connection, select(*columns).where(_HELD, ~again.exists()))


def _open_now(connection: Connection) -> dict[Row, Row]:
    return _by_pair(connection, select(*(open_item.c[name] for name in _OPEN_ITEM)))


def _by_pair(connection: Connection, query: Select[Any]) -> dict[Row, Row]:
    return {(number, instalment): (batch_no, line) for number, instalment, batch_no, line in connection.execute(query)}
