"""What is wrong with a filter, and where."""

from __future__ import annotations

from mlmeta_track.errors import InvalidArgumentError


def filter_error(what: str, position: int | None = None) -> InvalidArgumentError:
    """Return the error for a filter that cannot be used.

    Args:
        what: What is wrong, and what was expected: a sentence.
        position: At which character of the filter, counted from 1.
    """
    where = "" if position is None else f"At character {position}: "
    return InvalidArgumentError(f"Invalid `filter_query`: {where}{what}")
