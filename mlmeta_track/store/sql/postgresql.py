"""What is particular to PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from sqlalchemy.dialects.postgresql.base import PGIdentifierPreparer

from mlmeta_track.errors import (
    AbortedError,
    AlreadyExistsError,
    FailedPreconditionError,
    InvalidArgumentError,
    UnavailableError,
)
from mlmeta_track.store.sql.server import (
    CONNECT_SECONDS,
    PATIENCE_SECONDS,
    Meaning,
    ServerDatabase,
    import_driver,
    parse_url,
)

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine

_FORM = "postgresql+psycopg://USER:PASSWORD@HOST:PORT/DATABASE"
_DRIVERS = {"postgresql": "postgresql+psycopg", "postgresql+psycopg": "postgresql+psycopg"}
_LOCK = 0x6D6C6D64
"""The advisory lock that writers take in turn; the number says mlmd."""

_NO_DATABASE = "3D000"
_CREDENTIALS = Meaning(UnavailableError, "See that the user and the password are right.")
_AGAIN = Meaning(AbortedError, "Another writer was in the way; try again.", passes=True)
_AWAY = Meaning(UnavailableError, "See that the server runs, and try again.")
_MEANINGS = {
    "28000": _CREDENTIALS,
    "28P01": _CREDENTIALS,
    _NO_DATABASE: Meaning(UnavailableError, "Create the database, or name another."),
    "42501": Meaning(
        FailedPreconditionError, "Give the user the right to it, or have the store created for it."
    ),
    "40001": _AGAIN,
    "40P01": _AGAIN,
    "55P03": _AGAIN,
    # Somebody who takes no turns wrote the same at the same moment: the next try finds it.
    "23505": Meaning(AlreadyExistsError, "Something of that identity exists already.", passes=True),
    "22003": Meaning(
        InvalidArgumentError,
        "The store was created by ML Metadata, whose columns hold 32 bits. Give it as a str.",
    ),
    "54000": Meaning(
        InvalidArgumentError,
        "The store was created by ML Metadata, whose index takes no text as long as this.",
    ),
    "53300": Meaning(
        UnavailableError, "It has no connection left: use fewer, or let it have more."
    ),
    "53100": Meaning(UnavailableError, "Make room on its disk."),
    "25006": Meaning(UnavailableError, "It is read-only: name the server that may be written to."),
}


class _Preparer(PGIdentifierPreparer):
    """Names as ML Metadata spells them: never quoted, so that they are lower case on disk."""

    def _requires_quotes(self, value: str) -> bool:
        return super()._requires_quotes(value.lower())


class PostgresqlDatabase(ServerDatabase):
    """One database of PostgreSQL."""

    def connect(self) -> Any:
        """Open a connection that begins no transaction by itself; make the database if need be."""
        import psycopg  # noqa: PLC0415 - it is an extra

        try:
            return self._connect(self._url.database)
        except psycopg.OperationalError as error:
            if f'database "{self._url.database}" does not exist' not in str(error):
                raise
        self._create_database(psycopg)
        return self._connect(self._url.database)

    def _connect(self, database: str | None) -> Any:
        import psycopg  # noqa: PLC0415 - it is an extra

        options: dict[str, Any] = {"connect_timeout": CONNECT_SECONDS, **self._url.query}
        connection = psycopg.connect(
            autocommit=True,
            host=self._url.host,
            port=self._url.port,
            user=self._url.username,
            password=None if self._url.password is None else str(self._url.password),
            dbname=database,
            **options,
        )
        connection.execute(f"SET lock_timeout = '{PATIENCE_SECONDS}s'")
        return connection

    def _create_database(self, psycopg: Any) -> None:
        name = psycopg.sql.Identifier(self._url.database)
        with self._connect("postgres") as connection:
            try:
                connection.execute(psycopg.sql.SQL("CREATE DATABASE {}").format(name))
            except (psycopg.errors.DuplicateDatabase, psycopg.errors.UniqueViolation):
                return  # another process was quicker

    def make_engine(self) -> Engine:
        """Return an engine that spells names as ML Metadata does."""
        engine = super().make_engine()
        engine.dialect.identifier_preparer = _Preparer(engine.dialect)
        return engine

    def begin(self, *, writing: bool) -> Sequence[str]:
        """Return how a transaction begins: readers see one state, writers take turns."""
        if writing:
            return ("BEGIN", f"SELECT pg_advisory_xact_lock({_LOCK})")
        return ("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",)

    @contextmanager
    def creating(self, connection: Connection) -> Iterator[None]:
        """Begin a transaction that creates the store as a whole or not at all."""
        for statement in self.begin(writing=True):
            connection.exec_driver_sql(statement)
        yield
        connection.commit()

    def meaning(self, error: BaseException) -> Meaning | None:
        """Return what an error of the driver means, or None if nothing is known of it."""
        state = getattr(error, "sqlstate", None)
        if state is not None:
            return _MEANINGS.get(state, _AWAY if state[:2] in ("08", "57") else None)
        text = str(error)
        if "NUL" in text:
            return Meaning(InvalidArgumentError, "Leave the NUL character out.")
        if "authentication failed" in text or "no password supplied" in text:
            return _CREDENTIALS
        if f'database "{self._url.database}" does not exist' in text:
            return _MEANINGS[_NO_DATABASE]
        is_operational = type(error).__name__ in ("OperationalError", "ConnectionTimeout")
        return _AWAY if is_operational else None


def parse(url: str) -> PostgresqlDatabase:
    """Return the database that a ``postgresql:`` URL names.

    Raises:
        SettingsError: It names none, or psycopg is not installed.
    """
    parsed = parse_url(url, _DRIVERS, _FORM)
    return PostgresqlDatabase(parsed, import_driver("psycopg", "postgresql").Error)
