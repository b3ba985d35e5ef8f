"""What TFDV makes, seen as artifacts of TFX's standard types.

The types have TFX's names and properties exactly, so that a store of TFX stays one; what we know
besides is in custom properties.  Protos are told by their class's full name, without an import.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from mlmeta_track.domain.description import Description
from mlmeta_track.domain.types import ArtifactType, PropertyType
from mlmeta_track_tfdv import facts
from mlmeta_track_tfdv.fingerprint import fingerprint

_SPLIT = {"span": PropertyType.INT, "split_names": PropertyType.STRING}

STATISTICS = ArtifactType("ExampleStatistics", _SPLIT, base_type="mlmd.Statistics")
SCHEMA = ArtifactType("Schema")
ANOMALIES = ArtifactType("ExampleAnomalies", _SPLIT)


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
    artifact_type, tell = known
    found, size = fingerprint(value)
    return Description(artifact_type, fingerprint=found, custom_properties=tell(value), size=size)


_KNOWN: Mapping[str, tuple[ArtifactType, Callable[[Any], facts.Facts]]] = {
    "tensorflow.metadata.v0.DatasetFeatureStatisticsList": (STATISTICS, facts.of_statistics),
    "tensorflow.metadata.v0.Schema": (SCHEMA, facts.of_schema),
    "tensorflow.metadata.v0.Anomalies": (ANOMALIES, facts.of_anomalies),
}
