"""A lock that a forked process gets anew: in the parent, another thread may just hold it."""

from __future__ import annotations

import os
import threading
import weakref


class ForkSafeLock:
    """A lock that is free in a process that was just forked, whoever held it in the parent."""

    def __init__(self) -> None:
        """Be free."""
        self.renew()
        _locks.add(self)

    def renew(self) -> None:
        """Be free, whoever held it."""
        self._lock = threading.Lock()

    def __enter__(self) -> None:
        """Wait until it is free, and hold it."""
        self._lock.acquire()

    def __exit__(self, *_: object) -> None:
        """Let it go."""
        self._lock.release()


_locks: weakref.WeakSet[ForkSafeLock] = weakref.WeakSet()


def _renew_all() -> None:
    for lock in list(_locks):
        lock.renew()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_renew_all)
