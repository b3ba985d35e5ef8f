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
    kind = type(value)
    if issubclass(kind, series_class):
        rows, columns, frame = len(value), 1, series_class.to_frame(value)
    elif issubclass(kind, frame_class):
        (rows, columns), frame = value.shape, value
    else:
        return None
    return Description(
        DATASET,
        fingerprint=fingerprint(frame),
        custom_properties={"rows": rows, "columns": columns},
    )
