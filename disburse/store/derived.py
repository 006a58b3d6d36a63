"""What is derived from the booked lines, kept in the same transaction: `balance`, `holder`, `trace`, `open_item`.

A month looks here instead of reading the whole history. Nothing here is evidence: all of it can be made again from
postings and outcomes, and `differences` says where it is not what it should be.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, NamedTuple

from sqlalchemy import bindparam, delete, func, insert, literal_column, select, text, update

from disburse.rules.keys import key
from disburse.store.marks import MARKED, marks
from disburse.store.schema import BALANCE_KEY, DERIVED, PAID, balance, batch, holder, open_item, outcome, posting, trace

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from sqlalchemy import Connection, Select, Table

    Row = tuple[Any, ...]

OPEN_STATUSES = ("held", "carried")
_OPEN_ITEM = ("application_no", "instalment", "batch_no", "line")
_HELD = text("outcome.status IN ('held', 'carried')")  # word for word as in the partial index


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
    query = select(*(posting.c[name] for name in _LINE)).where(posting.c.batch_no == batch_no, text(PAID))
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
    return _as_compared(connection.execute(_cells(posting.c.batch_no == batch_no, text(PAID))))


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
