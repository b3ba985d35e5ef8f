"""Ray, tracked by itself: ``mt.autotrack("ray")``."""

from mlmeta_track.tracking.instrument import carried

__all__ = ["carried"]
