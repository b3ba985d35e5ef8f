"""Domain values as ML Metadata's messages, and back.

Presence matters: a field that is not set is None in the domain, and None is a field not set.
Of ``system_metadata`` only that it is there is carried: ML Metadata itself does not store it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from google.protobuf import json_format
from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.message import DecodeError, Message
from google.protobuf.struct_pb2 import Struct

from mlmeta_track.domain.events import Event, EventPath, EventType
from mlmeta_track.domain.nodes import (
    Artifact,
    ArtifactState,
    Context,
    Execution,
    ExecutionState,
    Node,
    Properties,
    PropertyValue,
    ProtoValue,
    StructValue,
)
from mlmeta_track.domain.types import (
    ArtifactType,
    ContextType,
    ExecutionType,
    NodeType,
    PropertyType,
)
from mlmeta_track.domain.writes import ArtifactWrite, ContextWrite, EventWrite, ExecutionWrite
from mlmeta_track.errors import InternalError, InvalidArgumentError
from mlmeta_track.wire import metadata_store_pb2 as pb

_BASE_TYPES: Mapping[type[NodeType], Any] = {
    ArtifactType: pb.ArtifactType.SystemDefinedBaseType,
    ExecutionType: pb.ExecutionType.SystemDefinedBaseType,
    ContextType: pb.ContextType.SystemDefinedBaseType,
}
_TYPE_MESSAGES: Mapping[type[NodeType], Any] = {
    ArtifactType: pb.ArtifactType,
    ExecutionType: pb.ExecutionType,
    ContextType: pb.ContextType,
}


# --- values and properties --------------------------------------------------------------------


def value_to_message(value: PropertyValue) -> pb.Value:
    """Return a property's value as a message.

    Raises:
        InternalError: It is a struct or a proto whose bytes cannot be read.
    """
    if isinstance(value, bool):  # before int, which bool is a kind of
        return pb.Value(bool_value=value)
    if isinstance(value, int):
        return pb.Value(int_value=value)
    if isinstance(value, float):
        return pb.Value(double_value=value)
    if isinstance(value, StructValue):
        return pb.Value(struct_value=_parse(Struct, value.serialized))
    if isinstance(value, ProtoValue):
        return pb.Value(proto_value=_parse(AnyMessage, value.serialized))
    return pb.Value(string_value=value)


def _parse(kind: type[Any], serialized: bytes) -> Any:
    try:
        return kind.FromString(serialized)
    except DecodeError as error:
        message = f"The store holds a property that is no {kind.DESCRIPTOR.full_name}: {error}."
        raise InternalError(message) from error


_PLAIN_VALUES = frozenset({"string_value", "int_value", "double_value", "bool_value"})


def value_from_message(name: str, message: pb.Value) -> PropertyValue:
    """Return what a message holds as a property's value.

    Args:
        name: The property's name, for messages.
        message: Its value.

    Raises:
        InvalidArgumentError: It holds nothing.
    """
    case = message.WhichOneof("value")
    if case in _PLAIN_VALUES:
        plain: PropertyValue = getattr(message, case)
        return plain
    if case is None:
        fault = f"Found unmatched property type: {name}. The property {name!r} has no value."
        raise InvalidArgumentError(fault)
    # Deterministic, so that equal values are equal bytes.
    if case == "struct_value":
        return StructValue(message.struct_value.SerializeToString(deterministic=True))
    if case == "proto_value":
        return ProtoValue(message.proto_value.SerializeToString(deterministic=True))
    found: PropertyValue = getattr(message, case)
    return found


def _properties_from(messages: Mapping[str, pb.Value]) -> Properties:
    return {name: value_from_message(name, value) for name, value in messages.items()}


# --- nodes ------------------------------------------------------------------------------------


def _set_node(message: Any, node: Node) -> None:
    message.id, message.type_id, message.type = node.id, node.type_id, node.type
    if node.name is not None:
        message.name = node.name
    if node.external_id is not None:
        message.external_id = node.external_id
    for name, value in node.properties.items():
        message.properties[name].CopyFrom(value_to_message(value))
    for name, value in node.custom_properties.items():
        message.custom_properties[name].CopyFrom(value_to_message(value))
    message.create_time_since_epoch = node.create_time_since_epoch
    message.last_update_time_since_epoch = node.last_update_time_since_epoch


def artifact_to_message(node: Artifact) -> pb.Artifact:
    """Return an artifact as a message."""
    message = pb.Artifact()
    _set_node(message, node)
    message.uri = node.uri or ""  # as ML Metadata has it: '' for an artifact that lies nowhere
    if node.state is not None:
        message.state = _number(node.state)
    return message


def execution_to_message(node: Execution) -> pb.Execution:
    """Return an execution as a message."""
    message = pb.Execution()
    _set_node(message, node)
    if node.last_known_state is not None:
        message.last_known_state = _number(node.last_known_state)
    return message


def context_to_message(node: Context) -> pb.Context:
    """Return a context as a message."""
    message = pb.Context()
    _set_node(message, node)
    return message


def _number(member: int) -> Any:
    return int(member)  # the messages' enums are ints that know their names only by class


def _given(message: Message, *names: str) -> dict[str, Any]:
    """Return the fields of those names that are set."""
    return {name: getattr(message, name) for name in names if message.HasField(name)}


_PLAIN = frozenset(
    {
        *("id", "type_id", "type", "name", "external_id", "uri"),
        *("create_time_since_epoch", "last_update_time_since_epoch"),
    }
)
"""The fields that a value of ``domain.writes`` has as the message has them."""


def _node_fields(message: Any) -> dict[str, Any]:
    # One walk over what is set, which of most nodes is little.
    given: dict[str, Any] = {
        field.name: value for field, value in message.ListFields() if field.name in _PLAIN
    }
    given["has_system_metadata"] = message.HasField("system_metadata")
    if message.properties:
        given["properties"] = _properties_from(message.properties)
    if message.custom_properties:
        given["custom_properties"] = _properties_from(message.custom_properties)
    return given


def artifact_from_message(message: pb.Artifact) -> ArtifactWrite:
    """Return the artifact that a message asks to write."""
    state = ArtifactState(message.state) if message.HasField("state") else None
    return ArtifactWrite(**_node_fields(message), state=state)


def execution_from_message(message: pb.Execution) -> ExecutionWrite:
    """Return the execution that a message asks to write."""
    given = message.HasField("last_known_state")
    state = ExecutionState(message.last_known_state) if given else None
    return ExecutionWrite(**_node_fields(message), last_known_state=state)


def context_from_message(message: pb.Context) -> ContextWrite:
    """Return the context that a message asks to write."""
    return ContextWrite(**_node_fields(message))


# --- events -----------------------------------------------------------------------------------


def event_to_message(event: Event) -> pb.Event:
    """Return an event as a message; one without a path has no path set."""
    message = pb.Event(artifact_id=event.artifact_id, execution_id=event.execution_id)
    message.type = _number(event.type)
    for step in event.path:
        if isinstance(step, str):
            message.path.steps.add(key=step)
        else:
            message.path.steps.add(index=step)
    if event.milliseconds_since_epoch is not None:
        message.milliseconds_since_epoch = event.milliseconds_since_epoch
    return message


def event_from_message(message: pb.Event) -> EventWrite:
    """Return the event that a message asks to write."""
    return EventWrite(
        **_given(message, "artifact_id", "execution_id", "milliseconds_since_epoch"),
        type=EventType(message.type),
        path=_path(message.path),
    )


def _path(message: pb.Event.Path) -> EventPath:
    cases = ((step, step.WhichOneof("value")) for step in message.steps)
    return tuple(getattr(step, case) for step, case in cases if case is not None)


# --- types ------------------------------------------------------------------------------------


def type_to_message(node_type: NodeType) -> Any:
    """Return a type as the message of its kind.

    Raises:
        InternalError: Its base type is no simple type of its kind, or its input or output type is
            no message of ML Metadata's.
    """
    message = _TYPE_MESSAGES[type(node_type)](name=node_type.name)
    for name in ("id", "version", "description", "external_id"):
        if (value := getattr(node_type, name)) is not None:
            setattr(message, name, value)
    for name, data_type in node_type.properties.items():
        message.properties[name] = _number(data_type)
    if node_type.base_type is not None:
        message.base_type = _base_number(node_type, node_type.base_type)
    if isinstance(node_type, ExecutionType):
        _set_struct_type(message.input_type, node_type.input_type)
        _set_struct_type(message.output_type, node_type.output_type)
    return message


def _base_number(node_type: NodeType, base_type: str) -> Any:
    try:
        return _BASE_TYPES[type(node_type)].Value(base_type.removeprefix("mlmd.").upper())
    except ValueError as error:
        # Any row of ParentType can be in a database; the messages have the simple types only.
        fault = (
            f"The type {node_type.name!r} is based on {base_type!r}, which is none of ML Metadata's"
            " simple types of its kind."
        )
        raise InternalError(fault) from error


def _set_struct_type(message: pb.ArtifactStructType, text: str | None) -> None:
    if text is None:
        return
    try:
        json_format.Parse(text, message)
    except json_format.ParseError as error:
        fault = f"The store holds an input or output type that is none: {error}."
        raise InternalError(fault) from error
    message.SetInParent()


def artifact_type_from_message(message: pb.ArtifactType) -> ArtifactType:
    """Return the type of artifacts that a message declares."""
    return ArtifactType(**_type_fields(message, pb.ArtifactType.SystemDefinedBaseType.Name))


def execution_type_from_message(message: pb.ExecutionType) -> ExecutionType:
    """Return the type of executions that a message declares."""
    fields = _type_fields(message, pb.ExecutionType.SystemDefinedBaseType.Name)
    for name in ("input_type", "output_type"):
        if message.HasField(name):
            fields[name] = _struct_type_text(getattr(message, name))
    return ExecutionType(**fields)


def context_type_from_message(message: pb.ContextType) -> ContextType:
    """Return the type of contexts that a message declares."""
    return ContextType(**_type_fields(message, pb.ContextType.SystemDefinedBaseType.Name))


def _struct_type_text(message: pb.ArtifactStructType) -> str:
    return json.dumps(json_format.MessageToDict(message), separators=(",", ":"))


def _type_fields(message: Any, base_name: Callable[[int], str]) -> dict[str, Any]:
    """Return a type's fields; the base type that is UNSET, by which one would be deleted, is ''."""
    fields = _given(message, "id", "description", "external_id")
    fields["name"] = message.name
    fields["version"] = message.version or None
    fields["properties"] = {n: PropertyType(number) for n, number in message.properties.items()}
    if message.HasField("base_type"):
        named = f"mlmd.{base_name(message.base_type).capitalize()}"
        fields["base_type"] = named if message.base_type else ""
    return fields
