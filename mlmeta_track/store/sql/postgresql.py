"""What is particular to PostgreSQL."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from typing import TYPE_CHECKING, Any

from sqlalchemy.dialects.postgresql.base import PGIdentifierPreparer
from sqlalchemy.exc import ArgumentError

from mlmeta_track.errors import (
    AbortedError,
    AlreadyExistsError,
    FailedPreconditionError,
    InvalidArgumentError,
    NotFoundError,
    SettingsError,
    UnavailableError,
)
from mlmeta_track.store.sql.server import (
    Meaning,
    Patience,
    ServerDatabase,
    import_driver,
    parse_url,
    show,
)

if TYPE_CHECKING:
    from sqlalchemy import URL, Connection, Engine

_FORM = "postgresql+psycopg://USER:PASSWORD@HOST:PORT/DATABASE"
_DRIVERS = {"postgresql": "postgresql+psycopg", "postgresql+psycopg": "postgresql+psycopg"}
_LOCK = 0x6D6C6D64
"""The advisory lock that writers take in turn; the number says mlmd."""

_OPTIONS = {
    "client_encoding": "utf8",
    # A server that is gone without a word is found out within a minute, also while nothing is said.
    "keepalives_idle": "30",
    "keepalives_interval": "10",
    "keepalives_count": "3",
}
_OURS = frozenset({"timeout", "connect_timeout", "read_timeout"})

_CREDENTIALS = Meaning(UnavailableError, "See that the user and the password are right.")
_NO_DATABASE = Meaning(NotFoundError, "Create the database, or name another.")
_AGAIN = Meaning(AbortedError, "Another writer was in the way; try again.", passes=True)
_AWAY = Meaning(UnavailableError, "See that the server runs, and try again.", lost=True)
_FULL = Meaning(
    UnavailableError, "It has no connection left: use fewer, or let it have more.", passes=True
)
_STARTING = Meaning(UnavailableError, "It is starting or stopping; try again.", passes=True)
_RIGHTS = "Have the store created by a user who may, or give this one the right "
# Somebody who takes no turns wrote the same at the same moment: the next try finds it.
_TAKEN = Meaning(AlreadyExistsError, "Something of that identity exists already.", passes=True)
_MEANINGS = {
    "28000": _CREDENTIALS,
    "28P01": _CREDENTIALS,
    "3D000": _NO_DATABASE,
    "40001": _AGAIN,
    "40P01": _AGAIN,
    "55P03": _AGAIN,
    "55006": _AGAIN,
    "23505": _TAKEN,
    "42P07": _TAKEN,
    "42710": _TAKEN,
    "22001": Meaning(InvalidArgumentError, "Give a shorter text."),
    "22003": Meaning(
        InvalidArgumentError,
        "The columns of a store that ML Metadata created hold 32 bits: give it as a str. A filter"
        " that computes it should compute with smaller numbers.",
    ),
    "22P05": Meaning(
        InvalidArgumentError, "The database's encoding does not have it; UTF8 has all."
    ),
    "54000": Meaning(
        InvalidArgumentError,
        "The store was created by ML Metadata, whose index takes no text as long as this.",
    ),
    "53300": _FULL,
    "53100": Meaning(UnavailableError, "Make room on its disk."),
    "25006": Meaning(UnavailableError, "It is read-only: name the server that may be written to."),
    "25P03": _AWAY,
    "57014": Meaning(AbortedError, "It took longer than the server allows; try again."),
    "57P03": _STARTING,
}
# What was wrong with a new connection has no code, only words.
_WORDS = (
    ("authentication failed", _CREDENTIALS),
    ("no password supplied", _CREDENTIALS),
    ("no pg_hba.conf entry", _CREDENTIALS),
    ("too many clients", _FULL),
    ("connection slots", _FULL),
    ("too many connections", _FULL),
    ("system is starting up", _STARTING),
    ("system is shutting down", _STARTING),
    (
        "permission denied for database",
        Meaning(FailedPreconditionError, _RIGHTS + "CONNECT on the database."),
    ),
)


class _Preparer(PGIdentifierPreparer):
    """Names as ML Metadata spells them: never quoted, so that they are lower case on disk."""

    def _requires_quotes(self, value: str) -> bool:
        return super()._requires_quotes(value.lower())


class PostgresqlDatabase(ServerDatabase):
    """One database of PostgreSQL."""

    def connect(self) -> Any:
        """Open a connection that begins no transaction by itself."""
        return self._connect(self._url)

    def _connect(self, url: URL) -> Any:
        # Psycopg is an extra: it is imported when it is needed.
        module = "mlmeta_track.store.sql.psycopg_connection"
        connection = import_module(module).BoundedConnection.connect(
            autocommit=True, **connection_options(url, self._patience)
        )
        try:
            connection.answer_seconds = self._patience.answer
            waits = int(self._patience.writers * 1000)
            # Who holds up the others with a transaction that has stopped is sent away.
            connection.execute(
                f"SET lock_timeout = {waits}; SET idle_in_transaction_session_timeout = {waits}"
            )
        except BaseException:
            connection.close()
            raise
        return connection

    def lacks_database(self, error: BaseException) -> bool:
        """Say whether an error means that the server has no such database."""
        return f'database "{self._url.database}" does not exist' in str(error)

    def create_database(self) -> None:
        """Make the database if the server has none of that name."""
        import psycopg  # noqa: PLC0415 - it is an extra

        name = psycopg.sql.Identifier(str(self._url.database))
        with self._connect(self._url.set(database="postgres")) as connection:
            try:
                connection.execute(psycopg.sql.SQL("CREATE DATABASE {}").format(name))
            except (psycopg.errors.DuplicateDatabase, psycopg.errors.UniqueViolation):
                return  # another process was quicker

    def make_engine(self, *, create: bool = True) -> Engine:
        """Return an engine that spells names as ML Metadata does."""
        engine = super().make_engine(create=create)
        engine.dialect.identifier_preparer = _Preparer(engine.dialect)
        return engine

    def begin(self, *, writing: bool) -> Sequence[str]:
        """Return how a transaction begins: readers see one state, writers take turns."""
        if writing:
            return (
                "BEGIN ISOLATION LEVEL READ COMMITTED",
                f"SELECT pg_advisory_xact_lock({_LOCK})",
            )
        return ("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",)

    @contextmanager
    def creating(self, connection: Connection) -> Iterator[None]:
        """Begin a transaction that creates the store as a whole or not at all."""
        for statement in self.begin(writing=True):
            connection.exec_driver_sql(statement)
        yield
        connection.commit()

    def words(self, error: BaseException) -> str:
        """Return what the server says, without the place in the SQL."""
        told = getattr(getattr(error, "diag", None), "message_primary", None)
        return str(told or error)

    def meaning(self, error: BaseException) -> Meaning | None:
        """Return what an error of the driver means, or None if nothing is known of it."""
        state, text = getattr(error, "sqlstate", None), str(error)
        if state == "42501":
            return _lacks_right(text)
        if state is not None:
            return _MEANINGS.get(state, _AWAY if state[:2] in ("08", "57") else None)
        if type(error).__name__ == "DataError" and "NUL" in text:
            return Meaning(InvalidArgumentError, "Leave the NUL character out.")
        if self.lacks_database(error):
            return _NO_DATABASE
        is_operational = type(error).__name__ in ("OperationalError", "ConnectionTimeout")
        found = next((meaning for words, meaning in _WORDS if words in text), None)
        return found or (_AWAY if is_operational else None)


def _lacks_right(text: str) -> Meaning:
    """Return which right it is that a user lacks, and what then is to be done."""
    if "create database" in text:
        way_out = "Create the database, or give the user the right CREATEDB."
    elif "for schema" in text:
        way_out = _RIGHTS + "CREATE on the schema."
    else:
        way_out = (
            "Give the user the rights SELECT, INSERT, UPDATE and DELETE on the store's tables, and"
            " USAGE on its sequences."
        )
    return Meaning(FailedPreconditionError, way_out)


def connection_options(url: URL, patience: Patience) -> dict[str, Any]:
    """Return the options of a connection, in libpq's names.

    Args:
        url: Where the database is; options of libpq in its query pass through.
        patience: How long to wait.
    """
    (_, named) = url.get_dialect()().create_connect_args(url)
    given = {name: value for name, value in named.items() if name not in _OURS}
    return {**_OPTIONS, "connect_timeout": math.ceil(patience.connect), **given}


def parse(url: str) -> PostgresqlDatabase:
    """Return the database that a ``postgresql:`` URL names.

    Raises:
        SettingsError: It names none, has an unknown option, or psycopg is not installed.
    """
    parsed, patience = parse_url(url, _DRIVERS, _FORM)
    psycopg = import_driver("psycopg", "postgresql")
    try:
        psycopg.conninfo.make_conninfo(**connection_options(parsed, patience))
    except (psycopg.ProgrammingError, ArgumentError) as error:
        message = f"The store {show(parsed)!r} has an option that psycopg does not take: {error}"
        raise SettingsError(message) from None
    return PostgresqlDatabase(parsed, patience, psycopg.Error)
