"""Dask's clusters, tracked by themselves: ``mt.autotrack("dask")``."""

from mlmeta_track.tracking.instrument import carried

__all__ = ["carried"]
