"""A connection of psycopg that does not wait for an answer for ever."""

from __future__ import annotations

import time
from collections.abc import Generator
from typing import Any

import psycopg


class BoundedConnection(psycopg.Connection[Any]):
    """A connection that is given up if the server does not answer in time.

    The drivers for the other databases do so themselves; PostgreSQL's has only a limit for
    connecting, and one for statements that the server must be alive to keep.
    """

    answer_seconds = float("inf")

    def wait(self, gen: Generator[Any, Any, Any], *args: Any, **options: Any) -> Any:
        """Wait for an answer, as psycopg does, but not longer than ``answer_seconds``.

        Raises:
            OperationalError: It took longer; the connection is closed then.
        """
        return super().wait(self._bounded(gen), *args, **options)

    def _bounded(self, gen: Generator[Any, Any, Any]) -> Generator[Any, Any, Any]:
        """Pass on what psycopg's generator wants to wait for, until the time is over."""
        deadline = time.monotonic() + self.answer_seconds
        ready = None
        while True:
            try:
                wanted = gen.send(ready)
            except StopIteration as stop:
                return stop.value
            ready = yield wanted
            # Psycopg looks again every moment; a falsy state says that nothing has come yet.
            if not ready and time.monotonic() > deadline:
                self.close()
                message = f"the server did not answer for {self.answer_seconds:g} seconds"
                raise psycopg.OperationalError(message)
