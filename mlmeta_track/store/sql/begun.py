"""The executions that this process has begun, so that their ends need not be looked for."""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

_MOST = 10_000
"""So many are remembered; the end of another is looked up."""


class Begun(NamedTuple):
    """An execution as it was written last."""

    id: int
    type_id: int
    state: int


BegunCache: TypeAlias = "dict[str, Begun]"
"""By external id.  It is no more than a hint: who uses one says in the UPDATE what it rests on."""


class BegunExecutions:
    """What one transaction knows of them, and learns.

    What it learns goes into the store's cache with ``remember``, after the transaction has been
    committed.
    """

    def __init__(self, cache: BegunCache) -> None:
        """Begin with what the cache knows."""
        self._cache = cache
        self._learnt: dict[str, Begun | None] = {}

    def get(self, external_id: str) -> Begun | None:
        """Return an execution as this process has written it last; None if it is not known."""
        if external_id in self._learnt:
            return self._learnt[external_id]
        return self._cache.get(external_id)

    def note(self, external_id: str, begun: Begun | None) -> None:
        """Take note of what is written; None if it has ended, or is not as it was."""
        self._learnt[external_id] = begun

    def remember(self) -> None:
        """Put what was learnt into the store's cache."""
        for external_id, begun in self._learnt.items():
            self._cache.pop(external_id, None)
            if begun is not None:
                self._cache[external_id] = begun
        while len(self._cache) > _MOST:
            self._cache.pop(next(iter(self._cache)), None)
