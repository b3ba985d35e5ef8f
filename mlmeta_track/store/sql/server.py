"""What the database servers have in common: URLs with credentials, pools, and what errors mean."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from importlib import import_module
from typing import Any

from sqlalchemy import URL, Engine, QueuePool, create_engine, make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from mlmeta_track.errors import AbortedError, InternalError, MlmetaTrackError, SettingsError
from mlmeta_track.store.sql.connections import Connections, PooledConnections

PATIENCE_SECONDS = 60.0
"""How long a writer waits for the others."""

CONNECT_SECONDS = 10.0
"""How long a server may take to answer a new connection."""

ANSWER_SECONDS = 120.0
"""How long it may take to answer anything else; waiting for other writers counts as well."""

_KEPT_CONNECTIONS = 8
_MORE_CONNECTIONS = 24
_SECRETS = frozenset({"password", "passwd", "sslpassword", "ssl_key_password"})
_HIDDEN = "***"


@dataclass(frozen=True)
class Meaning:
    """What an error of a server means, and the way out.

    Args:
        kind: What it is raised as.
        way_out: What users can do.
        passes: Whether the same transaction may succeed if it is tried again.
        lost: Whether the connection is gone, and with it a transaction that was not yet committed.
    """

    kind: type[MlmetaTrackError]
    way_out: str
    passes: bool = False
    lost: bool = False


@dataclass(frozen=True)
class Patience:
    """How many seconds are waited for what.

    Args:
        writers: For other writers; ``timeout`` in a URL.
        connect: For a connection; ``connect_timeout`` in a URL.
        answer: For the answer to a statement; ``read_timeout`` in a URL.
    """

    writers: float = PATIENCE_SECONDS
    connect: float = CONNECT_SECONDS
    answer: float = ANSWER_SECONDS


_BUSY = Meaning(AbortedError, "Other threads use all connections that it may have; try again.")


class ServerDatabase:
    """One database on a server."""

    in_memory = False
    shows_whole_stores = True

    def __init__(self, url: URL, patience: Patience, driver_error: type[Exception]) -> None:
        """Name the database; nothing is connected yet."""
        self._url = url
        self._patience = patience
        self.timeout = patience.writers
        self.driver_error = driver_error

    @property
    def url(self) -> str:
        """The URL, without a password."""
        return show(self._url)

    def __str__(self) -> str:
        """Name the database in messages."""
        return f"The store {self.url}"

    def connect(self) -> Any:
        """Open a connection that begins no transaction by itself."""
        raise NotImplementedError

    def wait_for_answers(self, seconds: float) -> None:
        """Let the server take so long over one statement, if it might not anyway."""
        longer = max(seconds, self._patience.answer)
        self._patience = replace(self._patience, answer=longer)

    def create_database(self) -> None:
        """Make the database if the server has none of that name."""
        raise NotImplementedError

    def make_engine(self, *, create: bool = True) -> Engine:
        """Return an engine whose pool tries each connection before it gives it out."""
        # Transactions are ended before a connection is given back: the pool need not do it again.
        return create_engine(
            self._url,
            creator=self._connect_or_create if create else self.connect,
            poolclass=QueuePool,
            pool_size=_KEPT_CONNECTIONS,
            max_overflow=_MORE_CONNECTIONS,
            pool_timeout=self._patience.writers,
            pool_use_lifo=True,
            pool_pre_ping=True,
            pool_reset_on_return=None,
        )

    def connections(self, engine: Engine) -> Connections:
        """Return the engine's pool."""
        return PooledConnections(engine)

    def _connect_or_create(self) -> Any:
        try:
            return self.connect()
        except self.driver_error as error:
            if not self.lacks_database(error):
                raise
        self.create_database()
        return self.connect()

    def lacks_database(self, error: BaseException) -> bool:
        """Say whether an error means that the server has no such database."""
        raise NotImplementedError

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

    def words(self, error: BaseException) -> str:
        """Return what an error of the driver says."""
        return str(error)

    def meaning(self, error: BaseException) -> Meaning | None:
        """Return what an error of the driver means, or None if nothing is known of it."""
        raise NotImplementedError

    def translate(self, error: Exception) -> MlmetaTrackError:
        """Return what an error of the server, SQLAlchemy or the driver means in our terms."""
        words = self.words(getattr(error, "orig", None) or error)
        text = f"{self}: {' '.join(words.split()).rstrip('.')}."
        found = self._meaning(error)
        return InternalError(text) if found is None else found.kind(f"{text} {found.way_out}")

    def is_passing(self, error: Exception, *, committing: bool) -> bool:
        """Say whether the same transaction may succeed if it is tried again."""
        found = self._meaning(error)
        return found is not None and (found.passes or (found.lost and not committing))

    def _meaning(self, error: Exception) -> Meaning | None:
        if isinstance(error, PoolTimeoutError):
            return _BUSY
        return self.meaning(getattr(error, "orig", None) or error)


def show(url: URL) -> str:
    """Return a URL as text, without passwords."""
    hidden = dict.fromkeys(_SECRETS & url.query.keys(), _HIDDEN)
    return url.update_query_dict(hidden).render_as_string(hide_password=True)


def parse_url(url: str, drivers: Mapping[str, str], form: str) -> tuple[URL, Patience]:
    """Return a server's URL, and how long it is waited for.

    Args:
        url: As the user wrote it.
        drivers: The full name of the driver for each name that may be written.
        form: How such a URL is written, for messages.

    Raises:
        SettingsError: It is none, or names no database.
    """
    parsed = _parsed(url, form)
    if parsed.drivername not in drivers:
        message = (
            f"The store {show(parsed)!r} names a driver that is not known. Write it as {form}."
        )
        raise SettingsError(message)
    if not parsed.database:
        message = f"The store {show(parsed)!r} names no database. Write it as {form}."
        raise SettingsError(message)
    writers = _seconds(parsed, "timeout", PATIENCE_SECONDS)
    patience = Patience(
        writers,
        _seconds(parsed, "connect_timeout", CONNECT_SECONDS),
        _seconds(parsed, "read_timeout", writers + ANSWER_SECONDS - PATIENCE_SECONDS),
    )
    return parsed.set(drivername=drivers[parsed.drivername]), patience


def _parsed(url: str, form: str) -> URL:
    if url.partition("://")[2].partition("?")[0].count("@") > 1:
        message = (
            "The store's URL has more than one @. Write one that belongs to a user or a password"
            " as %40."
        )
        raise SettingsError(message)
    try:
        return make_url(url)
    except (ArgumentError, ValueError):
        message = f"The store is not a URL that can be read. Write it as {form}."
        # Without its cause, which quotes what may be the password.
        raise SettingsError(message) from None


def _seconds(url: URL, name: str, otherwise: float) -> float:
    """Return the seconds that a URL gives under a name."""
    given = url.query.get(name)
    try:
        seconds = otherwise if given is None else float(str(given))
    except ValueError:
        seconds = 0.0
    if not 0.0 < seconds < float("inf"):
        message = f"The {name} of the store {show(url)!r} is not a number of seconds above 0."
        raise SettingsError(message)
    return seconds


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
