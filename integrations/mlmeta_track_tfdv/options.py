"""Objects of TFDV's and Beam's options as parameters: JSON, with callables by name, no secrets."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Iterable, Mapping
from functools import partial
from itertools import islice
from typing import Any

from mlmeta_track.domain.nodes import PropertyValue
from mlmeta_track.tracking.instrument import without_secrets

LEFT_OUT = "(left out)"
"""What stands in place of a secret."""

_LONGEST = 4_000
_LONGEST_VALUE = 500
_MOST_ITEMS = 20
_SCALARS = (str, int, float, bool)
_CONTAINERS = (dict, list, tuple, set, frozenset)
# A name of a key that lies in a service for keys is no secret.
_SECRET = re.compile(
    r"passw|passphrase|pwd|secret|token|credential|auth|api[_-]?key|(?<!kms[_-])key([_-]?id)?$",
    re.IGNORECASE,
)
_PASSWORD = re.compile(r"(?<=://)([^/@:\s]*):[^/@\s]*@")
# Elsewhere than on the web, what stands there alone is the name of a user or of a bucket.
_TOKEN = re.compile(r"(\bhttps?://)[^/@:\s]+@", re.IGNORECASE)


def stats_options(options: Any) -> str:
    """Return ``StatsOptions`` as JSON, without the schema, which is an input of its own.

    It is what ``StatsOptions.to_json`` says where that is possible, so that ``from_json`` makes
    equal options of it.  Options with generators or functions, and very long ones, are told field
    by field.
    """
    plain = copy.copy(options)
    vars(plain)["_schema"] = None
    try:
        text = str(plain.to_json())
    except (TypeError, ValueError):
        text = ""
    return text if 0 < len(text) <= _LONGEST else _fields(vars(plain))


def pipeline_options(options: Any) -> str | None:
    """Return the options that a pipeline was given as JSON, secrets left out.

    They are read as they were given: Beam itself would parse them with all classes of options that
    there are, and complain of what it does not know.
    """
    given = vars(options)
    told = dict(_flags(given.get("_flags") or ()))
    told |= {str(k): v for k, v in (given.get("_all_options") or {}).items() if v is not None}
    return _fields(told) if told else None


def public(text: str) -> str:
    """Return text without what gives access in the URLs in it."""
    text = _TOKEN.sub(rf"\1{LEFT_OUT}@", _PASSWORD.sub(rf"\1:{LEFT_OUT}@", text))
    return without_secrets(text)  # all others, before the text is cut


def names(functions: Any) -> str:
    """Return the qualified names of functions as a JSON list."""
    return json.dumps([name(function) for function in islice(functions, _MOST_ITEMS)])


def name(function: Any) -> str:
    """Return the qualified name of a function, or of an object's class."""
    while type(function) is partial:
        function = function.func
    named = function if hasattr(function, "__qualname__") else type(function)
    return f"{named.__module__}.{named.__qualname__}"


def text(value: Any) -> PropertyValue:
    """Return a message as text; a long one by its kind and size."""
    if isinstance(value, str):
        return value
    values = getattr(value, "value", ())
    if not isinstance(values, _SCALARS) and len(values) > _MOST_ITEMS:
        return f"{type(value).__name__} ({len(values)} values)"
    return f"{type(value).__name__} {str(value).strip()}"


def _fields(fields: Mapping[str, Any]) -> str:
    """Return fields as JSON of bounded length, those that are None left out."""
    told = {key.lstrip("_"): _told(key, value) for key, value in fields.items()}
    told = {key: value for key, value in told.items() if value is not None}
    result = json.dumps(told, ensure_ascii=False)
    if len(result) <= _LONGEST:
        return result
    return json.dumps({key: _short(value) for key, value in told.items()}, ensure_ascii=False)


def _short(value: Any) -> Any:
    shown = json.dumps(value, ensure_ascii=False)
    return value if len(shown) <= _LONGEST_VALUE // _MOST_ITEMS else f"({len(shown)} characters)"


def _told(key: str, value: Any) -> Any:
    """Return a field's value as JSON can hold it."""
    if value is not None and _SECRET.search(key):
        return LEFT_OUT
    if isinstance(value, str):
        return public(value)[:_LONGEST_VALUE]
    if value is None or isinstance(value, _SCALARS):
        return value
    return _many(value) if isinstance(value, _CONTAINERS) else _object(value)


def _many(values: Any) -> Any:
    if isinstance(values, dict):
        items = islice(values.items(), _MOST_ITEMS)
        return {str(k)[:_LONGEST_VALUE]: _told(str(k), one) for k, one in items}
    told = [_told("", one) for one in islice(values, _MOST_ITEMS)]
    more = len(values) - len(told)
    return [*told, f"({more} more)"] if more else told


def _object(value: Any) -> str:
    """Return a message as text, and anything else by its name or that of its class."""
    return str(value)[:_LONGEST_VALUE] if hasattr(value, "DESCRIPTOR") else name(value)


def _flags(flags: Iterable[Any]) -> Iterable[tuple[str, Any]]:
    """Yield flags by name: ``--name=value``, ``--name value`` or ``--name``."""
    waiting: str | None = None
    for flag in map(str, flags):
        if flag.startswith("--"):
            if waiting is not None:
                yield waiting, True
            waiting, is_given, value = flag[2:].partition("=")
            if is_given:
                yield waiting, value
                waiting = None
        elif waiting is not None:
            yield waiting, flag
            waiting = None
    if waiting is not None:
        yield waiting, True
