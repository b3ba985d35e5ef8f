"""Property values as they are compared and stored: MLMD's encodings, and back."""

from __future__ import annotations

import base64
import binascii
import math
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from mlmeta_track.domain.nodes import PropertyValue, ProtoValue, StructValue
from mlmeta_track.domain.types import PropertyType
from mlmeta_track.errors import InvalidArgumentError

Encoded: TypeAlias = "tuple[int | None, float | None, str | None, str | None, bool | None]"
"""A value by its kind: int, double, text, proto (in base64) or bool; exactly one is not None.

These are the value columns of a property's row.  Values are equal if their encodings are.
"""

_STRUCT_PREFIX = "mlmd-struct::"
_LEAST, _GREATEST = -(2**63), 2**63 - 1


def encode(name: str, value: object, declared: PropertyType | None = None) -> Encoded:
    """Return a property's value as it is stored.

    Args:
        name: The property's name, for messages.
        value: Its value.
        declared: The type that the node's type declares for it; None for a custom property.

    Raises:
        InvalidArgumentError: The value cannot be stored, or is not of the declared type.
    """
    found = _TYPES.get(type(value)) or _type_of(name, value)
    if declared is not None and found is not declared:
        if declared is not PropertyType.DOUBLE or found is not PropertyType.INT:
            message = (
                f"The property {name!r} is declared {declared.name}, and its value {value!r} is of"
                f" type {found.name}. Give a value of the declared type, or a custom property."
            )
            raise InvalidArgumentError(message)
        found = declared  # a whole number is a DOUBLE too
    return _ENCODERS[found](name, value)


def encode_stored(value: PropertyValue) -> Encoded:
    """Return a value that a store has given back as it is stored; it need not be checked again."""
    if isinstance(value, str):
        return (None, None, value, None, None)
    if isinstance(value, float):
        return (None, value, None, None, None)
    return _ENCODERS[_TYPES[type(value)]]("", value)


def _type_of(name: str, value: object) -> PropertyType:
    for python_type, found in _TYPES.items():  # a subclass, such as numpy's float64
        if isinstance(value, python_type):
            return found
    message = (
        f"The property {name!r} has a value of type {type(value).__name__}, which a store cannot"
        " hold. Give an int, float, str, bool, StructValue or ProtoValue."
    )
    raise InvalidArgumentError(message)


def _encode_int(name: str, value: int) -> Encoded:
    if not _LEAST <= value <= _GREATEST:
        message = (
            f"The property {name!r} has the value {value}, which does not fit into 64 bits."
            " Give it as a str."
        )
        raise InvalidArgumentError(message)
    return (int(value), None, None, None, None)


def _encode_float(name: str, value: float) -> Encoded:
    try:
        number = float(value)
    except OverflowError as error:
        message = f"The property {name!r} has the value {value}, which is too large for a DOUBLE."
        raise InvalidArgumentError(message) from error
    if not math.isfinite(number):
        message = (
            f"The property {name!r} has the value {value}, which ML Metadata cannot hold."
            " Leave the property out, or give it as a str."
        )
        raise InvalidArgumentError(message)
    return (None, number, None, None, None)


def _encode_str(name: str, value: str) -> Encoded:
    if "\0" in value or not value.isascii():
        check_text(value, f"property {name!r}")
    if value.startswith(_STRUCT_PREFIX):
        message = (
            f"The property {name!r} has a text that begins with {_STRUCT_PREFIX!r}, by which ML"
            " Metadata knows structs. Give it as a StructValue, or begin it otherwise."
        )
        raise InvalidArgumentError(message)
    # str.__str__ makes a plain str also of a subclass, such as an enum's.
    return (None, None, str.__str__(value), None, None)


def _encode_bool(_: str, value: bool) -> Encoded:  # noqa: FBT001
    return (None, None, None, None, value)


def _encode_struct(_: str, value: StructValue) -> Encoded:
    return (None, None, _STRUCT_PREFIX + to_base64(value.serialized), None, None)


def _encode_proto(_: str, value: ProtoValue) -> Encoded:
    return (None, None, None, to_base64(value.serialized), None)


_TYPES: Mapping[type, PropertyType] = {
    str: PropertyType.STRING,
    bool: PropertyType.BOOLEAN,  # before int, which bool is a kind of
    int: PropertyType.INT,
    float: PropertyType.DOUBLE,
    StructValue: PropertyType.STRUCT,
    ProtoValue: PropertyType.PROTO,
}
_ENCODERS: Mapping[PropertyType, Callable[[str, Any], Encoded]] = {
    PropertyType.STRING: _encode_str,
    PropertyType.BOOLEAN: _encode_bool,
    PropertyType.INT: _encode_int,
    PropertyType.DOUBLE: _encode_float,
    PropertyType.STRUCT: _encode_struct,
    PropertyType.PROTO: _encode_proto,
}


def check_text(value: str, what: str) -> None:
    """Raise ``InvalidArgumentError`` if a text cannot be stored by every database.

    Args:
        value: The text.
        what: What it is, for the message.
    """
    if "\0" in value:
        fault = "a NUL character"
    elif value.isascii() or _is_unicode(value):
        return
    else:
        fault = "a lone surrogate"
    message = f"The {what} has {fault}, which a store cannot hold: {value!r}."
    raise InvalidArgumentError(message)


def _is_unicode(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def decode(columns: Any) -> PropertyValue | None:
    """Return the value that is encoded, or None if all parts are None.

    Args:
        columns: The five parts of an ``Encoded``; a proto may also be bytes.
    """
    int_value, double_value, string_value, proto_value, bool_value = columns
    if int_value is not None:
        return int(int_value)
    if double_value is not None:
        return float(double_value)
    if string_value is not None:
        return _decode_string(string_value)
    if proto_value is not None:
        return ProtoValue(from_base64(proto_value))
    return None if bool_value is None else bool(bool_value)


def _decode_string(text: str) -> str | StructValue:
    if not text.startswith(_STRUCT_PREFIX):
        return text
    try:
        return StructValue(base64.b64decode(text[len(_STRUCT_PREFIX) :], validate=True))
    except (binascii.Error, ValueError):
        return text  # a text that only looks like a struct


def to_base64(data: bytes) -> str:
    """Return bytes as text."""
    return base64.b64encode(data).decode("ascii")


def from_base64(text: str | bytes) -> bytes:
    """Return the bytes that a text stands for; those of the text itself if it is no base64."""
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return text.encode() if isinstance(text, str) else bytes(text)
