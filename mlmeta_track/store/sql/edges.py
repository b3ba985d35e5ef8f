"""Edges as rows: events with their paths, members of contexts, and parents of contexts."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Table, bindparam, insert
from sqlalchemy.dialects import postgresql, sqlite

from mlmeta_track.domain.events import EventPath
from mlmeta_track.store.sql.prepared import Prepared
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
    return Prepared(
        sqlite.insert(table).values(values).on_conflict_do_nothing(),
        postgresql=postgresql.insert(table).values(values).on_conflict_do_nothing(),
        mysql=insert(table).prefix_with("IGNORE").values(values),
    )


INSERT_EVENT = _insert(EVENT, "artifact_id", "execution_id", "type", "milliseconds_since_epoch")
INSERT_PATH = _insert(EVENT_PATH, "event_id", "is_index_step", "step_index", "step_key")
INSERT_ASSOCIATION = _insert_if_absent(ASSOCIATION, "context_id", "execution_id")
INSERT_ATTRIBUTION = _insert_if_absent(ATTRIBUTION, "context_id", "artifact_id")
INSERT_PARENT = _insert_if_absent(PARENT_CONTEXT, "context_id", "parent_context_id")


def path_rows(event_id: int | None, path: EventPath) -> list[dict[str, Any]]:
    """Return the rows of ``INSERT_PATH``, one for each step."""
    return [_path_row(event_id, step) for step in path]


def _path_row(event_id: int | None, step: str | int) -> dict[str, Any]:
    is_index = isinstance(step, int)
    return {
        "event_id": event_id,
        "is_index_step": is_index,
        "step_index": step if is_index else None,
        "step_key": None if is_index else step,
    }
