"""Edges as rows: events with their paths, members of contexts, and parents of contexts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache
from importlib import import_module
from typing import Any

from sqlalchemy import BIGINT, Executable, Table, bindparam, delete, insert, select
from sqlalchemy.dialects import sqlite

from mlmeta_track.domain.events import EventPath
from mlmeta_track.store.sql.prepared import Prepared, Session, among, chunks, storage_order
from mlmeta_track.store.sql.schema import (
    ASSOCIATION,
    ATTRIBUTION,
    EVENT,
    EVENT_PATH,
    PARENT_CONTEXT,
)


def _insert(table: Table, *columns: str) -> Prepared:
    return Prepared(insert(table).values({name: bindparam(name) for name in columns}))


def _insert_if_absent(table: Table, *columns: str) -> Prepared:
    values: dict[str, Any] = {name: bindparam(name) for name in columns}

    def on_postgresql() -> Executable:
        dialect = import_module("sqlalchemy.dialects.postgresql")
        statement: Executable = dialect.insert(table).values(values).on_conflict_do_nothing()
        return statement

    return Prepared(
        sqlite.insert(table).values(values).on_conflict_do_nothing(),
        postgresql=on_postgresql,
        mysql=insert(table).prefix_with("IGNORE").values(values),
    )


INSERT_EVENT = _insert(EVENT, "artifact_id", "execution_id", "type", "milliseconds_since_epoch")
_INSERT_PATH = _insert(EVENT_PATH, "event_id", "is_index_step", "step_index", "step_key")
INSERT_ASSOCIATION = _insert_if_absent(ASSOCIATION, "context_id", "execution_id")
INSERT_ATTRIBUTION = _insert_if_absent(ATTRIBUTION, "context_id", "artifact_id")
INSERT_PARENT = _insert_if_absent(PARENT_CONTEXT, "context_id", "parent_context_id")
_DELETE_PATH = Prepared(
    delete(EVENT_PATH).where(EVENT_PATH.c.event_id == bindparam("event_id", type_=BIGINT))
)


def path_rows(event_id: int | None, path: EventPath) -> list[dict[str, Any]]:
    """Return the rows for ``insert_paths``, one for each step."""
    return [_path_row(event_id, step) for step in path]


def _path_row(event_id: int | None, step: str | int) -> dict[str, Any]:
    is_index = isinstance(step, int)
    return {
        "event_id": event_id,
        "is_index_step": is_index,
        "step_index": step if is_index else None,
        "step_key": None if is_index else step,
    }


def insert_paths(session: Session, rows: Sequence[dict[str, Any]]) -> None:
    """Insert the steps of paths, so that they are read in this order.

    PostgreSQL reads them in the order of their places, and puts a row where there is room: where
    rows were deleted, the end of a path may come before its beginning.
    """
    _INSERT_PATH.run_many(session, rows)
    if session.dialect.name != "postgresql":
        return
    paths = _by_event(rows)
    if len(paths) == len(rows):
        return
    while wrong := _out_of_order(session, paths):
        # Once more, further on: the places that were tried are not free before the end.
        for event_id in wrong:
            _DELETE_PATH.run(session, event_id=event_id)
            _INSERT_PATH.run_many(session, paths[event_id])


def _by_event(rows: Iterable[dict[str, Any]]) -> dict[int, list[dict[str, Any]]]:
    paths: dict[int, list[dict[str, Any]]] = {}
    for row in rows:
        paths.setdefault(row["event_id"], []).append(row)
    return paths


def _out_of_order(session: Session, paths: dict[int, list[dict[str, Any]]]) -> list[int]:
    """Return the events whose steps lie in another order than that in which they were given."""
    found: dict[int, list[Any]] = {}
    for size, values in chunks([one for one, rows in paths.items() if len(rows) > 1], "x"):
        for event_id, *step in _paths_as_they_lie(size).all(session, **values):
            found.setdefault(event_id, []).append(step)
    return [
        event_id
        for event_id, steps in found.items()
        if steps != [[row["step_index"], row["step_key"]] for row in paths[event_id]]
    ]


@cache
def _paths_as_they_lie(size: int) -> Prepared:
    return Prepared(
        select(EVENT_PATH.c.event_id, EVENT_PATH.c.step_index, EVENT_PATH.c.step_key)
        .where(among(EVENT_PATH.c.event_id, "x", size))
        .order_by(storage_order(EVENT_PATH))
    )
