"""The contents of values: containers, paths, arrays, what plugins know, and plain objects."""

from __future__ import annotations

import logging
import operator
import os
import re
import sys
from collections import Counter, OrderedDict, defaultdict, deque
from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import datetime, time, timezone
from enum import Enum
from types import MappingProxyType, MemberDescriptorType
from typing import Any

from mlmeta_track.tracking import capture
from mlmeta_track.tracking.fingerprints import path_text
from mlmeta_track.tracking.reuse.content import ENCODERS, Content, digest

_SAMPLED = "sampled-"
_POINTER = 8 if sys.maxsize > 2**32 else 4

# Classes written in C whose objects say all that is in them when they are pickled.
_REDUCED = frozenset({operator.itemgetter, operator.attrgetter, operator.methodcaller, timezone})


def _container(content: Content, value: Any) -> bytes | None:
    kind = type(value)
    in_order = _IN_ORDER.get(kind)
    if in_order is not None:
        return digest(kind.__name__, *(content.of(item) for item in in_order(value)))
    if kind in (set, frozenset):
        return digest(kind.__name__, *sorted(content.of(item) for item in value))
    if kind in (dict, OrderedDict, Counter, MappingProxyType):
        return digest(kind.__name__, *_items(content, value))
    if kind is defaultdict:
        return digest("defaultdict", content.of(value.default_factory), *_items(content, value))
    return None


_IN_ORDER: dict[type, Callable[[Any], Iterable[Any]]] = {
    list: iter,
    tuple: iter,
    deque: lambda value: (value.maxlen, *value),
    slice: lambda value: (value.start, value.stop, value.step),
}


def _items(content: Content, value: Any) -> Iterable[bytes]:
    """Yield a dict's items in its order, which a function may depend on as well."""
    for key, item in value.items():
        if type(key) is str:
            yield content.named(key, item)
        else:
            yield digest("item", content.of(key), content.of(item))


def _path(content: Content, value: Any) -> bytes | None:
    if not issubclass(type(value), os.PathLike):
        return None
    text = path_text(value)
    kind = type(value)
    return digest("path", kind.__qualname__.encode(), os.fsencode(text), content.place(text))


def _time(content: Content, value: Any) -> bytes | None:
    if type(value) not in (datetime, time):
        return None
    text = f"{type(value).__name__} {value.replace(tzinfo=None)!r} {value.fold}"
    return digest(text, content.of(value.tzinfo))


def _logger(_: Content, value: Any) -> bytes | None:
    # What a function logs is none of its results.
    return digest("logger", value.name.encode()) if type(value) is logging.Logger else None


def _member(content: Content, value: Any) -> bytes | None:
    if not issubclass(type(value), Enum):
        return None
    return digest(
        "member", content.of(type(value)), str(value.name).encode(), content.of(value.value)
    )


def _reduced(content: Content, value: Any) -> bytes | None:
    kind = type(value)
    is_zone = (kind.__module__, kind.__name__) == ("zoneinfo", "ZoneInfo")
    if is_zone:
        return digest("zone", str(value.key).encode()) if value.key else None
    if kind is re.Pattern:
        return digest("pattern", content.of(value.pattern), content.of(value.flags))
    if kind not in _REDUCED:
        return None
    arguments = value.__reduce__()[1]
    return digest(kind.__name__, *(content.of(argument) for argument in arguments))


def _known_to_plugins(content: Content, value: Any) -> bytes | None:
    description = capture.describe(value)
    if description is None:
        return None
    kind = type(value)
    fingerprint = description.fingerprint
    if fingerprint is None:
        message = f"what is in this {kind.__qualname__} cannot be told"
        content.refuse(message)
    if fingerprint.startswith(_SAMPLED):
        message = f"this {kind.__qualname__} is so large that only samples of it are known"
        content.refuse(message)
    return digest(
        "artifact", f"{kind.__module__}.{kind.__qualname__}".encode(), fingerprint.encode()
    )


def _numpy(content: Content, value: Any) -> bytes | None:
    """Return the content of NumPy's scalars, types and arrays of numbers; other arrays' is None."""
    numpy: Any = sys.modules.get("numpy")
    kind = type(value)
    if numpy is None or not hasattr(numpy, "generic"):
        return None
    if issubclass(kind, numpy.dtype):
        return None if value.hasobject else digest("dtype", repr(value.descr).encode())
    if kind is not numpy.ndarray and not issubclass(kind, numpy.generic):
        return None
    if value.dtype.hasobject:
        return digest("objects", repr(value.shape).encode(), content.of(value.tolist()))
    layout = repr((value.dtype.descr, value.shape))
    plain = numpy.ascontiguousarray(value).reshape(-1)
    return digest(kind.__name__, layout.encode(), plain.view(numpy.uint8) if plain.size else b"")


_PLAIN: tuple[tuple[type, Callable[[Any], Any]], ...] = (
    (str, str.__str__),
    (bytes, lambda value: bytes.__getitem__(value, slice(None))),
    (int, int.__int__),
    (float, float.__float__),
    (tuple, lambda value: tuple(tuple.__iter__(value))),
    (list, lambda value: list(list.__iter__(value))),
    (dict, lambda value: dict(dict.items(value))),
    (set, lambda value: set(set.__iter__(value))),
    (frozenset, lambda value: set(frozenset.__iter__(value))),
)


def _derived(content: Content, value: Any) -> bytes | None:
    """Return the content of an object whose class derives from one of Python's own."""
    kind = type(value)
    for base, plain in _PLAIN:
        if issubclass(kind, base) and kind is not base:
            state = digest("plain", content.of(plain(value)))
            return digest("derived", content.of(kind), state, _state(content, value))
    return None


def _object(content: Content, value: Any) -> bytes | None:
    """Return the content of an object whose class is written in Python: its class and its state."""
    kind = type(value)
    slots = sum(len(_slots(base)) for base in kind.__mro__)
    own = (kind.__dictoffset__ > 0) + (kind.__weakrefoffset__ > 0)
    # What is larger than that has a state that Python cannot see, such as a lock's.
    if kind.__itemsize__ or kind.__basicsize__ != object.__basicsize__ + _POINTER * (slots + own):
        return None
    with content.at(f"a {kind.__qualname__}"):
        return digest("object", content.of(kind), _state(content, value))


def _slots(kind: type) -> dict[str, Any]:
    members = {n: m for n, m in vars(kind).items() if type(m) is MemberDescriptorType}
    return {name: member for name, member in members.items() if name != "__dict__"}


def _state(content: Content, value: Any) -> bytes:
    """Return the content of an object's attributes, past what its class may answer when asked."""
    attributes: dict[str, Any] = {}
    for base in type(value).__mro__:
        for name, member in _slots(base).items():
            try:
                attributes[f"{base.__qualname__}.{name}"] = member.__get__(value)
            except AttributeError:
                continue  # It was never set.
    with suppress(AttributeError):  # It may have slots only.
        attributes |= object.__getattribute__(value, "__dict__")
    return digest("state", *(content.named(str(n), attributes[n]) for n in sorted(attributes)))


ENCODERS += [_container, _path, _time, _logger, _member, _reduced, _numpy, _known_to_plugins]
LAST = [_derived, _object]
"""What is asked when nothing else knows a value, classes and functions included."""
