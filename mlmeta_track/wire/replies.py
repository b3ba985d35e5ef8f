"""ML Metadata's messages as what a store returns: the way from a server to a client."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from mlmeta_track.domain.events import Event, EventType
from mlmeta_track.domain.nodes import (
    Artifact,
    ArtifactState,
    Context,
    Execution,
    ExecutionState,
    Properties,
)
from mlmeta_track.wire import metadata_store_pb2 as pb
from mlmeta_track.wire.convert import event_from_message, value_from_message


def artifact_reply(message: pb.Artifact) -> Artifact:
    """Return the artifact that a server has; one without a URI has None."""
    state = ArtifactState(message.state) if message.HasField("state") else None
    return Artifact(**_node(message), uri=message.uri or None, state=state)


def execution_reply(message: pb.Execution) -> Execution:
    """Return the execution that a server has."""
    known = message.HasField("last_known_state")
    state = ExecutionState(message.last_known_state) if known else None
    return Execution(**_node(message), last_known_state=state)


def context_reply(message: pb.Context) -> Context:
    """Return the context that a server has."""
    return Context(**{**_node(message), "name": message.name})


def event_reply(message: pb.Event) -> Event:
    """Return the event that a server has; the messages do not tell its id."""
    given = event_from_message(message)
    return Event(
        artifact_id=message.artifact_id,
        execution_id=message.execution_id,
        type=EventType(message.type),
        path=given.path,
        milliseconds_since_epoch=given.milliseconds_since_epoch,
    )


def _node(message: Any) -> dict[str, Any]:
    optional = ("name", "external_id")
    return {
        "id": message.id,
        "type": message.type,
        "type_id": message.type_id,
        **{name: getattr(message, name) for name in optional if message.HasField(name)},
        "properties": _properties(message.properties),
        "custom_properties": _properties(message.custom_properties),
        "create_time_since_epoch": message.create_time_since_epoch,
        "last_update_time_since_epoch": message.last_update_time_since_epoch,
    }


def _properties(messages: Mapping[str, pb.Value]) -> Properties:
    return {name: value_from_message(name, value) for name, value in messages.items()}


NODE_REPLIES: Mapping[Any, Callable[[Any], Any]] = {
    Artifact: artifact_reply,
    Execution: execution_reply,
    Context: context_reply,
}
"""How the messages of each kind of nodes are read."""


def in_order(nodes: Iterable[Any]) -> list[Any]:
    """Return nodes in the order of their ids, each once."""
    by_id = {node.id: node for node in nodes}
    return [by_id[node_id] for node_id in sorted(by_id)]
