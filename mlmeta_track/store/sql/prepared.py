"""Statements of SQLAlchemy Core that are compiled once and then go straight to the driver.

SQLAlchemy walks through a statement at every call to find it in its cache, and describes every
result anew; SQLite has long answered by then.  A ``Prepared`` is compiled once for each dialect
and run on the driver's own cursor.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from sqlalchemy import (
    BindParameter,
    Column,
    ColumnElement,
    Dialect,
    Executable,
    FromClause,
    Integer,
    bindparam,
    literal_column,
)
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.elements import ClauseElement

from mlmeta_track.errors import InvalidArgumentError

if TYPE_CHECKING:
    from sqlalchemy.engine.interfaces import DBAPICursor

ItemT = TypeVar("ItemT")

_SIZES = tuple(2**power for power in range(10))


@dataclass(slots=True)
class Session:
    """One transaction: what statements are run on.

    Args:
        dialect: SQLAlchemy's name for how the database wants its SQL.
        cursor: The driver's cursor, on a connection within a transaction.
    """

    dialect: Dialect
    cursor: DBAPICursor


class _Compiled(NamedTuple):
    text: str
    parameters: Callable[[dict[str, Any]], Any]  # from values by name to what the driver takes
    names: tuple[str, ...] | None  # in the driver's order; None if it takes them by name


class Prepared:
    """A statement whose parameters are given by name at each run."""

    def __init__(
        self, statement: Executable, **others: Executable | Callable[[], Executable]
    ) -> None:
        """Keep the statement; it is compiled when it is first run.

        Args:
            statement: The statement.
            others: What says the same to the databases that want other words, by dialect; a
                function where only that database need wait for what makes it.
        """
        self._statement = statement
        self._others = others
        self._compiled: dict[str, _Compiled] = {}

    def run(self, session: Session, **values: Any) -> None:
        """Run the statement once."""
        text, parameters, _ = self._compiled.get(session.dialect.name) or self._compile(session)
        session.cursor.execute(text, parameters(values))

    def changes(self, session: Session, **values: Any) -> int:
        """Run an UPDATE or a DELETE and return how many rows it has found."""
        self.run(session, **values)
        return session.cursor.rowcount

    def all(self, session: Session, **values: Any) -> Sequence[Any]:
        """Run the statement and return its rows, as tuples."""
        text, parameters, _ = self._compiled.get(session.dialect.name) or self._compile(session)
        session.cursor.execute(text, parameters(values))
        return session.cursor.fetchall()

    def explained(self, session: Session, **values: Any) -> tuple[str, Any, list[str]]:
        """Return the SQL, the driver's parameters, and the lines of the database's plan."""
        text, parameters, _ = self._compiled.get(session.dialect.name) or self._compile(session)
        given = parameters(values)
        explain = "EXPLAIN QUERY PLAN" if session.dialect.name == "sqlite" else "EXPLAIN"
        session.cursor.execute(f"{explain} {text}", given)
        # SQLite's last column is the text; the columns before it are its tree.
        rows = session.cursor.fetchall()
        is_sqlite = session.dialect.name == "sqlite"
        return text, given, [str(r[-1]) if is_sqlite else "  ".join(map(str, r)) for r in rows]

    def first(self, session: Session, **values: Any) -> Any:
        """Run the statement and return its first row, or None."""
        rows = self.all(session, **values)
        return rows[0] if rows else None

    def insert(self, session: Session, **values: Any) -> int | None:
        """Run an INSERT of one row and return the new id, or None if it inserted none."""
        text, parameters, _ = self._compiled.get(session.dialect.name) or self._compile(session)
        if session.dialect.name == "postgresql":
            session.cursor.execute(f"{text} RETURNING id", parameters(values))
            row = session.cursor.fetchone()
            return None if row is None else int(row[0])
        session.cursor.execute(text, parameters(values))
        return session.cursor.lastrowid if session.cursor.rowcount == 1 else None

    def run_many(self, session: Session, rows: Sequence[dict[str, Any]]) -> None:
        """Run the statement once for each row of parameters."""
        if rows:
            text, parameters, _ = self._compiled.get(session.dialect.name) or self._compile(session)
            session.cursor.executemany(text, [parameters(row) for row in rows])

    def _compile(self, session: Session) -> _Compiled:
        name = session.dialect.name
        other = self._others.get(name, self._statement)
        statement = other if isinstance(other, Executable) else other()
        compiled = self._compiled[name] = _compile(statement, session.dialect)
        return compiled


class PreparedRows(Prepared):
    """A statement that is run for many rows, which are tuples in the order of its names."""

    def __init__(
        self,
        names: Sequence[str],
        statement: Executable,
        **others: Executable | Callable[[], Executable],
    ) -> None:
        """Keep the statement; see ``Prepared``.

        Args:
            names: The names of its parameters, in the order in which rows have their values.
            statement: The statement.
            others: What says the same to the databases that want other words, by dialect.
        """
        super().__init__(statement, **others)
        self._names = tuple(names)

    def run_rows(self, session: Session, rows: Sequence[tuple[Any, ...]]) -> None:
        """Run the statement once for each row."""
        if not rows:
            return
        compiled = self._compiled.get(session.dialect.name) or self._compile(session)
        arranged: Sequence[Any] = rows
        if compiled.names != self._names:
            by_name = [dict(zip(self._names, row, strict=True)) for row in rows]
            arranged = [compiled.parameters(row) for row in by_name]
        session.cursor.executemany(compiled.text, arranged)


def _compile(statement: Executable, dialect: Dialect) -> _Compiled:
    assert isinstance(statement, ClauseElement)  # noqa: S101 - every statement is one
    try:
        compiled: Any = statement.compile(dialect=dialect)
    except RecursionError as error:
        message = "The filter is nested too deep for Python's stack. Make it flatter."
        raise InvalidArgumentError(message) from error
    # An IN with plain values would be spelled out only by SQLAlchemy's own execution.
    assert "POSTCOMPILE" not in str(compiled), str(compiled)  # noqa: S101
    constants = {n: b.effective_value for n, b in compiled.binds.items() if not b.required}
    order = _order(compiled.positiontup) if compiled.positional else _unchanged
    # Ids are 32 bits wide, and those that are asked for need not be: a comparison takes both.
    text = str(compiled).replace("::INTEGER", "::BIGINT")
    # SQLAlchemy asks for the new id where it could; ``insert`` alone wants it.
    text = text.partition(" RETURNING ")[0]
    names = tuple(compiled.positiontup) if compiled.positional else None
    if constants:
        return _Compiled(text, lambda values: order({**constants, **values}), names)
    return _Compiled(text, order, names)


def _order(names: Sequence[str]) -> Callable[[dict[str, Any]], Any]:
    """Return the function that puts the values of those names into a tuple."""
    if len(names) > 1:
        return itemgetter(*names)
    return lambda values: tuple([values[name] for name in names])


def _unchanged(values: dict[str, Any]) -> dict[str, Any]:
    return values


def among(column: Column[Any], name: str, size: int) -> ColumnElement[bool]:
    """Return the condition that a column is among ``size`` parameters (see ``chunks``)."""
    binds: list[BindParameter[Any]] = [bindparam(f"{name}_{i}") for i in range(size)]
    return column.in_(binds)


class storage_order(ColumnElement[int]):  # noqa: N801 - it reads as a function of SQL
    """The order in which a table's rows were written, where no column tells it."""

    inherit_cache = False
    type = Integer()

    def __init__(self, table: FromClause, otherwise: ColumnElement[Any] | None = None) -> None:
        """Order by where the rows lie.

        Args:
            table: The table.
            otherwise: What to order by on a database whose rows have no place one can ask for.
        """
        self.table = table
        self.otherwise = otherwise


@compiles(storage_order)
def _otherwise(element: storage_order, compiler: Any, **options: Any) -> str:
    if element.otherwise is None:
        return "NULL"  # as they come: MySQL reads an index in the order of writing
    return str(compiler.process(element.otherwise, **options))


@compiles(storage_order, "sqlite")
def _rowid(element: storage_order, compiler: Any, **_: Any) -> str:
    return f"{compiler.preparer.format_table(element.table)}.rowid"


@compiles(storage_order, "postgresql")
def _ctid(element: storage_order, compiler: Any, **options: Any) -> str:
    if element.otherwise is None:
        return f"{compiler.preparer.format_table(element.table)}.ctid"
    return _otherwise(element, compiler, **options)


def one_of(column: Column[Any], numbers: Iterable[int]) -> ColumnElement[bool]:
    """Return the condition that a column is one of some numbers that never change."""
    return column.in_([literal_column(str(int(number))) for number in numbers])


def chunks(items: Iterable[ItemT], name: str) -> list[tuple[int, dict[str, ItemT | None]]]:
    """Cut items into sizes and parameters for ``among``.

    The sizes are few, so that few statements need compiling, and below what any database takes;
    what is left over is filled with NULL, which nothing is equal to.
    """
    rest = list(dict.fromkeys(items))
    if len(rest) == 1:
        return [(1, {f"{name}_0": rest[0]})]
    found: list[tuple[int, dict[str, ItemT | None]]] = []
    while rest:
        size = next((size for size in _SIZES if size >= len(rest)), _SIZES[-1])
        chunk: list[ItemT | None] = [*rest[:size], *[None] * (size - len(rest))]
        found.append((size, {f"{name}_{i}": item for i, item in enumerate(chunk)}))
        rest = rest[size:]
    return found
