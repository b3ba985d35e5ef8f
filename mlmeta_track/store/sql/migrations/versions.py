"""What each version of MLMD's schema added to the one before."""

from __future__ import annotations

from dataclasses import dataclass

from mlmeta_track.store.sql.migrations.changes import (
    AddColumns,
    AddIndexes,
    AddTable,
    Change,
    ContextTypes,
    LongTexts,
    NoEmptyProperties,
    UniqueEvents,
)
from mlmeta_track.store.sql.migrations.tables import OLD_EVENT_INDEX, Tables
from mlmeta_track.store.sql.schema import METADATA

_PROPERTIES = ("ArtifactProperty", "ExecutionProperty", "ContextProperty")
_TIMES = ("create_time_since_epoch", "last_update_time_since_epoch")


@dataclass(frozen=True)
class Version:
    """A version, as what it changed; upgrading makes its changes, downgrading undoes them."""

    number: int
    changes: tuple[Change, ...]

    @property
    def new_tables(self) -> frozenset[str]:
        """The names of the tables that it added."""
        return frozenset(c.table for c in self.changes if isinstance(c, AddTable))

    def upgrade(self, tables: Tables) -> None:
        """Bring tables of the version before to this version."""
        for change in self.changes:
            change.make(tables)

    def downgrade(self, tables: Tables) -> None:
        """Bring tables of this version to the version before."""
        for change in reversed(self.changes):
            change.undo(tables)


VERSIONS = (
    Version(1, (AddTable("MLMDEnv", ("schema_version",)),)),
    Version(2, (ContextTypes(),)),
    Version(
        3,
        (
            AddTable("Context", ("id", "type_id", "name")),
            AddTable(
                "ContextProperty",
                (
                    "context_id",
                    "name",
                    "is_custom_property",
                    "int_value",
                    "double_value",
                    "string_value",
                ),
            ),
        ),
    ),
    Version(
        4,
        (
            AddTable("Association", ("id", "context_id", "execution_id")),
            AddTable("Attribution", ("id", "context_id", "artifact_id")),
        ),
    ),
    Version(
        5,
        (
            AddColumns(("Artifact",), ("state", "name", *_TIMES)),
            AddColumns(("Execution",), ("last_known_state", "name", *_TIMES)),
            AddColumns(("Context",), _TIMES),
        ),
    ),
    Version(
        6,
        (
            AddTable("ParentType", ("type_id", "parent_type_id")),
            AddTable("ParentContext", ("context_id", "parent_context_id")),
            AddColumns(("Type",), ("version", "description")),
            AddIndexes(
                (
                    "idx_artifact_uri",
                    "idx_artifact_create_time_since_epoch",
                    "idx_artifact_last_update_time_since_epoch",
                    OLD_EVENT_INDEX,
                    "idx_event_execution_id",
                    "idx_parentcontext_parent_context_id",
                    "idx_type_name",
                    "idx_execution_create_time_since_epoch",
                    "idx_execution_last_update_time_since_epoch",
                    "idx_context_create_time_since_epoch",
                    "idx_context_last_update_time_since_epoch",
                )
            ),
        ),
    ),
    Version(
        7,
        (
            AddColumns(_PROPERTIES, ("byte_value",)),
            LongTexts(_PROPERTIES),
            AddIndexes(("idx_eventpath_event_id",)),
        ),
    ),
    Version(
        8,
        (
            AddIndexes(
                (
                    "idx_artifact_property_int",
                    "idx_artifact_property_double",
                    "idx_artifact_property_string",
                    "idx_execution_property_int",
                    "idx_execution_property_double",
                    "idx_execution_property_string",
                    "idx_context_property_int",
                    "idx_context_property_double",
                    "idx_context_property_string",
                )
            ),
            UniqueEvents(),
        ),
    ),
    Version(
        9,
        (
            AddColumns(("Type", "Artifact", "Execution", "Context"), ("external_id",)),
            AddIndexes(
                (
                    "idx_type_external_id",
                    "idx_artifact_external_id",
                    "idx_execution_external_id",
                    "idx_context_external_id",
                )
            ),
        ),
    ),
    Version(
        10,
        (
            # Undone in reverse: the columns are dropped first.
            NoEmptyProperties(_PROPERTIES),
            AddColumns(_PROPERTIES, ("proto_value", "bool_value")),
        ),
    ),
)


def tables_of_version(number: int) -> list[str]:
    """Return the names of the tables that a version has."""
    later = frozenset[str]().union(*(version.new_tables for version in VERSIONS[number:]))
    return [name for name in METADATA.tables if name not in later]
