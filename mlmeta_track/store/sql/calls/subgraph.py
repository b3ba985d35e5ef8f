"""``put_lineage_subgraph``."""

from __future__ import annotations

from typing import Any


def put_lineage_subgraph(*args: Any, **kwargs: Any) -> Any:
    """Not written yet."""
    raise NotImplementedError
