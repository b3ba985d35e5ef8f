"""Spark, tracked by itself: ``mt.autotrack("spark")``."""

from mlmeta_track.tracking.instrument import carried

__all__ = ["carried"]
