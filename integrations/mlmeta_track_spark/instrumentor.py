"""What ``autotrack("spark")`` switches on: the jobs of Spark take their context along.

The token is a local property of the jobs.  Functions and plans stay what they are, and workers
without this package pass it over.  Plans are carried out late: what counts is where that is asked
for, as in ``collect``, and not where ``map`` was called.
"""

from __future__ import annotations

from collections.abc import Iterable
from types import ModuleType
from typing import Any, ClassVar, Final

from mlmeta_track.tracking.instrument import (
    Instrumentor,
    TrackedFunction,
    guarded,
    token_to_carry,
)
from mlmeta_track_spark.plugin import PROPERTY

# What starts jobs: everything else of these classes comes to one of these.
_ACTIONS: Final = {
    "pyspark.core.context": {"SparkContext": "runJob"},
    "pyspark.core.rdd": {
        "RDD": "collect collectWithJobGroup countApproxDistinct meanApprox saveAsHadoopDataset"
        " saveAsHadoopFile saveAsNewAPIHadoopDataset saveAsNewAPIHadoopFile saveAsPickleFile"
        " saveAsSequenceFile saveAsTextFile sumApprox toLocalIterator"
    },
    "pyspark.sql.classic.dataframe": {
        "DataFrame": "approxQuantile checkpoint collect corr count cov crosstab describe first"
        " foreach foreachPartition freqItems head isEmpty localCheckpoint show summary tail take"
        " toArrow toLocalIterator toPandas"
    },
    "pyspark.sql.readwriter": {
        "DataFrameWriter": "csv insertInto jdbc json orc parquet save saveAsTable text xml",
        "DataFrameWriterV2": "append create createOrReplace overwrite overwritePartitions replace",
    },
}


def with_property(wrapped: Any, _: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Start a job that has the token as a local property."""
    before = _exchange(token_to_carry())
    try:
        return wrapped(*args, **kwargs)
    finally:
        if before is not None:
            _exchange(before)


def _exchange(token: str | None) -> str | None:
    """Set the property, and return what it was; None if nothing was set."""
    from pyspark import SparkContext  # noqa: PLC0415 - it is there when this is called

    context = SparkContext._active_spark_context  # noqa: SLF001 - the public way would start one
    if token is None or context is None:
        return None
    with guarded("take the context to Spark's workers"):
        before = context.getLocalProperty(PROPERTY)
        context.setLocalProperty(PROPERTY, token)
        return before or ""
    return None


class SparkInstrumentor(Instrumentor):
    """Takes the context to the workers; what they record is for their own code to say."""

    prefix: ClassVar[str] = "spark"
    module: ClassVar[str] = "pyspark"
    distribution: ClassVar[str] = "pyspark"
    supported: ClassVar[tuple[str, str]] = ("4.0", "5")
    functions: ClassVar[tuple[TrackedFunction, ...]] = tuple(
        TrackedFunction(name=f"{owner}.{name}", module=module, around=with_property)
        for module, owners in _ACTIONS.items()
        for owner, names in owners.items()
        for name in names.split()
    )

    def rows(self, module: ModuleType) -> Iterable[TrackedFunction]:
        """Return the actions that this version has: from version to version some come."""
        owners = {name: getattr(module, name, None) for name in _ACTIONS.get(module.__name__, {})}
        return [
            row
            for row in super().rows(module)
            if hasattr(owners[row.name.partition(".")[0]], row.name.partition(".")[2])
        ]
