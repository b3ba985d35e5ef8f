"""A small store to filter: a few nodes of each kind, and edges between them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from mlmeta_track.domain.events import EventType
from mlmeta_track.domain.listing import Joins, ListQuery
from mlmeta_track.domain.nodes import Artifact, ArtifactState, Context, Execution, ExecutionState
from mlmeta_track.domain.types import ArtifactType, ContextType, ExecutionType, PropertyType
from mlmeta_track.domain.writes import (
    ArtifactWrite,
    Association,
    Attribution,
    ContextWrite,
    EventWrite,
    ExecutionWrite,
    ParentLink,
    UpdateOptions,
)
from mlmeta_track.errors import InvalidArgumentError
from mlmeta_track.store.base import Store

_KINDS: dict[str, type[Artifact | Execution | Context]] = {
    "A": Artifact,
    "E": Execution,
    "C": Context,
}
_PROPERTIES = {
    "i": PropertyType.INT,
    "d": PropertyType.DOUBLE,
    "s": PropertyType.STRING,
    "b": PropertyType.BOOLEAN,
}
AWKWARD_URI = "q\"uo'te"
"""With both quotes."""

AWKWARD_TEXT = "back\\slash,\nline\tand 'both' \"quotes\" é 東 100%_"
REFUSED = "refused"


def declare(store: Store) -> None:
    """Put the types AT, ET and CT, with the ids 10, 11 and 12."""
    types = [kind(name, _PROPERTIES) for kind, name in _TYPES]
    assert store.put_types(types, can_add_fields=False, can_omit_fields=False) == [10, 11, 12]


def fill(store: Store) -> None:
    """Make five artifacts, three executions, three contexts, and edges between them."""
    declare(store)
    store.put_nodes(Artifact, _artifacts(), UpdateOptions())
    store.put_nodes(Execution, _executions(), UpdateOptions())
    store.put_nodes(Context, _contexts(), UpdateOptions())
    store.put_parent_contexts([ParentLink(parent_id=1, child_id=2)])
    store.put_events([event(1, 1, EventType.INPUT), event(2, 1, EventType.OUTPUT, 77)])
    store.put_events([event(2, 2, EventType.DECLARED_INPUT), event(3, 2, EventType.PENDING_OUTPUT)])
    store.put_events([event(1, 1, EventType.DECLARED_INPUT)])
    store.put_links(
        [Attribution(artifact_id=a, context_id=c) for a, c in ((1, 1), (2, 1), (1, 2))],
        [Association(execution_id=e, context_id=1) for e in (1, 2)],
    )


_TYPES = ((ArtifactType, "AT"), (ExecutionType, "ET"), (ContextType, "CT"))


def _artifacts() -> list[ArtifactWrite]:
    live, deleted = ArtifactState.LIVE, ArtifactState.DELETED
    return [
        artifact(
            name="a1",
            uri="u1",
            state=live,
            properties={"i": 1, "s": "x"},
            custom_properties={"c": 5},
        ),
        artifact(name="a2", uri="u2", state=deleted, properties={"i": 2}),
        artifact(name="a3", uri="u3", custom_properties={"c": "str", "my prop": 9}),
        artifact(name="uri", uri=AWKWARD_URI),
        artifact(uri="u5", external_id="ext5"),
    ]


def _executions() -> list[ExecutionWrite]:
    return [
        ExecutionWrite(type_id=11, name="e1", last_known_state=ExecutionState.COMPLETE),
        ExecutionWrite(
            type_id=11, name="e2", last_known_state=ExecutionState.RUNNING, properties={"i": 3}
        ),
        ExecutionWrite(type_id=11),
    ]


def _contexts() -> list[ContextWrite]:
    return [
        ContextWrite(type_id=12, name="c1"),
        ContextWrite(type_id=12, name="c2", properties={"i": 1}),
        ContextWrite(type_id=12, name="c3"),
    ]


def artifact(**fields: object) -> ArtifactWrite:
    """Return an artifact to be made."""
    return ArtifactWrite(type_id=10, **fields)  # type: ignore[arg-type]


def event(
    artifact_id: int, execution_id: int, kind: EventType, milliseconds: int | None = None
) -> EventWrite:
    """Return an event to be made."""
    return EventWrite(
        artifact_id=artifact_id,
        execution_id=execution_id,
        type=kind,
        milliseconds_since_epoch=milliseconds,
    )


def put_artifacts(store: Store, *artifacts: ArtifactWrite) -> list[int]:
    """Make artifacts and return their ids."""
    return store.put_nodes(Artifact, artifacts, UpdateOptions())


def found(store: Store, query: str, joins: Joins = Joins.INNER) -> list[int] | str:
    """Return the ids that a filter finds, or ``REFUSED``.

    Args:
        store: Which store is asked.
        query: The filter, behind ``A ``, ``E `` or ``C ``: the kind of nodes.
        joins: What it means by neighbours that are missing.
    """
    kind: type[Any] = _KINDS[query[0]]
    try:
        page = store.list_page(kind, ListQuery(filter=query[2:], joins=joins))
    except InvalidArgumentError:
        return REFUSED
    return [node.id for node in page.nodes]


def all_found(
    store: Store, queries: Iterable[str], joins: Joins = Joins.INNER
) -> dict[str, list[int] | str]:
    """Return what each filter finds."""
    return {query: found(store, query, joins) for query in queries}
