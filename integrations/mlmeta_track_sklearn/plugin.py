"""The hooks that this integration implements; loading them imports neither sklearn nor NumPy."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mlmeta_track.domain.description import Description
from mlmeta_track.plugins import hookimpl
from mlmeta_track_sklearn import describe


@hookimpl
def instrumentors() -> Mapping[str, str]:
    """Offer ``autotrack("sklearn")``."""
    return {"sklearn": "mlmeta_track_sklearn.instrumentor:SklearnInstrumentor"}


@hookimpl
def describe_artifact(value: Any) -> Description | None:
    """Recognise fitted estimators and arrays."""
    return describe.describe(value)
