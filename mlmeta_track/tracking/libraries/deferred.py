"""Integrations that are switched on now and needed only when their library is imported."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Sequence

import wrapt


class Deferred:
    """Loads an integration when one of its libraries is first imported, and not before."""

    def __init__(self, switch_on: Callable[[str], None]) -> None:
        """Switch integrations on by calling this with the name, once for each library that comes.

        It must not raise.
        """
        self._switch_on = switch_on
        self._waiting: set[str] = set()
        self._registered: set[tuple[str, str]] = set()
        self._lock = threading.Lock()

    def wait(self, name: str, libraries: Sequence[str]) -> bool:
        """Wait for the libraries of an integration; return False if there is nothing to wait for.

        Args:
            name: The integration.
            libraries: The modules without which it has nothing to do.
        """
        if not libraries or any(library in sys.modules for library in libraries):
            return False
        with self._lock:
            self._waiting.add(name)
            new = [one for one in libraries if (name, one) not in self._registered]
            self._registered.update((name, one) for one in new)
        for library in new:
            wrapt.register_post_import_hook(lambda _: self._arrive(name), library)
        return True

    def forget(self, name: str) -> None:
        """Wait for an integration's libraries no longer."""
        with self._lock:
            self._waiting.discard(name)

    def _arrive(self, name: str) -> None:
        with self._lock:
            is_awaited = name in self._waiting
        if is_awaited:
            self._switch_on(name)
