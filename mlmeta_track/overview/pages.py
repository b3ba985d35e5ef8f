"""Where a list goes on: a token that clients hand back as they got it."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from mlmeta_track.domain.listing import Position
from mlmeta_track.errors import InvalidArgumentError

RowT = TypeVar("RowT")

_LARGEST = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Listed(Generic[RowT]):
    """Some rows, and the token by which the next ones are asked for; None after the last."""

    rows: tuple[RowT, ...]
    next: str | None


def encode(position: Position | None) -> str | None:
    """Return the token of a position."""
    if position is None:
        return None
    plain = [position.field, position.id, *position.listed_ids]
    return base64.urlsafe_b64encode(json.dumps(plain).encode()).decode().rstrip("=")


def decode(token: str | None) -> Position | None:
    """Return the position of a token; None for the first page.

    Raises:
        InvalidArgumentError: It is none that ``encode`` has made.
    """
    if not token:
        return None
    try:
        padded = token + "=" * (-len(token) % 4)
        plain = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
    except (ValueError, RecursionError):  # binascii.Error is a ValueError
        plain = None
    if not _is_position(plain):
        message = (
            f"{token[:40]!r} is no token of a page. Give the one that the last page came with."
        )
        raise InvalidArgumentError(message)
    field, number, *listed = plain
    return Position(field=field, id=number, listed_ids=tuple(listed))


def _is_position(plain: object) -> bool:
    if not isinstance(plain, Sequence) or isinstance(plain, str) or len(plain) < 2:  # noqa: PLR2004
        return False
    numbers = [plain[0], *plain[2:], *([] if plain[1] is None else [plain[1]])]
    return all(type(one) is int and -_LARGEST <= one <= _LARGEST for one in numbers)
