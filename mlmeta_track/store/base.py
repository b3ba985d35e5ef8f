"""The promise that every store keeps, whatever database is behind it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Iterable, Sequence
from typing import TypeVar

from mlmeta_track.domain.batch import Batch, PutResult
from mlmeta_track.domain.events import Event, EventType
from mlmeta_track.domain.lineage import Direction, LineageGraph
from mlmeta_track.domain.listing import ListQuery, Page, Subgraph, SubgraphQuery
from mlmeta_track.domain.nodes import Artifact, Context, Execution
from mlmeta_track.domain.types import ArtifactType, ContextType, ExecutionType, NodeType
from mlmeta_track.domain.writes import (
    ArtifactAndEvent,
    ArtifactWrite,
    Association,
    Attribution,
    ContextWrite,
    EventEdge,
    EventWrite,
    ExecutionWrite,
    NodeWrite,
    ParentLinks,
    PutExecutionIds,
    PutExecutionOptions,
    PutSubgraphIds,
    PutSubgraphOptions,
    UpdateOptions,
)
from mlmeta_track.errors import UnimplementedError
from mlmeta_track.store.maintenance import Maintenance

NodeT = TypeVar("NodeT", Artifact, Execution, Context)
MemberT = TypeVar("MemberT", Artifact, Execution)
TypeT = TypeVar("TypeT", ArtifactType, ExecutionType, ContextType)


class Store(ABC):
    """A store of MLMD metadata.

    **Threads and processes.** One store may be used from many threads at once, and many stores may
    be open on one database, in many processes.  After a fork the child uses connections of its own.

    **Transactions.** Every call is one transaction: it happens as a whole or not at all, and a
    read sees one state of the database.

    **Exactly once.** ``put`` may be called again with a batch that has landed already (after a
    lost connection, or from a spool): the second call changes nothing and returns the same ids.
    Types and contexts are made once however many writers start together.

    **Which artifact.** An artifact with ``resolve`` is found in this order: the one whose
    external id is that of the put; the newest one of its type with the same URI and fingerprint;
    the newest of its type with the same fingerprint; without a fingerprint, the newest of its type
    with the same URI.  Fingerprints are the same if any of the put's (of its content, of its file)
    is any of the artifact's.  Deleted and abandoned artifacts are found by external id only.  An
    artifact that declares another value for a declared property than the put does is another
    artifact.  Where the found one lacks a property or a URI that the put has, it gets it.  If none
    is found, it is made; under an external id that derives from the put's, if that one is taken by
    an artifact with other declared values.  In a batch that is put again, the artifact that the
    execution is linked with already comes before all others.

    **Order.** Everything is returned in ascending order of ids unless a method says otherwise;
    ids that do not exist are left out.

    **Times** are milliseconds since the epoch, set by the store; ``last_update_time_since_epoch``
    moves only if something changed.

    **Errors** are of ``mlmeta_track.errors``, never those of a driver: ``TypeConflictError`` (a
    property is stored with another type), ``InvalidArgumentError`` (a value that cannot be stored),
    ``AbortedError`` (another writer was in the way too long), ``UnavailableError`` (the database is
    away, full, read-only or gone), ``InternalError`` (it refused, or holds what cannot be read).
    """

    url: str

    @abstractmethod
    def put(self, batch: Batch) -> PutResult:
        """Write a batch and return the ids of what its keys came to mean."""

    def put_many(self, batches: Sequence[Batch]) -> list[PutResult]:
        """Write batches in their order, in one transaction where the store can.

        If one cannot be written, those before it may be there or not: put each again by itself.
        """
        return [self.put(batch) for batch in batches]

    @abstractmethod
    def check_type(self, declared: NodeType) -> None:
        """Raise ``TypeConflictError`` if the store has that type with other property types."""

    @abstractmethod
    def get_types(self, kind: type[TypeT]) -> list[TypeT]:
        """Return all types of a kind, MLMD's simple types included."""

    @abstractmethod
    def get_type(self, kind: type[TypeT], name: str, version: str | None = None) -> TypeT | None:
        """Return the type of that name and version, or None."""

    @abstractmethod
    def get_by_id(self, kind: type[NodeT], ids: Iterable[int]) -> list[NodeT]:
        """Return the nodes with those ids."""

    @abstractmethod
    def get_by_external_id(self, kind: type[NodeT], external_ids: Iterable[str]) -> list[NodeT]:
        """Return the nodes with those external ids."""

    @abstractmethod
    def get_by_type(
        self, kind: type[NodeT], type_name: str, type_version: str | None = None
    ) -> list[NodeT]:
        """Return the nodes of the type of that name and version; none if there is no such type."""

    @abstractmethod
    def get_by_name(
        self, kind: type[NodeT], type_name: str, name: str, type_version: str | None = None
    ) -> NodeT | None:
        """Return the node of that type and name, or None."""

    @abstractmethod
    def get_by_context(self, kind: type[MemberT], context_id: int) -> list[MemberT]:
        """Return the artifacts attributed to, or the executions associated with, a context."""

    @abstractmethod
    def get_artifacts_by_uri(self, uri: str, *, most: int | None = None) -> list[Artifact]:
        """Return the artifacts with exactly that URI; no more than ``most``, the newest."""

    @abstractmethod
    def get_artifacts_by_fingerprint(self, fingerprint: str) -> list[Artifact]:
        """Return the artifacts whose content, or whose file, has that fingerprint."""

    @abstractmethod
    def list_nodes(
        self, kind: type[NodeT], *, limit: int | None = None, newest_first: bool = False
    ) -> list[NodeT]:
        """Return the nodes of a kind in the order of their ids, or the other way round."""

    @abstractmethod
    def get_contexts_of(self, kind: type[MemberT], node_id: int) -> list[Context]:
        """Return the contexts that an artifact or an execution belongs to."""

    @abstractmethod
    def get_parent_contexts(self, context_id: int) -> list[Context]:
        """Return the contexts that a context is a child of."""

    @abstractmethod
    def get_child_contexts(self, context_id: int) -> list[Context]:
        """Return the contexts that are children of a context."""

    @abstractmethod
    def get_events_by_artifact_ids(self, artifact_ids: Iterable[int]) -> list[Event]:
        """Return the events of those artifacts."""

    @abstractmethod
    def get_events_by_execution_ids(self, execution_ids: Iterable[int]) -> list[Event]:
        """Return the events of those executions."""

    def get_events_near(
        self,
        kind: type[Artifact | Execution],
        ids: Iterable[int],
        *,
        types: Collection[EventType],
        most: int,
    ) -> list[Event]:
        """Return of each of some nodes no more than ``most`` events of those types, the newest.

        Args:
            kind: ``Artifact`` or ``Execution``.
            ids: The nodes.
            types: The events' types.
            most: How many of one node; a node may have hundreds of thousands.
        """
        of_artifacts = kind is Artifact
        read = self.get_events_by_artifact_ids if of_artifacts else self.get_events_by_execution_ids
        by_node: dict[int, list[Event]] = {}
        for event in read(ids):
            if event.type in types:
                node = event.artifact_id if of_artifacts else event.execution_id
                by_node.setdefault(node, []).append(event)
        kept = [event for events in by_node.values() for event in events[-most:]]
        return sorted(kept, key=lambda event: event.id or 0)

    @abstractmethod
    def get_lineage(
        self,
        *,
        artifact_ids: Iterable[int] = (),
        execution_ids: Iterable[int] = (),
        direction: Direction = Direction.UPSTREAM,
        depth: int | None = None,
    ) -> LineageGraph:
        """Return what lies before (or behind) the given nodes.

        Args:
            artifact_ids: Artifacts to start from.
            execution_ids: Executions to start from.
            direction: Which way to walk.
            depth: How many executions deep; None walks to the end.
        """

    # --- MLMD's own calls, by database id -------------------------------------------------------

    @abstractmethod
    def put_types(
        self, types: Sequence[NodeType], *, can_add_fields: bool, can_omit_fields: bool
    ) -> list[int]:
        """Make types, or compare them with what is stored and add properties; return their ids."""

    @abstractmethod
    def put_nodes(
        self, kind: type[NodeT], nodes: Sequence[NodeWrite], options: UpdateOptions
    ) -> list[int]:
        """Make the nodes that have no id, update those that have one; return their ids."""

    @abstractmethod
    def put_events(self, events: Sequence[EventWrite]) -> None:
        """Make events between artifacts and executions that exist."""

    @abstractmethod
    def put_links(
        self, attributions: Sequence[Attribution], associations: Sequence[Association]
    ) -> None:
        """Put artifacts and executions into contexts; links that exist are left as they are."""

    @abstractmethod
    def put_parent_contexts(self, links: ParentLinks) -> None:
        """Make contexts children of others."""

    @abstractmethod
    def put_execution(
        self,
        execution: ExecutionWrite,
        artifacts_and_events: Sequence[ArtifactAndEvent],
        contexts: Sequence[ContextWrite],
        options: PutExecutionOptions,
    ) -> PutExecutionIds:
        """Write an execution with its artifacts, events and contexts."""

    @abstractmethod
    def put_lineage_subgraph(
        self,
        executions: Sequence[ExecutionWrite],
        artifacts: Sequence[ArtifactWrite],
        contexts: Sequence[ContextWrite],
        event_edges: Sequence[EventEdge],
        options: PutSubgraphOptions,
    ) -> PutSubgraphIds:
        """Write nodes and the events between them; all nodes belong to all the contexts."""

    @abstractmethod
    def list_page(self, kind: type[NodeT], query: ListQuery) -> Page[NodeT]:
        """Return a page of nodes: filtered, in the order asked for, after where the last ended."""

    def explain(self, kind: type[NodeT], query: ListQuery) -> str:  # noqa: ARG002 - others can
        """Return how the store finds the page of a query, as text for people.

        Raises:
            UnimplementedError: The store is no database of its own.
        """
        message = f"{self.url} is asked over the wire; ask its database itself for its plan."
        raise UnimplementedError(message)

    @abstractmethod
    def get_lineage_subgraph(self, query: SubgraphQuery) -> Subgraph:
        """Walk from hop to hop as MLMD does, and return what was reached."""

    # --- The keeper's -----------------------------------------------------------------------------

    @abstractmethod
    def maintenance(self) -> Maintenance:
        """Return what deletes, archives and restores.

        Raises:
            SettingsError: This kind of store has no deletes; the message says which has.
        """

    @abstractmethod
    def close(self) -> None:
        """Give back all connections; a later call opens them anew."""
