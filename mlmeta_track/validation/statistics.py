"""Statistics as a table: one row a feature, with the bars of its histogram."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

MOST_BARS = 20
"""So many of the most frequent values of a feature are kept."""

_TYPES: Mapping[int, str] = {0: "INT", 1: "FLOAT", 2: "STRING", 3: "BYTES", 4: "STRUCT"}
_STANDARD, _QUANTILES = 0, 1  # Histogram.HistogramType


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar of a histogram: of values from ``low`` to ``high``, or of one ``label``."""

    count: float
    low: float | None = None
    high: float | None = None
    label: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FeatureStatistics:
    """What is known of one feature; None where the statistics do not say.

    ``count`` are the examples that have a value, ``missing`` those that have none; ``zeros``
    counts values.  ``bars`` are those of the histogram of equal widths, or of the most frequent
    values, the most frequent first.
    """

    name: str
    type: str
    count: int
    missing: int
    mean: float | None = None
    std_dev: float | None = None
    minimum: float | None = None
    median: float | None = None
    maximum: float | None = None
    zeros: int | None = None
    unique: int | None = None
    avg_length: float | None = None
    bars: tuple[Bar, ...] = ()

    @property
    def missing_share(self) -> float:
        """The share of examples without a value, from 0 to 1."""
        total = self.count + self.missing
        return self.missing / total if total else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class DatasetStatistics:
    """The statistics of one data set, or of one slice of it."""

    name: str
    num_examples: int
    features: tuple[FeatureStatistics, ...]


def tables(message: Any) -> tuple[DatasetStatistics, ...]:
    """Return the tables of a ``DatasetFeatureStatisticsList``, one a data set or slice."""
    return tuple(
        DatasetStatistics(
            name=dataset.name,
            num_examples=dataset.num_examples,
            features=tuple(_feature(feature) for feature in dataset.features),
        )
        for dataset in message.datasets
    )


def _feature(feature: Any) -> FeatureStatistics:
    kind = feature.WhichOneof("stats")
    stats = getattr(feature, kind) if kind else None
    common = None if stats is None else stats.common_stats
    count, missing = (common.num_non_missing, common.num_missing) if common else (0, 0)
    facts = _FACTS[kind](stats) if kind in _FACTS else {}
    return FeatureStatistics(
        name=feature_name(feature),
        type=_TYPES.get(feature.type, str(feature.type)),
        count=count,
        missing=missing,
        bars=tuple(_bars(kind, stats)),
        **facts,
    )


def feature_name(feature: Any) -> str:
    """Return a feature's name, or the steps of its path with dots between them."""
    return feature.name or ".".join(feature.path.step)


def _numeric(stats: Any) -> dict[str, Any]:
    return {
        "mean": stats.mean,
        "std_dev": stats.std_dev,
        "minimum": stats.min,
        "median": stats.median,
        "maximum": stats.max,
        "zeros": stats.num_zeros,
    }


def _string(stats: Any) -> dict[str, Any]:
    return {"unique": stats.unique, "avg_length": stats.avg_length}


def _bytes(stats: Any) -> dict[str, Any]:
    return {"unique": stats.unique, "avg_length": stats.avg_num_bytes}


_FACTS = {"num_stats": _numeric, "string_stats": _string, "bytes_stats": _bytes}


def _bars(kind: str | None, stats: Any) -> Iterator[Bar]:
    if kind == "num_stats":
        yield from _widths(stats.histograms)
    elif kind == "string_stats":
        for bucket in stats.rank_histogram.buckets[:MOST_BARS]:
            yield Bar(bucket.sample_count, label=bucket.label)


def _widths(histograms: Iterable[Any]) -> Iterator[Bar]:
    """Yield the bars of the histogram of equal widths; quantiles are no picture of counts."""
    for histogram in histograms:
        if histogram.type == _STANDARD:
            for bucket in histogram.buckets:
                if math.isfinite(bucket.low_value) and math.isfinite(bucket.high_value):
                    yield Bar(bucket.sample_count, low=bucket.low_value, high=bucket.high_value)
            return
