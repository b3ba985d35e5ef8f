"""Context tokens: what work belongs to, as text that another process can be given.

A token may go wherever an environment variable or a message goes: it is ASCII without blanks, and
never holds a password.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from dataclasses import dataclass, fields
from typing import Any, Final, cast

from mlmeta_track.errors import InvalidArgumentError

_VERSION: Final = "mlmeta1"
_CHECKED = 12
_WAY_OUT = "Give it as mt.context_token() returned it."


@dataclass(frozen=True, slots=True)
class Token:
    """What work belongs to; None is what its process had none of.

    Args:
        run: The run's name.
        experiment: The experiment's name.
        parent: The external id of the execution that the work was started from.
        store: The URL of the store that they are in, without a password; None for one in memory.
    """

    run: str | None = None
    experiment: str | None = None
    parent: str | None = None
    store: str | None = None


def encode(token: Token) -> str:
    """Return a token as text: version, content and a checksum, parted by dots."""
    said = {field.name: getattr(token, field.name) for field in fields(token)}
    told = {name: value for name, value in said.items() if value is not None}
    content = json.dumps(told, separators=(",", ":"), sort_keys=True).encode()
    body = f"{_VERSION}.{base64.urlsafe_b64encode(content).decode().rstrip('=')}"
    return f"{body}.{_checksum(body)}"


def decode(text: str) -> Token:
    """Return the token that a text stands for.

    Raises:
        InvalidArgumentError: It is none, is damaged, or comes from a newer version of this package.
            The message does not repeat it, for it may be something secret in the wrong place.
    """
    parts = text.split(".") if isinstance(cast("object", text), str) else []
    if len(parts) != 3 or not parts[0].startswith("mlmeta"):  # noqa: PLR2004 - see `encode`
        message = f"This is no context token, or one that was cut off. {_WAY_OUT}"
        raise InvalidArgumentError(message)
    body, checksum = f"{parts[0]}.{parts[1]}", parts[2]
    if checksum != _checksum(body):
        message = f"The context token is damaged: its checksum does not fit. {_WAY_OUT}"
        raise InvalidArgumentError(message)
    if parts[0] != _VERSION:
        message = (
            f"The context token has the form {parts[0]!r}, this version of mlmeta-track knows"
            f" {_VERSION!r}. Install the same version on both sides."
        )
        raise InvalidArgumentError(message)
    return _from_content(parts[1])


def _from_content(text: str) -> Token:
    try:
        content: Any = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        token = Token(**content)
    except (binascii.Error, ValueError, TypeError):
        token = None
    values = () if token is None else [getattr(token, field.name) for field in fields(token)]
    if token is None or not all(value is None or isinstance(value, str) for value in values):
        message = f"The context token holds what no context token holds. {_WAY_OUT}"
        raise InvalidArgumentError(message)
    return token


def _checksum(body: str) -> str:
    return hashlib.sha256(body.encode("utf-8", "surrogatepass")).hexdigest()[:_CHECKED]
