"""Some of the events of a node, for those who cannot take all that it may have."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from functools import cache
from typing import Any

from sqlalchemy import BIGINT, bindparam, select

from mlmeta_track.domain.events import Event, EventType
from mlmeta_track.domain.nodes import Artifact, Execution
from mlmeta_track.store.sql.prepared import Prepared, Session, one_of
from mlmeta_track.store.sql.read import EVENT_COLUMNS, EVENT_ORDER, build_events, possible_ids
from mlmeta_track.store.sql.schema import EVENT, EVENT_PATH


def events_near(
    session: Session,
    kind: type[Artifact | Execution],
    ids: Iterable[int],
    types: Collection[EventType],
    most: int,
) -> list[Event]:
    """Return up to ``most`` events of those types of each of some nodes, in the order of ids."""
    query = _near(kind is Artifact, frozenset(types))
    found: list[Event] = []
    for node in sorted(possible_ids(ids)):
        found += build_events(query.all(session, node=node, most=most))
    return sorted(found, key=lambda event: event.id or 0)


@cache
def _near(of_artifact: bool, types: frozenset[EventType]) -> Prepared:  # noqa: FBT001 - a key
    # By what the index is in the order of, so that no more than these are read.
    column, order = (
        (EVENT.c.artifact_id, EVENT.c.execution_id)
        if of_artifact
        else (EVENT.c.execution_id, EVENT.c.id)
    )
    node: Any = bindparam("node", type_=BIGINT)
    near = (
        select(EVENT.c.id)
        .where(column == node, one_of(EVENT.c.type, sorted(map(int, types))))
        .order_by(order.desc())
        .limit(bindparam("most"))
        .subquery("near")
    )
    return Prepared(
        select(*EVENT_COLUMNS)
        .select_from(near)
        .join(EVENT, EVENT.c.id == near.c.id)
        .outerjoin(EVENT_PATH, EVENT_PATH.c.event_id == EVENT.c.id)
        .order_by(EVENT_ORDER)
    )
