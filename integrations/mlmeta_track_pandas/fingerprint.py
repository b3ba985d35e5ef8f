"""What is in a data frame, as text that is equal for equal content.

The cost is bounded: of what is larger, evenly spaced rows and columns are looked at, and the text
begins with ``sampled-``.
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterator
from typing import Any

MOST_CELLS = 5_000_000
"""Frames of up to so many cells are hashed whole, in about half a second; larger ones in part."""

MOST_COLUMNS = 5_000
"""Of more columns only so many are looked at, and the last one: each has its own cost."""

_BLOCK_ROWS = 250_000
"""So many rows are hashed at a time: pandas needs several times their hashes' room meanwhile."""


def fingerprint(frame: Any) -> str | None:
    """Return text that is equal for frames of equal content, in every process.

    The order of rows and columns, the index, and the columns' names and types are part of it.  Of a
    frame with more than ``MOST_CELLS`` cells or ``MOST_COLUMNS`` columns, evenly spaced rows and
    columns, the last ones and the shape are hashed.  It is None for a frame that holds what cannot
    be hashed, such as lists.
    """
    rows, columns = frame.shape
    try:
        column_step = -(-columns // MOST_COLUMNS)
        narrow = frame if column_step <= 1 else frame.iloc[:, _spaced(columns, column_step)]
        row_step = -(-rows * narrow.shape[1] // MOST_CELLS)
        layout = f"{rows}\0{columns}\0{_layout(narrow)}"
        digest = hashlib.sha256(layout.encode("utf-8", "surrogatepass"))
        for part in (narrow,) if row_step <= 1 else (narrow.iloc[::row_step], narrow.iloc[-1:]):
            for hashes in _hashed_rows(part):
                digest.update(hashes)
            for cells in _alike(part):
                digest.update(" ".join([type(value).__name__ for value in cells]).encode())
    except Exception:  # noqa: BLE001 - cells may hold anything, and fail in any way when hashed
        return None
    is_whole = row_step <= 1 and column_step <= 1
    return f"{'' if is_whole else 'sampled-'}frame-sha256:{digest.hexdigest()}"


def _spaced(length: int, step: int) -> list[int]:
    """Return every so-many-th place, and the last."""
    return [*range(0, length - 1, step), length - 1]


def _layout(frame: Any) -> str:
    kinds = zip(frame.columns, frame.dtypes, strict=True)
    columns = [(name, str(kind), *_categories(kind)) for name, kind in kinds]
    return repr((columns, frame.columns.names, frame.index.names))


def _hashed_rows(frame: Any) -> Iterator[bytes]:
    """Return eight bytes for each row, index included, block by block."""
    hashed = sys.modules["pandas"].util.hash_pandas_object
    for start in range(0, len(frame), _BLOCK_ROWS):
        yield hashed(frame.iloc[start : start + _BLOCK_ROWS], index=True).to_numpy().tobytes()


def _categories(kind: Any) -> tuple[Any, ...]:
    """Return what a column of categories may hold, which it need not hold."""
    categories = getattr(kind, "categories", None)
    return () if categories is None else (list(categories), kind.ordered)


def _alike(frame: Any) -> list[Any]:
    """Return the cells that pandas hashes alike though they are not, column by column.

    Of a column with values of several types it hashes how they are printed: 1 would be "1".  And
    all that is missing is the same to it: None would be NaN.
    """
    infer = sys.modules["pandas"].api.types.infer_dtype
    columns = [frame.iloc[:, i] for i, kind in enumerate(frame.dtypes) if str(kind) == "object"]
    mixed = [infer(column, skipna=True).startswith("mixed") for column in columns]
    return [c if is_mixed else c[c.isna()] for c, is_mixed in zip(columns, mixed, strict=True)]
