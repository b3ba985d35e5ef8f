"""Events, attributions, associations and parent contexts."""

from __future__ import annotations

from typing import Any


def put_events(*args: Any, **kwargs: Any) -> Any:
    """Not written yet."""
    raise NotImplementedError


def put_links(*args: Any, **kwargs: Any) -> Any:
    """Not written yet."""
    raise NotImplementedError


def put_parent_contexts(*args: Any, **kwargs: Any) -> Any:
    """Not written yet."""
    raise NotImplementedError
