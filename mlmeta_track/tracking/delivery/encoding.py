"""A batch as one line of bytes, and back: exact, versioned, and without a store's help."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Any, Final, TypeVar

from mlmeta_track.domain.batch import ArtifactPut, Batch, ContextPut, EventPut, ExecutionPut
from mlmeta_track.domain.events import EventType
from mlmeta_track.domain.nodes import (
    ArtifactState,
    ExecutionState,
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
from mlmeta_track.errors import FailedPreconditionError

VERSION: Final = 1

TypeT = TypeVar("TypeT", bound=NodeType)

_TYPE_TEXTS = ("version", "description", "base_type", "external_id", "id")
_EXECUTION_TYPE_TEXTS = (*_TYPE_TEXTS, "input_type", "output_type")
_WRAPPED: Mapping[str, type[StructValue | ProtoValue]] = {
    "struct": StructValue,
    "proto": ProtoValue,
}


def encode(batch: Batch, task: str) -> bytes:
    """Return a batch, and what it was to record, as JSON in UTF-8 that has no line break.

    Raises:
        TypeError: It has a value that is none of a property's.
    """
    execution = batch.execution
    whole = {
        "v": VERSION,
        "task": task,
        "execution": None if execution is None else _execution(execution),
        "artifacts": [_artifact(put) for put in batch.artifacts],
        "contexts": [_context(put) for put in batch.contexts],
        "events": [_event(put) for put in batch.events],
        "parents": batch.parents,
    }
    text = json.dumps(whole, ensure_ascii=False, separators=(",", ":"))
    # Text that no store takes is not for a spool to refuse, nor to change.
    return text.encode("utf-8", "surrogatepass")


def decode(line: bytes) -> tuple[Batch, str]:
    """Return the batch that was encoded, and what it was to record.

    Raises:
        ValueError: It is not what ``encode`` writes.
        FailedPreconditionError: A later version of this library wrote it.
    """
    try:
        whole = json.loads(line.decode("utf-8", "surrogatepass"))
        if whole["v"] > VERSION:
            message = f"A record has format {whole['v']}, which a newer mlmeta-track can read."
            raise FailedPreconditionError(message)
        return _batch(whole), str(whole["task"])
    except (AttributeError, KeyError, TypeError) as error:
        message = f"no record: {error!r}"
        raise ValueError(message) from error


# To plain values


def _execution(put: ExecutionPut) -> dict[str, Any]:
    return {
        "external_id": put.external_id,
        "type": _type(put.type, _EXECUTION_TYPE_TEXTS),
        "state": int(put.state),
        **_properties(put),
    }


def _artifact(put: ArtifactPut) -> dict[str, Any]:
    return {
        "external_id": put.external_id,
        "type": _type(put.type, _TYPE_TEXTS),
        "uri": put.uri,
        "fingerprint": put.fingerprint,
        "file_fingerprint": put.file_fingerprint,
        "state": int(put.state),
        "resolve": put.resolve,
        **_properties(put),
    }


def _context(put: ContextPut) -> dict[str, Any]:
    return {"type": _type(put.type, _TYPE_TEXTS), "name": put.name, **_properties(put)}


def _event(put: EventPut) -> list[Any]:
    return [put.artifact, int(put.type), put.path, put.milliseconds_since_epoch]


def _type(node_type: NodeType, texts: tuple[str, ...]) -> dict[str, Any]:
    given = {name: getattr(node_type, name) for name in texts}
    return {
        "name": node_type.name,
        "properties": {name: int(kind) for name, kind in node_type.properties.items()},
        **{name: value for name, value in given.items() if value is not None},
    }


def _properties(put: ExecutionPut | ArtifactPut | ContextPut) -> dict[str, Any]:
    return {"properties": _values(put.properties), "custom": _values(put.custom_properties)}


def _values(properties: Properties) -> dict[str, Any]:
    return {name: _value(value) for name, value in properties.items()}


def _value(value: PropertyValue) -> Any:
    for word, kind in _WRAPPED.items():
        if isinstance(value, kind):
            return {word: base64.b64encode(value.serialized).decode("ascii")}
    return value


# And back


def _batch(whole: Mapping[str, Any]) -> Batch:
    execution = whole["execution"]
    return Batch(
        execution=None if execution is None else _read_execution(execution),
        artifacts=tuple(_read_artifact(put) for put in whole["artifacts"]),
        contexts=tuple(_read_context(put) for put in whole["contexts"]),
        events=tuple(_read_event(*put) for put in whole["events"]),
        parents=tuple(((a, b), (c, d)) for (a, b), (c, d) in whole["parents"]),
    )


def _read_execution(put: Mapping[str, Any]) -> ExecutionPut:
    return ExecutionPut(
        external_id=put["external_id"],
        type=_read_type(ExecutionType, put["type"]),
        state=ExecutionState(put["state"]),
        properties=_read_values(put["properties"]),
        custom_properties=_read_values(put["custom"]),
    )


def _read_artifact(put: Mapping[str, Any]) -> ArtifactPut:
    return ArtifactPut(
        external_id=put["external_id"],
        type=_read_type(ArtifactType, put["type"]),
        uri=put["uri"],
        fingerprint=put["fingerprint"],
        file_fingerprint=put["file_fingerprint"],
        properties=_read_values(put["properties"]),
        custom_properties=_read_values(put["custom"]),
        state=ArtifactState(put["state"]),
        resolve=put["resolve"],
    )


def _read_context(put: Mapping[str, Any]) -> ContextPut:
    return ContextPut(
        type=_read_type(ContextType, put["type"]),
        name=put["name"],
        properties=_read_values(put["properties"]),
        custom_properties=_read_values(put["custom"]),
    )


def _read_event(artifact: str, kind: int, path: list[str | int], milliseconds: int) -> EventPut:
    return EventPut(
        artifact=artifact,
        type=EventType(kind),
        path=tuple(path),
        milliseconds_since_epoch=milliseconds,
    )


def _read_type(kind: type[TypeT], given: Mapping[str, Any]) -> TypeT:
    properties = {name: PropertyType(value) for name, value in given["properties"].items()}
    return kind(**{**given, "properties": properties})


def _read_values(given: Mapping[str, Any]) -> Properties:
    return {name: _read_value(value) for name, value in given.items()}


def _read_value(value: Any) -> PropertyValue:
    if isinstance(value, dict):
        [(word, serialized)] = value.items()
        return _WRAPPED[word](base64.b64decode(serialized, validate=True))
    plain: PropertyValue = value
    return plain
