"""The hooks that this integration implements; loading them does not import Dask."""

from __future__ import annotations

import sys
from collections.abc import Mapping

from mlmeta_track.plugins import hookimpl

ANNOTATION = "mlmeta_track"
"""The name of the annotation that takes the token to a task."""


@hookimpl
def instrumentors() -> Mapping[str, tuple[str, ...]]:
    """Offer ``autotrack("dask")``."""
    return {"dask": ("mlmeta_track_dask.instrumentor:DaskInstrumentor", "distributed")}


@hookimpl
def find_context() -> str | None:
    """Return the token that the task has with it which this thread is running."""
    worker = sys.modules.get("distributed.worker")
    running = getattr(worker, "thread_state", None)
    key, state = getattr(running, "key", None), getattr(running, "execution_state", None)
    if key is None or state is None:
        return None
    task = state["worker"].state.tasks.get(key)
    annotations = getattr(task, "annotations", None) or {}
    return str(annotations.get(ANNOTATION, ""))
