"""The filter language of ``filter_query``: from a text to a tree."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from mlmeta_track.store.filtering.errors import filter_error

if TYPE_CHECKING:
    from mlmeta_track.store.filtering.tree import Expression

__all__ = ["filter_error", "parse_filter"]


def parse_filter(text: str) -> Expression:
    """Return the tree of a filter; see ``parse.parse_filter``."""
    # By name, so that lists without a filter do not wait for the parser.
    parsed: Expression = import_module(f"{__name__}.parse").parse_filter(text)
    return parsed
