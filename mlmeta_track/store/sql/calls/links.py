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
    INSERT_PATH,
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


def _refuse_missing(
    session: Session, kind: type[Node], ids: Iterable[int | None], field: str
) -> None:
    """Raise ``InvalidArgumentError`` unless there is a node of every id.

    Args:
        session: The transaction.
        kind: What the ids are ids of.
        ids: The ids; None for one that was not set.
        field: Which field they are from, for the message.
    """
    name = kind.__name__.lower()
    wanted = set(ids)
    if None in wanted:
        message = f"The {field} is not set. Set it to the id of the {name}."
        raise InvalidArgumentError(message)
    given = {node_id for node_id in wanted if node_id is not None}
    if missing := given - existing_ids(session, kind, given):
        message = f"The {field} is {min(missing)}, and there is no {name} of that id. Put it first."
        raise InvalidArgumentError(message)


# --- events -----------------------------------------------------------------------------------


def put_events(session: Session, events: Sequence[EventWrite]) -> None:
    """Make events between artifacts and executions that exist."""
    _refuse_missing(session, Artifact, (e.artifact_id for e in events), "artifact_id of an event")
    _refuse_missing(
        session, Execution, (e.execution_id for e in events), "execution_id of an event"
    )
    for event in events:
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
    INSERT_PATH.run_many(session, path_rows(event_id, event.path))


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
    members: defaultdict[int, list[int]] = defaultdict(list)
    for context_id, member_id in pairs:
        members[context_id].append(member_id)
    field = f"{kind.__name__.lower()}_id of an {what}"
    _refuse_missing(session, Context, members, f"context_id of an {what}")
    _refuse_missing(session, kind, (member_id for _, member_id in pairs), field)
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
    _refuse_missing(session, Context, (ln.parent_id for ln in links), "parent_id of a parent link")
    _refuse_missing(session, Context, (ln.child_id for ln in links), "child_id of a parent link")
    for parent_link in links:
        child, parent = parent_link.child_id, parent_link.parent_id
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
