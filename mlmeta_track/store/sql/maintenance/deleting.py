"""Nodes deleted, as far as they may still go: all within one transaction of the only writer."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import chain

from sqlalchemy import ColumnElement, Table, bindparam, delete, or_, select

from mlmeta_track.domain.nodes import (
    DELETED_AT,
    FILE_FINGERPRINT,
    FINGERPRINT,
    Artifact,
    Execution,
    ExecutionState,
)
from mlmeta_track.store.maintenance import Going, Gone
from mlmeta_track.store.sql.maintenance.archiving import Members, SqlArchive
from mlmeta_track.store.sql.maintenance.contexts import delete_contexts
from mlmeta_track.store.sql.maintenance.finding import links_of
from mlmeta_track.store.sql.maintenance.on_ids import OnIds, ids_in
from mlmeta_track.store.sql.prepared import Session
from mlmeta_track.store.sql.schema import (
    ARTIFACT,
    ARTIFACT_PROPERTY,
    ASSOCIATION,
    ATTRIBUTION,
    EVENT,
    EVENT_PATH,
    EXECUTION,
    EXECUTION_PROPERTY,
    NodeTables,
    tables_of,
)


def is_tombstone(tables: NodeTables) -> ColumnElement[bool]:
    """Return the condition that a node has the mark of a tombstone."""
    properties = tables.properties.c
    return (
        select(1)
        .where(
            tables.owner == tables.nodes.c.id,
            properties.name == DELETED_AT,
            properties.is_custom_property == True,  # noqa: E712 - SQL
        )
        .exists()
    )


IS_NOT_RUNNING = or_(
    EXECUTION.c.last_known_state.is_(None),
    EXECUTION.c.last_known_state != int(ExecutionState.RUNNING),
)


def _unchanged(tables: NodeTables) -> OnIds:
    nodes = tables.nodes
    old = nodes.c.last_update_time_since_epoch < bindparam("since")
    more = (IS_NOT_RUNNING,) if nodes is EXECUTION else ()
    return OnIds(
        select(nodes.c.id).where(ids_in(nodes.c.id), or_(old, is_tombstone(tables)), *more)
    )


def _on(table: Table, column: str) -> OnIds:
    return OnIds(delete(table).where(ids_in(table.c[column])))


_UNCHANGED = {kind: _unchanged(tables_of(kind)) for kind in (Artifact, Execution)}
_EXISTING = {
    table: OnIds(select(table.c.id).where(ids_in(table.c.id))) for table in (ARTIFACT, EXECUTION)
}
_BURIED = OnIds(
    select(EXECUTION.c.id).where(ids_in(EXECUTION.c.id), is_tombstone(tables_of(Execution)))
)
_EVENTS = {
    column: OnIds(select(EVENT.c.id).where(ids_in(EVENT.c[column])))
    for column in ("artifact_id", "execution_id")
}
_DELETE_PATHS = _on(EVENT_PATH, "event_id")
_DELETE = {table: _on(table, "id") for table in (EVENT, ATTRIBUTION, ASSOCIATION)}
_DELETE_NODES = (
    (_on(ARTIFACT_PROPERTY, "artifact_id"), _on(ARTIFACT, "id")),
    (_on(EXECUTION_PROPERTY, "execution_id"), _on(EXECUTION, "id")),
)
_URIS = OnIds(select(ARTIFACT.c.id, ARTIFACT.c.uri).where(ids_in(ARTIFACT.c.id)))
_FINGERPRINTS = OnIds(
    select(
        ARTIFACT_PROPERTY.c.artifact_id, ARTIFACT_PROPERTY.c.name, ARTIFACT_PROPERTY.c.string_value
    ).where(
        ids_in(ARTIFACT_PROPERTY.c.artifact_id),
        ARTIFACT_PROPERTY.c.name.in_([bindparam("content"), bindparam("file")]),
        ARTIFACT_PROPERTY.c.is_custom_property == True,  # noqa: E712 - SQL
    )
)


@dataclass
class _Unit:
    """What one transaction deletes, once it is settled."""

    executions: set[int]
    artifacts: set[int]
    outputs: dict[int, set[int]] = field(default_factory=lambda: defaultdict(set))
    makers: dict[int, set[int]] = field(default_factory=lambda: defaultdict(set))
    users: dict[int, set[int]] = field(default_factory=lambda: defaultdict(set))


def delete_nodes(  # noqa: PLR0913, PLR0917 - what it deletes, and what it must know
    session: Session,
    executions: Sequence[int],
    artifacts: Sequence[int],
    going: Going,
    members: Members,
    archive: SqlArchive | None,
) -> Gone:
    """Delete what of some nodes may still go; see ``Maintenance.delete``."""
    unit = _look(session, executions, artifacts, going)
    _settle(unit, going)
    if not unit.executions and not unit.artifacts:
        return Gone()
    if archive is not None:
        archive.keep(session, unit.executions, unit.artifacts, members)
    uris = uris_of(session, unit.artifacts)
    n_events = _delete_events(session, unit)
    touched = _delete_memberships(session, unit, members)
    for ids, statements in zip((unit.artifacts, unit.executions), _DELETE_NODES, strict=True):
        for statement in statements:
            statement.change(session, ids)
    n_contexts = delete_contexts(session, touched, going, archive)
    return Gone(
        tuple(sorted(unit.executions)), tuple(sorted(unit.artifacts)), n_contexts, n_events, uris
    )


def _look(
    session: Session, executions: Sequence[int], artifacts: Sequence[int], going: Going
) -> _Unit:
    """Read how the nodes stand now, and what they are linked with."""
    since = going.unchanged_since
    unit = _Unit(
        {row[0] for row in _UNCHANGED[Execution].rows(session, executions, since=since)}, set()
    )
    links = links_of(session, Execution, sorted(unit.executions))
    made = {link.artifact_id for link in links if not link.is_input}
    wanted = {one for one in made.union(artifacts) if one in going.artifacts}
    unit.artifacts = {row[0] for row in _UNCHANGED[Artifact].rows(session, wanted, since=since)}
    exists = unit.artifacts | {row[0] for row in _EXISTING[ARTIFACT].rows(session, made)}
    for link in links:
        if not link.is_input and link.artifact_id in exists:
            unit.outputs[link.execution_id].add(link.artifact_id)
    links = links_of(session, Artifact, sorted(unit.artifacts))
    others = {link.execution_id for link in links}
    exists = {row[0] for row in _EXISTING[EXECUTION].rows(session, others)}
    # A tombstone stays for another thing that it made.
    living = exists - {row[0] for row in _BURIED.rows(session, exists)}
    for link in links:
        ends, those = (unit.users, exists) if link.is_input else (unit.makers, living)
        if link.execution_id in those:
            ends[link.artifact_id].add(link.execution_id)
    return unit


def _settle(unit: _Unit, going: Going) -> None:
    """Take out what cannot go, until all that is left can go together."""
    while True:
        artifacts = {one for one in unit.artifacts if _may_go(one, unit, going)}
        executions = {one for one in unit.executions if unit.outputs[one] <= artifacts}
        if artifacts == unit.artifacts and executions == unit.executions:
            return
        unit.artifacts, unit.executions = artifacts, executions


def _may_go(artifact: int, unit: _Unit, going: Going) -> bool:
    # Of several makers those that are not deleted here are deleted soon; users go before.
    if not unit.users[artifact] <= unit.executions:
        return False
    return all(one in unit.executions or one in going.executions for one in unit.makers[artifact])


def uris_of(session: Session, artifacts: Iterable[int]) -> tuple[tuple[str, str | None], ...]:
    """Return the URIs of artifacts, each with the fingerprint of its file, if there is one."""
    known: dict[int, dict[str, str]] = defaultdict(dict)
    artifacts = list(artifacts)
    rows = _FINGERPRINTS.rows(session, artifacts, content=FINGERPRINT, file=FILE_FINGERPRINT)
    for owner, name, text in rows:
        known[owner][name] = text
    return tuple(
        (uri, known[owner].get(FILE_FINGERPRINT) or known[owner].get(FINGERPRINT))
        for owner, uri in _URIS.rows(session, artifacts)
        if uri
    )


def _delete_events(session: Session, unit: _Unit) -> int:
    by = (("execution_id", unit.executions), ("artifact_id", unit.artifacts))
    ids = {
        row[0]
        for row in chain.from_iterable(_EVENTS[column].rows(session, some) for column, some in by)
    }
    _DELETE_PATHS.change(session, ids)
    return _DELETE[EVENT].change(session, ids)


def _delete_memberships(session: Session, unit: _Unit, members: Members) -> set[int]:
    """Delete the nodes' memberships, and return the contexts that had them."""
    touched: set[int] = set()
    for table, kind, ids in (
        (ATTRIBUTION, Artifact, unit.artifacts),
        (ASSOCIATION, Execution, unit.executions),
    ):
        found = members[kind].of(session, ids)
        touched.update(one.context_id for one in found)
        _DELETE[table].change(session, (one.id for one in found))
    return touched
