"""What a request asks for: its parameters, checked, with one sentence for what cannot be."""

from __future__ import annotations

from collections.abc import Iterable

from starlette.requests import Request

from mlmeta_track.errors import InvalidArgumentError
from mlmeta_track.overview.listing import PAGE, Wanted

LARGEST_ID = 2**63 - 1
MOST_ROWS = 200
LONGEST_FILTER = 10_000
"""How long (characters) a filter may be here."""

_DIGITS = 19


def node_id(request: Request) -> int:
    """Return the id in the request's path."""
    return _whole(request.path_params["id"], "id", 0, LARGEST_ID)


def number(request: Request, name: str, default: int, low: int, high: int) -> int:
    """Return a whole number between two bounds from the query.

    Raises:
        InvalidArgumentError: It is no such number.
    """
    return _whole(request.query_params.get(name, str(default)), name, low, high)


def choice(request: Request, name: str, choices: Iterable[str], default: str) -> str:
    """Return one of some words from the query.

    Raises:
        InvalidArgumentError: It is none of them.
    """
    value = request.query_params.get(name, default)
    if value not in choices:
        message = f"{name} cannot be {value[:40]!r}. Give one of {', '.join(choices)}."
        raise InvalidArgumentError(message)
    return value


def text(request: Request, name: str) -> str:
    """Return a text from the query, which must be there.

    Raises:
        InvalidArgumentError: It is missing.
    """
    value = request.query_params.get(name, "")
    if not value.strip():
        message = f"The parameter {name} is missing."
        raise InvalidArgumentError(message)
    return value


def wanted(request: Request, *, context_id: int | None = None) -> Wanted:
    """Return which rows of a list are asked for: ``filter``, ``limit``, ``token``, ``order``.

    Raises:
        InvalidArgumentError: One of them cannot be used.
    """
    condition = request.query_params.get("filter", "")
    if len(condition) > LONGEST_FILTER:
        message = f"The filter has {len(condition):,} characters; give at most {LONGEST_FILTER:,}."
        raise InvalidArgumentError(message)
    return Wanted(
        filter=condition,
        limit=number(request, "limit", PAGE, 1, MOST_ROWS),
        token=request.query_params.get("token") or None,
        newest_first=choice(request, "order", ("newest", "oldest"), "newest") == "newest",
        context_id=context_id,
    )


def _whole(value: str, name: str, low: int, high: int) -> int:
    # isdecimal is true of other scripts' digits, too, which int reads as well.
    if (
        value.isascii()
        and value.isdecimal()
        and len(value) <= _DIGITS
        and low <= int(value) <= high
    ):
        return int(value)
    message = f"{name} cannot be {value[:40]!r}. Give a whole number from {low} to {high}."
    raise InvalidArgumentError(message)
