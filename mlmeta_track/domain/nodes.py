"""Nodes as a store gives them back: artifacts, executions and contexts with their properties."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from importlib import import_module
from typing import TypeAlias


class ArtifactState(IntEnum):
    """Where an artifact is in its life; the numbers are those on disk."""

    UNKNOWN = 0
    PENDING = 1
    LIVE = 2
    MARKED_FOR_DELETION = 3
    DELETED = 4
    ABANDONED = 5
    REFERENCE = 6


class ExecutionState(IntEnum):
    """How far an execution has come, MLMD's ``last_known_state``; numbers are those on disk."""

    UNKNOWN = 0
    NEW = 1
    RUNNING = 2
    COMPLETE = 3
    FAILED = 4
    CACHED = 5
    CANCELED = 6


STATE_PROPERTY = "state"
"""The declared property in which an execution tells its state in words, as the walkthrough does."""

STATE_WORDS: Mapping[ExecutionState, str] = {
    ExecutionState.NEW: "NEW",
    ExecutionState.RUNNING: "RUNNING",
    ExecutionState.COMPLETE: "COMPLETED",
    ExecutionState.FAILED: "FAILED",
    ExecutionState.CACHED: "CACHED",
    ExecutionState.CANCELED: "CANCELED",
}
"""The walkthrough's word for each state: it says COMPLETED where MLMD says COMPLETE."""


@dataclass(frozen=True, slots=True)
class StructValue:
    """A property of type STRUCT: a ``google.protobuf.Struct``, serialized."""

    serialized: bytes


@dataclass(frozen=True, slots=True)
class ProtoValue:
    """A property of type PROTO: a ``google.protobuf.Any``, serialized."""

    serialized: bytes


PropertyValue: TypeAlias = "int | float | str | bool | StructValue | ProtoValue"
Properties: TypeAlias = Mapping[str, PropertyValue]


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """What artifacts, executions and contexts have in common.

    ``type`` is the type's name; times are milliseconds since the epoch, set by the store.
    """

    id: int
    type: str
    type_id: int
    name: str | None = None
    external_id: str | None = None
    properties: Properties = field(default_factory=dict)
    custom_properties: Properties = field(default_factory=dict)
    create_time_since_epoch: int = 0
    last_update_time_since_epoch: int = 0

    def _repr_html_(self) -> str:
        """Return the node as a table, which is how notebooks show it."""
        # Imported when a notebook asks, which few processes do.
        shown: str = import_module("mlmeta_track.domain.cards").node_html(self)
        return shown


@dataclass(frozen=True, slots=True, kw_only=True)
class Artifact(Node):
    """Something that executions make and use: a file, a schema, a model."""

    uri: str | None = None
    state: ArtifactState | None = None

    @property
    def fingerprint(self) -> str | None:
        """The content's fingerprint as it was recorded, or None."""
        value = self.custom_properties.get(FINGERPRINT)
        return value if isinstance(value, str) else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Execution(Node):
    """One run of one step."""

    last_known_state: ExecutionState | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Context(Node):
    """A group of artifacts and executions, such as an experiment or a run."""

    name: str = ""


FINGERPRINT = "mlmeta_fingerprint"
"""The custom property in which an artifact carries its content's fingerprint."""

FILE_FINGERPRINT = "mlmeta_file_fingerprint"
"""The custom property for the fingerprint of the file that an in-memory value was written to."""

DELETED_AT = "mlmeta_deleted_at"
"""The custom property of a tombstone: when its record went."""
