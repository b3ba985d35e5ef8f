"""The hooks that this integration implements; loading them does not import pandas."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from importlib import import_module
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
