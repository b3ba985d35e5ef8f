"""The table of TFDV's PTransforms: what is recorded of each when a pipeline runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from mlmeta_track.domain.types import ArtifactType
from mlmeta_track_tfdv.describe import STATISTICS

SKEW = ArtifactType("FeatureSkew")
SKEW_PAIRS = ArtifactType("SkewPairs")
TYPES: Mapping[str, ArtifactType] = {
    "statistics": STATISTICS,
    "skew_results": SKEW,
    "skew_pairs": SKEW_PAIRS,
}
"""The types of what goes by these event keys; all else is data."""


@dataclass(frozen=True, kw_only=True)
class TrackedTransform:
    """What is recorded of one PTransform.

    Args:
        reads: The event keys of the examples that it reads, one for each of its inputs.
        takes: The event key of what it takes from other transforms of TFDV.
        makes: The event keys of what it makes for others.
        writes: Its attributes that are paths to which it writes what it takes; whether each is the
            prefix of several files.
        params: Its attributes that are parameters, each with the parameter's name.
    """

    reads: tuple[str, ...] = ()
    takes: str = ""
    makes: tuple[str, ...] = ()
    writes: Mapping[str, bool] = field(default_factory=dict)
    params: Mapping[str, str] = field(default_factory=dict)


TRANSFORMS: Mapping[str, TrackedTransform] = {
    "GenerateStatistics": TrackedTransform(reads=("examples",), makes=("statistics",)),
    "MergeDatasetFeatureStatisticsList": TrackedTransform(
        takes="statistics", makes=("statistics",)
    ),
    # The keys of the examples are those of TFX's component ExamplesDiff.
    "DetectFeatureSkew": TrackedTransform(
        reads=("examples_base", "examples_test"),
        makes=("skew_results", "skew_pairs"),
        params={
            "_identifier_features": "identifier_features",
            "_features_to_ignore": "features_to_ignore",
            "_sample_size": "sample_size",
            "_float_round_ndigits": "float_round_ndigits",
            "_allow_duplicate_identifiers": "allow_duplicate_identifiers",
        },
    ),
    "WriteStatisticsToTFRecord": TrackedTransform(
        takes="statistics", writes={"_output_path": False}
    ),
    "WriteStatisticsToBinaryFile": TrackedTransform(
        takes="statistics", writes={"_output_path": False}
    ),
    "WriteStatisticsToRecordsAndBinaryFile": TrackedTransform(
        takes="statistics",
        writes={
            "_binary_proto_path": False,
            "_records_path_prefix": True,
            "_columnar_path_prefix": True,
        },
    ),
    "WriteFeatureSkewResultsToTFRecord": TrackedTransform(
        takes="skew_results", writes={"_output_path": False}
    ),
    "WriteSkewPairsToTFRecord": TrackedTransform(
        takes="skew_pairs", writes={"_output_path": False}
    ),
}
"""The PTransforms of TFDV that are recorded when a pipeline runs."""
