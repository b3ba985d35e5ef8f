"""Rows whose nodes are not there: found without a lock, and deleted a few thousand at a time."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Column, ColumnElement, bindparam, delete, or_, select

from mlmeta_track.store.sql.engine import Database
from mlmeta_track.store.sql.maintenance.on_ids import OnIds, ids_in
from mlmeta_track.store.sql.prepared import Prepared
from mlmeta_track.store.sql.schema import (
    ARTIFACT,
    ARTIFACT_PROPERTY,
    ASSOCIATION,
    ATTRIBUTION,
    CONTEXT,
    CONTEXT_PROPERTY,
    EVENT,
    EVENT_PATH,
    EXECUTION,
    EXECUTION_PROPERTY,
    PARENT_CONTEXT,
)

_PAGE = 2_000


@dataclass(frozen=True)
class _Orphans:
    """The rows of one table that have lost a node: how to find their keys, and to delete them."""

    find: Prepared
    delete: OnIds
    conditions: tuple[str, ...]


def _missing(*owners: tuple[Column[Any], Column[Any]]) -> ColumnElement[bool]:
    return or_(*(~select(1).where(key == owner).exists() for owner, key in owners))


def _orphans(
    key: Column[Any],
    *owners: tuple[Column[Any], Column[Any]],
    more: Iterable[ColumnElement[bool]] = (),
) -> _Orphans:
    table, lost = key.table, [_missing(*owners), *more]
    found = select(key).where(key > bindparam("after"), *lost).distinct().order_by(key).limit(_PAGE)
    gone = delete(table).where(ids_in(key), *lost)
    return _Orphans(Prepared(found), OnIds(gone), ("before",) if more else ())


_OLD = or_(
    EVENT.c.milliseconds_since_epoch.is_(None),
    EVENT.c.milliseconds_since_epoch < bindparam("before"),
)
_ALL = (
    _orphans(
        EVENT.c.id,
        (EVENT.c.artifact_id, ARTIFACT.c.id),
        (EVENT.c.execution_id, EXECUTION.c.id),
        more=(_OLD,),
    ),
    _orphans(EVENT_PATH.c.event_id, (EVENT_PATH.c.event_id, EVENT.c.id)),
    _orphans(
        ASSOCIATION.c.id,
        (ASSOCIATION.c.context_id, CONTEXT.c.id),
        (ASSOCIATION.c.execution_id, EXECUTION.c.id),
    ),
    _orphans(
        ATTRIBUTION.c.id,
        (ATTRIBUTION.c.context_id, CONTEXT.c.id),
        (ATTRIBUTION.c.artifact_id, ARTIFACT.c.id),
    ),
    _orphans(
        PARENT_CONTEXT.c.context_id,
        (PARENT_CONTEXT.c.context_id, CONTEXT.c.id),
        (PARENT_CONTEXT.c.parent_context_id, CONTEXT.c.id),
    ),
    *(
        _orphans(owner, (owner, node))
        for owner, node in (
            (ARTIFACT_PROPERTY.c.artifact_id, ARTIFACT.c.id),
            (EXECUTION_PROPERTY.c.execution_id, EXECUTION.c.id),
            (CONTEXT_PROPERTY.c.context_id, CONTEXT.c.id),
        )
    ),
)


def delete_orphans(database: Database, before: int, *, dry_run: bool) -> int:
    """Delete rows whose nodes are not there, or count what they belonged to."""
    return sum(_delete_one(database, orphans, before, dry_run=dry_run) for orphans in _ALL)


def _delete_one(database: Database, orphans: _Orphans, before: int, *, dry_run: bool) -> int:
    values = dict.fromkeys(orphans.conditions, before)
    count, after = 0, -(2**63)
    while True:
        with database.read() as session:
            keys = [row[0] for row in orphans.find.all(session, after=after, **values)]
        if dry_run:
            count += len(keys)
        elif keys:
            count += database.writing(
                lambda session, keys=keys: orphans.delete.change(session, keys, **values)  # type: ignore[misc]
            )
        if len(keys) < _PAGE:
            return count
        after = keys[-1]
