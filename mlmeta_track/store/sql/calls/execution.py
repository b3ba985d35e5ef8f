"""``put_execution``."""

from __future__ import annotations

from typing import Any


def put_execution(*args: Any, **kwargs: Any) -> Any:
    """Not written yet."""
    raise NotImplementedError
