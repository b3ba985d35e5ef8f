"""Nodes as a writer sees them: what is stored, and what a put gives."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, TypeAlias

from mlmeta_track.domain.batch import ArtifactPut, ExecutionPut
from mlmeta_track.domain.nodes import (
    FILE_FINGERPRINT,
    FINGERPRINT,
    ExecutionState,
    Node,
    Properties,
)
from mlmeta_track.errors import AlreadyExistsError, InvalidArgumentError
from mlmeta_track.store.batches.types import StoredType
from mlmeta_track.store.batches.values import Encoded, check_text, decode, encode, encode_stored

PropertyKey: TypeAlias = "tuple[str, bool]"
"""A property's name, and whether it is a custom one."""

EncodedProperties: TypeAlias = "dict[PropertyKey, Encoded]"


@dataclass
class StoredNode:
    """A node as a writer sees it."""

    id: int
    type_id: int
    external_id: str | None
    uri: str | None = None
    state: int | None = None
    properties: EncodedProperties = field(default_factory=dict)


def encode_properties(
    properties: Properties, custom_properties: Properties, stored_type: StoredType
) -> EncodedProperties:
    """Encode all properties of a node.

    Raises:
        InvalidArgumentError: One cannot be stored, is not declared, or has another type.
    """
    encoded: EncodedProperties = {}
    for name, value in properties.items():
        declared = stored_type.properties.get(name)
        if declared is None:
            message = (
                f"The type {stored_type.name!r} declares no property {name!r}. Declare it, or give"
                " it as a custom property."
            )
            raise InvalidArgumentError(message)
        encoded[(name, False)] = encode(name, value, declared)
    for name, value in custom_properties.items():
        check_text(name, "name of a custom property")
        encoded[(name, True)] = encode(name, value)
    return encoded


def decode_properties(encoded: EncodedProperties) -> tuple[Properties, Properties]:
    """Return declared and custom properties as values."""
    values = {key: decode(value) for key, value in encoded.items()}
    declared, custom = (
        {name: v for (name, is_custom), v in values.items() if is_custom is which and v is not None}
        for which in (False, True)
    )
    return declared, custom


def encode_node(node: Node) -> EncodedProperties:
    """Encode the properties of a node that a store has given back."""
    declared = {(name, False): encode_stored(value) for name, value in node.properties.items()}
    custom = {(name, True): encode_stored(value) for name, value in node.custom_properties.items()}
    return {**declared, **custom}


def property_path(key: PropertyKey) -> str:
    """Return what a field mask calls a property."""
    name, is_custom = key
    return f"{'custom_properties' if is_custom else 'properties'}.{name}"


def refuse_other_type(node: StoredNode, stored_type: StoredType, what: str) -> None:
    """Raise ``AlreadyExistsError`` if a node found by its external id has another type."""
    if node.type_id != stored_type.id:
        message = (
            f"The external id {node.external_id!r} belongs to an {what} of another type than"
            f" {stored_type.name!r} (id {node.id}). Give each {what} an external id of its own."
        )
        raise AlreadyExistsError(message)


def encode_artifact(put: ArtifactPut, stored_type: StoredType) -> EncodedProperties:
    """Encode all properties of an artifact, its fingerprints among them."""
    custom = put.custom_properties
    if put.fingerprint is not None:
        custom = {**custom, FINGERPRINT: put.fingerprint}
    if put.file_fingerprint is not None:
        custom = {**custom, FILE_FINGERPRINT: put.file_fingerprint}
    return encode_properties(put.properties, custom, stored_type)


_TERMINAL: Final = 3
_PROGRESS = {
    ExecutionState.UNKNOWN: 0,
    ExecutionState.NEW: 1,
    ExecutionState.RUNNING: 2,
    ExecutionState.COMPLETE: _TERMINAL,
    ExecutionState.FAILED: _TERMINAL,
    ExecutionState.CACHED: _TERMINAL,
    ExecutionState.CANCELED: _TERMINAL,
}


def has_landed(node: StoredNode, put: ExecutionPut) -> bool:
    """Say whether this put, or a later one of the same execution, was written before."""
    if node.state is None:
        return False
    if node.state == put.state:
        return True
    return _PROGRESS.get(put.state, 0) < _progress(node.state)


def comes_after(state: ExecutionState, earlier: int) -> bool:
    """Say whether a state lies further on in an execution's life than one that was stored."""
    return _PROGRESS.get(state, 0) > _progress(earlier)


def _progress(state: int) -> int:
    try:
        return _PROGRESS[ExecutionState(state)]
    except ValueError:
        return 0
