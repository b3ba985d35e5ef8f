"""Nothing of ours is at work in a thread while the process forks: a child would find locks held."""

from __future__ import annotations

import os
import threading
from typing import Final

FORK_SECONDS: Final = 1.0
"""How long a fork waits for what a thread is just writing."""

_at_work = threading.Lock()
_forking = threading.local()


def at_work() -> threading.Lock:
    """Return what a thread of ours holds while it reads or writes in a store."""
    return _at_work


def _before() -> None:
    _forking.waits_for = _at_work if _at_work.acquire(timeout=FORK_SECONDS) else None


def _after_in_parent() -> None:
    held = vars(_forking).pop("waits_for", None)
    if held is not None:
        held.release()


def _after_in_child() -> None:
    global _at_work  # noqa: PLW0603 - it is the parent's
    vars(_forking).clear()
    _at_work = threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=_before, after_in_parent=_after_in_parent, after_in_child=_after_in_child
    )
