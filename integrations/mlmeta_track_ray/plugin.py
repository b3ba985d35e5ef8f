"""The hooks that this integration implements; loading them does not import Ray."""

from __future__ import annotations

from collections.abc import Mapping

from mlmeta_track.plugins import hookimpl


@hookimpl
def instrumentors() -> Mapping[str, tuple[str, ...]]:
    """Offer ``autotrack("ray")``."""
    return {"ray": ("mlmeta_track_ray.instrumentor:RayInstrumentor", "ray")}
