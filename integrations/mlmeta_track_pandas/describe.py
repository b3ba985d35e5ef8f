"""Data frames as artifacts: data in memory, known by its content."""

from __future__ import annotations

import sys
from typing import Any

from mlmeta_track.domain.description import Description
from mlmeta_track.domain.types import DATASET
from mlmeta_track_pandas.fingerprint import fingerprint


def describe(value: Any) -> Description | None:
    """Describe a data frame, or a series as a frame of one column; None for any other value."""
    # While pandas is not imported no value is a frame, and while it is being imported none is yet.
    pandas = sys.modules.get("pandas")
    frame_class, series_class = getattr(pandas, "DataFrame", None), getattr(pandas, "Series", None)
    if frame_class is None or series_class is None:
        return None
    try:
        if issubclass(type(value), series_class):
            value = series_class.to_frame(value)
        elif not issubclass(type(value), frame_class):
            return None
        rows, columns = value.shape
    except Exception:  # noqa: BLE001 - a subclass may do anything; it is then not known as a frame
        return None
    return Description(
        DATASET,
        fingerprint=fingerprint(value),
        custom_properties={"rows": rows, "columns": columns},
    )
