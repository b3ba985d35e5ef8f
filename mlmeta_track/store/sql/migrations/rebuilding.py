"""How SQLite's tables are changed: most changes make a table anew and move the rows over.

SQLite appends columns, but neither adds keys nor, in all versions, drops columns, and in a store
of MLMD the columns have an order.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from sqlalchemy import Connection, insert, select, text

from mlmeta_track.errors import FailedPreconditionError
from mlmeta_track.store.sql.migrations.tables import Tables
from mlmeta_track.store.sql.schema import METADATA

_NEW = "mlmeta_track_new"
_BELONGINGS = text(
    "SELECT sql FROM sqlite_master"
    " WHERE tbl_name = :name AND type IN ('index', 'trigger') AND sql IS NOT NULL"
)
_LAST_ID = text("SELECT seq FROM sqlite_sequence WHERE name = :name")
_FORGET_ID = text("DELETE FROM sqlite_sequence WHERE name = :name")
_REMEMBER_ID = text("INSERT INTO sqlite_sequence (name, seq) VALUES (:name, :last)")
_SEQUENCES = text("SELECT 1 FROM sqlite_master WHERE name = 'sqlite_sequence'")


class SqliteTables(Tables):
    """Tables of SQLite."""

    def __init__(self, connection: Connection, name: str) -> None:
        """Change the tables of a file.

        Args:
            connection: A connection within a transaction.
            name: What messages call the database.
        """
        super().__init__(connection, name)
        # Or a view of somebody's own would not let its tables be replaced.
        connection.exec_driver_sql("PRAGMA legacy_alter_table = ON")

    def add_columns(self, table: str, names: Sequence[str]) -> None:
        """Add columns at their places, and the unique keys that they complete."""
        present = self.columns(table)
        new = [name for name in names if name not in present]
        wanted = [c.name for c in METADATA.tables[table].columns if c.name in {*present, *new}]
        if not new:
            return
        keys = [key for key in self.known_keys(table, wanted) if not set(key).isdisjoint(new)]
        if keys or wanted[-len(new) :] != new:
            self._rebuild(table, wanted)
            return
        for name in new:
            self.alter(table, [f"ADD COLUMN {self.specified(table, name)}"])

    def drop_columns(self, table: str, names: Sequence[str]) -> None:
        """Drop columns, and the unique keys that they are in."""
        present = self.columns(table)
        if not set(names).isdisjoint(present):
            self._rebuild(table, [name for name in present if name not in names])

    def add_unique(self, table: str) -> None:
        """Add the unique keys that a table has in MLMD's newest schema."""
        if not self.unique_keys(table):
            self._rebuild(table, self.columns(table))

    def drop_unique(self, table: str) -> None:
        """Drop all unique keys of a table."""
        if self.unique_keys(table):
            self._rebuild(table, self.columns(table), unique=False)

    def _rebuild(self, table: str, columns: Collection[str], *, unique: bool = True) -> None:
        """Make a table anew, with its rows, its indexes and triggers, and the next id it gives.

        Args:
            table: The table.
            columns: The columns that it then has.
            unique: Whether it then has unique keys.
        """
        self._refuse_unknown(table)
        belongings = self.connection.execute(_BELONGINGS, {"name": table}).scalars().all()
        last_id = self._last_id(table)
        keys = self.known_keys(table, columns) if unique else {}
        new = self.define(table, columns, keys, name=_NEW)
        new.create(self.connection)
        kept = [name for name in self.columns(table) if name in columns]
        rows = select(*(METADATA.tables[table].c[name] for name in kept)).order_by(text("rowid"))
        self.connection.execute(insert(new).from_select(kept, rows, include_defaults=False))
        for statement in (
            f"DROP TABLE {self.quoted(table)}",
            f"ALTER TABLE {_NEW} RENAME TO {self.quoted(table)}",
            *belongings,
        ):
            self.connection.exec_driver_sql(statement)
        self._set_last_id(table, last_id)

    def _refuse_unknown(self, table: str) -> None:
        unknown = set(self.columns(table)).difference(METADATA.tables[table].c.keys())
        if unknown:
            message = (
                f"{self.name} cannot be migrated: its table {table} has columns that are not ML"
                f" Metadata's: {', '.join(sorted(unknown))}. Drop them, or move them elsewhere."
            )
            raise FailedPreconditionError(message)

    def _last_id(self, table: str) -> int | None:
        if self.connection.execute(_SEQUENCES).first() is None:
            return None
        return self.connection.execute(_LAST_ID, {"name": table}).scalar()

    def _set_last_id(self, table: str, last_id: int | None) -> None:
        """Have SQLite never give an id again that belonged to a row, also to one that is gone."""
        if last_id is None:
            return
        self.connection.execute(_FORGET_ID, {"name": table})
        self.connection.execute(_REMEMBER_ID, {"name": table, "last": last_id})
