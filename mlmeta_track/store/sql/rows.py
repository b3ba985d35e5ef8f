"""Nodes as rows: insert them, find them with their properties, and change properties."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import cache, lru_cache
from importlib import import_module
from typing import Any

from sqlalchemy import (
    INTEGER,
    TEXT,
    ColumnElement,
    Executable,
    Select,
    Table,
    and_,
    bindparam,
    column,
    func,
    insert,
    literal_column,
    null,
    or_,
    select,
    table,
    text,
    update,
)
from sqlalchemy.dialects import sqlite

from mlmeta_track.domain.nodes import Artifact, Context, Execution, Node
from mlmeta_track.store.batches.nodes import EncodedProperties, StoredNode
from mlmeta_track.store.batches.types import StoredType
from mlmeta_track.store.sql.prepared import Prepared, PreparedRows, Session, among, chunks
from mlmeta_track.store.sql.schema import ARTIFACT, TYPE, NodeTables, tables_of
from mlmeta_track.store.sql.values import (
    VALUE_COLUMNS,
    from_columns,
    to_columns,
)


class StaleTypeError(Exception):
    """A type that was remembered is not in the store any more."""


class NodeRows:
    """The statements for one kind of nodes."""

    def __init__(self, kind: type[Node], *columns: str) -> None:
        """Prepare the statements.

        Args:
            kind: The kind of nodes.
            columns: The columns besides type and times that an INSERT fills.
        """
        self._tables = tables = tables_of(kind)
        self._insert = Prepared(_insert_statement(tables, columns))
        self._insert_unless_taken = _insert_unless_taken(tables, columns)
        self._insert_reserved = PreparedRows(
            ("new_id", "new_type_id", *columns, "created", "updated"),
            _insert_reserved_statement(tables, columns),
        )
        self._insert_property = PreparedRows(_PROPERTY, _insert_property_statement(tables))
        self._update_property = PreparedRows(_PROPERTY, _update_property_statement(tables))
        self._upsert_property = _upsert_property(tables)
        self._touch = Prepared(_touch_statement(tables))

    def insert(self, session: Session, stored_type: StoredType, now: int, **values: Any) -> int:
        """Insert a node and return its id.

        Raises:
            StaleTypeError: The store has no such type any more.
        """
        new_id = self._insert.insert(
            session, type_id=stored_type.id, type_name=stored_type.name, now=now, **values
        )
        if new_id is None:
            raise StaleTypeError
        return new_id

    def reserve(self, session: Session, count: int) -> Sequence[int] | None:
        """Return ids for so many new nodes; None where the database gives ids with rows alone."""
        if session.dialect.name == "sqlite":
            # Nobody else writes before this transaction ends.
            (last,) = _last_id(self._tables).first(session)
            return range(last + 1, last + 1 + count)
        if session.dialect.name == "postgresql":
            name = session.dialect.identifier_preparer.format_table(self._tables.nodes)
            rows = _NEXT_IDS.all(session, table_name=name, count=count)
            return [new_id for (new_id,) in rows]
        return None

    def insert_reserved(self, session: Session, now: int, rows: Iterable[tuple[Any, ...]]) -> None:
        """Insert nodes with reserved ids: rows of id, type id, and the other columns' values."""
        self._insert_reserved.run_rows(session, [(*row, now, now) for row in rows])

    @staticmethod
    def tells_taken(session: Session) -> bool:
        """Say whether ``insert_unless_taken`` can be asked; else look for a node before."""
        # MySQL's way to leave a row out would let through what cannot be stored, cut to fit.
        return session.dialect.name != "mysql"

    def insert_unless_taken(
        self, session: Session, stored_type: StoredType, now: int, **values: Any
    ) -> int | None:
        """Insert a node and return its id; None if there is one of its external id.

        Raises:
            StaleTypeError: The store has no such type any more.
        """
        new_id = self._insert_unless_taken.insert(
            session, type_id=stored_type.id, type_name=stored_type.name, now=now, **values
        )
        if new_id is None and not self.by_external_ids(session, [values["external_id"]]):
            raise StaleTypeError
        return new_id

    def insert_properties(
        self, session: Session, properties: Iterable[tuple[int, EncodedProperties]]
    ) -> None:
        """Insert properties of nodes that do not have them yet."""
        dialect = session.dialect.name
        rows = [
            row for owner, encoded in properties for row in _property_rows(owner, encoded, dialect)
        ]
        self._insert_property.run_rows(session, rows)

    def put_properties(self, session: Session, owner: int, given: EncodedProperties) -> None:
        """Set the given properties, whether the node has them or not, and leave the others."""
        rows = _property_rows(owner, given, session.dialect.name)
        self._upsert_property.run_rows(session, rows)

    def set_properties(self, session: Session, node: StoredNode, given: EncodedProperties) -> bool:
        """Set the given properties, leave the others, and say whether anything changed."""
        changed = {key: value for key, value in given.items() if node.properties.get(key) != value}
        if not changed:
            return False
        known = {key: value for key, value in changed.items() if key in node.properties}
        new = {key: value for key, value in changed.items() if key not in node.properties}
        self._update_property.run_rows(
            session, _property_rows(node.id, known, session.dialect.name)
        )
        self.insert_properties(session, [(node.id, new)])
        node.properties |= changed
        return True

    def touch(self, session: Session, node_id: int, now: int) -> None:
        """Set the time of a node's last update."""
        self._touch.run(session, node_id=node_id, now=now)

    def by_external_ids(
        self, session: Session, external_ids: Iterable[str]
    ) -> dict[str, StoredNode]:
        """Return the nodes with those external ids, by external id."""
        found: dict[str, StoredNode] = {}
        for size, values in chunks(external_ids, "x"):
            rows = _find_by_external_id(self._tables, size).all(session, **values)
            found |= {node.external_id or "": node for node in _nodes(rows).values()}
        return found

    def by_ids(self, session: Session, ids: Iterable[int]) -> list[StoredNode]:
        """Return the nodes with those ids."""
        found: list[StoredNode] = []
        for size, values in chunks(ids, "x"):
            rows = _find_by_id(self._tables, size).all(session, **values)
            found.extend(_nodes(rows).values())
        return found

    def ids_by_names(
        self, session: Session, names: Iterable[tuple[int, str]]
    ) -> dict[tuple[int, str], int]:
        """Return the ids of the nodes with those type ids and names, by type id and name."""
        wanted = list(dict.fromkeys(names))
        values = {f"wanted_type_{i}": type_id for i, (type_id, _) in enumerate(wanted)}
        texts = {f"wanted_name_{i}": name for i, (_, name) in enumerate(wanted)}
        rows = _find_by_name(self._tables, len(wanted)).all(session, **values, **texts)
        return {(type_id, name): node_id for node_id, type_id, name in rows}


def _insert_statement(
    tables: NodeTables, columns: tuple[str, ...], insert: Callable[[Table], Any] = insert
) -> Any:
    nodes = tables.nodes
    values: list[ColumnElement[Any]] = [TYPE.c.id]
    values += [bindparam(name, type_=nodes.c[name].type) for name in columns]
    values += [bindparam("now", type_=nodes.c.create_time_since_epoch.type)] * 2
    times = ("create_time_since_epoch", "last_update_time_since_epoch")
    # From the type's own row: were it gone, a node without a type would be inserted otherwise.
    source = select(*values).where(
        TYPE.c.id == bindparam("type_id"),
        TYPE.c.name == bindparam("type_name"),
        TYPE.c.type_kind == int(tables.kind),
    )
    return insert(nodes).from_select(["type_id", *columns, *times], source)


def _insert_reserved_statement(tables: NodeTables, columns: tuple[str, ...]) -> Any:
    nodes = tables.nodes
    return insert(nodes).values(
        id=bindparam("new_id"),
        type_id=bindparam("new_type_id"),
        create_time_since_epoch=bindparam("created"),
        last_update_time_since_epoch=bindparam("updated"),
        **{name: bindparam(name, type_=nodes.c[name].type) for name in columns},
    )


@cache
def _last_id(tables: NodeTables) -> Prepared:
    """Return the query for the highest id that SQLite has ever given to a node of a kind."""
    nodes = tables.nodes
    given: Select[Any] = select(column("seq")).select_from(table("sqlite_sequence"))
    given = given.where(column("name") == literal_column(f"'{nodes.name}'"))
    there = select(func.max(nodes.c.id))
    zero: ColumnElement[int] = literal_column("0")
    return Prepared(
        select(
            func.max(
                func.coalesce(given.scalar_subquery(), zero),
                func.coalesce(there.scalar_subquery(), zero),
            )
        )
    )


_NEXT_IDS = Prepared(
    select(
        func.nextval(func.pg_get_serial_sequence(bindparam("table_name", type_=TEXT), text("'id'")))
    ).select_from(func.generate_series(text("1"), bindparam("count", type_=INTEGER)))
)


def _insert_unless_taken(tables: NodeTables, columns: tuple[str, ...]) -> Prepared:
    def with_conflict(insert: Callable[[Table], Any]) -> Any:
        return _insert_statement(tables, columns, insert).on_conflict_do_nothing()

    return Prepared(
        with_conflict(sqlite.insert),
        postgresql=lambda: with_conflict(import_module("sqlalchemy.dialects.postgresql").insert),
    )


_PROPERTY = ("owner", "property_name", "is_custom", *VALUE_COLUMNS)
"""The parameters of a property's row, in the order of ``_property_rows``."""


def _property_values(tables: NodeTables) -> dict[str, Any]:
    columns = (tables.owner.name, "name", "is_custom_property", *VALUE_COLUMNS)
    return {
        column: bindparam(parameter) for column, parameter in zip(columns, _PROPERTY, strict=True)
    }


def _insert_property_statement(tables: NodeTables) -> Any:
    return insert(tables.properties).values(_property_values(tables))


def _upsert_property(tables: NodeTables) -> PreparedRows:
    key = [tables.owner.name, "name", "is_custom_property"]

    def with_conflict(insert: Callable[[Table], Any]) -> Any:
        statement = insert(tables.properties).values(_property_values(tables))
        new = {column: statement.excluded[column] for column in VALUE_COLUMNS}
        return statement.on_conflict_do_update(index_elements=key, set_=new)

    def on_mysql() -> Executable:
        dialect = import_module("sqlalchemy.dialects.mysql")
        statement = dialect.insert(tables.properties).values(_property_values(tables))
        new = {column: statement.inserted[column] for column in VALUE_COLUMNS}
        updated: Executable = statement.on_duplicate_key_update(new)
        return updated

    return PreparedRows(
        _PROPERTY,
        with_conflict(sqlite.insert),
        postgresql=lambda: with_conflict(import_module("sqlalchemy.dialects.postgresql").insert),
        mysql=on_mysql,
    )


def _update_property_statement(tables: NodeTables) -> Any:
    properties = tables.properties
    return (
        update(properties)
        .where(
            tables.owner == bindparam("owner"),
            properties.c.name == bindparam("property_name"),
            properties.c.is_custom_property == bindparam("is_custom"),
        )
        .values({column: bindparam(column) for column in VALUE_COLUMNS})
    )


def _touch_statement(tables: NodeTables) -> Any:
    return (
        update(tables.nodes)
        .where(tables.nodes.c.id == bindparam("node_id"))
        .values(last_update_time_since_epoch=bindparam("now"))
    )


def _property_rows(
    owner: int, properties: EncodedProperties, dialect: str
) -> list[tuple[Any, ...]]:
    if dialect != "postgresql":  # which alone has protos otherwise
        return [(owner, *key, *encoded) for key, encoded in properties.items()]
    return [(owner, *key, *to_columns(encoded, dialect)) for key, encoded in properties.items()]


def _find(tables: NodeTables) -> Select[Any]:
    """Return the query for nodes with their properties, a row for each property."""
    nodes, properties = tables.nodes, tables.properties
    state = null() if tables.state is None else tables.state
    return select(
        nodes.c.id,
        nodes.c.type_id,
        nodes.c.external_id,
        (nodes.c.uri if nodes is ARTIFACT else null()).label("uri"),
        state.label("state"),
        nodes.c.name.label("node_name"),
        properties.c.name.label("property_name"),
        properties.c.is_custom_property,
        *(properties.c[column] for column in VALUE_COLUMNS),
    ).outerjoin(properties, tables.owner == nodes.c.id)


@cache
def _find_by_external_id(tables: NodeTables, size: int) -> Prepared:
    return Prepared(_find(tables).where(among(tables.nodes.c.external_id, "x", size)))


@cache
def _find_by_id(tables: NodeTables, size: int) -> Prepared:
    return Prepared(_find(tables).where(among(tables.nodes.c.id, "x", size)))


@lru_cache(maxsize=64)
def _find_by_name(tables: NodeTables, size: int) -> Prepared:
    nodes = tables.nodes
    same = (
        and_(
            nodes.c.type_id == bindparam(f"wanted_type_{i}"),
            nodes.c.name == bindparam(f"wanted_name_{i}"),
        )
        for i in range(size)
    )
    return Prepared(select(nodes.c.id, nodes.c.type_id, nodes.c.name).where(or_(*same)))


def _nodes(rows: Iterable[Any]) -> dict[int, StoredNode]:
    found: dict[int, StoredNode] = {}
    for row in rows:
        node_id, type_id, external_id, uri, state, _, name, is_custom, *columns = row
        node = found.get(node_id)
        if node is None:
            node = found[node_id] = StoredNode(node_id, type_id, external_id, uri, state)
        if name is not None:
            node.properties[(name, bool(is_custom))] = from_columns(columns)
    return found


ARTIFACT_ROWS = NodeRows(Artifact, "uri", "state", "external_id")
EXECUTION_ROWS = NodeRows(Execution, "last_known_state", "external_id")
CONTEXT_ROWS = NodeRows(Context, "name")
