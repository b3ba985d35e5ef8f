"""The hooks that this integration implements; loading them imports neither sklearn nor NumPy."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

from mlmeta_track.domain.description import Description
from mlmeta_track.plugins import hookimpl


@hookimpl
def instrumentors() -> Mapping[str, tuple[str, ...]]:
    """Offer ``autotrack("sklearn")``."""
    return {
        "sklearn": ("mlmeta_track_sklearn.instrumentor:SklearnInstrumentor", "sklearn", "joblib")
    }


@hookimpl
def describe_artifact(value: Any) -> Description | None:
    """Recognise fitted estimators and arrays."""
    if "numpy" not in sys.modules:
        return None
    found: Description | None = import_module("mlmeta_track_sklearn.describe").describe(value)
    return found


@hookimpl
def save_payload(value: Any, folder: Path) -> str | None:
    """Write arrays of numbers as NumPy does."""
    if "numpy" not in sys.modules:
        return None
    name: str | None = import_module("mlmeta_track_sklearn.payloads").save(value, folder)
    return name


@hookimpl
def load_payload(path: Path) -> Any:
    """Read arrays that were written so."""
    if path.suffix != ".npy":
        return None
    return import_module("mlmeta_track_sklearn.payloads").load(path)
