"""The hooks that this integration implements; loading them does not import pandas."""

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
    """Offer ``autotrack("pandas")``."""
    return {"pandas": ("mlmeta_track_pandas.instrumentor:PandasInstrumentor", "pandas")}


@hookimpl
def describe_artifact(value: Any) -> Description | None:
    """Recognise data frames and series."""
    if "pandas" not in sys.modules:
        return None
    found: Description | None = import_module("mlmeta_track_pandas.describe").describe(value)
    return found


@hookimpl
def save_payload(value: Any, folder: Path) -> str | None:
    """Write data frames and series as Parquet."""
    if "pandas" not in sys.modules:
        return None
    name: str | None = import_module("mlmeta_track_pandas.payloads").save(value, folder)
    return name


@hookimpl
def load_payload(path: Path) -> Any:
    """Read data frames and series that were written so."""
    if path.suffix != ".parquet":
        return None
    return import_module("mlmeta_track_pandas.payloads").load(path)
