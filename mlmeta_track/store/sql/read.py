"""Reading: every kind of nodes in two queries (nodes, properties), events with paths in one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from enum import IntEnum
from functools import cache
from typing import Any, TypeAlias, TypeVar

from sqlalchemy import (
    TEXT,
    ColumnElement,
    Select,
    bindparam,
    literal,
    null,
    select,
)

from mlmeta_track.domain.events import Event, EventType
from mlmeta_track.domain.nodes import (
    FILE_FINGERPRINT,
    FINGERPRINT,
    Artifact,
    ArtifactState,
    Context,
    Execution,
    ExecutionState,
    PropertyValue,
)
from mlmeta_track.errors import InvalidArgumentError
from mlmeta_track.store.base import MemberT, NodeT
from mlmeta_track.store.batches.values import decode
from mlmeta_track.store.sql.prepared import Prepared, Session, among, chunks, storage_order
from mlmeta_track.store.sql.schema import (
    ARTIFACT,
    ARTIFACT_PROPERTY,
    EVENT,
    EVENT_PATH,
    PARENT_CONTEXT,
    TYPE,
    NodeTables,
    same_text,
    tables_of,
)
from mlmeta_track.store.sql.values import VALUE_COLUMNS

EnumT = TypeVar("EnumT", bound=IntEnum)

_INT64 = range(-(2**63), 2**63)


class NodeQuery:
    """A way to find nodes of one kind: two statements that share the choice of the nodes."""

    def __init__(
        self, tables: NodeTables, wanted: Select[Any], *, descending: bool = False
    ) -> None:
        """Prepare the statements.

        Args:
            tables: The tables of that kind.
            wanted: A query for their ids, in a column ``id``, each id once.
            descending: Whether the newest node comes first.
        """
        nodes, properties, ids = tables.nodes, tables.properties, wanted.subquery("wanted")
        state = null() if tables.state is None else tables.state
        self._nodes = Prepared(
            select(
                nodes.c.id,
                nodes.c.type_id,
                TYPE.c.name.label("type_name"),
                nodes.c.name,
                nodes.c.external_id,
                nodes.c.create_time_since_epoch,
                nodes.c.last_update_time_since_epoch,
                (nodes.c.uri if nodes is ARTIFACT else null()).label("uri"),
                state.label("state"),
            )
            .select_from(ids)
            .join(nodes, nodes.c.id == ids.c.id)
            .outerjoin(TYPE, TYPE.c.id == nodes.c.type_id)
            .order_by(nodes.c.id.desc() if descending else nodes.c.id)
        )
        self._properties = Prepared(
            select(
                tables.owner,
                properties.c.name,
                properties.c.is_custom_property,
                *(properties.c[column] for column in VALUE_COLUMNS),
            )
            .select_from(ids)
            .join(properties, tables.owner == ids.c.id)
        )

    def load(self, session: Session, kind: type[NodeT], **values: Any) -> list[NodeT]:
        """Return the nodes, with their properties."""
        rows = self._nodes.all(session, **values)
        if not rows:
            return []
        declared, custom = _read_properties(self._properties.all(session, **values))
        return [_node(kind, row, declared.get(row[0], {}), custom.get(row[0], {})) for row in rows]


_Properties: TypeAlias = "defaultdict[int, dict[str, PropertyValue]]"


def _read_properties(rows: Iterable[Any]) -> tuple[_Properties, _Properties]:
    """Return the declared and the custom properties by node."""
    declared: _Properties = defaultdict(dict)
    custom: _Properties = defaultdict(dict)
    for owner, name, is_custom, *columns in rows:
        value = decode(columns)
        if value is not None:
            (custom if is_custom else declared)[owner][name] = value
    return declared, custom


def _node(
    kind: type[NodeT],
    row: Any,
    properties: dict[str, PropertyValue],
    custom_properties: dict[str, PropertyValue],
) -> NodeT:
    node_id, type_id, type_name, name, external_id, created, updated, uri, state = row
    more: dict[str, Any] = {}
    if kind is Artifact:
        more = {"uri": uri or None, "state": _enum(ArtifactState, state)}
    elif kind is Execution:
        more = {"last_known_state": _enum(ExecutionState, state)}
    return kind(
        id=node_id,
        type=type_name or "",
        type_id=type_id,
        name=name,
        external_id=external_id,
        properties=properties,
        custom_properties=custom_properties,
        create_time_since_epoch=created,
        last_update_time_since_epoch=updated,
        **more,
    )


def _enum(kind: type[EnumT], number: int | None) -> EnumT | None:
    """Return the member of that number; a number that a later MLMD may have added is UNKNOWN."""
    if number is None:
        return None
    try:
        return kind(number)
    except ValueError:
        return kind(0)


# The ways to find nodes.  Each is made when it is first needed, and kept.

_CONTEXTS = tables_of(Context)


def _of_type(tables: NodeTables) -> Select[Any]:
    return (
        select(tables.nodes.c.id)
        .join(TYPE, TYPE.c.id == tables.nodes.c.type_id)
        .where(
            TYPE.c.name == bindparam("type_name"),
            TYPE.c.version.is_not_distinct_from(bindparam("version")),
            TYPE.c.type_kind == int(tables.kind),
        )
    )


@cache
def _by_ids(tables: NodeTables, size: int) -> NodeQuery:
    node_id = tables.nodes.c.id
    return NodeQuery(tables, select(node_id).where(among(node_id, "x", size)))


@cache
def _by_external_ids(tables: NodeTables, size: int) -> NodeQuery:
    nodes = tables.nodes
    return NodeQuery(tables, select(nodes.c.id).where(among(nodes.c.external_id, "x", size)))


@cache
def _by_type(tables: NodeTables) -> NodeQuery:
    return NodeQuery(tables, _of_type(tables))


@cache
def _by_name(tables: NodeTables) -> NodeQuery:
    return NodeQuery(tables, _of_type(tables).where(tables.nodes.c.name == bindparam("name")))


@cache
def _by_context(tables: NodeTables) -> NodeQuery:
    member = tables.member
    in_context = member.table.c.context_id == bindparam("context_id")
    return NodeQuery(tables, select(member.label("id")).where(in_context))


@cache
def _contexts_of(tables: NodeTables) -> NodeQuery:
    member = tables.member
    context_id = member.table.c.context_id.label("id")
    return NodeQuery(_CONTEXTS, select(context_id).where(member == bindparam("node_id")))


@cache
def _listed(tables: NodeTables, *, limited: bool, descending: bool) -> NodeQuery:
    node_id = tables.nodes.c.id
    wanted = select(node_id)
    if limited:
        wanted = wanted.order_by(node_id.desc() if descending else node_id)
        wanted = wanted.limit(bindparam("limit"))
    return NodeQuery(tables, wanted, descending=descending)


_AT_URI = select(ARTIFACT.c.id).where(same_text(ARTIFACT.c.uri, bindparam("uri", type_=TEXT)))
_BY_URI = NodeQuery(tables_of(Artifact), _AT_URI)
_NEWEST_BY_URI = NodeQuery(
    tables_of(Artifact), _AT_URI.order_by(ARTIFACT.c.id.desc()).limit(bindparam("most"))
)
_BY_FINGERPRINT = NodeQuery(
    tables_of(Artifact),
    select(ARTIFACT_PROPERTY.c.artifact_id.label("id"))
    .where(
        ARTIFACT_PROPERTY.c.name.in_([literal(FINGERPRINT), literal(FILE_FINGERPRINT)]),
        ARTIFACT_PROPERTY.c.is_custom_property == True,  # noqa: E712 - SQL
        same_text(ARTIFACT_PROPERTY.c.string_value, bindparam("fingerprint", type_=TEXT)),
    )
    .distinct(),
)
_PARENTS = NodeQuery(
    _CONTEXTS,
    select(PARENT_CONTEXT.c.parent_context_id.label("id")).where(
        PARENT_CONTEXT.c.context_id == bindparam("context_id")
    ),
)
_CHILDREN = NodeQuery(
    _CONTEXTS,
    select(PARENT_CONTEXT.c.context_id.label("id")).where(
        PARENT_CONTEXT.c.parent_context_id == bindparam("context_id")
    ),
)


def possible_ids(ids: Iterable[int]) -> set[int]:
    """Return those of the ids that a database can have."""
    return {int(i) for i in ids if i in _INT64}


def nodes_by_ids(session: Session, kind: type[NodeT], ids: Iterable[int]) -> list[NodeT]:
    """Return the nodes with those ids, in the order of their ids."""
    found: list[NodeT] = []
    for size, values in chunks(sorted(possible_ids(ids)), "x"):
        found += _by_ids(tables_of(kind), size).load(session, kind, **values)
    return found


def nodes_by_external_ids(
    session: Session, kind: type[NodeT], external_ids: Iterable[str]
) -> list[NodeT]:
    """Return the nodes with those external ids, in the order of their ids."""
    found: list[NodeT] = []
    for size, values in chunks((one for one in external_ids if "\0" not in one), "x"):
        found += _by_external_ids(tables_of(kind), size).load(session, kind, **values)
    return sorted(found, key=lambda node: node.id)


def nodes_by_type(
    session: Session, kind: type[NodeT], type_name: str, version: str | None
) -> list[NodeT]:
    """Return the nodes of the type of that name and version."""
    query = _by_type(tables_of(kind))
    return query.load(session, kind, type_name=type_name, version=version or None)


def node_by_name(
    session: Session, kind: type[NodeT], type_name: str, version: str | None, name: str
) -> NodeT | None:
    """Return the node of that type and name, or None."""
    found = _by_name(tables_of(kind)).load(
        session, kind, type_name=type_name, version=version or None, name=name
    )
    return found[0] if found else None


def nodes_by_context(session: Session, kind: type[MemberT], context_id: int) -> list[MemberT]:
    """Return the artifacts or executions that belong to a context."""
    return _by_context(tables_of(kind)).load(session, kind, context_id=context_id)


def contexts_of(session: Session, kind: type[MemberT], node_id: int) -> list[Context]:
    """Return the contexts that an artifact or an execution belongs to."""
    return _contexts_of(tables_of(kind)).load(session, Context, node_id=node_id)


def parent_contexts(session: Session, context_id: int) -> list[Context]:
    """Return the parents of a context."""
    return _PARENTS.load(session, Context, context_id=context_id)


def child_contexts(session: Session, context_id: int) -> list[Context]:
    """Return the children of a context."""
    return _CHILDREN.load(session, Context, context_id=context_id)


def artifacts_by_uri(session: Session, uri: str, most: int | None) -> list[Artifact]:
    """Return the artifacts with exactly that URI; no more than ``most``, the newest."""
    # A NUL is in no text that was stored, and not every database lets one ask for it.
    if "\0" in uri:
        return []
    if most is None:
        return _BY_URI.load(session, Artifact, uri=uri)
    return _NEWEST_BY_URI.load(session, Artifact, uri=uri, most=most)


def artifacts_by_fingerprint(session: Session, fingerprint: str) -> list[Artifact]:
    """Return the artifacts whose content, or whose file, has that fingerprint."""
    return _BY_FINGERPRINT.load(session, Artifact, fingerprint=fingerprint)


def list_nodes(
    session: Session, kind: type[NodeT], limit: int | None, *, newest_first: bool
) -> list[NodeT]:
    """Return the first or the last nodes of a kind."""
    query = _listed(tables_of(kind), limited=limit is not None, descending=newest_first)
    if limit is None:
        return query.load(session, kind)
    if limit < 0:
        message = f"A limit of {limit} nodes cannot be. Give a number from 0 on, or None for all."
        raise InvalidArgumentError(message)
    return query.load(session, kind, limit=min(limit, _INT64[-1]))


EVENT_COLUMNS: tuple[ColumnElement[Any], ...] = (
    EVENT.c.id,
    EVENT.c.artifact_id,
    EVENT.c.execution_id,
    EVENT.c.type,
    EVENT.c.milliseconds_since_epoch,
    EVENT_PATH.c.event_id,
    EVENT_PATH.c.is_index_step,
    EVENT_PATH.c.step_index,
    EVENT_PATH.c.step_key,
)
# MLMD keeps no order of a path's steps but that in which they were written.
EVENT_ORDER: ColumnElement[Any] = storage_order(EVENT_PATH)


@cache
def _events(column: str, size: int) -> Prepared:
    return Prepared(
        select(*EVENT_COLUMNS)
        .outerjoin_from(EVENT, EVENT_PATH, EVENT_PATH.c.event_id == EVENT.c.id)
        .where(among(EVENT.c[column], "x", size))
        .order_by(EVENT_ORDER)
    )


def events_by(session: Session, column: str, ids: Iterable[int]) -> list[Event]:
    """Return the events that have one of the ids in a column, in the order of their ids."""
    found: list[Event] = []
    for size, values in chunks(sorted(possible_ids(ids)), "x"):
        found += build_events(_events(column, size).all(session, **values))
    return sorted(found, key=lambda event: event.id or 0)


def build_events(rows: Sequence[Any]) -> list[Event]:
    """Build events from rows of ``EVENT_COLUMNS`` in ``EVENT_ORDER``, one for each path step."""
    firsts: dict[int, Any] = {}
    paths: defaultdict[int, list[str | int]] = defaultdict(list)
    for row in rows:
        firsts.setdefault(row[0], row)
        has_step, is_index, index, key = row[5:]
        if has_step is not None:
            paths[row[0]].append((index or 0) if is_index else (key or ""))
    return [_event(row, tuple(paths.get(event_id, ()))) for event_id, row in firsts.items()]


def _event(row: Any, path: tuple[str | int, ...]) -> Event:
    event_id, artifact_id, execution_id, kind, milliseconds = row[:5]
    return Event(
        artifact_id=artifact_id,
        execution_id=execution_id,
        type=_enum(EventType, kind) or EventType.UNKNOWN,
        path=path,
        milliseconds_since_epoch=milliseconds,
        id=event_id,
    )
