"""The key of a call: equal only for calls of the same code with the same arguments and inputs."""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

# The encoders of functions and classes join those of values when they are imported.
import mlmeta_track.tracking.reuse.functions  # noqa: F401
from mlmeta_track.tracking import capture
from mlmeta_track.tracking.artifacts import Input, Output
from mlmeta_track.tracking.fingerprints import path_text, to_uri
from mlmeta_track.tracking.redaction.rules import Rules
from mlmeta_track.tracking.reuse.content import Content, digest
from mlmeta_track.tracking.reuse.unknown import UnknownContentError

_FORM = "mlmeta_track.reuse.1"
"""The form of keys; to be counted up when what goes into them changes."""


@dataclass(frozen=True, slots=True)
class Key:
    """What a call depends on.

    Args:
        text: Equal for equal calls.
        given: What lies at the paths among the arguments, which is part of the text.
        named: What lies at the paths that the code names, which is not: of these some are the
            call's own outputs, and which ones shows only when it has run.
    """

    text: str
    given: Mapping[str, str]
    named: Mapping[str, str]


def key_of(
    step: str,
    function: Any,
    arguments: Mapping[str, Any],
    markers: Mapping[str, Input],
    rules: Rules,
) -> Key:
    """Return the key of a call.

    Args:
        step: The execution type's name.
        function: The function; bound, if it is a method.
        arguments: What it is called with, by name, defaults included.
        markers: What is declared of its arguments and of what it returns, by name.
        rules: They tell what is a secret; no key is made of one.

    Raises:
        UnknownContentError: There is something that it depends on and that cannot be told; the
            message says what.
    """
    code, content = Content(rules, is_code=True), Content(rules)
    try:
        parts = [_surroundings(step), code.of(function)]
        parts += [_argument(content, n, v, markers.get(n)) for n, v in arguments.items()]
        parts += [content.named(name, marker.artifact) for name, marker in sorted(markers.items())]
    except UnknownContentError:
        raise
    except RecursionError:
        message = "what it uses is nested too deeply"
        raise UnknownContentError(message) from None
    except Exception as error:
        # Values are the user's, and may raise anything when they are looked at.
        message = f"what it uses cannot be looked at: {type(error).__name__}: {error}"
        raise UnknownContentError(message) from error
    text = f"sha256:{digest('call', *parts).hex()}"
    return Key(text, _present(content), _present(code))


def _present(content: Content) -> dict[str, str]:
    return {place: found for place, found in content.places.items() if found is not None}


def _surroundings(step: str) -> bytes:
    facts = (_FORM, step, sys.version, platform.machine(), sys.platform, sys.flags.optimize)
    return ascii(facts).encode()


def _argument(content: Content, name: str, value: Any, marker: Input | None) -> bytes:
    with content.at(f"the argument {name!r}"):
        if isinstance(marker, Output):
            return digest("output", name.encode(), *(_written(content, v) for v in _each(value)))
        found = content.named(name, value)
        for item in () if marker is None else _each(value):
            _check_present(content, item)
        return found


def _each(value: object) -> list[object]:
    return [item for _, item in capture.items(value)]


def _written(content: Content, value: Any) -> bytes:
    """Return where a function writes an output to."""
    if value is None:
        return b"nowhere"
    if not isinstance(value, (str, os.PathLike)):
        content.refuse("this output is no path, but an object that the function fills")
    places = (path_text(value), to_uri(value))
    return digest("to", *(place.encode(errors="surrogateescape") for place in places))


def _check_present(content: Content, value: object) -> None:
    """Raise unless a declared input, if it is a path, is that of something."""
    text = path_text(value) if isinstance(value, (str, os.PathLike)) else ""
    if text and not content.place(text):
        content.refuse(f"there is nothing at {text!r} to be known by its content")
