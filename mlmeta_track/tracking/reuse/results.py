"""What a function returned, as text that it can be made from again.

Texts, numbers, bytes, paths, None, and lists, tuples and dicts of these are kept as they are.  A
path, or a text that names a file, counts with what lies there.  What is in memory only is kept if
it is an artifact with a payload.  There is nothing of less than the whole: what cannot be made
again exactly is not kept at all.
"""

from __future__ import annotations

import base64
import math
import os
import pathlib
from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

from mlmeta_track.domain.events import EventPath
from mlmeta_track.tracking.capture import key
from mlmeta_track.tracking.reuse.contents import content_at
from mlmeta_track.tracking.reuse.unknown import UnknownContentError

Described: TypeAlias = Any
"""A value as what JSON can hold."""

RETURNED = "return"
"""The key under which a return value stands in event paths."""

_PATHS: dict[str, type[pathlib.PurePath]] = {
    kind.__name__: kind
    for kind in (type(pathlib.Path()), pathlib.PurePosixPath, pathlib.PureWindowsPath)
}


class Describing:
    """How one result becomes text."""

    def __init__(self, artifact_at: Callable[[EventPath, Any], bool]) -> None:
        """Describe a result.

        Args:
            artifact_at: Tells whether the value at a place is an artifact that can be loaded.
        """
        self._artifact_at = artifact_at
        self.files: dict[str, str | None] = {}

    def describe(self, value: Any, place: EventPath = (RETURNED,)) -> Described:
        """Return what JSON can hold, from which ``rebuild`` makes an equal value.

        Raises:
            UnknownContentError: It cannot be made again.
        """
        kind: type = type(value)
        form = kind.__name__
        if value is None or kind in (bool, int) or (kind is float and math.isfinite(value)):
            return value
        if kind in (str, *_PATHS.values()):
            self._look_at(value)
            return value if kind is str else {"path": [form, str(value)]}
        if kind in (float, bytes):
            return {form: repr(value) if kind is float else base64.b64encode(value).decode()}
        if kind in (list, tuple):
            return {form: [self.describe(item, (*place, i)) for i, item in enumerate(value)]}
        if kind is dict:
            items = list(self._items(value, place))
            # As JSON's own where it can be, for there the names of secrets are seen.
            has_names = all(type(name) is str for name in value)
            return {"dict": dict(items)} if has_names else {"items": items}
        return self._artifact(value, place)

    def _artifact(self, value: Any, place: EventPath) -> Described:
        if self._artifact_at(place, value):
            return {"artifact": list(place), "class": class_name(value)}
        where = f"its result{f' at {place[1:]!r}' if place[1:] else ''}"
        message = f"{where} is a {class_name(value)}, which is kept nowhere"
        raise UnknownContentError(message)

    def _items(self, value: dict[Any, Any], place: EventPath) -> Iterator[list[Described]]:
        for i, (name, item) in enumerate(value.items()):
            step = key(name) if isinstance(name, str) else i
            yield [self.describe(name, place), self.describe(item, (*place, step))]

    def _look_at(self, value: str | os.PathLike[str]) -> None:
        found = content_at(value)
        if found is not None:
            self.files[str(value)] = found


def rebuild(described: Described, artifact_at: Callable[[EventPath, str], Any]) -> Any:
    """Return the value that was described.

    Args:
        described: What ``Describing.describe`` returned.
        artifact_at: Returns the artifact at a place as an object of the class of that name.
    """
    if not isinstance(described, dict):
        return described
    if "artifact" in described:
        return artifact_at(tuple(described["artifact"]), described["class"])
    [(form, inner)] = described.items()
    if form in _FORMS:
        return _FORMS[form](inner)
    if form == "dict":
        return {name: rebuild(item, artifact_at) for name, item in inner.items()}
    if form == "items":
        return {rebuild(k, artifact_at): rebuild(v, artifact_at) for k, v in inner}
    items = [rebuild(item, artifact_at) for item in inner]
    return tuple(items) if form == "tuple" else items


_FORMS: dict[str, Callable[[Any], Any]] = {
    "float": float,
    "bytes": base64.b64decode,
    "path": lambda path: _PATHS[path[0]](path[1]),
}


def class_name(value: object) -> str:
    """Return the full name of a value's class."""
    return f"{type(value).__module__}.{type(value).__qualname__}"
