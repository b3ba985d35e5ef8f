"""Data frames as artifacts: data in memory, known by its content."""

from __future__ import annotations

import hashlib
import sys
from typing import Any

from mlmeta_track.domain.description import Description
from mlmeta_track.domain.types import DATASET

MOST_CELLS = 5_000_000
"""Frames of up to so many cells are hashed whole, in about half a second; larger ones in part."""


def describe(value: Any) -> Description | None:
    """Describe a data frame; None for any other value."""
    # While pandas is not imported no value is a frame, and while it is being imported none is yet.
    frame_class = getattr(sys.modules.get("pandas"), "DataFrame", None)
    if frame_class is None or not issubclass(type(value), frame_class):
        return None
    rows, columns = value.shape
    return Description(
        DATASET,
        fingerprint=fingerprint(value),
        custom_properties={"rows": rows, "columns": columns},
    )


def fingerprint(frame: Any) -> str | None:
    """Return text that is equal for frames of equal content.

    The order of rows and columns, the index, and the columns' names and types are part of it.  Of a
    frame with more than ``MOST_CELLS`` cells, evenly spaced rows with at most so many cells, the
    last row and the number of rows are hashed, and the text begins with ``sampled-``.  It is None
    for a frame that holds what cannot be hashed, such as lists.
    """
    rows, columns = frame.shape
    step = -(-rows * columns // MOST_CELLS)
    try:
        digest = hashlib.sha256(f"{rows}\0{_layout(frame)}".encode("utf-8", "surrogatepass"))
        if step <= 1:
            digest.update(_hashed_rows(frame))
            return f"frame-sha256:{digest.hexdigest()}"
        digest.update(_hashed_rows(frame.iloc[::step]) + _hashed_rows(frame.iloc[-1:]))
    except Exception:  # noqa: BLE001 - cells may hold anything, and fail in any way when hashed
        return None
    return f"sampled-frame-sha256:{digest.hexdigest()}"


def _layout(frame: Any) -> str:
    columns = [(name, str(kind)) for name, kind in zip(frame.columns, frame.dtypes, strict=True)]
    return repr((columns, frame.columns.names, frame.index.names))


def _hashed_rows(frame: Any) -> bytes:
    """Return eight bytes for each row, index included."""
    hashes = sys.modules["pandas"].util.hash_pandas_object(frame, index=True)
    return bytes(hashes.to_numpy().tobytes())
