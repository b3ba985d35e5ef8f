"""``put_artifacts``, ``put_executions`` and ``put_contexts``."""

from __future__ import annotations

from typing import Any


def put_nodes(*args: Any, **kwargs: Any) -> Any:
    """Not written yet."""
    raise NotImplementedError
