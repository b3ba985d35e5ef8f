"""Contexts deleted that nothing living is in any more."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import ColumnElement, bindparam, delete, select

from mlmeta_track.domain.nodes import DELETED_AT, Artifact, Execution
from mlmeta_track.store.maintenance import Going
from mlmeta_track.store.sql.maintenance.archiving import SqlArchive
from mlmeta_track.store.sql.maintenance.on_ids import OnIds, ids_in
from mlmeta_track.store.sql.prepared import Session
from mlmeta_track.store.sql.schema import (
    ASSOCIATION,
    ATTRIBUTION,
    CONTEXT,
    CONTEXT_PROPERTY,
    PARENT_CONTEXT,
    NodeTables,
    tables_of,
)


def _has_living(tables: NodeTables) -> ColumnElement[bool]:
    properties = tables.properties.c
    mark = select(1).where(
        tables.owner == tables.member,
        properties.name == DELETED_AT,
        properties.is_custom_property == True,  # noqa: E712 - SQL
    )
    members = tables.member.table
    living = select(1).where(members.c.context_id == CONTEXT.c.id, ~mark.exists())
    return living.exists()


_HAS_CHILD = select(1).where(PARENT_CONTEXT.c.parent_context_id == CONTEXT.c.id).exists()
_DEAD = OnIds(
    select(CONTEXT.c.id).where(
        ids_in(CONTEXT.c.id),
        CONTEXT.c.last_update_time_since_epoch < bindparam("before"),
        ~_HAS_CHILD,
        ~_has_living(tables_of(Execution)),
        ~_has_living(tables_of(Artifact)),
    )
)
_PARENTS = OnIds(
    select(PARENT_CONTEXT.c.parent_context_id).where(ids_in(PARENT_CONTEXT.c.context_id))
)
_DELETE = tuple(
    OnIds(delete(column.table).where(ids_in(column)))
    for column in (
        ASSOCIATION.c.context_id,
        ATTRIBUTION.c.context_id,
        PARENT_CONTEXT.c.context_id,
        CONTEXT_PROPERTY.c.context_id,
    )
)
_DELETE_CONTEXTS = OnIds(delete(CONTEXT).where(ids_in(CONTEXT.c.id)))


def delete_contexts(
    session: Session, ids: Iterable[int], going: Going, archive: SqlArchive | None
) -> int:
    """Delete those of the contexts that may go, and the parents that they leave childless."""
    deleted, rest = 0, {one for one in ids if one in going.contexts}
    while rest:
        dead = {row[0] for row in _DEAD.rows(session, rest, before=going.contexts_before)}
        if not dead:
            break
        if archive is not None:
            archive.keep_contexts(session, dead)
        above = {row[0] for row in _PARENTS.rows(session, dead)}
        for statement in _DELETE:
            statement.change(session, dead)
        deleted += _DELETE_CONTEXTS.change(session, dead)
        rest = (rest - dead) | {one for one in above if one in going.contexts}
    return deleted
