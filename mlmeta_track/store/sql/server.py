"""What the database servers have in common: URLs with credentials, pools, and what errors mean."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from sqlalchemy import URL, Engine, QueuePool, create_engine, make_url
from sqlalchemy.exc import ArgumentError

from mlmeta_track.errors import InternalError, MlmetaTrackError, SettingsError

PATIENCE_SECONDS = 60
"""How long a writer waits for the others."""

CONNECT_SECONDS = 10
"""How long a server may take to answer a new connection."""

_KEPT_CONNECTIONS = 8
_MORE_CONNECTIONS = 24


@dataclass(frozen=True)
class Meaning:
    """What an error of a server means, and the way out."""

    kind: type[MlmetaTrackError]
    way_out: str
    passes: bool = False


class ServerDatabase:
    """One database on a server."""

    in_memory = False
    timeout: float = PATIENCE_SECONDS

    def __init__(self, url: URL, driver_error: type[Exception]) -> None:
        """Name the database; nothing is connected yet."""
        self._url = url
        self.driver_error = driver_error

    @property
    def url(self) -> str:
        """The URL, without a password."""
        return self._url.render_as_string(hide_password=True)

    def __str__(self) -> str:
        """Name the database in messages."""
        return f"The store {self.url}"

    def connect(self) -> Any:
        """Open a connection that begins no transaction by itself."""
        raise NotImplementedError

    def make_engine(self) -> Engine:
        """Return an engine whose pool tries each connection before it gives it out."""
        # Transactions are ended before a connection is given back: the pool need not do it again.
        return create_engine(
            self._url,
            creator=self.connect,
            poolclass=QueuePool,
            pool_size=_KEPT_CONNECTIONS,
            max_overflow=_MORE_CONNECTIONS,
            pool_timeout=PATIENCE_SECONDS,
            pool_use_lifo=True,
            pool_pre_ping=True,
            pool_reset_on_return=None,
        )

    def check_place(self) -> None:
        """Do nothing: whether the server is there is seen when it is asked."""

    def exists(self) -> bool:
        """Return True: whether the server has the database is seen when it is asked."""
        return True

    def identity(self) -> None:
        """Return None: nobody puts another database in the place of one that is open."""

    def gone(self) -> MlmetaTrackError:
        """Return an error that no server makes."""
        return InternalError(f"{self} was replaced while it was open.")

    def meaning(self, error: BaseException) -> Meaning | None:
        """Return what an error of the driver means, or None if nothing is known of it."""
        raise NotImplementedError

    def translate(self, error: Exception) -> MlmetaTrackError:
        """Return what an error of the server, SQLAlchemy or the driver means in our terms."""
        original = getattr(error, "orig", None) or error
        text = " ".join(str(original).split())
        found = self.meaning(original)
        if found is None:
            return InternalError(f"{self}: {text}")
        return found.kind(f"{self}: {text} {found.way_out}")

    def is_passing(self, error: Exception) -> bool:
        """Say whether the same transaction may succeed if it is tried again."""
        found = self.meaning(getattr(error, "orig", None) or error)
        return found is not None and found.passes


def parse_url(url: str, drivers: Mapping[str, str], form: str) -> URL:
    """Return a server's URL.

    Args:
        url: As the user wrote it.
        drivers: The full name of the driver for each name that may be written.
        form: How such a URL is written, for messages.

    Raises:
        SettingsError: It is none, or names no database.
    """
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError) as error:
        message = f"The store is not a URL that can be read. Write it as {form}."
        raise SettingsError(message) from error
    shown = parsed.render_as_string(hide_password=True)
    if parsed.drivername not in drivers:
        message = f"The store {shown!r} names a driver that is not known. Write it as {form}."
        raise SettingsError(message)
    if not parsed.database:
        message = f"The store {shown!r} names no database. Write it as {form}."
        raise SettingsError(message)
    return parsed.set(drivername=drivers[parsed.drivername])


def import_driver(module: str, extra: str) -> Any:
    """Return a driver's module.

    Raises:
        SettingsError: It is not installed; the message names the extra that brings it.
    """
    try:
        return import_module(module)
    except ImportError as error:
        message = (
            f"The driver {module} is not installed."
            f" Install it: pip install 'mlmeta-track[{extra}]'."
        )
        raise SettingsError(message) from error
