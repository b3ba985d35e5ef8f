"""The kinds of changes from one version to the next; each can be made and undone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from sqlalchemy import and_, delete, func, select

from mlmeta_track.domain.types import TypeKind
from mlmeta_track.store.sql.migrations.tables import OLD_EVENT_INDEX, Tables
from mlmeta_track.store.sql.schema import EVENT, EVENT_PATH, METADATA, TYPE, TYPE_PROPERTY


class Change(Protocol):
    """A change of the schema; made or undone a second time it does nothing."""

    def make(self, tables: Tables) -> None:
        """Make the change."""

    def undo(self, tables: Tables) -> None:
        """Bring back what was before; what has no place there is lost."""


@dataclass(frozen=True)
class AddTable:
    """A new table, with those columns of today's that it had then."""

    table: str
    columns: tuple[str, ...]

    def make(self, tables: Tables) -> None:
        """Create the table."""
        tables.create(self.table, self.columns)

    def undo(self, tables: Tables) -> None:
        """Drop the table."""
        tables.drop(self.table)


@dataclass(frozen=True)
class AddColumns:
    """New columns of some tables, and the unique keys that they complete."""

    tables: tuple[str, ...]
    columns: tuple[str, ...]

    def make(self, tables: Tables) -> None:
        """Add the columns."""
        for table in self.tables:
            tables.add_columns(table, self.columns)

    def undo(self, tables: Tables) -> None:
        """Drop the columns."""
        for table in self.tables:
            tables.drop_columns(table, self.columns)


@dataclass(frozen=True)
class AddIndexes:
    """New indexes."""

    names: tuple[str, ...]

    def make(self, tables: Tables) -> None:
        """Create the indexes."""
        for name in self.names:
            tables.add_index(name)

    def undo(self, tables: Tables) -> None:
        """Drop the indexes."""
        for name in self.names:
            tables.drop_index(name)


@dataclass(frozen=True)
class ContextTypes:
    """A type may be one of contexts also: what said whether it is one of artifacts is its kind."""

    def make(self, tables: Tables) -> None:
        """Rename the column; its numbers stay what they were."""
        tables.rename_column(TYPE.name, "is_artifact_type", TYPE.c.type_kind.name)

    def undo(self, tables: Tables) -> None:
        """Delete the types of contexts, which there is no number for, and rename the column."""
        if TYPE.c.type_kind.name not in tables.columns(TYPE.name):
            return
        is_context_type = TYPE.c.type_kind == int(TypeKind.CONTEXT)
        of_contexts = select(TYPE.c.id).where(is_context_type)
        # The properties also: a type that is given such an id later must not have them.
        tables.connection.execute(
            delete(TYPE_PROPERTY).where(TYPE_PROPERTY.c.type_id.in_(of_contexts))
        )
        tables.connection.execute(delete(TYPE).where(is_context_type))
        tables.rename_column(TYPE.name, TYPE.c.type_kind.name, "is_artifact_type")


@dataclass(frozen=True)
class LongTexts:
    """Texts of properties may be longer than 64 KiB, on MySQL; elsewhere they always might."""

    tables: tuple[str, ...]

    def make(self, tables: Tables) -> None:
        """Let the texts be long."""
        for table in self.tables:
            tables.set_text(table, "string_value", long=True)

    def undo(self, tables: Tables) -> None:
        """Cut off what is too long."""
        for table in self.tables:
            tables.set_text(table, "string_value", long=False)


@dataclass(frozen=True)
class UniqueEvents:
    """An artifact and an execution have one event of a type."""

    def make(self, tables: Tables) -> None:
        """Keep the newest of events that are the same, and add the key."""
        newest = (
            select(func.max(EVENT.c.id).label("id"))
            .group_by(EVENT.c.artifact_id, EVENT.c.execution_id, EVENT.c.type)
            .subquery()
        )
        if not tables.unique_keys(EVENT.name):
            tables.connection.execute(delete(EVENT).where(EVENT.c.id.not_in(select(newest.c.id))))
        tables.connection.execute(
            delete(EVENT_PATH).where(EVENT_PATH.c.event_id.not_in(select(EVENT.c.id)))
        )
        tables.add_unique(EVENT.name)
        tables.drop_index(OLD_EVENT_INDEX)

    def undo(self, tables: Tables) -> None:
        """Drop the key, and index what it covered."""
        tables.drop_unique(EVENT.name)
        tables.add_index(OLD_EVENT_INDEX)


@dataclass(frozen=True)
class NoEmptyProperties:
    """Each row of a property has a value in one of the columns that there are.

    An older version has no column for values of newer kinds.  A row that is left without a value
    holds nothing, but ML Metadata cannot read a node that has one.
    """

    tables: tuple[str, ...]

    def make(self, tables: Tables) -> None:
        """Delete the rows that were left so by an ML Metadata that went back."""
        self._delete_empty(tables)

    def undo(self, tables: Tables) -> None:
        """Delete the rows that going back has left so."""
        self._delete_empty(tables)

    def _delete_empty(self, tables: Tables) -> None:
        for table in self.tables:
            present = tables.columns(table)
            columns = METADATA.tables[table].c
            values = [c for c in columns if c.name.endswith("_value") and c.name in present]
            is_empty = and_(*(column.is_(None) for column in values))
            tables.connection.execute(delete(METADATA.tables[table]).where(is_empty))
