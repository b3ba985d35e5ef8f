"""Connections at rest, kept for the next transaction so that it need not open one."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from sqlalchemy import Engine


class Connections(Protocol):
    """The connections of one open database; all threads take theirs from here."""

    def take(self) -> Any:
        """Return a connection that nobody else has, and that is in no transaction."""

    def give_back(self, connection: Any) -> None:
        """Have a connection again that is in no transaction any more."""

    def drop(self, connection: Any) -> None:
        """Have a connection closed that may be broken."""

    def close(self) -> None:
        """Close those at rest, and the others when they are given back."""


class KeptConnections:
    """A few of the driver's own connections, the last used first: its statements are prepared.

    SQLAlchemy's pool takes longer to lend a connection than SQLite to answer a query.
    """

    def __init__(self, connect: Callable[[], Any], most: int) -> None:
        """Have none yet.

        Args:
            connect: Opens one.
            most: How many are kept; others are closed when they are given back.
        """
        self._connect = connect
        self._most = most
        self._at_rest: list[Any] = []
        self._lock = threading.Lock()
        self._is_closed = False

    def take(self) -> Any:
        """Return the connection that was given back last, or a new one."""
        with self._lock:
            if self._at_rest:
                return self._at_rest.pop()
        return self._connect()

    def give_back(self, connection: Any) -> None:
        """Keep the connection, unless there are enough."""
        with self._lock:
            if len(self._at_rest) < self._most and not self._is_closed:
                self._at_rest.append(connection)
                return
        connection.close()

    def drop(self, connection: Any) -> None:
        """Close the connection."""
        connection.close()

    def close(self) -> None:
        """Close those at rest, and the others when they are given back."""
        with self._lock:
            self._is_closed = True
            at_rest, self._at_rest = self._at_rest, []
        for connection in at_rest:
            connection.close()


class OneConnection:
    """The one connection to a database in memory, which is gone when that is closed."""

    def __init__(self, engine: Engine) -> None:
        """Take the engine's."""
        self._connection = engine.raw_connection()

    def take(self) -> Any:
        """Return it; the caller sees to it that nobody else has it."""
        return self._connection.dbapi_connection

    def give_back(self, connection: Any) -> None:
        """Do nothing."""

    def drop(self, connection: Any) -> None:
        """Do nothing: another connection would have another database."""

    def close(self) -> None:
        """Give it back to the engine."""
        self._connection.close()


class PooledConnections:
    """SQLAlchemy's pool, which tries whether the server is still there."""

    def __init__(self, engine: Engine) -> None:
        """Use the engine's."""
        self._pool = engine.pool

    def take(self) -> Any:
        """Return one that the server still answers on."""
        return self._pool.connect()

    def give_back(self, connection: Any) -> None:
        """Return it to the pool."""
        connection.close()

    def drop(self, connection: Any) -> None:
        """Have the pool open another one in its place."""
        connection.invalidate()
        connection.close()

    def close(self) -> None:
        """Close those that are in the pool."""
        self._pool.dispose()
