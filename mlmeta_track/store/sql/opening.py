"""What a database is found to be when it is opened: empty, a store that can be used, or not."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection, Table, inspect, literal, select, text

from mlmeta_track.errors import (
    FailedPreconditionError,
    NotAnMlmdStoreError,
    SchemaVersionError,
)
from mlmeta_track.store.sql.schema import METADATA, MLMD_ENV, SCHEMA_VERSION, TYPE

_SHOWN_TABLES = 5


def is_empty(connection: Connection) -> bool:
    """Say whether the database has no tables at all."""
    return not inspect(connection).get_table_names()


def is_unfinished(connection: Connection) -> bool:
    """Say whether somebody began to create a store here and did not come to the end.

    MySQL commits each table by itself, so that others see a store before it is whole, and an
    interrupted creation leaves tables behind: only MLMD's, all of them empty.
    """
    tables = _tables(connection)
    if not tables or not tables <= METADATA.tables.keys():
        return False
    # The table that tells the version comes first, for in a store it has a row.
    asked = sorted(tables, key=lambda name: name != MLMD_ENV.name)
    if not all(_has_no_rows(connection, METADATA.tables[name]) for name in asked):
        return False
    return not _is_version_0(connection, tables)


def check_schema(connection: Connection, name: str) -> None:
    """Raise an error unless the database is a whole store of MLMD with the schema we speak.

    Args:
        connection: A connection within a transaction.
        name: What messages call the database.

    Raises:
        NotAnMlmdStoreError: It has tables, but not those of MLMD.
        SchemaVersionError: It has another schema version.
        FailedPreconditionError: It is only half a store.
    """
    version = read_version(connection, name)
    if version != SCHEMA_VERSION:
        raise other_version(name, version)
    check_tables(connection, name, METADATA.tables)


def check_tables(connection: Connection, name: str, wanted: Iterable[str]) -> None:
    """Raise ``FailedPreconditionError`` unless the database has all tables that it should have.

    Args:
        connection: A connection within a transaction.
        name: What messages call the database.
        wanted: The names of the tables.
    """
    tables = _tables(connection)
    missing = [table for table in wanted if table not in tables]
    if missing:
        message = (
            f"{name} is only half a store of ML Metadata: it has no table {', '.join(missing)}."
            " Restore it from a copy, or name another path for the store."
        )
        raise FailedPreconditionError(message)


def _tables(connection: Connection) -> set[str]:
    """Return the names of the tables, ours as we spell them: a server may have lower-cased them."""
    spelled = {name.lower(): name for name in METADATA.tables}
    names = inspect(connection).get_table_names()
    if connection.dialect.name == "sqlite":
        return set(names)
    return {spelled.get(name.lower(), name) for name in names}


def _has_no_rows(connection: Connection, table: Table) -> bool:
    return connection.execute(select(literal(1)).select_from(table).limit(1)).first() is None


def read_version(connection: Connection, name: str) -> int:
    """Return the version of MLMD's schema that the database has.

    Args:
        connection: A connection within a transaction.
        name: What messages call the database.

    Raises:
        NotAnMlmdStoreError: It has tables, but not those of MLMD.
        FailedPreconditionError: It does not say.
    """
    tables = _tables(connection)
    if MLMD_ENV.name not in tables:
        if _is_version_0(connection, tables):
            return 0
        raise NotAnMlmdStoreError(_not_a_store(name, tables))
    versions = connection.execute(select(MLMD_ENV.c.schema_version)).scalars().all()
    if not versions and _is_version_0(connection, tables):
        return 0  # whoever began to upgrade it on MySQL was interrupted
    if len(versions) != 1:
        message = (
            f"{name} does not say which schema it has: its table {MLMD_ENV.name} has"
            f" {len(versions)} rows instead of one. Restore it from a copy."
        )
        raise FailedPreconditionError(message)
    return int(versions[0])


def _is_version_0(connection: Connection, tables: set[str]) -> bool:
    """Say whether it is a store of MLMD from before it wrote down its version."""
    if TYPE.name not in tables or connection.dialect.name == "postgresql":
        return False  # ML Metadata spoke to PostgreSQL only later, and spells its tables otherwise
    return "is_artifact_type" in column_names(connection, TYPE)


def column_names(connection: Connection, table: Table) -> list[str]:
    """Return the names of the columns that a table has, in order, whatever the schema says."""
    # Not by reflection, which warns of the spelling that MLMD's types have on SQLite.
    return list(connection.execute(select(text("*")).select_from(table).limit(0)).keys())


def _not_a_store(name: str, tables: set[str]) -> str:
    shown = ", ".join(sorted(tables)[:_SHOWN_TABLES])
    more = ", …" if len(tables) > _SHOWN_TABLES else ""
    return (
        f"{name} is a database of something else: it has the tables {shown}{more}, and not those"
        " of ML Metadata. Name another path for the store."
    )


def other_version(name: str, version: int) -> SchemaVersionError:
    """Return the error for a store of another version than this library speaks."""
    if version > SCHEMA_VERSION:
        way_out = (
            "Use a newer mlmeta-track, or bring it back with"
            f" ml_metadata.downgrade_schema(config, {SCHEMA_VERSION})."
        )
    else:
        way_out = "Upgrade it: mlmeta-track db upgrade --store URL."
    return SchemaVersionError(
        f"{name} has schema version {version}; this library speaks version {SCHEMA_VERSION}."
        f" {way_out}"
    )
