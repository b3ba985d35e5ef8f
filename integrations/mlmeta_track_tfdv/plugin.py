"""The hooks that this integration implements; loading them imports neither TFDV nor TensorFlow.

What they do is imported when the first message comes, for most programs have none.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

from mlmeta_track.domain.description import Description
from mlmeta_track.plugins import hookimpl

_MESSAGES = "tensorflow_metadata.proto."


@hookimpl
def instrumentors() -> Mapping[str, tuple[str, ...]]:
    """Offer ``autotrack("tfdv")``."""
    place = "mlmeta_track_tfdv.instrumentor:TfdvInstrumentor"
    return {"tfdv": (place, "tensorflow_data_validation")}


@hookimpl
def describe_artifact(value: Any) -> Description | None:
    """Recognise statistics, schemas and anomalies."""
    if not str(type(value).__module__).startswith(_MESSAGES):
        return None
    found: Description | None = import_module("mlmeta_track_tfdv.describe").describe(value)
    return found


@hookimpl
def save_payload(value: Any, folder: Path) -> str | None:
    """Write statistics, schemas and anomalies as TFX does."""
    if not str(type(value).__module__).startswith(_MESSAGES):
        return None
    name: str | None = import_module("mlmeta_track_tfdv.payloads").save(value, folder)
    return name


@hookimpl
def load_payload(type_name: str, path: Path) -> Any:
    """Read statistics, schemas and anomalies, whoever wrote them."""
    return import_module("mlmeta_track_tfdv.payloads").load(type_name, path)
