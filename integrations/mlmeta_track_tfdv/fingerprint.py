"""Fingerprints of protos: equal for equal contents, in every process, and in bounded memory.

A message is hashed piece by piece (a feature, a domain, an anomaly), so that beside the message
itself there is never more in memory than the largest of its pieces.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from functools import cache
from typing import Any

MOST_BYTES = 64 * 2**20
"""Of a larger message only pieces of so many bytes are hashed, from everywhere in it."""

_LONG_LIST = 10_000
_STRIDE = 16
_REPEATED = 3  # FieldDescriptor.LABEL_REPEATED
# How deep the pieces lie: a list of statistics holds data sets, and those hold the features.
_DEPTH = {"tensorflow.metadata.v0.DatasetFeatureStatisticsList": 1}


def fingerprint(message: Any) -> tuple[str, int]:
    """Return text that is equal for equal messages, and how many bytes were hashed for it.

    It begins with ``sampled-`` if there were more than ``MOST_BYTES``.
    """
    full_name: str = message.DESCRIPTOR.full_name
    digest, size = hashlib.sha256(full_name.encode()), 0
    for piece in _pieces(message, _DEPTH.get(full_name, 0)):
        digest.update(b"%d:" % len(piece))
        digest.update(piece)
        size += len(piece)
        if size > MOST_BYTES:
            return f"sampled-proto-sha256:{digest.hexdigest()}", size
    return f"proto-sha256:{digest.hexdigest()}", size


def _pieces(message: Any, depth: int) -> Iterator[bytes]:
    for field, value in message.ListFields():
        if field.label != _REPEATED:
            yield b"%d=" % field.number
            yield _whole(value) if field.message_type else _scalars([value])
            continue
        yield b"%d*%d" % (field.number, len(value))
        if field.message_type is None:
            for start in range(0, len(value), _LONG_LIST):
                yield _scalars(value[start : start + _LONG_LIST])
        elif field.message_type.GetOptions().map_entry:
            yield from _entries(value, field.message_type.fields_by_name["value"].message_type)
        else:
            for i in _spread(len(value)):
                yield from _piece(value[i], depth)


def _piece(item: Any, depth: int) -> Iterator[bytes]:
    if depth or any(len(getattr(item, name)) > _LONG_LIST for name in _lists(item.DESCRIPTOR)):
        yield from _pieces(item, depth - 1 if depth else 0)
    else:
        yield _whole(item)


def _entries(values: Any, message_type: Any) -> Iterator[bytes]:
    for key in sorted(values):
        yield _scalars([key])
        yield _whole(values[key]) if message_type else _scalars([values[key]])


def _spread(count: int) -> Iterator[int]:
    """Yield all positions, so that the first of them already lie everywhere."""
    for start in range(min(_STRIDE, count)):
        yield from range(start, count, _STRIDE)


def _whole(message: Any) -> bytes:
    # Without `deterministic` the order in which map entries were added would show.
    return bytes(message.SerializeToString(deterministic=True))


def _scalars(values: Any) -> bytes:
    # `ascii`, for which characters `repr` shows as they are differs between Python's versions.
    return ascii(list(values)).encode()


@cache
def _lists(descriptor: Any) -> tuple[str, ...]:
    """Return the names of a message's fields that are lists of scalars, and so may be long."""
    fields = descriptor.fields
    return tuple(f.name for f in fields if f.label == _REPEATED and f.message_type is None)
