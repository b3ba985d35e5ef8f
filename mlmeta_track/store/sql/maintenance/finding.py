"""What a plan needs to know of a store, in pages that each are one short transaction."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    FromClause,
    Select,
    and_,
    bindparam,
    func,
    literal_column,
    or_,
    select,
)

from mlmeta_track.domain.listing import Joins
from mlmeta_track.domain.nodes import DELETED_AT, ArtifactState, Context
from mlmeta_track.store.maintenance import Candidates, Link, MemberKind, NodeKind
from mlmeta_track.store.sql.engine import Database
from mlmeta_track.store.sql.filters.matching import matching_ids
from mlmeta_track.store.sql.maintenance.on_ids import OnIds, ids_in
from mlmeta_track.store.sql.prepared import Prepared, Session, among, chunks, one_of
from mlmeta_track.store.sql.schema import (
    ARTIFACT,
    EVENT,
    PARENT_CONTEXT,
    TYPE,
    NodeTables,
    tables_of,
)

PAGE = 10_000
_LOWEST, _HIGHEST = -(2**63), 2**63 - 1


def selected(database: Database, kind: NodeKind, candidates: Candidates) -> Iterator[Sequence[int]]:
    """Give the ids of the nodes that may go, in pages."""
    statement, last = Prepared(_selection(kind, candidates)), _LOWEST
    while True:
        with database.read() as session:
            rows = statement.all(session, after=last, before=candidates.updated_before)
        if rows:
            last = rows[-1][0]
            yield [row[0] for row in rows]
        if len(rows) < PAGE:
            return


def _selection(kind: NodeKind, candidates: Candidates) -> Select[Any]:
    tables = tables_of(kind)
    nodes: FromClause = tables.nodes
    query = select(nodes.c.id.label("id"))
    if candidates.filter.strip():
        # Conditions on the filter's own rows: so each page goes on where the last one ended.
        query = matching_ids(kind, candidates.filter, Joins.OUTER)
        nodes = query.selected_columns["id"].element.table
    conditions = _conditions(tables, nodes, candidates)
    return query.where(nodes.c.id > bindparam("after"), *conditions).order_by("id").limit(PAGE)


def _conditions(
    tables: NodeTables, nodes: FromClause, candidates: Candidates
) -> list[ColumnElement[bool]]:
    found = [nodes.c.last_update_time_since_epoch < bindparam("before")]
    if candidates.states and tables.state is not None:
        states: list[ColumnElement[Any]] = [
            literal_column(str(int(state))) for state in sorted(candidates.states)
        ]
        found.append(nodes.c[tables.state.name].in_(states))
    if candidates.type_name is not None:
        of_name = select(TYPE.c.id).where(
            TYPE.c.name == candidates.type_name, TYPE.c.type_kind == int(tables.kind)
        )
        found.append(nodes.c.type_id.in_(of_name))
    if candidates.contexts.strip():
        matching = matching_ids(Context, candidates.contexts, Joins.OUTER)
        members = select(tables.member).where(tables.member.table.c.context_id.in_(matching))
        found.append(nodes.c.id.in_(members))
    if candidates.loose:
        event = select(1).where(EVENT.c[tables.owner.name] == nodes.c.id)
        found.append(~event.exists())
    return found


@cache
def _tombstones(tables: NodeTables) -> Prepared:
    properties = tables.properties.c
    return Prepared(
        select(tables.owner)
        .where(
            properties.name == bindparam("marker"),
            properties.is_custom_property == True,  # noqa: E712 - SQL
            tables.owner > bindparam("after"),
        )
        .order_by(tables.owner)
        .limit(PAGE)
    )


def tombstones(database: Database, kind: MemberKind) -> Iterator[Sequence[int]]:
    """Give the ids of the tombstones, in pages."""
    last = _LOWEST
    while True:
        with database.read() as session:
            rows = _tombstones(tables_of(kind)).all(session, after=last, marker=DELETED_AT)
        if rows:
            last = rows[-1][0]
            yield [row[0] for row in rows]
        if len(rows) < PAGE:
            return


_LINK = (EVENT.c.artifact_id, EVENT.c.execution_id, EVENT.c.type)
_LINKS = Prepared(
    select(*_LINK, EVENT.c.id)
    .where(EVENT.c.id < bindparam("before"))
    .order_by(EVENT.c.id.desc())
    .limit(PAGE)
)
_LINKS_OF = {
    column: OnIds(select(*_LINK).where(ids_in(EVENT.c[column])))
    for column in ("artifact_id", "execution_id")
}
_LAST_EVENT = Prepared(select(func.max(EVENT.c.id)))


def links(database: Database) -> Iterator[Sequence[Link]]:
    """Give all events, the newest first, in pages."""
    before = _HIGHEST
    while True:
        with database.read() as session:
            rows = _LINKS.all(session, before=before)
        if rows:
            before = rows[-1][3]
            yield [Link(*row[:3]) for row in rows]
        if len(rows) < PAGE:
            return


def links_of(session: Session, kind: MemberKind, ids: Sequence[int]) -> list[Link]:
    """Return the events of some nodes."""
    rows = _LINKS_OF[tables_of(kind).owner.name].rows(session, ids)
    return [Link(*row) for row in rows]


def last_event(session: Session) -> int:
    """Return the id of the newest event; 0 if there is none."""
    return int(_LAST_EVENT.all(session)[0][0] or 0)


@cache
def _memberships(tables: NodeTables) -> Prepared:
    rows = tables.member.table.c
    return Prepared(
        select(rows.context_id, tables.member, rows.id)
        .where(rows.id > bindparam("after"))
        .order_by(rows.id)
        .limit(PAGE)
    )


def memberships(database: Database, kind: MemberKind) -> Iterator[Sequence[tuple[int, int]]]:
    """Give which context (first) holds which node (second), in pages."""
    last = _LOWEST
    while True:
        with database.read() as session:
            rows = _memberships(tables_of(kind)).all(session, after=last)
        if rows:
            last = rows[-1][2]
            yield [(row[0], row[1]) for row in rows]
        if len(rows) < PAGE:
            return


_ROWS = PARENT_CONTEXT.c
_PARENTS = Prepared(
    select(_ROWS.context_id, _ROWS.parent_context_id)
    .where(
        or_(
            _ROWS.context_id > bindparam("after_child"),
            and_(
                _ROWS.context_id == bindparam("after_child"),
                _ROWS.parent_context_id > bindparam("after_parent"),
            ),
        )
    )
    .order_by(_ROWS.context_id, _ROWS.parent_context_id)
    .limit(PAGE)
)


def parents(database: Database) -> Iterator[Sequence[tuple[int, int]]]:
    """Give which context (first) is the child of which other (second), in pages."""
    last = (_LOWEST, _LOWEST)
    while True:
        with database.read() as session:
            rows = _PARENTS.all(session, after_child=last[0], after_parent=last[1])
        if rows:
            last = (rows[-1][0], rows[-1][1])
            yield [(row[0], row[1]) for row in rows]
        if len(rows) < PAGE:
            return


@cache
def _in_use(size: int) -> Prepared:
    dead = one_of(ARTIFACT.c.state, (ArtifactState.DELETED,))
    return Prepared(
        select(ARTIFACT.c.uri)
        .where(among(ARTIFACT.c.uri, "x", size), or_(ARTIFACT.c.state.is_(None), ~dead))
        .distinct()
    )


def uris_in_use(session: Session, uris: Sequence[str]) -> set[str]:
    """Return those of the URIs that an artifact has which is not deleted."""
    found: set[str] = set()
    for size, values in chunks(uris, "x"):
        found.update(row[0] for row in _in_use(size).all(session, **values))
    return found
