"""Data frames and series in files: Parquet, read back exactly or not written at all.

It takes pyarrow, and is written past pandas' own functions, which may be tracked.
"""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path
from typing import Any

from mlmeta_track_pandas.fingerprint import fingerprint

_FRAME, _SERIES, _UNNAMED = "frame.parquet", "series.parquet", "unnamed_series.parquet"
_FILES = (_FRAME, _SERIES, _UNNAMED)


def save(value: Any, folder: Path) -> str | None:
    """Write a frame or a series into a folder, and return the file's name.

    None for any other value, subclasses included; without pyarrow; and for what does not come back
    from the file as it was: with other types, another index, or other values.
    """
    pandas, parquet = sys.modules.get("pandas"), _parquet()
    kinds = (getattr(pandas, "DataFrame", None), getattr(pandas, "Series", None))
    if parquet is None or type(value) not in kinds:
        return None
    name = _FRAME if type(value) is kinds[0] else _UNNAMED if value.name is None else _SERIES
    frame = value if name == _FRAME else kinds[1].to_frame(value)  # type: ignore[union-attr]
    try:
        parquet.write_table(import_module("pyarrow").Table.from_pandas(frame), folder / name)
        is_same = _is_same(value, load(folder / name))
    except Exception:  # noqa: BLE001 - there are columns that one of the two has no type for
        return None
    return name if is_same else None


def load(path: Path) -> Any:
    """Return the frame or the series in a file that ``save`` wrote; None for any other file."""
    if path.name not in _FILES:
        return None
    frame = import_module("pyarrow.parquet").read_table(path).to_pandas()
    if path.name == _FRAME:
        return frame
    series = frame.iloc[:, 0]
    return series.rename(None) if path.name == _UNNAMED else series


def _parquet() -> Any:
    try:
        return import_module("pyarrow.parquet")
    except ImportError:
        return None


def _is_same(one: Any, other: Any) -> bool:
    """Tell whether nothing could tell one frame or series from the other."""
    if type(one) is not type(other) or getattr(one, "name", None) != getattr(other, "name", None):
        return False
    if one.attrs != other.attrs or one.flags != other.flags:
        return False
    frames = [value.to_frame() if hasattr(value, "to_frame") else value for value in (one, other)]
    if [_layout(frame) for frame in frames[:1]] != [_layout(frame) for frame in frames[1:]]:
        return False
    content = fingerprint(frames[0])
    return content is not None and content == fingerprint(frames[1])


def _layout(frame: Any) -> list[Any]:
    """Return the types of all that is in a frame, one by one where each cell has its own."""
    axes = [frame.index, frame.columns]
    levels = [axis.get_level_values(i) for axis in axes for i in range(axis.nlevels)]
    columns = [frame.iloc[:, i] for i in range(frame.shape[1])]
    kinds: list[Any] = [type(frame.index), *(list(axis.names) for axis in axes)]
    for values in (*levels, *columns):
        kinds.append((repr(values.dtype), getattr(values, "freq", None)))
        if str(values.dtype) == "object":
            kinds.append([type(value) for value in values])
    return kinds
