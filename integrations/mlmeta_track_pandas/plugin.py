"""The hooks that this integration implements; loading them does not import pandas."""

from __future__ import annotations

from typing import Any

from mlmeta_track.domain.description import Description
from mlmeta_track.plugins import hookimpl
from mlmeta_track_pandas import describe


@hookimpl
def describe_artifact(value: Any) -> Description | None:
    """Recognise data frames."""
    return describe.describe(value)
