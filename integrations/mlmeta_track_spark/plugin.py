"""The hooks that this integration implements; loading them does not import Spark."""

from __future__ import annotations

import sys
from collections.abc import Mapping

from mlmeta_track.plugins import hookimpl

PROPERTY = "mlmeta_track.context"
"""The name of the local property that takes the token to the tasks of a job."""


@hookimpl
def instrumentors() -> Mapping[str, tuple[str, ...]]:
    """Offer ``autotrack("spark")``."""
    return {"spark": ("mlmeta_track_spark.instrumentor:SparkInstrumentor", "pyspark")}


@hookimpl
def find_context() -> str | None:
    """Return the token that the job has with it which this process runs a task of."""
    tasks = sys.modules.get("pyspark.taskcontext")
    task = None if tasks is None else tasks.TaskContext.get()
    return None if task is None else task.getLocalProperty(PROPERTY) or ""
