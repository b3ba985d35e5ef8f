"""Arrays of numbers in files, as NumPy writes them.

Models are not kept: what loads a pickle runs whatever its author wanted, and who may write to the
store or the folder of payloads need not be allowed to run code here.
"""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path
from typing import Any

_FILE = "array.npy"


def save(value: Any, folder: Path) -> str | None:
    """Write an array of numbers or texts into a folder, and return the file's name; else None."""
    numpy: Any = sys.modules.get("numpy")
    if type(value) is not getattr(numpy, "ndarray", None) or value.dtype.hasobject:
        return None
    numpy.save(folder / _FILE, value, allow_pickle=False)
    loaded = load(folder / _FILE)
    is_same = loaded.dtype == value.dtype and loaded.flags.f_contiguous == value.flags.f_contiguous
    return _FILE if is_same else None


def load(path: Path) -> Any:
    """Return the array in a file that ``save`` wrote; None for any other file."""
    if path.name != _FILE:
        return None
    return import_module("numpy").load(path, allow_pickle=False)
