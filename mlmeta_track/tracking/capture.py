"""From Python values to artifacts and parameters."""

from __future__ import annotations

import json
import math
import os
import weakref
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import date, time, timedelta
from decimal import Decimal
from enum import Enum
from itertools import islice
from typing import Any
from uuid import UUID

from mlmeta_track.domain.description import Description
from mlmeta_track.domain.events import EventPath
from mlmeta_track.domain.nodes import PropertyValue
from mlmeta_track.domain.types import DATASET, ArtifactType
from mlmeta_track.plugins import hooks
from mlmeta_track.tracking.artifacts import INT64, Artifact, refine, storable
from mlmeta_track.tracking.fingerprints import fingerprint_path, path_text, to_uri
from mlmeta_track.tracking.held import HeldValues, Seen
from mlmeta_track.tracking.redaction.opaque import is_opaque
from mlmeta_track.tracking.redaction.rules import in_force
from mlmeta_track.tracking.redaction.texts import clean
from mlmeta_track.tracking.redaction.words import MASK, says_nothing

LONGEST_TEXT = 4_096
"""Longer texts (characters) are cut, with a mark that says how long they were."""

MOST_ITEMS = 1_000
"""Of a longer list of values only so many are looked at."""

LONGEST_NAME = 255
"""Longer names (characters) of parameters and of places in event paths are cut as well."""

BEYOND_CUT = 4_096
"""So much more (characters) is looked at for secrets, of which a cut would leave the half."""

_CONTAINERS = (list, tuple, dict)
_DEEPEST = 4
_MOST_BITS = 2_000


def describe(value: object, declared: Artifact | None = None) -> Description | None:
    """Say which artifact a value is.

    Args:
        value: A value that a plugin knows; with ``declared`` also a path, a URI or anything else.
        declared: What the user says that it is.

    Returns:
        The description, or None if nothing is declared and no plugin knows the value.
    """
    description: Description | None = None
    if declared is not None and isinstance(value, (str, bytes, os.PathLike)):
        description = describe_path(value, declared.artifact_type)
    elif not _is_scalar(value):
        description = _described_by_plugin(value)
    if declared is None:
        return description
    return refine(description or Description(declared.artifact_type), declared)


def _described_by_plugin(value: object) -> Description | None:
    description = hooks.call("describe_artifact", value=value)
    if description is None:
        return None
    if not isinstance(description, Description):
        message = f"a plugin describes {type(value)} as {type(description)}, not as a Description"
        raise TypeError(message)
    if description.fingerprint is not None:
        return description
    return replace(description, fingerprint=hooks.call("fingerprint", value=value))


def describe_path(
    path: str | bytes | os.PathLike[str], artifact_type: ArtifactType = DATASET
) -> Description:
    """Describe the file or folder at a path or URI, with its fingerprint if it is at hand."""
    uri = to_uri(path)
    return Description(artifact_type, storable(uri), fingerprint_path(uri))


def describe_anything(value: object) -> Description:
    """Describe a value that the user says is an artifact, without saying which.

    A path or URI is a ``DataSet``; what no plugin knows gets its class's name as its type.
    """
    if isinstance(value, (str, os.PathLike)):
        return describe_path(value)
    return describe(value) or Description(ArtifactType(type(value).__qualname__))


def items(value: object) -> Sequence[tuple[EventPath, object]]:
    """Return a value, or the items of a list, tuple or dict, each with its place in it."""
    if not issubclass(type(value), _CONTAINERS):
        return [((), value)]
    try:
        return list(_items(value))
    except Exception:  # noqa: BLE001 - a subclass of list may raise anything; it is one thing then
        return [((), value)]


def _items(value: Any) -> Iterator[tuple[EventPath, object]]:
    kind = type(value)
    if issubclass(kind, (list, tuple)):
        yield from (((i,), item) for i, item in enumerate(islice(value, MOST_ITEMS)))
    else:
        for i, (name, item) in enumerate(islice(value.items(), MOST_ITEMS)):
            yield (key(name) if isinstance(name, str) else i,), item


def key(name: str) -> str:
    """Return a name that a store can hold."""
    return cut(name, LONGEST_NAME)


def parameter(value: object) -> PropertyValue | None:
    """Return a value as a parameter's, or None if it is no parameter.

    Scalars stay what they are; paths, enum members, dates and None become text; lists, tuples and
    dicts of these become JSON text.  Numbers that MLMD cannot hold become text.  Text is cut at
    ``LONGEST_TEXT``.  It never raises, and does not look further than the cut.
    """
    try:
        if issubclass(type(value), _CONTAINERS):
            return _json(value)
        simple = "None" if value is None else _simple(value)
    except Exception:  # noqa: BLE001 - a value's own methods may raise anything: it is no scalar
        return None
    return cut(simple) if isinstance(simple, str) else simple


def cut(text: str, longest: int = LONGEST_TEXT) -> str:
    """Return text that a store can hold: not too long, no NUL, no lone surrogates.

    What is cut is cleaned of secrets before, for the half of one would not be known as one.
    """
    kept = storable(text[: longest + 1])
    if len(kept) <= longest:
        return kept
    mark = f"… (cut, {len(text)} characters)"
    return _beginning(text, longest - len(mark)) + mark


def cut_front(text: str, longest: int) -> str:
    """Return the end of a text, as ``cut`` returns its beginning."""
    if len(text) <= longest:
        return cut(text, longest)
    seen = storable(text[-longest - BEYOND_CUT :])
    cleaned = clean(seen, in_force())
    if len(text) > longest + BEYOND_CUT:
        cleaned = cleaned[BEYOND_CUT // 2 :]
    return cleaned[-longest:]


def _beginning(text: str, longest: int) -> str:
    """Return the beginning of a text without secrets, and without the half of one at its end."""
    seen = storable(text[: longest + BEYOND_CUT])
    cleaned = clean(seen, in_force())
    if len(text) > longest + BEYOND_CUT:
        cleaned = cleaned[: -BEYOND_CUT // 2]
    return cleaned[:longest]


# Values are asked for their type, never by `isinstance`: a lazy object would be loaded by that.


def _is_scalar(value: object) -> bool:
    return value is None or issubclass(type(value), (str, bytes, int, float, complex))


def _simple(value: Any) -> str | int | float | None:
    """Return a scalar in the form in which MLMD can hold it; None if it is no scalar."""
    kind = type(value)
    exact = _EXACT_FORMS.get(kind)
    if exact is not None:
        return exact(value)
    if is_opaque(kind):
        return MASK
    for base, form in _FORMS:
        if issubclass(kind, base):
            return form(value)
    return _array_scalar(value)


def _integer(value: int) -> int | str:
    integer = int.__int__(value)
    if integer in INT64:
        return integer
    bits = integer.bit_length()
    # Python refuses to write still longer ones in decimals, because that takes too long.
    return str(integer) if bits <= _MOST_BITS else f"(an integer of {bits} bits)"


def _float(value: float) -> float | str:
    number = float.__float__(value)
    return number if math.isfinite(number) else str(number)


# Of subclasses, such as numpy's, only what they are derived from is asked.
_FORMS: tuple[tuple[type, Callable[[Any], str | int | float]], ...] = (
    (bool, bool),
    (Enum, lambda member: str(member.name)),
    (str, str.__str__),
    (int, _integer),
    (float, _float),
    (os.PathLike, path_text),
    *((kind, str) for kind in (date, time, timedelta, Decimal, UUID, complex)),
)
_EXACT_FORMS = {base: form for base, form in _FORMS if base in (bool, str, int, float)}


def _array_scalar(value: Any) -> str | int | float | None:
    """Return what is in a scalar of numpy's, or of a library that does as numpy does."""
    kind = type(value)
    # The class is asked first: an instance may do anything when asked for what it does not have.
    if not hasattr(kind, "ndim") or not hasattr(kind, "item"):
        return None
    dimensions = value.ndim
    if type(dimensions) is not int or dimensions != 0:
        return None
    item = value.item()
    return None if hasattr(type(item), "ndim") else _simple(item)


def _json(container: Any) -> str:
    """Return a container of scalars as JSON text; raise ``TypeError`` if anything else is in it."""
    text = ""
    for part in _json_parts(container, _DEEPEST):
        text += part
        if len(text) > LONGEST_TEXT + BEYOND_CUT:
            break
    if len(text) <= LONGEST_TEXT and len(text := storable(text)) <= LONGEST_TEXT:
        return text
    mark = f"… (cut, {len(container)} items)"
    return _beginning(text, LONGEST_TEXT - len(mark)) + mark


def _json_parts(value: Any, levels: int, key: str = "") -> Iterator[str]:
    """Yield JSON text bit by bit, so that nobody needs to go on to the end of a long list.

    What stands under the key of a secret is masked here, where it is known what that is.
    """
    if not issubclass(type(value), _CONTAINERS):
        yield _json_scalar(value, lambda simple: _without_secret(simple, key))
        return
    if levels == 0:
        message = "what is nested deeper is data, or has itself in it"
        raise TypeError(message)
    is_dict = issubclass(type(value), dict)
    yield "{" if is_dict else "["
    for i, item in enumerate(value.items() if is_dict else value):
        yield ", " if i else ""
        if is_dict:
            yield f"{_json_scalar(item[0], str)}: "
        inside = key or (_secret_key(item[0]) if is_dict else "")
        yield from _json_parts(item[1] if is_dict else item, levels - 1, inside)
    yield "}" if is_dict else "]"


def _json_scalar(value: object, convert: Callable[[Any], Any] = lambda simple: simple) -> str:
    """Return a scalar as JSON text; raise ``TypeError`` if it is none."""
    simple = None if value is None else _simple(value)
    if simple is None and value is not None:
        message = f"{type(value)} is no scalar"
        raise TypeError(message)
    if isinstance(simple, str):
        simple = simple[: LONGEST_TEXT + BEYOND_CUT + 1]  # for the whole will be cut in any case
    return json.dumps(convert(simple), ensure_ascii=False)


def _secret_key(name: object) -> str:
    """Return a key as text if it is the name of a secret, and else nothing."""
    rules = in_force()
    is_one = isinstance(name, str) and rules.is_on and rules.is_secret_name(name)
    return str(name) if is_one else ""


def _without_secret(simple: Any, key: str) -> Any:
    if not key or not isinstance(simple, str) or says_nothing(simple, key):
        return simple
    return MASK


class KnownArtifacts:
    """Which artifacts this process has seen, by object and by content.

    An object that can be weakly referenced is known as itself as long as it lives; of others, such
    as protos, the last ones are.  All are known by content besides.
    """

    _MOST = 10_000

    def __init__(self) -> None:
        """Know nothing."""
        self._by_object: dict[int, tuple[weakref.ref[Any], Seen]] = {}
        self._held = HeldValues()
        self._by_content: OrderedDict[tuple[str, str | None, str | None], str] = OrderedDict()

    def find(self, value: object, description: Description) -> str | None:
        """Return the external id of the artifact that a value is, if this process knows it."""
        seen = self._seen(value)
        if seen is not None and seen.fingerprint == description.fingerprint:
            return seen.external_id
        if description.fingerprint is None:
            return None
        found = self._by_content.get(_content_key(description))
        return None if found is None or description.properties else found

    def earlier(self, value: object, description: Description) -> Seen | None:
        """Return what that very object was, if its content was another when it was last seen."""
        seen = None if description.fingerprint is None else self._seen(value)
        if seen is None or seen.fingerprint in (None, description.fingerprint):
            return None
        return seen

    def release(self) -> None:
        """Let go of the objects that are held so that they can be recognised."""
        self._held.release()

    def _seen(self, value: object) -> Seen | None:
        entry = self._by_object.get(id(value))
        if entry is not None and entry[0]() is value:
            return entry[1]
        return self._held.get(value)

    def remember(self, value: object, description: Description, external_id: str) -> None:
        """Remember which artifact a value is."""
        if not isinstance(value, (str, os.PathLike)):
            self._remember_object(
                value, description.size, Seen(description.fingerprint, external_id)
            )
            self._remember_content(replace(description, uri=None), external_id)
        self._remember_content(description, external_id)

    def _remember_content(self, description: Description, external_id: str) -> None:
        if description.fingerprint is None:
            return
        self._by_content[_content_key(description)] = external_id
        while len(self._by_content) > self._MOST:
            self._by_content.popitem(last=False)

    def _remember_object(self, value: object, size: int | None, seen: Seen) -> None:
        key = id(value)
        try:
            reference = weakref.ref(value, lambda _: self._by_object.pop(key, None))
        except TypeError:
            # Protos and builtins cannot be weakly referenced.
            if size is not None:
                self._held.put(value, size, seen)
            return
        self._by_object[key] = (reference, seen)


def _content_key(description: Description) -> tuple[str, str | None, str | None]:
    return (description.type.name, description.uri, description.fingerprint)


def at_path(description: Description, path: str | os.PathLike[str]) -> Description:
    """Return the description of an in-memory value that lies at a path or URI as well."""
    uri = to_uri(path)
    return replace(description, uri=storable(uri), file_fingerprint=fingerprint_path(uri))
