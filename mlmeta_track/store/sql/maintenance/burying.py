"""Tombstones: nodes that stay for what was made from them, and lose their properties."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timezone
from typing import Any

from sqlalchemy import and_, bindparam, delete, insert, select, update

from mlmeta_track.domain.nodes import (
    DELETED_AT,
    FILE_FINGERPRINT,
    FINGERPRINT,
    Artifact,
    ArtifactState,
    Execution,
)
from mlmeta_track.store.maintenance import Gone, MemberKind
from mlmeta_track.store.sql.maintenance.archiving import Members, SqlArchive
from mlmeta_track.store.sql.maintenance.deleting import IS_NOT_RUNNING, is_tombstone, uris_of
from mlmeta_track.store.sql.maintenance.on_ids import OnIds, ids_in
from mlmeta_track.store.sql.prepared import Prepared, Session
from mlmeta_track.store.sql.schema import ARTIFACT, EVENT, EXECUTION, NodeTables, tables_of
from mlmeta_track.store.sql.values import VALUE_COLUMNS


def _still(tables: NodeTables) -> OnIds:
    nodes = tables.nodes
    conditions = [
        ids_in(nodes.c.id),
        nodes.c.last_update_time_since_epoch < bindparam("since"),
        ~is_tombstone(tables),
    ]
    if nodes is EXECUTION:
        conditions.append(IS_NOT_RUNNING)
    else:
        newer = select(1).where(
            EVENT.c.artifact_id == nodes.c.id, EVENT.c.id > bindparam("last_event")
        )
        conditions.append(~newer.exists())
    return OnIds(select(nodes.c.id).where(*conditions))


def _forget(tables: NodeTables) -> OnIds:
    properties = tables.properties.c
    kept = and_(
        properties.is_custom_property == True,  # noqa: E712 - SQL
        properties.name.in_([bindparam("content"), bindparam("file")]),
    )
    return OnIds(delete(tables.properties).where(ids_in(tables.owner), ~kept))


def _mark(tables: NodeTables) -> Prepared:
    values: dict[str, Any] = dict.fromkeys(VALUE_COLUMNS)
    # As text: ML Metadata's own columns for numbers are too narrow for it on servers.
    values |= {"string_value": bindparam("when"), "name": DELETED_AT, "is_custom_property": True}
    return Prepared(
        insert(tables.properties).values({tables.owner.name: bindparam("owner"), **values})
    )


_KINDS: tuple[MemberKind, ...] = (Artifact, Execution)
_STILL = {kind: _still(tables_of(kind)) for kind in _KINDS}
_FORGET = {kind: _forget(tables_of(kind)) for kind in _KINDS}
_MARK = {kind: _mark(tables_of(kind)) for kind in _KINDS}
_CHANGE = {
    Artifact: OnIds(
        update(ARTIFACT)
        .where(ids_in(ARTIFACT.c.id))
        .values(state=int(ArtifactState.DELETED), last_update_time_since_epoch=bindparam("now"))
    ),
    Execution: OnIds(
        update(EXECUTION)
        .where(ids_in(EXECUTION.c.id))
        .values(last_update_time_since_epoch=bindparam("now"))
    ),
}


def bury(  # noqa: PLR0913 - one argument a condition
    session: Session,
    kind: MemberKind,
    ids: Sequence[int],
    now: int,
    *,
    unchanged_since: int,
    unused_since: int | None,
    members: Members,
    archive: SqlArchive | None,
) -> Gone:
    """Make tombstones of what of some nodes may still go; see ``Maintenance.bury``."""
    conditions = {"since": unchanged_since}
    if kind is Artifact:
        conditions["last_event"] = 2**63 - 1 if unused_since is None else unused_since
    still = [row[0] for row in _STILL[kind].rows(session, ids, **conditions)]
    if not still:
        return Gone()
    is_artifact = kind is Artifact
    if archive is not None:
        archive.keep(session, () if is_artifact else still, still if is_artifact else (), members)
    uris = uris_of(session, still) if is_artifact else ()
    kept = {"content": FINGERPRINT, "file": FILE_FINGERPRINT} if is_artifact else {}
    when = datetime.fromtimestamp(now / 1000, timezone.utc).isoformat(timespec="seconds")
    _FORGET[kind].change(session, still, **(kept or {"content": "", "file": ""}))
    _CHANGE[kind].change(session, still, now=now)
    _MARK[kind].run_many(session, [{"owner": one, "when": when} for one in still])
    found = tuple(still)
    return Gone(artifacts=found, uris=uris) if is_artifact else Gone(executions=found)
