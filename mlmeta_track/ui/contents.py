"""What is inside an artifact: statistics, a schema or anomalies, as tables, without TensorFlow."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from mlmeta_track.domain.nodes import Artifact
from mlmeta_track.errors import MlmetaTrackError
from mlmeta_track.tracking.loading import read
from mlmeta_track.tracking.payloads import Fetching
from mlmeta_track.validation import anomalies, schemas, statistics


@dataclass(frozen=True, slots=True)
class Contents:
    """The tables inside an artifact; ``reason`` says why there are none."""

    kind: str
    tables: object = ()
    reason: str = ""


_TABLES: Mapping[str, tuple[str, Callable[[Any], object]]] = {
    "ExampleStatistics": ("statistics", statistics.tables),
    "Schema": ("schema", schemas.table),
    "ExampleAnomalies": ("anomalies", anomalies.table),
}


def contents_of(artifact: Artifact, payloads: Fetching) -> Contents:
    """Return the tables inside an artifact, read from its file or payload."""
    kind, tables = _TABLES.get(artifact.type, ("none", None))
    if tables is None:
        return Contents(
            "none", reason=f"Artifacts of the type {artifact.type} are not looked into."
        )
    if not artifact.uri:
        return Contents(kind, reason="It was in memory only, and its payload was not kept.")
    try:
        return Contents(kind, tables(read(payloads, artifact)))
    except MlmetaTrackError as error:
        return Contents(kind, reason=str(error))
