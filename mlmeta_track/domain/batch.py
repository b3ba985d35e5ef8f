"""What one call of ``Store.put`` writes: nodes and edges that refer to each other by key.

A batch is a plain value.  Nothing in it is a database id, so it can be made without asking the
store, retried after a lost connection, or kept in a file and replayed.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeAlias

from mlmeta_track.domain.events import EventPath, EventType
from mlmeta_track.domain.nodes import ArtifactState, ExecutionState, Properties
from mlmeta_track.domain.types import ArtifactType, ContextType, ExecutionType

ContextKey: TypeAlias = "tuple[str, str]"
"""A context's identity: the name of its type and its own name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ArtifactPut:
    """An artifact to be written, or, where ``resolve`` is set, to be found first.

    An artifact that a step *made* is new: it is written under its ``external_id``, once.  One that
    a step *used* (``resolve``) is looked for by type, fingerprint and URI; only if the store does
    not know it, it is written under ``external_id``.  ``file_fingerprint`` is that of the file that
    an in-memory value was written to or loaded from: either fingerprint tells what it is.
    """

    external_id: str
    type: ArtifactType
    uri: str | None = None
    fingerprint: str | None = None
    file_fingerprint: str | None = None
    properties: Properties = field(default_factory=dict)
    custom_properties: Properties = field(default_factory=dict)
    state: ArtifactState = ArtifactState.LIVE
    resolve: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutionPut:
    """An execution to be written, or brought to a later state.

    Properties that are given are set; properties that the store has besides are left alone.
    """

    external_id: str
    type: ExecutionType
    state: ExecutionState
    properties: Properties = field(default_factory=dict)
    custom_properties: Properties = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ContextPut:
    """A context to be made if there is none of that type and name; given properties are set."""

    type: ContextType
    name: str
    properties: Properties = field(default_factory=dict)
    custom_properties: Properties = field(default_factory=dict)

    @property
    def key(self) -> ContextKey:
        """The context's identity."""
        return (self.type.name, self.name)


@dataclass(frozen=True, slots=True, kw_only=True)
class EventPut:
    """The batch's execution used or made the artifact whose key is ``artifact``."""

    artifact: str
    type: EventType
    path: EventPath = ()
    milliseconds_since_epoch: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """One execution at one moment of its life, with all that belongs to it.

    Every context of the batch is associated with the execution and attributed to its artifacts.
    ``parents`` are pairs of child and parent, both among ``contexts``.  A batch without an
    execution writes its artifacts and contexts alone.
    """

    execution: ExecutionPut | None = None
    artifacts: tuple[ArtifactPut, ...] = ()
    contexts: tuple[ContextPut, ...] = ()
    events: tuple[EventPut, ...] = ()
    parents: tuple[tuple[ContextKey, ContextKey], ...] = ()


@dataclass(frozen=True, slots=True)
class StoredArtifact:
    """Which artifact a key of the batch came to mean."""

    id: int
    external_id: str | None
    uri: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PutResult:
    """What the store made of a batch: ids by key."""

    execution_id: int | None = None
    artifacts: dict[str, StoredArtifact] = field(default_factory=dict)
    contexts: dict[ContextKey, int] = field(default_factory=dict)
