"""The OpenAPI document of the JSON API, made from its routes and the types that they return."""

from __future__ import annotations

import types
import typing
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from typing import Any

import mlmeta_track
from mlmeta_track.domain.nodes import Artifact, Context, Execution, Node
from mlmeta_track.ui.api import Route, routes
from mlmeta_track.ui.parameters import LARGEST_ID

PREFIX = "/api/v1"

_PLAIN: Mapping[Any, dict[str, Any]] = {
    int: {"type": "integer"},
    float: {"type": "number"},
    str: {"type": "string"},
    bool: {"type": "boolean"},
    type(None): {"type": "null"},
    object: {},
    Any: {},
}


def document() -> dict[str, Any]:
    """Return the OpenAPI 3.1 document."""
    schemas: dict[str, Any] = {"Error": _ERROR}
    paths = {f"{PREFIX}{route.path}": {"get": _operation(route, schemas)} for route in routes()}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "mlmeta_track",
            "version": mlmeta_track.__version__,
            "description": "What a store of ML metadata holds, read-only.",
        },
        "paths": paths,
        "components": {"schemas": dict(sorted(schemas.items()))},
    }


_ERROR = {
    "type": "object",
    "properties": {"error": {"type": "string"}},
    "required": ["error"],
    "additionalProperties": False,
}


def _operation(route: Route, schemas: dict[str, Any]) -> dict[str, Any]:
    returned = typing.get_type_hints(route.answer)["return"]
    answer = {"application/json": {"schema": _schema(returned, schemas)}}
    parameters = [
        {
            "name": name.rstrip("!"),
            "in": "query",
            "required": name.endswith("!"),
            "schema": schema,
        }
        for name, schema in route.parameters.items()
    ]
    if "{id}" in route.path:
        whole = {"type": "integer", "minimum": 0, "maximum": LARGEST_ID}
        parameters.append({"name": "id", "in": "path", "required": True, "schema": whole})
    errors = {
        "400": "What was asked for cannot be.",
        "404": "The store has no such thing.",
        "503": "The store cannot be reached.",
    }
    return {
        "operationId": route.answer.__name__,
        "summary": (route.answer.__doc__ or "").strip(),
        "parameters": parameters,
        "responses": {
            "200": {"description": "What was asked for.", "content": answer},
            **{status: _error(text) for status, text in errors.items()},
        },
    }


def _error(description: str) -> dict[str, Any]:
    schema = {"$ref": "#/components/schemas/Error"}
    return {"description": description, "content": {"application/json": {"schema": schema}}}


def _schema(hint: Any, schemas: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of a type, and add those of the classes in it to ``schemas``."""
    if hint in _PLAIN:
        return _PLAIN[hint]
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin in {typing.Union, types.UnionType}:
        return {"anyOf": [_schema(one, schemas) for one in arguments]}
    if origin in {tuple, list}:
        return {"type": "array", "items": _schema(arguments[0], schemas)}
    if origin is dict or origin is Mapping:
        return {"type": "object"}
    if isinstance(hint, type) and issubclass(hint, Enum):
        return {"type": "string", "enum": [one.name for one in hint]}
    return _reference(hint, origin or hint, arguments, schemas)


def _reference(
    hint: Any, kind: Any, arguments: tuple[Any, ...], schemas: dict[str, Any]
) -> dict[str, Any]:
    name = "".join(part.__name__ for part in (kind, *arguments))
    if name not in schemas:
        schemas[name] = {}  # so that a class that holds itself ends
        if issubclass(kind, Node):
            schemas[name] = _node_schema(kind)
        elif is_dataclass(kind):
            schemas[name] = _class_schema(kind, arguments, schemas)
        else:
            message = f"no schema is known for {hint!r}"
            raise TypeError(message)
    return {"$ref": f"#/components/schemas/{name}"}


def _class_schema(kind: Any, arguments: tuple[Any, ...], schemas: dict[str, Any]) -> dict[str, Any]:
    hints = typing.get_type_hints(kind)
    given = dict(zip(getattr(kind, "__parameters__", ()), arguments, strict=False))
    properties = {
        field.name: _schema(_filled(hints[field.name], given), schemas) for field in fields(kind)
    }
    return {
        "type": "object",
        "description": (kind.__doc__ or "").strip().splitlines()[0],
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def _filled(hint: Any, given: Mapping[Any, Any]) -> Any:
    """Put what a generic class is made of in the place of its variables."""
    parameters = getattr(hint, "__parameters__", ())
    return hint[tuple(given[p] for p in parameters)] if parameters else given.get(hint, hint)


_TEXT = {"type": "string"}
_OPTIONAL_TEXT = {"anyOf": [_TEXT, {"type": "null"}]}
_SPECIAL: Mapping[type[Node], dict[str, Any]] = {
    Artifact: {"uri": _OPTIONAL_TEXT, "state": _OPTIONAL_TEXT},
    Execution: {"last_known_state": _OPTIONAL_TEXT},
    Context: {},
}


def _node_schema(kind: type[Node]) -> dict[str, Any]:
    scalar = {"type": ["string", "number", "boolean"]}
    properties = {"type": "object", "additionalProperties": scalar}
    shown = {
        "id": {"type": "integer"},
        "type": _TEXT,
        "name": _OPTIONAL_TEXT,
        **_SPECIAL[kind],
        "external_id": _OPTIONAL_TEXT,
        "properties": properties,
        "custom_properties": properties,
        "create_time_since_epoch": {"type": "integer"},
        "last_update_time_since_epoch": {"type": "integer"},
    }
    return {"type": "object", "properties": shown, "required": list(shown)}
