"""Putting what was taken out of one store into another, where each node comes to be once.

A node is known by its external id, a context also by its type and name.  What has no external id
(others need not give one) gets one that derives from what it is, so that it is known again when
the same is put a second time.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar

from mlmeta_track.domain.drawing import plain_node
from mlmeta_track.domain.events import Event
from mlmeta_track.domain.nodes import Artifact, Context, Execution
from mlmeta_track.domain.selection import Selection
from mlmeta_track.domain.types import (
    SIMPLE_TYPES,
    ArtifactType,
    ContextType,
    ExecutionType,
    NodeType,
)
from mlmeta_track.domain.writes import (
    ArtifactWrite,
    Association,
    Attribution,
    ContextWrite,
    EventWrite,
    ExecutionWrite,
    NodeWrite,
    ParentLink,
    UpdateOptions,
)
from mlmeta_track.store.base import Store
from mlmeta_track.transfer.taking import Told

NodeT = TypeVar("NodeT", Artifact, Execution, Context)
ItemT = TypeVar("ItemT")

AT_ONCE = 1_000
"""So many nodes are written in one transaction."""

_SIMPLE = frozenset(simple.name for simple in SIMPLE_TYPES)


@dataclass(slots=True)
class Counted:
    """How many nodes were put, and how many were there already."""

    new: int = 0
    known: int = 0


@dataclass(frozen=True, slots=True)
class Ids:
    """The ids that nodes have in the other store, by those that they had."""

    artifacts: Mapping[int, int] = field(default_factory=dict)
    executions: Mapping[int, int] = field(default_factory=dict)
    contexts: Mapping[int, int] = field(default_factory=dict)


def put(store: Store, selection: Selection, told: Told | None = None) -> Counted:
    """Put a selection into a store, and say how much of it was new.

    An interrupted call may be made again: what has come to be is known by then.

    Args:
        store: The store.
        selection: What to put.
        told: Told what is being done, how much of it is done, and how much there is.

    Raises:
        TypeConflictError: The store has one of the types with other properties.
        MlmetaTrackError: The store refused.
    """
    counted = Counted()
    tell = told or _nobody
    types = _put_types(store, selection)
    versions = _versions(selection)
    there = _Target(store, types, versions, counted, tell)
    ids = Ids(
        artifacts=_put_nodes(there, Artifact, selection.artifacts),
        executions=_put_nodes(there, Execution, selection.executions),
        contexts=_put_nodes(there, Context, selection.contexts),
    )
    for number, events in enumerate(_chunks(selection.events)):
        tell("write events", number * AT_ONCE, len(selection.events))
        _put_events(store, events, ids)
    _put_links(store, selection, ids, tell)
    return counted


def _nobody(what: str, done: int, total: int) -> None:
    """Be told, and do nothing about it."""


def _put_types(store: Store, selection: Selection) -> dict[tuple[type, int], int]:
    """Make the types that are missing, and return their ids by kind and by the id they had."""
    found = {}
    for kind, types in _types(selection).items():
        for one in types:
            found[kind, one.id or 0] = _put_type(store, one)
    return found


def _types(selection: Selection) -> dict[type, Sequence[NodeType]]:
    return {
        Artifact: selection.artifact_types,
        Execution: selection.execution_types,
        Context: selection.context_types,
    }


def _put_type(store: Store, wanted: NodeType) -> int:
    if wanted.name in _SIMPLE:
        known = _known_type(store, wanted)
        if known is not None and known.id is not None:
            return known.id
    bare = replace(wanted, id=None, external_id=None)
    [number] = store.put_types([bare], can_add_fields=True, can_omit_fields=True)
    return number


def _known_type(store: Store, wanted: NodeType) -> NodeType | None:
    if isinstance(wanted, ArtifactType):
        return store.get_type(ArtifactType, wanted.name, wanted.version)
    if isinstance(wanted, ExecutionType):
        return store.get_type(ExecutionType, wanted.name, wanted.version)
    return store.get_type(ContextType, wanted.name, wanted.version)


@dataclass(frozen=True, slots=True)
class _Target:
    """The other store: its ids of the types, and the types' versions, by kind and by old id."""

    store: Store
    types: Mapping[tuple[type, int], int]
    versions: Mapping[tuple[type, int], str | None]
    counted: Counted
    tell: Told


def _versions(selection: Selection) -> dict[tuple[type, int], str | None]:
    types = _types(selection).items()
    return {(kind, one.id or 0): one.version for kind, found in types for one in found}


def _put_nodes(there: _Target, kind: type[NodeT], nodes: Sequence[NodeT]) -> dict[int, int]:
    ids: dict[int, int] = {}
    for chunk in _chunks(nodes):
        there.tell(f"write {kind.__name__.lower()}s", len(ids), len(nodes))
        external = {node.id: node.external_id or _derived_id(node) for node in chunk}
        known = {
            found.external_id: found.id
            for found in there.store.get_by_external_id(kind, list(external.values()))
        }
        missing = []
        for node in chunk:
            number = known.get(external[node.id]) or _of_that_name(there, kind, node)
            if number is None:
                missing.append(node)
            else:
                ids[node.id] = number
        writes = [
            _write(node, there.types[kind, node.type_id], external[node.id]) for node in missing
        ]
        made = there.store.put_nodes(kind, writes, UpdateOptions()) if writes else []
        ids |= {node.id: number for node, number in zip(missing, made, strict=True)}
        there.counted.new += len(missing)
        there.counted.known += len(chunk) - len(missing)
    return ids


def _of_that_name(there: _Target, kind: type[NodeT], node: NodeT) -> int | None:
    """Return the id of the node of the same type and name, which no other node can have."""
    if node.name is None:
        return None
    version = there.versions[kind, node.type_id]
    found = there.store.get_by_name(kind, node.type, node.name, version)
    return None if found is None else found.id


def _derived_id(node: Artifact | Execution | Context) -> str:
    told = json.dumps(plain_node(node), sort_keys=True, ensure_ascii=False)
    digest = hashlib.sha256(told.encode("utf-8", "surrogatepass")).hexdigest()[:40]
    return f"import-{type(node).__name__.lower()}-{digest}"


def _write(node: Artifact | Execution | Context, type_id: int, external_id: str) -> NodeWrite:
    if isinstance(node, Artifact):
        return ArtifactWrite(
            type_id=type_id,
            name=node.name,
            external_id=external_id,
            properties=node.properties,
            custom_properties=node.custom_properties,
            uri=node.uri,
            state=node.state,
        )
    if isinstance(node, Execution):
        return ExecutionWrite(
            type_id=type_id,
            name=node.name,
            external_id=external_id,
            properties=node.properties,
            custom_properties=node.custom_properties,
            last_known_state=node.last_known_state,
        )
    return ContextWrite(
        type_id=type_id,
        name=node.name,
        external_id=external_id,
        properties=node.properties,
        custom_properties=node.custom_properties,
    )


def _put_events(store: Store, events: Sequence[Event], ids: Ids) -> None:
    executions = [ids.executions[event.execution_id] for event in events]
    there = {_identity(event) for event in store.get_events_by_execution_ids(set(executions))}
    writes = []
    for event in events:
        moved = replace(
            event,
            artifact_id=ids.artifacts[event.artifact_id],
            execution_id=ids.executions[event.execution_id],
        )
        if _identity(moved) not in there:
            writes.append(
                EventWrite(
                    artifact_id=moved.artifact_id,
                    execution_id=moved.execution_id,
                    type=moved.type,
                    path=moved.path,
                    milliseconds_since_epoch=moved.milliseconds_since_epoch,
                )
            )
    if writes:
        store.put_events(writes)


def _identity(event: Event) -> tuple[object, ...]:
    return (event.artifact_id, event.execution_id, event.type, event.path)


def _put_links(store: Store, selection: Selection, ids: Ids, tell: Told) -> None:
    attributions = [
        Attribution(ids.artifacts[one.artifact_id], ids.contexts[one.context_id])
        for one in selection.attributions
    ]
    associations = [
        Association(ids.executions[one.execution_id], ids.contexts[one.context_id])
        for one in selection.associations
    ]
    n_links = len(attributions) + len(associations)
    tell("write members of contexts", 0, n_links)
    for chunk in _chunks(attributions):
        store.put_links(chunk, [])
    for number, other in enumerate(_chunks(associations)):
        tell("write members of contexts", len(attributions) + number * AT_ONCE, n_links)
        store.put_links([], other)
    for link in selection.parents:
        if link.child_id is not None and link.parent_id is not None:
            _put_parent(store, ids.contexts[link.child_id], ids.contexts[link.parent_id])


def _put_parent(store: Store, child: int, parent: int) -> None:
    if parent not in {context.id for context in store.get_parent_contexts(child)}:
        store.put_parent_contexts([ParentLink(child, parent)])


def _chunks(items: Sequence[ItemT]) -> Iterable[Sequence[ItemT]]:
    for start in range(0, len(items), AT_ONCE):
        yield items[start : start + AT_ONCE]
