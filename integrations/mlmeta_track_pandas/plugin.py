"""The hooks that this integration implements; loading them does not import pandas."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mlmeta_track.domain.description import Description
from mlmeta_track.plugins import hookimpl
from mlmeta_track_pandas import describe


@hookimpl
def instrumentors() -> Mapping[str, str]:
    """Offer ``autotrack("pandas")``."""
    return {"pandas": "mlmeta_track_pandas.instrumentor:PandasInstrumentor"}


@hookimpl
def describe_artifact(value: Any) -> Description | None:
    """Recognise data frames and series."""
    return describe.describe(value)
