"""A store brought from one version of the schema to another.

SQLite and PostgreSQL do it in one transaction: whatever goes wrong, the store is as it was.  MySQL
commits each statement that changes a table, so there the version that is written down is one that
is whole, and what an interrupted migration left behind is of the version after it: upgrading goes
on there, downgrading undoes it, for a change that is made already is not made again.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sqlalchemy.exc import SQLAlchemyError

from mlmeta_track.errors import (
    FailedPreconditionError,
    InvalidArgumentError,
    NotFoundError,
    SettingsError,
)
from mlmeta_track.store.sql.backend import Backend, parse
from mlmeta_track.store.sql.migrations.rebuilding import SqliteTables
from mlmeta_track.store.sql.migrations.tables import MysqlTables, ServerTables, Tables
from mlmeta_track.store.sql.migrations.versions import VERSIONS, tables_of_version
from mlmeta_track.store.sql.opening import (
    check_schema,
    check_tables,
    is_empty,
    other_version,
    read_version,
)
from mlmeta_track.store.sql.schema import SCHEMA_VERSION
from mlmeta_track.store.sql.server import ServerDatabase

if TYPE_CHECKING:
    from sqlalchemy import Connection

_KINDS: dict[str, type[Tables]] = {
    "sqlite": SqliteTables,
    "postgresql": ServerTables,
    "mysql": MysqlTables,
}
_ANSWER_SECONDS = 24 * 60 * 60
"""How long a server may take over one statement: it may have to go through a large table."""


@dataclass(frozen=True)
class _Opened:
    """A store while nobody else writes to it."""

    name: str
    connection: Connection
    version: int

    @property
    def tables(self) -> Tables:
        return _KINDS[self.connection.dialect.name](self.connection, self.name)

    @property
    def is_mysql(self) -> bool:
        return self.connection.dialect.name == "mysql"


def upgrade(url: str) -> int:
    """Bring a store to the schema that this library speaks, and return the version it had.

    Args:
        url: Where it is; a database's URL.

    Raises:
        NotFoundError: It does not exist.
        FailedPreconditionError: It is empty, no store or only half a store of MLMD, or newer.
        UnavailableError: It cannot be reached, or may not be written.
    """
    with _opened(url, writing=True) as store:
        _refuse_newer(store)
        tables = store.tables
        for version in VERSIONS[store.version :]:
            version.upgrade(tables)
            tables.write_version(version.number)
        check_schema(store.connection, store.name)
        return store.version


def downgrade(url: str, version: int) -> int:
    """Bring a store back to an older schema, and return the version it had.

    What the older schema has no place for is lost.  A store of that version, or of an older one,
    is left as it is.

    Args:
        url: Where it is; a database's URL.
        version: The version that it is to have, from 0 on; on PostgreSQL from 1 on.

    Raises:
        InvalidArgumentError: There is no such version.
        NotFoundError: It does not exist.
        FailedPreconditionError: It is empty, no store or only half a store of MLMD, or newer.
        UnavailableError: It cannot be reached, or may not be written.
    """
    if not 0 <= version <= SCHEMA_VERSION:
        message = f"There is no schema version {version}. Name one from 0 to {SCHEMA_VERSION}."
        raise InvalidArgumentError(message)
    with _opened(url, writing=True) as store:
        _refuse_newer(store)
        if version == 0 and store.connection.dialect.name == "postgresql":
            message = (
                f"{store.name} cannot have schema version 0, which ML Metadata never had on"
                " PostgreSQL. Name a version from 1 on."
            )
            raise FailedPreconditionError(message)
        # On MySQL also what an interrupted migration has left of the next version.
        newest = store.version + 1 if store.is_mysql else store.version
        tables = store.tables
        for undone in reversed(VERSIONS[version:newest]):
            tables.write_version(undone.number - 1)
            undone.downgrade(tables)
        return store.version


def stored_version(url: str) -> int:
    """Return the version of the schema that a store has.

    Args:
        url: Where it is; a database's URL.

    Raises:
        NotFoundError: It does not exist.
        FailedPreconditionError: It is empty, or no store or only half a store of MLMD.
        UnavailableError: It cannot be reached.
    """
    with _opened(url, writing=False) as store:
        return store.version


def _refuse_newer(store: _Opened) -> None:
    if store.version > SCHEMA_VERSION:
        raise other_version(store.name, store.version)


@contextmanager
def _opened(url: str, *, writing: bool) -> Iterator[_Opened]:
    """Open a store, in a transaction that is committed in the end, or rolled back."""
    backend = _backend(url)
    backend.check_place()
    if not backend.exists():
        message = f"{backend} does not exist. Name one that does."
        raise NotFoundError(message)
    engine = backend.make_engine(create=False)
    try:
        with engine.connect() as connection, _transaction(backend, connection, writing=writing):
            yield _Opened(str(backend), connection, _checked_version(connection, str(backend)))
    except (SQLAlchemyError, backend.driver_error) as error:
        raise backend.translate(error) from error
    finally:
        engine.dispose()


def _backend(url: str) -> Backend:
    if url.startswith(("grpc://", "grpcs://")):
        message = "A store on a server is migrated by the URL of its database, which it serves."
        raise SettingsError(message)
    backend = parse(url)
    if isinstance(backend, ServerDatabase):
        backend.wait_for_answers(_ANSWER_SECONDS)
    return backend


@contextmanager
def _transaction(backend: Backend, connection: Connection, *, writing: bool) -> Iterator[None]:
    if writing and connection.dialect.name == "mysql":
        # A transaction would end with the first change of a table.
        with backend.creating(connection):
            yield
        return
    try:
        for statement in backend.begin(writing=writing):
            connection.exec_driver_sql(statement)
        yield
        connection.commit()
    except BaseException:
        connection.rollback()
        raise


def _checked_version(connection: Connection, name: str) -> int:
    if is_empty(connection):
        message = f"{name} is empty: there is nothing in it to migrate. Name another."
        raise FailedPreconditionError(message)
    version = read_version(connection, name)
    if version <= SCHEMA_VERSION:
        check_tables(connection, name, tables_of_version(version))
    return version
