"""The JSON document that ``import`` reads: all that a selection holds, as plain values.

``format`` is ``mlmeta_track`` and ``version`` 1.  Nodes are as ``lineage --json`` has them;
properties that are messages are ``{"struct": …}`` or ``{"proto": …}`` with base64 text.  Ids hold
inside the document only.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeVar

from mlmeta_track.domain.drawing import plain_node
from mlmeta_track.domain.events import Event, EventType
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
from mlmeta_track.domain.selection import Reader, Selection, reads_nothing
from mlmeta_track.domain.types import (
    ArtifactType,
    ContextType,
    ExecutionType,
    NodeType,
    PropertyType,
)
from mlmeta_track.domain.writes import Association, Attribution, ParentLink
from mlmeta_track.errors import InvalidArgumentError

FORMAT, VERSION = "mlmeta_track", 1
ValueT = TypeVar("ValueT")


def write(selection: Selection, read: Reader = reads_nothing) -> Iterator[str]:  # noqa: ARG001
    """Yield the document of a selection, one item a line."""
    yield f'{{"format": "{FORMAT}", "version": {VERSION}'
    for name, items in _lists(selection).items():
        yield f',\n"{name}": ['
        yield ",".join(f"\n {json.dumps(item, ensure_ascii=False)}" for item in items)
        yield "]"
    yield "}"


def _lists(selection: Selection) -> dict[str, list[Any]]:
    return {
        "artifact_types": [_type(one) for one in selection.artifact_types],
        "execution_types": [_type(one) for one in selection.execution_types],
        "context_types": [_type(one) for one in selection.context_types],
        "artifacts": [_node(one) for one in selection.artifacts],
        "executions": [_node(one) for one in selection.executions],
        "contexts": [_node(one) for one in selection.contexts],
        "events": [_event(one) for one in selection.events],
        "attributions": [[one.artifact_id, one.context_id] for one in selection.attributions],
        "associations": [[one.execution_id, one.context_id] for one in selection.associations],
        "parent_contexts": [[one.child_id, one.parent_id] for one in selection.parents],
    }


def _type(one: NodeType) -> dict[str, object]:
    return {
        "id": one.id,
        "name": one.name,
        "version": one.version,
        "description": one.description,
        "base_type": one.base_type,
        "properties": {name: kind.name for name, kind in one.properties.items()},
    }


def _node(node: Node) -> dict[str, object]:
    return plain_node(node) | {
        "type_id": node.type_id,
        "properties": _properties(node.properties),
        "custom_properties": _properties(node.custom_properties),
    }


def _properties(properties: Properties) -> dict[str, object]:
    return {name: _value(value) for name, value in sorted(properties.items())}


def _value(value: PropertyValue) -> object:
    if isinstance(value, (StructValue, ProtoValue)):
        kind = "struct" if isinstance(value, StructValue) else "proto"
        return {kind: base64.b64encode(value.serialized).decode("ascii")}
    return value


def _event(event: Event) -> dict[str, object]:
    return {
        "artifact_id": event.artifact_id,
        "execution_id": event.execution_id,
        "type": event.type.name,
        "path": list(event.path),
        "milliseconds_since_epoch": event.milliseconds_since_epoch,
    }


def read_document(text: str) -> Selection:
    """Return the selection of a document.

    Raises:
        InvalidArgumentError: It is no such document; the message says where it is not.
    """
    try:
        plain = json.loads(text)
    except (ValueError, RecursionError) as error:
        message = (
            f"This is no JSON document: {error}. Give one that mlmeta-track export has written."
        )
        raise InvalidArgumentError(message) from error
    if not isinstance(plain, dict) or plain.get("format") != FORMAT:
        message = (
            'This JSON has no "format": "mlmeta_track". Give one that mlmeta-track export wrote.'
        )
        raise InvalidArgumentError(message)
    if plain.get("version") != VERSION:
        message = (
            f"The document has version {plain.get('version')!r}; this library reads {VERSION}. A"
            " newer mlmeta-track may read it."
        )
        raise InvalidArgumentError(message)
    selection = Selection(
        artifact_types=_each(plain, "artifact_types", lambda one: _as_type(ArtifactType, one)),
        execution_types=_each(plain, "execution_types", lambda one: _as_type(ExecutionType, one)),
        context_types=_each(plain, "context_types", lambda one: _as_type(ContextType, one)),
        artifacts=_each(plain, "artifacts", _as_artifact),
        executions=_each(plain, "executions", _as_execution),
        contexts=_each(plain, "contexts", lambda one: Context(**_as_node(one))),
        events=_each(plain, "events", _as_event),
        attributions=_each(plain, "attributions", lambda one: Attribution(*_pair(one))),
        associations=_each(plain, "associations", lambda one: Association(*_pair(one))),
        parents=_each(plain, "parent_contexts", lambda one: ParentLink(*_pair(one))),
    )
    _check_ends(selection)
    return selection


def _each(plain: Mapping[str, Any], name: str, make: Callable[[Any], ValueT]) -> tuple[ValueT, ...]:
    items = plain.get(name, [])
    if not isinstance(items, list):
        message = f"In the document {name} is no list."
        raise InvalidArgumentError(message)
    made = []
    for number, item in enumerate(items):
        try:
            made.append(make(item))
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            message = (
                f"In the document {name}[{number}] cannot be read: {type(error).__name__}: {error}."
            )
            raise InvalidArgumentError(message) from error
    return tuple(made)


def _as_type(kind: Callable[..., ValueT], one: Mapping[str, Any]) -> ValueT:
    return kind(
        _text(one["name"]),
        {name: PropertyType[value] for name, value in one["properties"].items()},
        version=one.get("version"),
        description=one.get("description"),
        base_type=one.get("base_type"),
        id=_number(one["id"]),
    )


def _as_node(one: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "id": _number(one["id"]),
        "type": _text(one["type"]),
        "type_id": _number(one["type_id"]),
        "name": one.get("name"),
        "external_id": one.get("external_id"),
        "properties": _as_properties(one.get("properties", {})),
        "custom_properties": _as_properties(one.get("custom_properties", {})),
        "create_time_since_epoch": _number(one.get("create_time_since_epoch", 0)),
        "last_update_time_since_epoch": _number(one.get("last_update_time_since_epoch", 0)),
    }


def _as_artifact(one: Mapping[str, Any]) -> Artifact:
    state = one.get("state")
    return Artifact(
        **_as_node(one), uri=one.get("uri"), state=None if state is None else ArtifactState[state]
    )


def _as_execution(one: Mapping[str, Any]) -> Execution:
    state = one.get("last_known_state")
    return Execution(
        **_as_node(one), last_known_state=None if state is None else ExecutionState[state]
    )


def _as_properties(plain: Mapping[str, Any]) -> dict[str, PropertyValue]:
    return {_text(name): _as_value(value) for name, value in plain.items()}


def _as_value(value: Any) -> PropertyValue:
    if isinstance(value, dict):
        [(kind, text)] = value.items()
        serialized = base64.b64decode(text, validate=True)
        return _MESSAGES[kind](serialized)
    if not isinstance(value, (str, int, float, bool)):
        message = f"a property cannot be {value!r}"
        raise TypeError(message)
    return value


_MESSAGES: Mapping[str, type[StructValue | ProtoValue]] = {
    "struct": StructValue,
    "proto": ProtoValue,
}


def _as_event(one: Mapping[str, Any]) -> Event:
    path = tuple(one.get("path", ()))
    if not all(isinstance(step, (str, int)) for step in path):
        message = f"a path cannot be {path!r}"
        raise TypeError(message)
    return Event(
        artifact_id=_number(one["artifact_id"]),
        execution_id=_number(one["execution_id"]),
        type=EventType[one["type"]],
        path=path,
        milliseconds_since_epoch=one.get("milliseconds_since_epoch"),
    )


def _pair(one: Any) -> tuple[int, int]:
    first, second = one
    return _number(first), _number(second)


def _number(value: Any) -> int:
    if type(value) is not int:
        message = f"{value!r} is no whole number"
        raise TypeError(message)
    return value


def _text(value: Any) -> str:
    if not isinstance(value, str):
        message = f"{value!r} is no text"
        raise TypeError(message)
    return value


def _check_ends(selection: Selection) -> None:
    """Raise if a link or a node names what is not in the document."""
    ids: dict[str, set[int | None]] = {
        "artifact": {node.id for node in selection.artifacts},
        "execution": {node.id for node in selection.executions},
        "context": {node.id for node in selection.contexts},
        "artifact type": {one.id for one in selection.artifact_types},
        "execution type": {one.id for one in selection.execution_types},
        "context type": {one.id for one in selection.context_types},
    }
    named: list[tuple[str, int | None]] = [
        *(("artifact", event.artifact_id) for event in selection.events),
        *(("execution", event.execution_id) for event in selection.events),
        *(("artifact", one.artifact_id) for one in selection.attributions),
        *(("execution", one.execution_id) for one in selection.associations),
        *(("context", one.context_id) for one in selection.attributions),
        *(("context", one.context_id) for one in selection.associations),
        *(("context", number) for p in selection.parents for number in (p.child_id, p.parent_id)),
        *(("artifact type", node.type_id) for node in selection.artifacts),
        *(("execution type", node.type_id) for node in selection.executions),
        *(("context type", node.type_id) for node in selection.contexts),
    ]
    for kind, number in named:
        if number not in ids[kind]:
            message = f"The document names the {kind} {number}, which is not in it."
            raise InvalidArgumentError(message)
