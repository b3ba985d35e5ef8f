"""``put_types``."""

from __future__ import annotations

from typing import Any


def put_types(*args: Any, **kwargs: Any) -> Any:
    """Not written yet."""
    raise NotImplementedError
