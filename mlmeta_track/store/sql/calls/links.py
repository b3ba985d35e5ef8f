"""Events, attributions, associations and parent contexts."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from sqlalchemy import Table, bindparam, select

from mlmeta_track.domain.events import EventType
from mlmeta_track.domain.nodes import Artifact, Context, Execution, Node
from mlmeta_track.domain.writes import Association, Attribution, EventWrite, ParentLinks
from mlmeta_track.errors import AlreadyExistsError, InvalidArgumentError
from mlmeta_track.store.batches.values import check_text
from mlmeta_track.store.sql.calls.nodes import existing_ids
from mlmeta_track.store.sql.edges import (
    INSERT_ASSOCIATION,
    INSERT_ATTRIBUTION,
    INSERT_EVENT,
    INSERT_PARENT,
    insert_paths,
    path_rows,
)
from mlmeta_track.store.sql.prepared import Prepared, Session
from mlmeta_track.store.sql.schema import EVENT, PARENT_CONTEXT


def _find(table: Table, *columns: str) -> Prepared:
    same = (table.c[name] == bindparam(name) for name in columns)
    return Prepared(select(table.c[columns[0]]).where(*same))


_FIND_EVENT = _find(EVENT, "artifact_id", "execution_id", "type")
_FIND_PARENT = _find(PARENT_CONTEXT, "context_id", "parent_context_id")
_PARENTS = Prepared(
    select(PARENT_CONTEXT.c.parent_context_id).where(
        PARENT_CONTEXT.c.context_id == bindparam("child_id")
    )
)
_INSERT_MEMBER: Mapping[type[Node], Prepared] = {
    Artifact: INSERT_ATTRIBUTION,
    Execution: INSERT_ASSOCIATION,
}


class _Existing:
    """The nodes of one kind that links may name: looked for once, for all links of a call."""

    def __init__(self, session: Session, kind: type[Node], ids: Iterable[int | None]) -> None:
        """Look for the nodes of these ids; None is one that was not set."""
        self._name = kind.__name__.lower()
        self._ids = existing_ids(session, kind, {i for i in ids if i is not None})

    def check(self, node_id: int | None, field: str) -> None:
        """Raise ``InvalidArgumentError`` unless there is a node of that id.

        Args:
            node_id: The id.
            field: Which field it is from, for the message.
        """
        if node_id is None:
            message = f"The {field} is not set. Set it to the id of the {self._name}."
            raise InvalidArgumentError(message)
        if node_id not in self._ids:
            message = (
                f"The {field} is {node_id}, and there is no {self._name} of that id. Put it first."
            )
            raise InvalidArgumentError(message)


# --- events -----------------------------------------------------------------------------------


def put_events(session: Session, events: Sequence[EventWrite]) -> None:
    """Make events between artifacts and executions that exist."""
    artifacts = _Existing(session, Artifact, (e.artifact_id for e in events))
    executions = _Existing(session, Execution, (e.execution_id for e in events))
    for event in events:
        artifacts.check(event.artifact_id, "artifact_id of an event")
        executions.check(event.execution_id, "execution_id of an event")
        insert_event(session, event)


def insert_event(session: Session, event: EventWrite) -> None:
    """Insert an event with its path; its ends are not looked for.

    Raises:
        InvalidArgumentError: It has no type, or a step of its path cannot be stored.
        AlreadyExistsError: There is one between these two of the same type.
    """
    if event.type is EventType.UNKNOWN:
        message = "An event has no type. Set its type, such as DECLARED_INPUT or DECLARED_OUTPUT."
        raise InvalidArgumentError(message)
    for step in event.path:
        if isinstance(step, str):
            check_text(step, "key in the path of an event")
    ends = {"artifact_id": event.artifact_id, "execution_id": event.execution_id}
    if _FIND_EVENT.first(session, **ends, type=int(event.type)) is not None:
        message = (
            f"Given event already exists: the artifact {event.artifact_id} and the execution"
            f" {event.execution_id} have a {event.type.name} event. Put it once, or give it"
            " another type."
        )
        raise AlreadyExistsError(message)
    when = event.milliseconds_since_epoch
    if when is None:
        when = time.time_ns() // 1_000_000
    event_id = INSERT_EVENT.insert(
        session, **ends, type=int(event.type), milliseconds_since_epoch=when
    )
    insert_paths(session, path_rows(event_id, event.path))


# --- memberships ------------------------------------------------------------------------------


def put_links(
    session: Session, attributions: Sequence[Attribution], associations: Sequence[Association]
) -> None:
    """Put artifacts and executions into contexts; links that exist are left as they are."""
    artifacts = [(a.context_id, a.artifact_id) for a in attributions]
    executions = [(a.context_id, a.execution_id) for a in associations]
    _put_members(session, Artifact, artifacts, "attribution")
    _put_members(session, Execution, executions, "association")


def _put_members(
    session: Session,
    kind: type[Artifact | Execution],
    pairs: Sequence[tuple[int, int]],
    what: str,
) -> None:
    contexts = _Existing(session, Context, (context_id for context_id, _ in pairs))
    nodes = _Existing(session, kind, (member_id for _, member_id in pairs))
    members: defaultdict[int, list[int]] = defaultdict(list)
    for context_id, member_id in pairs:
        contexts.check(context_id, f"context_id of an {what}")
        nodes.check(member_id, f"{kind.__name__.lower()}_id of an {what}")
        members[context_id].append(member_id)
    for context_id, member_ids in members.items():
        link(session, kind, context_id, member_ids)


def link(
    session: Session, kind: type[Artifact | Execution], context_id: int, member_ids: Iterable[int]
) -> None:
    """Put nodes into a context unless they are in it; neither is looked for."""
    column = f"{kind.__name__.lower()}_id"
    rows = [{"context_id": context_id, column: i} for i in dict.fromkeys(member_ids)]
    _INSERT_MEMBER[kind].run_many(session, rows)


# --- parents ----------------------------------------------------------------------------------


def put_parent_contexts(session: Session, links: ParentLinks) -> None:
    """Make contexts children of others."""
    contexts = _Existing(session, Context, (i for ln in links for i in (ln.child_id, ln.parent_id)))
    for parent_link in links:
        child, parent = parent_link.child_id, parent_link.parent_id
        contexts.check(parent, "parent_id of a parent link")
        contexts.check(child, "child_id of a parent link")
        if child in _with_ancestors(session, parent):
            message = (
                f"There is a cycle: the context {child} cannot be a child of {parent}, which is"
                " itself or below it. Turn the link round, or leave it out."
            )
            raise InvalidArgumentError(message)
        row = {"context_id": child, "parent_context_id": parent}
        if _FIND_PARENT.first(session, **row) is not None:
            message = (
                f"Given parent_context already exists: the context {child} is a child of {parent}."
                " Put the link once."
            )
            raise AlreadyExistsError(message)
        INSERT_PARENT.run(session, **row)


def _with_ancestors(session: Session, context_id: int | None) -> set[int | None]:
    found: set[int | None] = set()
    rest = [context_id]
    while rest:
        found.add(one := rest.pop())
        rest += [i for (i,) in _PARENTS.all(session, child_id=one) if i not in found]
    return found
