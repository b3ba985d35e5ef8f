"""The tables of one database, and how they are changed."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import accumulate, takewhile
from typing import Any, TypeAlias

from sqlalchemy import (
    INTEGER,
    TEXT,
    Column,
    Connection,
    Index,
    MetaData,
    Table,
    UniqueConstraint,
    and_,
    func,
    insert,
    inspect,
    select,
    text,
    update,
)
from sqlalchemy.schema import CreateColumn

from mlmeta_track.store.sql import mysql_text
from mlmeta_track.store.sql.opening import column_names
from mlmeta_track.store.sql.schema import METADATA, MLMD_ENV

OLD_EVENT_INDEX = "idx_event_artifact_id"
"""The index that versions 6 and 7 had, before a unique key covered it."""

_Key: TypeAlias = "tuple[str, ...]"
_MOST_BYTES = 2**16 - 1


def _all_indexes() -> Mapping[str, list[tuple[str, Index]]]:
    """Return by name the indexes of all versions, with their tables.

    Of one name there may be several, for databases that want them otherwise; each knows its own.
    """
    old = Table("Event", MetaData(), Column("artifact_id", INTEGER))
    indexes = [Index(OLD_EVENT_INDEX, old.c.artifact_id)]
    indexes += [index for table in METADATA.tables.values() for index in table.indexes]
    found: dict[str, list[tuple[str, Index]]] = {}
    for index in indexes:
        assert index.table is not None  # noqa: S101 - each was made for a table
        found.setdefault(str(index.name), []).append((index.table.name, index))
    return found


_INDEXES = _all_indexes()


class Tables:
    """The tables of one database, by the names that MLMD's newest schema has for them.

    Each change does nothing if it is made already, so that a migration that was interrupted can be
    taken up again.
    """

    def __init__(self, connection: Connection, name: str) -> None:
        """Change the tables of a database.

        Args:
            connection: A connection within a transaction.
            name: What messages call the database.
        """
        self.connection = connection
        self.name = name

    # What is there

    def has(self, table: str) -> bool:
        """Say whether there is such a table."""
        return inspect(self.connection).has_table(self.on_disk(table))

    def columns(self, table: str) -> list[str]:
        """Return the names of a table's columns, in order."""
        return column_names(self.connection, METADATA.tables[table])

    def unique_keys(self, table: str) -> dict[_Key, str | None]:
        """Return the columns of a table's unique keys, and the keys' names."""
        found = inspect(self.connection).get_unique_constraints(self.on_disk(table))
        return {tuple(key["column_names"]): key["name"] for key in found}

    def on_disk(self, name: str) -> str:
        """Return a name as the database has it: on PostgreSQL MLMD's are in lower case."""
        return name.lower() if self.connection.dialect.name == "postgresql" else name

    # Changes that are the same everywhere

    def create(self, table: str, columns: Collection[str]) -> None:
        """Create a table with some of the columns of MLMD's newest schema."""
        if not self.has(table):
            self.define(table, columns, self.known_keys(table, columns)).create(self.connection)

    def drop(self, table: str) -> None:
        """Drop a table."""
        if self.has(table):
            METADATA.tables[table].drop(self.connection)

    def rename_column(self, table: str, old: str, new: str) -> None:
        """Rename a column."""
        if old in self.columns(table):
            self.alter(table, [f"RENAME COLUMN {old} TO {new}"])

    def add_index(self, name: str) -> None:
        """Create the index of that name."""
        for table, index in _INDEXES[name]:
            if not self._has_index(table, name):
                index.create(self.connection)

    def drop_index(self, name: str) -> None:
        """Drop the index of that name."""
        for table, index in _INDEXES[name]:
            if self.has(table) and self._has_index(table, name):
                index.drop(self.connection)

    def _has_index(self, table: str, name: str) -> bool:
        found = inspect(self.connection).get_indexes(self.on_disk(table))
        return name in {index["name"] for index in found}

    def write_version(self, version: int) -> None:
        """Write down which schema this is, unless it has no place for that."""
        if not self.has(MLMD_ENV.name):
            return
        if self.connection.execute(select(MLMD_ENV.c.schema_version)).first() is None:
            self.connection.execute(insert(MLMD_ENV).values(schema_version=version))
        else:
            self.connection.execute(update(MLMD_ENV).values(schema_version=version))

    # Changes that differ

    def add_columns(self, table: str, names: Sequence[str]) -> None:
        """Add columns of MLMD's newest schema, and the unique keys that they complete."""
        raise NotImplementedError

    def drop_columns(self, table: str, names: Sequence[str]) -> None:
        """Drop columns, and the unique keys that they are in."""
        raise NotImplementedError

    def add_unique(self, table: str) -> None:
        """Add the unique keys that a table has in MLMD's newest schema."""
        raise NotImplementedError

    def drop_unique(self, table: str) -> None:
        """Drop all unique keys of a table."""
        raise NotImplementedError

    def set_text(self, table: str, column: str, *, long: bool) -> None:
        """Let a column hold long texts, or none; where there is one kind of text, do nothing."""

    # How it is said in SQL

    def alter(self, table: str, parts: Sequence[str]) -> None:
        """Change a table in several ways at once."""
        if parts:
            self.connection.exec_driver_sql(f"ALTER TABLE {self.quoted(table)} {', '.join(parts)}")

    def quoted(self, name: str) -> str:
        """Return a name as it stands in a statement."""
        return self.connection.dialect.identifier_preparer.quote(name)

    def specified(self, table: str, column: str) -> str:
        """Return a column of MLMD's newest schema as it stands in a statement."""
        wanted = CreateColumn(METADATA.tables[table].c[column])
        return str(wanted.compile(dialect=self.connection.dialect))

    def known_keys(self, table: str, columns: Collection[str]) -> dict[_Key, str | None]:
        """Return the unique keys of MLMD's newest schema that have only some of the columns."""
        on_sqlite = self.connection.dialect.name == "sqlite"
        found: dict[_Key, str | None] = {}
        for constraint in METADATA.tables[table].constraints:
            if not isinstance(constraint, UniqueConstraint):
                continue
            key = tuple(constraint.columns.keys())
            if set(key) <= set(columns):
                # What has no name on SQLite stands there twice, for the servers with a name.
                name = None if constraint.name is None or on_sqlite else str(constraint.name)
                found[key] = found.get(key) or name
        return dict(sorted(found.items(), key=lambda item: len(item[0])))

    def define(
        self,
        table: str,
        columns: Collection[str],
        keys: Mapping[_Key, str | None],
        name: str | None = None,
    ) -> Table:
        """Return a table with some of the columns of MLMD's newest schema.

        Args:
            table: The table's name there.
            columns: Which of its columns; their order is the schema's.
            keys: Its unique keys.
            name: How it is to be called, if otherwise.
        """
        source = METADATA.tables[table]
        return Table(
            name or table,
            MetaData(),
            *(_copy(column) for column in source.columns if column.name in columns),
            *(UniqueConstraint(*key, name=key_name) for key, key_name in keys.items()),
            **source.dialect_kwargs,
        )


def _copy(column: Column[Any]) -> Column[Any]:
    return Column(
        column.name,
        column.type,
        primary_key=column.primary_key,
        nullable=column.nullable,
        autoincrement=column.autoincrement,
        # MLMD knows no other: a time that was never written is 0.
        server_default=None if column.server_default is None else text("0"),
    )


class ServerTables(Tables):
    """Tables that a server alters where they are: no row moves, whatever else is in the table."""

    key_word = "CONSTRAINT"
    """How the server calls a unique key that is to be dropped."""

    def add_columns(self, table: str, names: Sequence[str]) -> None:
        """Add columns in the end, and the unique keys that they complete."""
        present = self.columns(table)
        new = [name for name in names if name not in present]
        parts = [f"ADD COLUMN {self.specified(table, name)}" for name in new]
        wanted = self.known_keys(table, [*present, *new])
        keys = {key: name for key, name in wanted.items() if not set(key).isdisjoint(names)}
        self.alter(table, [*parts, *self._adding(table, keys)])

    def drop_columns(self, table: str, names: Sequence[str]) -> None:
        """Drop columns, and the unique keys that they are in."""
        there = [name for name in names if name in self.columns(table)]
        parts = [f"DROP COLUMN {self.quoted(name)}" for name in there]
        keys = [key for key in self.unique_keys(table) if not set(key).isdisjoint(there)]
        self.alter(table, [*self._dropping(table, keys), *parts])

    def add_unique(self, table: str) -> None:
        """Add the unique keys that a table has in MLMD's newest schema."""
        self.alter(table, self._adding(table, self.known_keys(table, self.columns(table))))

    def drop_unique(self, table: str) -> None:
        """Drop all unique keys of a table."""
        self.alter(table, self._dropping(table, self.unique_keys(table)))

    def _adding(self, table: str, keys: Mapping[_Key, str | None]) -> list[str]:
        present = self.unique_keys(table)
        return [self._key(key, name) for key, name in keys.items() if key not in present]

    def _key(self, key: _Key, name: str | None) -> str:
        named = "" if name is None else f"CONSTRAINT {self.quoted(name)} "
        return f"ADD {named}UNIQUE ({', '.join(self.quoted(column) for column in key)})"

    def _dropping(self, table: str, keys: Iterable[_Key]) -> list[str]:
        present = self.unique_keys(table)
        return [f"DROP {self.key_word} {self.quoted(str(present[key]))}" for key in keys]


class MysqlTables(ServerTables):
    """Tables of MySQL and MariaDB."""

    key_word = "INDEX"

    def set_text(self, table: str, column: str, *, long: bool) -> None:
        """Let a column hold 16 MiB, or 64 KiB; what is longer is cut off then."""
        found = METADATA.tables[table].c[column]
        if not long:
            self._cut(found)
        kind = (found.type if long else TEXT()).compile(dialect=self.connection.dialect)
        self.alter(table, [f"MODIFY COLUMN {self.quoted(column)} {kind}"])

    def _cut(self, column: Column[Any]) -> None:
        """Cut texts off where they are too long for a column of short ones."""
        keys = list(column.table.primary_key)
        is_long = func.octet_length(column) > _MOST_BYTES
        for *values, long in self.connection.execute(select(*keys, column).where(is_long)).all():
            is_it = and_(*(key == value for key, value in zip(keys, values, strict=True)))
            cut = {column.name: _beginning(long)}
            self.connection.execute(update(column.table).where(is_it).values(cut))


def _beginning(text: str) -> str:
    """Return as much of a text as a column of short ones holds."""
    # Not by MySQL, which does not know where a character ends: see ``mysql_text``.
    sizes = accumulate(len(mysql_text.encode(character)[0]) for character in text)
    return text[: sum(1 for _ in takewhile(lambda size: size <= _MOST_BYTES, sizes))]
