"""What MLMD's own calls write: nodes, events and links by database id, with their options.

These values say what a caller of ``put_artifacts`` and its siblings gave, and what it left out:
None means that a field was not set.  ``Batch`` is how this library's own tracking writes; both end
up in the same rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from mlmeta_track.domain.events import EventPath, EventType
from mlmeta_track.domain.nodes import ArtifactState, ExecutionState, Properties


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeWrite:
    """A node to be made (``id`` is None) or updated; None stands for a field that was not set.

    ``type`` and the two times are what a caller got from an earlier read: they are never written.
    Another ``type`` than is stored counts as a change, as in MLMD, and so does ``system_metadata``,
    which MLMD's messages have and its schema has no place for.
    """

    id: int | None = None
    type_id: int | None = None
    type: str | None = None
    name: str | None = None
    external_id: str | None = None
    properties: Properties = field(default_factory=dict)
    custom_properties: Properties = field(default_factory=dict)
    create_time_since_epoch: int | None = None
    last_update_time_since_epoch: int | None = None
    has_system_metadata: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ArtifactWrite(NodeWrite):
    """An artifact to be made or updated."""

    uri: str | None = None
    state: ArtifactState | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutionWrite(NodeWrite):
    """An execution to be made or updated."""

    last_known_state: ExecutionState | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ContextWrite(NodeWrite):
    """A context to be made or updated."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EventWrite:
    """An event to be made; an id that is None is that of the node it is given with."""

    artifact_id: int | None = None
    execution_id: int | None = None
    type: EventType = EventType.UNKNOWN
    path: EventPath = ()
    milliseconds_since_epoch: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateOptions:
    """How nodes that exist are updated.

    Args:
        mask: Which fields to update, as paths (``uri``, ``properties.split``, ...); empty: the
            whole node is replaced.
        abort_if_latest_updated_time_changed: Refuse with ``FailedPreconditionError`` if the stored
            node was updated after the caller read it.
    """

    mask: tuple[str, ...] = ()
    abort_if_latest_updated_time_changed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PutExecutionOptions:
    """The options of ``put_execution``; see ``ml_metadata``."""

    reuse_context_if_already_exist: bool = False
    reuse_artifact_if_already_exist_by_external_id: bool = False
    force_reuse_context: bool = False
    force_update_time: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PutSubgraphOptions:
    """The options of ``put_lineage_subgraph``; see ``ml_metadata``."""

    reuse_context_if_already_exist: bool = False
    reuse_artifact_if_already_exist_by_external_id: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class EventEdge:
    """An event of ``put_lineage_subgraph``: its ends by index in the call, or by id in the event.

    An index of -1 stands for one that was given as such; None was not given.
    """

    execution_index: int | None = None
    artifact_index: int | None = None
    event: EventWrite | None = None


ArtifactAndEvent: TypeAlias = "tuple[ArtifactWrite | None, EventWrite | None]"


@dataclass(frozen=True, slots=True)
class PutExecutionIds:
    """What ``put_execution`` returns; an artifact pair without any artifact has the id -1."""

    execution_id: int
    artifact_ids: list[int]
    context_ids: list[int]


@dataclass(frozen=True, slots=True)
class PutSubgraphIds:
    """What ``put_lineage_subgraph`` returns: ids in the order of the call."""

    execution_ids: list[int]
    artifact_ids: list[int]
    context_ids: list[int]


@dataclass(frozen=True, slots=True)
class Attribution:
    """An artifact belongs to a context."""

    artifact_id: int
    context_id: int


@dataclass(frozen=True, slots=True)
class Association:
    """An execution belongs to a context."""

    execution_id: int
    context_id: int


@dataclass(frozen=True, slots=True)
class ParentLink:
    """A context is the child of another; None where an id was not set."""

    child_id: int | None
    parent_id: int | None


ParentLinks: TypeAlias = "Sequence[ParentLink]"
