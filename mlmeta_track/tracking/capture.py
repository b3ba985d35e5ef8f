"""From Python values to artifacts and parameters."""

from __future__ import annotations

import json
import math
import os
import weakref
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import replace
from enum import Enum
from typing import Any

from mlmeta_track.domain.description import Description
from mlmeta_track.domain.events import EventPath
from mlmeta_track.domain.nodes import PropertyValue
from mlmeta_track.domain.types import DATASET, ArtifactType
from mlmeta_track.plugins import hooks
from mlmeta_track.tracking.artifacts import Artifact, refine
from mlmeta_track.tracking.fingerprints import fingerprint_path, to_uri

LONGEST_TEXT = 4_096
"""Longer texts (characters) are cut, with a mark that says how long they were."""

MOST_ITEMS = 1_000
"""Of a longer list of values only so many are looked at."""

_INT64 = range(-(2**63), 2**63)


def describe(value: object, declared: Artifact | None = None) -> Description | None:
    """Say which artifact a value is.

    Args:
        value: A value that a plugin knows; with ``declared`` also a path, a URI or anything else.
        declared: What the user says that it is.

    Returns:
        The description, or None if nothing is declared and no plugin knows the value.
    """
    description: Description | None = None
    if declared is not None and isinstance(value, (str, os.PathLike)):
        description = describe_path(value, declared.artifact_type)
    elif not _is_scalar(value):
        description = hooks.call("describe_artifact", value=value)
        if description is not None and description.fingerprint is None:
            description = replace(description, fingerprint=hooks.call("fingerprint", value=value))
    if declared is None:
        return description
    return refine(description or Description(declared.artifact_type), declared)


def describe_path(
    path: str | os.PathLike[str], artifact_type: ArtifactType = DATASET
) -> Description:
    """Describe the file or folder at a path or URI, with its fingerprint if it is at hand."""
    uri = to_uri(path)
    return Description(artifact_type, uri, fingerprint_path(uri))


def describe_anything(value: object) -> Description:
    """Describe a value that the user says is an artifact, without saying which.

    A path or URI is a ``DataSet``; what no plugin knows gets its class's name as its type.
    """
    if isinstance(value, (str, os.PathLike)):
        return describe_path(value)
    return describe(value) or Description(ArtifactType(type(value).__qualname__))


def items(value: object) -> Iterator[tuple[EventPath, object]]:
    """Yield a value, or the items of a list, tuple or dict, each with its place in it."""
    if isinstance(value, (list, tuple)):
        yield from (((i,), item) for i, item in enumerate(value[:MOST_ITEMS]))
    elif isinstance(value, dict):
        for i, (key, item) in enumerate(value.items()):
            if i == MOST_ITEMS:
                return
            yield (str(key),), item
    else:
        yield (), value


def parameter(value: object) -> PropertyValue | None:
    """Return a value as a parameter's, or None if it is no parameter.

    Scalars stay what they are; paths, enum members and None become text; lists, tuples and dicts of
    these become JSON text.  Numbers that MLMD cannot hold become text.  Text is cut at
    ``LONGEST_TEXT``.
    """
    simple = _simple(value)
    if isinstance(simple, str):
        return cut(simple)
    if simple is not None:
        return simple if _fits(simple) else str(simple)
    if value is None:
        return "None"
    if isinstance(value, (list, tuple, dict)) and value:
        plain = _plain(value)
        return None if plain is None else cut(json.dumps(plain, ensure_ascii=False))
    return None


def cut(text: str, longest: int = LONGEST_TEXT) -> str:
    """Return text that a store can hold: not too long, no NUL, no lone surrogates."""
    storable = text.replace("\0", "\\0").encode("utf-8", "backslashreplace").decode("utf-8")
    if len(storable) <= longest:
        return storable
    return f"{storable[:longest]}… (cut, {len(storable)} characters)"


def _is_scalar(value: object) -> bool:
    return value is None or isinstance(value, (str, bytes, int, float, complex))


def _simple(value: object) -> str | int | float | None:
    """Return a scalar's plain Python form, or None."""
    if isinstance(value, Enum):
        return value.name
    if isinstance(value, (str, int, float)):
        return value
    if isinstance(value, os.PathLike):
        path = os.fspath(value)
        return path if isinstance(path, str) else os.fsdecode(path)
    # numpy's scalars, without importing numpy.
    if getattr(value, "shape", None) == () and hasattr(value, "item"):
        item = value.item()
        return item if isinstance(item, (str, int, float)) else None
    return None


def _fits(number: float) -> bool:
    return math.isfinite(number) if isinstance(number, float) else number in _INT64


def _plain(value: object, depth: int = 0) -> Any:
    """Return containers of scalars as JSON can hold them, or None if anything else is in them."""
    if depth > 3:  # noqa: PLR2004 - deeper structures are data, not parameters
        return None
    if isinstance(value, (list, tuple)):
        parts = [_plain_item(item, depth) for item in value[:MOST_ITEMS]]
        return None if None in parts else [part[0] for part in parts if part]
    if isinstance(value, dict):
        if len(value) > MOST_ITEMS:
            return None
        pairs = {str(key): _plain_item(item, depth) for key, item in value.items()}
        return None if None in pairs.values() else {k: part[0] for k, part in pairs.items() if part}
    return None


def _plain_item(item: object, depth: int) -> tuple[Any] | None:
    """Return an item in a tuple of one, so that None as an item is told from no plain form."""
    if item is None:
        return (None,)
    simple = _simple(item)
    if simple is not None:
        return (simple if isinstance(simple, str) or _fits(simple) else str(simple),)
    plain = _plain(item, depth + 1)
    return None if plain is None else (plain,)


class KnownArtifacts:
    """Which artifacts this process has seen, by object and by content.

    An object that can be weakly referenced is known as itself as long as it lives and its content
    is the same; others, such as protos, are known by content.
    """

    _MOST = 10_000

    def __init__(self) -> None:
        """Know nothing."""
        self._by_object: dict[int, tuple[weakref.ref[Any], str | None, str]] = {}
        self._by_content: OrderedDict[tuple[str, str | None, str | None], str] = OrderedDict()

    def find(self, value: object, description: Description) -> str | None:
        """Return the external id of the artifact that a value is, if this process knows it."""
        entry = self._by_object.get(id(value))
        if entry is not None and entry[0]() is value and entry[1] == description.fingerprint:
            return entry[2]
        if description.fingerprint is None:
            return None
        found = self._by_content.get(_content_key(description))
        return None if found is None or description.properties else found

    def remember(self, value: object, description: Description, external_id: str) -> None:
        """Remember which artifact a value is."""
        if not isinstance(value, (str, os.PathLike)):
            self._remember_object(value, description.fingerprint, external_id)
        if description.fingerprint is not None:
            self._by_content[_content_key(description)] = external_id
            while len(self._by_content) > self._MOST:
                self._by_content.popitem(last=False)

    def _remember_object(self, value: object, fingerprint: str | None, external_id: str) -> None:
        key = id(value)
        try:
            reference = weakref.ref(value, lambda _: self._by_object.pop(key, None))
        except TypeError:
            return  # Protos and builtins cannot be weakly referenced, and an id alone is reused.
        self._by_object[key] = (reference, fingerprint, external_id)


def _content_key(description: Description) -> tuple[str, str | None, str | None]:
    return (description.type.name, description.uri, description.fingerprint)


def at_path(description: Description, path: str | os.PathLike[str]) -> Description:
    """Return the description of the same content lying at a path or URI."""
    return replace(description, uri=to_uri(path))
