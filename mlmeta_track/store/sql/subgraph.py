"""MLMD's walk through lineage."""

from __future__ import annotations

from typing import Any


def read_subgraph(*args: Any, **kwargs: Any) -> Any:
    """Not written yet."""
    raise NotImplementedError
