"""The installed packages with their versions, told by the names of their folders.

``importlib.metadata`` reads a file of each package, which takes a hundred times as long.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator
from typing import Final

MATTERS: Final = (
    "mlmeta-track",
    "numpy",
    "pandas",
    "pyarrow",
    "polars",
    "scikit-learn",
    "scipy",
    "xgboost",
    "lightgbm",
    "torch",
    "jax",
    "tensorflow",
    "tensorflow-data-validation",
    "tensorflow-transform",
    "tfx-bsl",
    "apache-beam",
    "protobuf",
)
"""Packages whose version can change what a step makes: they come first, where there is no room."""

# By the standard, neither name nor version has a hyphen in the name of the folder.
_FOLDER = re.compile(r"(?P<name>[^-]+)-(?P<version>[^-]+)(-py[0-9.]+)?\.(dist|egg)-info")
_SEPARATORS = re.compile(r"[-_.]+")


def installed() -> dict[str, str]:
    """Return the versions of all packages that can be imported, by their names in lower case."""
    found: dict[str, str] = {}
    for name, version in _on_path():
        found.setdefault(name, version)  # The first on the path is the one that is imported.
    first = {name: found[name] for name in MATTERS if name in found}
    return first | dict(sorted(found.items()))


def _on_path() -> Iterator[tuple[str, str]]:
    for folder in dict.fromkeys(sys.path):
        try:
            names = os.listdir(folder or ".")  # noqa: PTH208 - much faster than paths
        except (OSError, TypeError, ValueError):
            continue  # No folder: an archive, or what a program has put there.
        for name in names:
            told = _FOLDER.fullmatch(name)
            if told is not None:
                yield _SEPARATORS.sub("-", told["name"]).lower(), told["version"]
