"""How a property's value stands in the columns of its row, and back."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import Any

from mlmeta_track.store.batches.values import Encoded, from_base64, to_base64

VALUE_COLUMNS = ("int_value", "double_value", "string_value", "proto_value", "bool_value")
"""The value columns, in the order of the parts of an ``Encoded``."""


def to_columns(encoded: Encoded, dialect: str) -> tuple[Any, ...]:
    """Return what is written into the value columns; PostgreSQL's protos are plain bytes."""
    if encoded[3] is None or dialect != "postgresql":
        return encoded
    return (*encoded[:3], base64.b64decode(encoded[3]), encoded[4])


def from_columns(columns: Sequence[Any]) -> Encoded:
    """Return what was read from the value columns, as ``encode`` would have made it."""
    integer, double, text, proto, flag = columns
    if isinstance(proto, (bytes, memoryview)):
        proto = to_base64(from_base64(bytes(proto)))
    return (integer, double, text, proto, flag)
