"""The hooks that this integration implements; loading them imports neither TFDV nor TensorFlow."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mlmeta_track.domain.description import Description
from mlmeta_track.plugins import hookimpl
from mlmeta_track_tfdv import describe, payloads


@hookimpl
def instrumentors() -> Mapping[str, str]:
    """Offer ``autotrack("tfdv")``."""
    return {"tfdv": "mlmeta_track_tfdv.instrumentor:TfdvInstrumentor"}


@hookimpl
def describe_artifact(value: Any) -> Description | None:
    """Recognise statistics, schemas and anomalies."""
    return describe.describe(value)


@hookimpl
def save_payload(value: Any, folder: Path) -> str | None:
    """Write statistics, schemas and anomalies as TFX does."""
    return payloads.save(value, folder)


@hookimpl
def load_payload(type_name: str, path: Path) -> Any:
    """Read statistics, schemas and anomalies, whoever wrote them."""
    return payloads.load(type_name, path)
