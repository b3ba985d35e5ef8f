"""Rows as they stand, from one database to another, whatever databases they are."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any, TypeAlias

from sqlalchemy import Column, Table, bindparam, insert, select

from mlmeta_track.domain.types import ArtifactType, ContextType, ExecutionType, NodeType
from mlmeta_track.store.sql import calls
from mlmeta_track.store.sql.maintenance.on_ids import OnIds, ids_in
from mlmeta_track.store.sql.prepared import Prepared, Session, storage_order
from mlmeta_track.store.sql.schema import EVENT_PATH
from mlmeta_track.store.sql.types import read_types
from mlmeta_track.store.sql.values import VALUE_COLUMNS, from_columns, to_columns

Row: TypeAlias = "dict[str, Any]"
_FLAGS = frozenset({"is_custom_property", "is_index_step", "bool_value"})


@cache
def _read(column: Column[Any]) -> OnIds:
    table = column.table
    query = select(*table.c).where(ids_in(column))
    if table is EVENT_PATH:
        # MLMD keeps no order of a path's steps but that in which they were written.
        query = query.order_by(storage_order(table))
    return OnIds(query)


def read_rows(session: Session, column: Column[Any], ids: Iterable[int]) -> list[Row]:
    """Return the rows that have one of the ids in a column, with values that are the same for all.

    Booleans are booleans, and the bytes of protos are base64.
    """
    names = [one.name for one in column.table.c]
    rows = [dict(zip(names, row, strict=True)) for row in _read(column).rows(session, ids)]
    for row in rows:
        for name in _FLAGS & row.keys():
            row[name] = None if row[name] is None else bool(row[name])
        if "proto_value" in row:
            row["proto_value"] = from_columns([row[name] for name in VALUE_COLUMNS])[3]
            row["byte_value"] = None if row["byte_value"] is None else bytes(row["byte_value"])
    return rows


@cache
def _insert(table: Table, *, with_id: bool) -> Prepared:
    names = [one.name for one in table.c if with_id or one.name != "id"]
    return Prepared(insert(table).values({name: bindparam(name) for name in names}))


def insert_rows(session: Session, table: Table, rows: Sequence[Row]) -> None:
    """Insert rows with all their columns, their ids among them."""
    _insert(table, with_id=True).run_many(session, [_here(session, row) for row in rows])


def insert_anew(session: Session, table: Table, row: Row) -> int:
    """Insert a row under a new id, and return that."""
    new_id = _insert(table, with_id=False).insert(session, **_here(session, row))
    assert new_id is not None  # noqa: S101 - an INSERT of VALUES inserts or raises
    return new_id


def _here(session: Session, row: Row) -> Row:
    """Return a row as this database wants it."""
    if row.get("proto_value") is None:
        return row
    columns = to_columns(tuple(row[name] for name in VALUE_COLUMNS), session.dialect.name)
    return {**row, **dict(zip(VALUE_COLUMNS, columns, strict=True))}


def all_types(session: Session) -> list[NodeType]:
    """Return all types of all kinds, in the order of their ids."""
    kinds: tuple[type[Any], ...] = (ArtifactType, ExecutionType, ContextType)
    found = [declared for kind in kinds for declared in read_types(session, kind)]
    return sorted(found, key=lambda declared: declared.id or 0)


def put_types(session: Session, types: Sequence[NodeType]) -> dict[int, int]:
    """Make or extend types that another database has, and return the ids here by those there.

    Raises:
        TypeConflictError: One has a property with another type here.
    """
    ids = calls.put_types(session, types, can_add_fields=True, can_omit_fields=True)
    return {declared.id or 0: here for declared, here in zip(types, ids, strict=True)}
