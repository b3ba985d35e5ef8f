"""What ``autotrack("pandas")`` switches on."""

from __future__ import annotations

from collections.abc import Iterable
from types import ModuleType
from typing import ClassVar

from mlmeta_track.tracking.instrument import Instrumentor, TrackedFunction
from mlmeta_track_pandas.functions import FUNCTIONS


class PandasInstrumentor(Instrumentor):
    """Records what reads and writes data frames."""

    prefix: ClassVar[str] = "pandas"
    module: ClassVar[str] = "pandas"
    distribution: ClassVar[str] = "pandas"
    supported: ClassVar[tuple[str, str]] = ("1.5", "4")
    functions: ClassVar[tuple[TrackedFunction, ...]] = FUNCTIONS

    def rows(self, module: ModuleType) -> Iterable[TrackedFunction]:
        """Return what this version has: from version to version some come and some go."""
        return [row for row in super().rows(module) if _has(module, row.name)]


def _has(module: ModuleType, dotted: str) -> bool:
    owner, _, method = dotted.rpartition(".")
    return hasattr(getattr(module, owner, None) if owner else module, method)
