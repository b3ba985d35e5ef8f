"""What is particular to SQLite: where the file lies, how to connect, what its errors mean."""

from __future__ import annotations

import os
import random
import sqlite3
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

from sqlalchemy import (
    Connection,
    Engine,
    NullPool,
    StaticPool,
    create_engine,
    make_url,
)
from sqlalchemy.exc import ArgumentError, OperationalError

from mlmeta_track.errors import (
    AbortedError,
    AlreadyExistsError,
    InternalError,
    InvalidArgumentError,
    MlmetaTrackError,
    NotAnMlmdStoreError,
    SettingsError,
    UnavailableError,
)
from mlmeta_track.store.sql.connections import Connections, KeptConnections, OneConnection

PATIENCE_SECONDS = 60.0
"""How long a writer waits for the others; each holds the lock for about a millisecond."""

_KEPT_CONNECTIONS = 8
_OPTIONS = frozenset({"uri", "timeout"})

_FORMS = "sqlite:///relative/path.db, sqlite:////absolute/path.db, sqlite:// (in memory)"

_TOO_DEEP = "The filter is nested too deep for it: make it flatter."

# SQLite's own words, which it has not changed in twenty years; Python 3.10 does not give the code.
_MEANINGS: tuple[tuple[str, type[MlmetaTrackError], str], ...] = (
    (
        "is locked",
        AbortedError,
        "Another process held its lock for too long; try again.",
    ),
    (
        "readonly database",
        UnavailableError,
        "It is read-only: make the file and its folder writable, or name another store.",
    ),
    (
        "disk is full",
        UnavailableError,
        "Make room on its disk.",
    ),
    (
        "disk I/O error",
        UnavailableError,
        "Its disk cannot be read or written: see whether it is full, over quota or away.",
    ),
    (
        "unable to open database file",
        UnavailableError,
        "See that the file and its folder exist and may be read and written.",
    ),
    (
        "file is not a database",
        NotAnMlmdStoreError,
        "It is a file of another kind: name another path for the store.",
    ),
    (
        "malformed",
        InternalError,
        "The file is damaged: restore it from a copy.",
    ),
    ("parser stack overflow", InvalidArgumentError, _TOO_DEEP),
    ("Expression tree is too large", InvalidArgumentError, _TOO_DEEP),
    (
        "UNIQUE constraint",
        AlreadyExistsError,
        "Something of that identity exists already.",
    ),
)


@dataclass(frozen=True)
class SqliteDatabase:
    """One SQLite database: a file, or one in memory.

    Args:
        filename: What SQLite is asked to open: a path, a ``file:`` URI or ``:memory:``.
        path: The file's absolute path; None in memory.
        timeout: How many seconds to wait for other writers.
        is_uri: Whether ``filename`` is a URI.
    """

    filename: str
    path: Path | None = None
    timeout: float = PATIENCE_SECONDS
    is_uri: bool = False
    driver_error: type[Exception] = field(default=sqlite3.Error, init=False)
    shows_whole_stores: bool = field(default=True, init=False)

    @property
    def in_memory(self) -> bool:
        """Whether there is no file, so that all threads must share the one connection."""
        return self.path is None

    def __str__(self) -> str:
        """Name the database in messages."""
        return "The in-memory store" if self.path is None else f"The store {self.path}"

    def connect(self) -> sqlite3.Connection:
        """Open a connection that begins no transaction by itself."""
        connection = sqlite3.connect(
            self.filename,
            timeout=self.timeout,
            isolation_level=None,
            check_same_thread=False,
            uri=self.is_uri,
        )
        try:
            (journal,) = connection.execute("PRAGMA journal_mode").fetchone()
            if journal == "wal":
                # In WAL mode a crash of the machine can lose the last records, but never more.
                connection.execute("PRAGMA synchronous = NORMAL")
        except BaseException:
            connection.close()
            raise
        return connection

    @property
    def url(self) -> str:
        """The URL; SQLite knows no password."""
        return f"sqlite:///{self.filename}"

    def make_engine(self, *, create: bool = True) -> Engine:  # noqa: ARG002 - SQLite decides
        """Return an engine; in memory there is the one connection."""
        # Transactions are ended before a connection is given back: the pool need not do it again.
        make = partial(create_engine, "sqlite://", creator=self.connect, pool_reset_on_return=None)
        return make(poolclass=StaticPool if self.in_memory else NullPool)

    def connections(self, engine: Engine) -> Connections:
        """Return what lends connections: in memory the one that there is."""
        if self.in_memory:
            return OneConnection(engine)
        return KeptConnections(partial(self._connect_for, engine), _KEPT_CONNECTIONS)

    def _connect_for(self, engine: Engine) -> sqlite3.Connection:
        """Open a connection that has the functions which SQLAlchemy's statements call."""
        connection = self.connect()
        prepare = engine.dialect.on_connect()
        if prepare is not None:
            prepare(connection)
        return connection

    def begin(self, *, writing: bool) -> Sequence[str]:
        """Return how a transaction begins; a writer takes the lock at once: it never deadlocks."""
        return ("BEGIN IMMEDIATE",) if writing else ("BEGIN",)

    @contextmanager
    def creating(self, connection: Connection) -> Iterator[None]:
        """Begin a transaction that creates the store as a whole or not at all."""
        self._prepare_new(connection)
        connection.rollback()
        connection.exec_driver_sql("BEGIN IMMEDIATE")
        yield
        connection.commit()

    def _prepare_new(self, connection: Connection) -> None:
        """Give a database that has nothing in it yet the journal in which readers never wait."""
        if self.in_memory:
            return
        # SQLite's own waiting would have processes that create one store wait for each other.
        connection.exec_driver_sql("PRAGMA busy_timeout = 0")
        deadline = time.monotonic() + self.timeout
        while True:
            try:
                connection.exec_driver_sql("PRAGMA journal_mode = WAL")
            except OperationalError as error:
                if "is locked" not in str(error) or time.monotonic() > deadline:
                    raise
                connection.rollback()
                time.sleep(random.uniform(0.001, 0.01))  # noqa: S311 - so that they part
            else:
                break
        connection.exec_driver_sql(f"PRAGMA busy_timeout = {int(self.timeout * 1000)}")

    def check_place(self) -> None:
        """Raise ``UnavailableError`` if there can be no file at the path."""
        if self.path is None:
            return
        if self.path.is_dir():
            message = f"{self} is a folder. Name a file in it."
            raise UnavailableError(message)
        if not self.path.parent.is_dir():
            message = f"{self} cannot be opened: there is no folder {self.path.parent}. Make it."
            raise UnavailableError(message)

    def exists(self) -> bool:
        """Say whether there is a file at the path."""
        return self.path is not None and self.path.exists()

    def identity(self) -> tuple[int, int] | None:
        """Tell this file from another at the same path; None in memory.

        Raises:
            UnavailableError: There is no file any more.
        """
        if self.path is None:
            return None
        try:
            status = os.stat(self.path)  # noqa: PTH116 - half the time, before every transaction
        except OSError as error:
            raise self.gone() from error
        return (status.st_dev, status.st_ino)

    def gone(self) -> UnavailableError:
        """Return the error for a file that is not the one that was opened."""
        return UnavailableError(
            f"{self} was deleted or replaced while it was open. Put it back, or close the store"
            " and open it anew."
        )

    def translate(self, error: Exception) -> MlmetaTrackError:
        """Return what an error of SQLite, SQLAlchemy or the driver means in our terms."""
        text = str(getattr(error, "orig", None) or error)
        for words, kind, way_out in _MEANINGS:
            if words in text:
                return kind(f"{self}: {text}. {way_out}")
        return InternalError(f"{self}: {text}.")

    def is_passing(self, _: Exception, *, committing: bool) -> bool:  # noqa: ARG002 - never
        """Return False: SQLite itself has waited long enough."""
        return False


def parse(url: str) -> SqliteDatabase:
    """Return the database that a ``sqlite:`` URL names.

    Raises:
        SettingsError: The URL is none of the forms that SQLite's can have.
    """
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        message = f"The store {url!r} is not a URL. Write one of: {_FORMS}."
        raise SettingsError(message) from error
    if parsed.host or parsed.username or parsed.drivername not in ("sqlite", "sqlite+pysqlite"):
        message = f"The store {url!r} cannot be opened. Write one of: {_FORMS}."
        raise SettingsError(message)
    options = {key: value for key, value in parsed.query.items() if isinstance(value, str)}
    timeout = _timeout(url, options)
    if options.get("uri", "").lower() in ("true", "1", "yes", "on"):
        return _from_uri(url, options, timeout)
    unknown = sorted(set(parsed.query) - _OPTIONS)
    if unknown:
        message = (
            f"The store {url!r} has options that only work for SQLite's own URIs: "
            f"{', '.join(unknown)}. Write sqlite:///file:PATH?{unknown[0]}=…&uri=true."
        )
        raise SettingsError(message)
    if not parsed.database or parsed.database == ":memory:":
        return SqliteDatabase(":memory:", timeout=timeout)
    # Absolute from now on: the program may change its working directory.
    path = Path(parsed.database).absolute()
    return SqliteDatabase(str(path), path, timeout)


def _timeout(url: str, options: Mapping[str, str]) -> float:
    try:
        return float(options.get("timeout", PATIENCE_SECONDS))
    except ValueError as error:
        message = f"The timeout of the store {url!r} is not a number of seconds."
        raise SettingsError(message) from error


def _from_uri(url: str, options: Mapping[str, str], timeout: float) -> SqliteDatabase:
    # As it is written, for SQLAlchemy 2.1 decodes it and SQLAlchemy 2.0 does not.
    uri = url.partition("?")[0].partition("://")[2].removeprefix("/")
    # Imported here, for it comes with HTTP and its certificates.
    from urllib.request import url2pathname  # noqa: PLC0415

    name = url2pathname(urlsplit(uri).path)
    query = "&".join(f"{key}={options[key]}" for key in options if key not in _OPTIONS)
    if name in ("", ":memory:") or options.get("mode") == "memory":
        return SqliteDatabase(f"{uri}?{query}", timeout=timeout, is_uri=True)
    path = Path(name).absolute()
    return SqliteDatabase(f"{path.as_uri()}?{query}", path, timeout, is_uri=True)
