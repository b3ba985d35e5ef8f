"""Objects that cannot be weakly referenced, such as protos, recognised as themselves.

An ``id`` alone is given to another object when its owner is gone, so these are held.  Few are, and
small ones, and each only as long as anybody else has it too.
"""

from __future__ import annotations

import sys
from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

from mlmeta_track.tracking.forking import ForkSafeLock

MOST = 100
"""So many objects are held at most, those that were used last."""
MOST_BYTES = 64 * 2**20
"""So many bytes of content are held at most; a larger object is not held."""

_OURS_ALONE = 2  # references: the entry's, and that of whoever counts


@dataclass(frozen=True, slots=True)
class Seen:
    """What an object was when it was last seen: its content's fingerprint, and its artifact."""

    fingerprint: str | None
    external_id: str


@dataclass(slots=True)
class _Held:
    value: Any
    size: int
    seen: Seen


class HeldValues:
    """A small table of objects, by identity."""

    def __init__(self) -> None:
        """Hold nothing."""
        self._entries: OrderedDict[int, _Held] = OrderedDict()
        self._lock = ForkSafeLock()

    def get(self, value: object) -> Seen | None:
        """Return what that very object was when it was last seen."""
        if id(value) not in self._entries:
            return None  # as of nearly everything: no lock is needed to see that
        with self._lock:
            entry = self._entries.get(id(value))
            return entry.seen if entry is not None and entry.value is value else None

    def put(self, value: object, size: int, seen: Seen) -> None:
        """Hold an object of that size (bytes of content), in place of those used longest ago."""
        with self._lock:
            self._entries.pop(id(value), None)
            self._let_go()
            if size <= MOST_BYTES:
                self._entries[id(value)] = _Held(value, size, seen)
                while len(self._entries) > MOST or self._bytes() > MOST_BYTES:
                    self._entries.popitem(last=False)

    def release(self) -> None:
        """Hold nothing any more."""
        with self._lock:
            self._entries.clear()

    def _let_go(self) -> None:
        """Drop what nobody else has: no one can come back with it."""
        for key in list(self._entries):
            if sys.getrefcount(self._entries[key].value) <= _OURS_ALONE:
                del self._entries[key]

    def _bytes(self) -> int:
        return sum(entry.size for entry in self._entries.values())
