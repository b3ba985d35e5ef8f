"""The contents of classes: their bases and all that stands in them."""

from __future__ import annotations

import sys
from dataclasses import Field
from enum import Enum
from types import FunctionType
from typing import Any

from mlmeta_track.tracking.reuse.content import ENCODERS, Content, digest
from mlmeta_track.tracking.reuse.origins import version_of

# What Python puts into a class, and what no function can tell from it.
_LEFT_OUT = frozenset(
    {
        "__module__",
        "__qualname__",
        "__dict__",
        "__weakref__",
        "__annotations__",
        "__annotate__",
        "__annotate_func__",
        "__annotations_cache__",
        "__static_attributes__",
        "__firstlineno__",
        "__classcell__",
        "__abstractmethods__",
        "_abc_impl",
        "__parameters__",
        "__dataclass_params__",
        "__non_callable_proto_members__",
        "__protocol_attrs__",
    }
)
_FIELD = ("name", "default", "default_factory", "init", "repr", "hash", "compare", "kw_only")


def class_content(content: Content, kind: type) -> bytes:
    """Return the content of a class: one of Python's or of a package's by its version."""
    name = f"{kind.__module__}.{kind.__qualname__}".encode()
    version = version_of(kind.__module__)
    if version is not None and _stands_in_its_module(kind):
        return digest("class of a version", name, version.encode())
    with content.at(kind.__qualname__):
        parts = [content.of(base) for base in (type(kind), *kind.__bases__)]
        inside = _members(content, kind) if issubclass(kind, Enum) else _inside(content, kind)
        return digest("class", name, (version or "").encode(), *parts, inside)


def _stands_in_its_module(kind: type) -> bool:
    """Tell whether a class is what its module has under its name, and not made from outside."""
    found: Any = sys.modules.get(kind.__module__)
    for part in kind.__qualname__.split("."):
        found = vars(found).get(part) if hasattr(found, "__dict__") else None
    return found is kind


def _inside(content: Content, kind: type) -> bytes:
    attributes = {name: item for name, item in vars(kind).items() if name not in _LEFT_OUT}
    if "__dataclass_fields__" in attributes and str(kind.__doc__).startswith(f"{kind.__name__}("):
        # Python made it of the defaults as they print, which for sets differs by process.
        attributes.pop("__doc__", None)
    annotations = content.annotations(vars(kind).get("__annotations__", {}))
    return digest("attributes", annotations, content.mapping("inside", attributes))


def _members(content: Content, kind: type[Enum]) -> bytes:
    """Return an enumeration's members and functions; the rest of it is made of these."""
    members = [content.named(name, item.value) for name, item in kind.__members__.items()]
    own = {name: f for name, f in vars(kind).items() if type(f) in (FunctionType, property)}
    return digest("enumeration", *members, content.mapping("functions", own))


def _field(content: Content, value: Any) -> bytes | None:
    """Return the content of a data class's field; its type is an annotation only."""
    if type(value) is not Field:
        return None
    return digest("field", *(content.of(getattr(value, name, None)) for name in _FIELD))


def _tuple_getter(content: Content, value: Any) -> bytes | None:
    kind = type(value)
    if kind.__name__ != "_tuplegetter" or kind.__module__ not in ("collections", "_collections"):
        return None
    return digest("tuple's", *(content.of(part) for part in value.__reduce__()[1][:1]))


ENCODERS += [_field, _tuple_getter]
