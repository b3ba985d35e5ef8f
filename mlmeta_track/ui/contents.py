"""What is inside an artifact: statistics, a schema or anomalies, as tables, without TensorFlow."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from urllib.request import url2pathname

from mlmeta_track.domain.nodes import Artifact
from mlmeta_track.errors import MlmetaTrackError
from mlmeta_track.tracking.loading import read
from mlmeta_track.tracking.payloads import Payloads
from mlmeta_track.validation import anomalies, schemas, statistics

LARGEST_FILE = 256 * 2**20
"""Larger files (bytes) are not read for a page."""


@dataclass(frozen=True, slots=True)
class Contents:
    """The tables inside an artifact; ``reason`` says why there are none."""

    kind: str
    tables: object = ()
    reason: str = ""


_WEB = frozenset({"http", "https", "ftp"})
"""What a page must not be made to ask for: a store may hold any address."""

_TABLES: Mapping[str, tuple[str, Callable[[Any], object]]] = {
    "ExampleStatistics": ("statistics", statistics.tables),
    "Schema": ("schema", schemas.table),
    "ExampleAnomalies": ("anomalies", anomalies.table),
}


def contents_of(artifact: Artifact, payloads: Payloads) -> Contents:
    """Return the tables inside an artifact, read from its file or payload."""
    kind, tables = _TABLES.get(artifact.type, ("none", None))
    if tables is None:
        return Contents(
            "none", reason=f"Artifacts of the type {artifact.type} are not looked into."
        )
    if not artifact.uri:
        return Contents(kind, reason="It was in memory only, and its payload was not kept.")
    if urlsplit(artifact.uri).scheme in _WEB:
        return Contents(kind, reason=f"{artifact.uri} lies on the web, from where nothing is read.")
    try:
        if _is_unfit(artifact.uri):
            return Contents(kind, reason=f"{artifact.uri} is too large, or no file.")
        return Contents(kind, tables(read(payloads, artifact)))
    except MlmetaTrackError as error:
        return Contents(kind, reason=str(error))


def _is_unfit(uri: str) -> bool:
    """Tell whether a local path is too large for a page, or a pipe or device that never ends."""
    path = Path(url2pathname(urlsplit(uri).path) if uri.startswith("file:") else uri)
    if path.is_file():
        return path.stat().st_size > LARGEST_FILE
    return path.exists() and not path.is_dir()
