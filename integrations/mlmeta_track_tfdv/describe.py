"""What TFDV makes, seen as artifacts of TFX's standard types.

The types have TFX's names and properties exactly, so that a store of TFX stays one; what we know
besides is in custom properties.  Protos are told by their class's full name, without an import.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from typing import Any

from mlmeta_track.domain.description import Description
from mlmeta_track.domain.nodes import PropertyValue
from mlmeta_track.domain.types import ArtifactType, PropertyType

_SPLIT = {"span": PropertyType.INT, "split_names": PropertyType.STRING}

STATISTICS = ArtifactType("ExampleStatistics", _SPLIT, base_type="mlmd.Statistics")
SCHEMA = ArtifactType("Schema")
ANOMALIES = ArtifactType("ExampleAnomalies", _SPLIT)

MOST_NAMES = 100
"""Of more features with anomalies only so many are named in the artifact."""

_Facts = Mapping[str, PropertyValue]


def describe(value: Any) -> Description | None:
    """Describe statistics, a schema or anomalies; None for any other value.

    The fingerprint is that of the content: equal for equal protos in every process, and the same
    after a proto was written to a file and loaded back.
    """
    kind = type(value)
    if not str(kind.__module__).startswith("tensorflow_metadata.proto."):
        return None
    full_name: str = kind.DESCRIPTOR.full_name
    known = _KNOWN.get(full_name)
    if known is None:
        return None
    artifact_type, facts = known
    return Description(
        artifact_type,
        fingerprint=_fingerprint(full_name, value),
        custom_properties=facts(value),
    )


def _fingerprint(full_name: str, message: Any) -> str:
    digest = hashlib.sha256(full_name.encode())
    # Without `deterministic` the order in which map entries were added would show.
    digest.update(message.SerializeToString(deterministic=True))
    return f"proto-sha256:{digest.hexdigest()}"


def _statistics_facts(statistics: Any) -> _Facts:
    """Count examples and features; with slices, those of the largest, which is all examples."""
    datasets = statistics.datasets
    facts: dict[str, PropertyValue] = {"examples": 0, "features": 0}
    if len(datasets) > 0:
        largest = max(datasets, key=lambda dataset: dataset.num_examples)
        facts = {"examples": int(largest.num_examples), "features": len(largest.features)}
    return facts | ({"slices": len(datasets)} if len(datasets) > 1 else {})


def _schema_facts(schema: Any) -> _Facts:
    return {"features": len(schema.feature), "string_domains": len(schema.string_domain)}


def _anomalies_facts(anomalies: Any) -> _Facts:
    """Count anomalies, those of the data set as a whole included, and name the features."""
    names = sorted(anomalies.anomaly_info)
    count = len(names) + anomalies.HasField("dataset_anomaly_info")
    facts: dict[str, PropertyValue] = {"anomalies": count}
    if names:
        facts["anomalous_features"] = json.dumps(names[:MOST_NAMES], ensure_ascii=False)
    return facts


_KNOWN: Mapping[str, tuple[ArtifactType, Callable[[Any], _Facts]]] = {
    "tensorflow.metadata.v0.DatasetFeatureStatisticsList": (STATISTICS, _statistics_facts),
    "tensorflow.metadata.v0.Schema": (SCHEMA, _schema_facts),
    "tensorflow.metadata.v0.Anomalies": (ANOMALIES, _anomalies_facts),
}
