"""What lists and pages hold, as dicts and scalars for JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass

from mlmeta_track.domain.drawing import plain_node
from mlmeta_track.domain.nodes import Node
from mlmeta_track.overview.pages import Listed


def plain(value: object) -> object:
    """Turn rows, details and nodes into values that JSON can hold."""
    if isinstance(value, Node):
        return plain_node(value)
    if isinstance(value, Listed) or (is_dataclass(value) and not isinstance(value, type)):
        return {field.name: plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Mapping):
        return {str(name): plain(item) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    return value
