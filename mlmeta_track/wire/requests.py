"""What is to be written as ML Metadata's messages: the way from a client to a server.

A field that is None is not set.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from mlmeta_track.domain.nodes import Properties, PropertyValue, ProtoValue, StructValue
from mlmeta_track.domain.types import NodeType
from mlmeta_track.domain.writes import (
    ArtifactWrite,
    ContextWrite,
    EventEdge,
    EventWrite,
    ExecutionWrite,
    NodeWrite,
)
from mlmeta_track.errors import InternalError, InvalidArgumentError
from mlmeta_track.wire import metadata_store_pb2 as pb
from mlmeta_track.wire import metadata_store_service_pb2 as calls
from mlmeta_track.wire.convert import type_to_message, value_from_message, value_to_message

_NODES: Mapping[type[NodeWrite], Any] = {
    ArtifactWrite: pb.Artifact,
    ExecutionWrite: pb.Execution,
    ContextWrite: pb.Context,
}
_FIELDS = ("id", "type_id", "type", "name", "external_id", "uri", "state", "last_known_state")
_TIMES = ("create_time_since_epoch", "last_update_time_since_epoch")


@contextmanager
def sending(what: str) -> Iterator[None]:
    """Raise ``InvalidArgumentError`` for a value that no message can hold.

    Args:
        what: What is being sent, for the message.
    """
    try:
        yield
    except InvalidArgumentError:
        raise
    except InternalError as error:  # which says what a store holds; but here nothing is stored yet
        message = f"The {what} is no message of ML Metadata's, and a server takes no other."
        raise InvalidArgumentError(message) from error
    except (TypeError, ValueError) as error:  # UnicodeEncodeError is a ValueError
        message = f"The {what} cannot be sent to a server: {error}."
        raise InvalidArgumentError(message) from error


def sendable(properties: Properties) -> Properties:
    """Return properties as they come back from a server.

    Raises:
        InvalidArgumentError: One is a struct or a proto that no message can hold.
    """
    return {name: _sendable(name, value) for name, value in properties.items()}


def _sendable(name: str, value: PropertyValue) -> PropertyValue:
    if not isinstance(value, (StructValue, ProtoValue)):
        return value
    with sending(f"value of the property {name!r}"):
        return value_from_message(name, value_to_message(value))


def node_request(node: NodeWrite) -> Any:
    """Return a node that is to be made or updated as the message of its kind.

    Raises:
        InvalidArgumentError: It has a text, a number or a property that no message can hold.
    """
    message = _NODES[type(node)]()
    with sending(type(node).__name__.removesuffix("Write").lower()):
        for name in (*_FIELDS, *_TIMES):
            if (value := getattr(node, name, None)) is not None:
                setattr(message, name, value)
    if node.has_system_metadata:
        message.system_metadata.SetInParent()
    _set_properties(message.properties, node.properties)
    _set_properties(message.custom_properties, node.custom_properties)
    return message


def _set_properties(target: Any, properties: Properties) -> None:
    for name, value in properties.items():
        with sending(f"value of the property {name!r}"):
            target[name].CopyFrom(value_to_message(value))


def event_request(event: EventWrite) -> pb.Event:
    """Return an event that is to be made as a message; one of no type has no type set."""
    message = pb.Event()
    with sending("event"):
        for name in ("artifact_id", "execution_id", "milliseconds_since_epoch"):
            if (value := getattr(event, name)) is not None:
                setattr(message, name, value)
        if event.type:
            message.type = int(event.type)  # type: ignore[assignment] # enums are ints here
        for step in event.path:
            if isinstance(step, str):
                message.path.steps.add(key=step)
            else:
                message.path.steps.add(index=step)
    return message


def pair_request(
    artifact: ArtifactWrite | None, event: EventWrite | None
) -> calls.PutExecutionRequest.ArtifactAndEvent:
    """Return an artifact and its event, as ``PutExecution`` takes them."""
    return calls.PutExecutionRequest.ArtifactAndEvent(
        artifact=None if artifact is None else node_request(artifact),
        event=None if event is None else event_request(event),
    )


def edge_request(edge: EventEdge) -> calls.PutLineageSubgraphRequest.EventEdge:
    """Return an event and its ends, as ``PutLineageSubgraph`` takes them."""
    with sending("index of an event's end"):
        return calls.PutLineageSubgraphRequest.EventEdge(
            execution_index=edge.execution_index,
            artifact_index=edge.artifact_index,
            event=None if edge.event is None else event_request(edge.event),
        )


def type_request(declared: NodeType) -> Any:
    """Return a type as the message of its kind; '' as base type is UNSET.

    Raises:
        InvalidArgumentError: Its base type is no simple type of its kind, or its input or output
            type is no message of ML Metadata's.
    """
    with sending(f"{declared.kind.name.lower()} type {declared.name!r}"):
        message = type_to_message(replace(declared, base_type=declared.base_type or None))
    if declared.base_type == "":
        message.base_type = 0
    return message
