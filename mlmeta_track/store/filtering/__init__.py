"""The filter language of ``filter_query``: from a text to a tree."""

from mlmeta_track.store.filtering.errors import filter_error
from mlmeta_track.store.filtering.parse import parse_filter

__all__ = ["filter_error", "parse_filter"]
