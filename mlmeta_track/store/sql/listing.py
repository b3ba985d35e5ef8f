"""Lists of nodes, page by page."""

from __future__ import annotations

from typing import Any


def list_page(*args: Any, **kwargs: Any) -> Any:
    """Not written yet."""
    raise NotImplementedError
