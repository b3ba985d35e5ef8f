"""The store on a server of ML Metadata: every promise of ``Store`` over its gRPC service."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from mlmeta_track.domain.batch import Batch, PutResult
from mlmeta_track.domain.events import Event
from mlmeta_track.domain.lineage import Direction, LineageGraph
from mlmeta_track.domain.listing import ListQuery, Page, Subgraph, SubgraphQuery
from mlmeta_track.domain.nodes import Artifact, Context, Execution
from mlmeta_track.domain.types import NodeType
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
from mlmeta_track.errors import SettingsError
from mlmeta_track.store.base import MemberT, NodeT, Store, TypeT
from mlmeta_track.store.batches.checking import check_batch
from mlmeta_track.store.batches.types import check_declaration
from mlmeta_track.store.maintenance import Maintenance
from mlmeta_track.store.remote import calls, reading
from mlmeta_track.store.remote.address import parse
from mlmeta_track.store.remote.connection import Connection
from mlmeta_track.store.remote.lineage import get_lineage, get_subgraph
from mlmeta_track.store.remote.listing import list_page
from mlmeta_track.store.remote.put import put
from mlmeta_track.store.remote.types import TypeCache, check_type, get_type, get_types, put_types


class RemoteStore(Store):
    """A store behind ``ml_metadata.MetadataStoreService``; see ``Store`` for what it promises.

    What the service cannot say is not promised here: events come without their ids; a read that
    takes several calls may see what was written between them; and of a batch, the step itself (its
    execution, new artifacts, events and memberships) is written as a whole, after its types and
    before the parents of its contexts.  A batch that broke off between them is completed when it is
    put again.
    """

    def __init__(self, url: str, *, create: bool = True) -> None:
        """Open the store, and see that the server answers.

        Args:
            url: ``grpc://HOST:PORT``, or ``grpcs://HOST:PORT`` for TLS; see ``address``.
            create: Of no account: the server has a store, or none.

        Raises:
            SettingsError: The URL is none of these.
            UnavailableError: There is no server, or it does not answer in a few seconds.
            NotAnMlmdStoreError: What answers is no server of ML Metadata.
        """
        del create
        self.url = url
        self._connection = Connection(parse(url))
        self._types: TypeCache = {}
        self._connection.check()

    def __repr__(self) -> str:
        """Return the store's class and URL."""
        return f"{type(self).__name__}({self.url!r})"

    def put(self, batch: Batch) -> PutResult:
        """Write a batch and return the ids of what its keys came to mean."""
        check_batch(batch)
        return put(self._connection, self._types, batch)

    def check_type(self, declared: NodeType) -> None:
        """Raise ``TypeConflictError`` if the store has that type with other property types."""
        check_declaration(declared)
        check_type(self._connection, declared)

    def get_types(self, kind: type[TypeT]) -> list[TypeT]:
        """Return all types of a kind, MLMD's simple types included."""
        return get_types(self._connection, kind)

    def get_type(self, kind: type[TypeT], name: str, version: str | None = None) -> TypeT | None:
        """Return the type of that name and version, or None."""
        return get_type(self._connection, kind, name, version)

    def get_by_id(self, kind: type[NodeT], ids: Iterable[int]) -> list[NodeT]:
        """Return the nodes with those ids."""
        return reading.by_ids(self._connection, kind, ids)

    def get_by_external_id(self, kind: type[NodeT], external_ids: Iterable[str]) -> list[NodeT]:
        """Return the nodes with those external ids."""
        return reading.begin_by_external_ids(self._connection, kind, external_ids)()

    def get_by_type(
        self, kind: type[NodeT], type_name: str, type_version: str | None = None
    ) -> list[NodeT]:
        """Return the nodes of the type of that name and version; none if there is no such type."""
        query = ListQuery(type_name=type_name, type_version=type_version)
        return self.list_page(kind, query).nodes

    def get_by_name(
        self, kind: type[NodeT], type_name: str, name: str, type_version: str | None = None
    ) -> NodeT | None:
        """Return the node of that type and name, or None."""
        return reading.begin_by_name(self._connection, kind, type_name, name, type_version)()

    def get_by_context(self, kind: type[MemberT], context_id: int) -> list[MemberT]:
        """Return the artifacts attributed to, or the executions associated with, a context."""
        return self.list_page(kind, ListQuery(context_id=context_id)).nodes

    def get_artifacts_by_uri(self, uri: str, *, most: int | None = None) -> list[Artifact]:
        """Return the artifacts with exactly that URI; no more than ``most``, the newest."""
        found = reading.by_uri(self._connection, uri)
        # The service has no such limit.
        return found if most is None else found[max(0, len(found) - most) :]

    def get_artifacts_by_fingerprint(self, fingerprint: str) -> list[Artifact]:
        """Return the artifacts whose content, or whose file, has that fingerprint."""
        return list(reading.with_fingerprints(self._connection, [fingerprint]))[::-1]

    def list_nodes(
        self, kind: type[NodeT], *, limit: int | None = None, newest_first: bool = False
    ) -> list[NodeT]:
        """Return the nodes of a kind in the order of their ids, or the other way round."""
        return self.list_page(kind, ListQuery(limit=limit, ascending=not newest_first)).nodes

    def get_contexts_of(self, kind: type[MemberT], node_id: int) -> list[Context]:
        """Return the contexts that an artifact or an execution belongs to."""
        return reading.contexts_of(self._connection, kind, node_id)

    def get_parent_contexts(self, context_id: int) -> list[Context]:
        """Return the contexts that a context is a child of."""
        return reading.relatives(self._connection, "Parent", context_id)

    def get_child_contexts(self, context_id: int) -> list[Context]:
        """Return the contexts that are children of a context."""
        return reading.relatives(self._connection, "Children", context_id)

    def get_events_by_artifact_ids(self, artifact_ids: Iterable[int]) -> list[Event]:
        """Return the events of those artifacts."""
        return reading.events_by(self._connection, Artifact, artifact_ids)

    def get_events_by_execution_ids(self, execution_ids: Iterable[int]) -> list[Event]:
        """Return the events of those executions."""
        return reading.events_by(self._connection, Execution, execution_ids)

    def get_lineage(
        self,
        *,
        artifact_ids: Iterable[int] = (),
        execution_ids: Iterable[int] = (),
        direction: Direction = Direction.UPSTREAM,
        depth: int | None = None,
    ) -> LineageGraph:
        """Return what lies before (or behind) the given nodes; see ``Store.get_lineage``."""
        return get_lineage(self._connection, artifact_ids, execution_ids, direction, depth)

    def put_types(
        self, types: Sequence[NodeType], *, can_add_fields: bool, can_omit_fields: bool
    ) -> list[int]:
        """Make types, or compare them with what is stored and add properties; return their ids."""
        return put_types(
            self._connection,
            types,
            can_add_fields=can_add_fields,
            can_omit_fields=can_omit_fields,
        )

    def put_nodes(
        self, kind: type[NodeT], nodes: Sequence[NodeWrite], options: UpdateOptions
    ) -> list[int]:
        """Make the nodes that have no id, update those that have one; return their ids."""
        return calls.put_nodes(self._connection, kind, nodes, options)

    def put_events(self, events: Sequence[EventWrite]) -> None:
        """Make events between artifacts and executions that exist."""
        calls.put_events(self._connection, events)

    def put_links(
        self, attributions: Sequence[Attribution], associations: Sequence[Association]
    ) -> None:
        """Put artifacts and executions into contexts; links that exist are left as they are."""
        calls.put_links(self._connection, attributions, associations)

    def put_parent_contexts(self, links: ParentLinks) -> None:
        """Make contexts children of others."""
        calls.put_parent_contexts(self._connection, links)

    def put_execution(
        self,
        execution: ExecutionWrite,
        artifacts_and_events: Sequence[ArtifactAndEvent],
        contexts: Sequence[ContextWrite],
        options: PutExecutionOptions,
    ) -> PutExecutionIds:
        """Write an execution with its artifacts, events and contexts."""
        return calls.put_execution(
            self._connection, execution, artifacts_and_events, contexts, options
        )

    def put_lineage_subgraph(
        self,
        executions: Sequence[ExecutionWrite],
        artifacts: Sequence[ArtifactWrite],
        contexts: Sequence[ContextWrite],
        event_edges: Sequence[EventEdge],
        options: PutSubgraphOptions,
    ) -> PutSubgraphIds:
        """Write nodes and the events between them; all nodes belong to all the contexts."""
        return calls.put_lineage_subgraph(
            self._connection, executions, artifacts, contexts, event_edges, options
        )

    def list_page(self, kind: type[NodeT], query: ListQuery) -> Page[NodeT]:
        """Return a page of nodes: filtered, in the order asked for, after where the last ended."""
        return list_page(self._connection, kind, query)

    def get_lineage_subgraph(self, query: SubgraphQuery) -> Subgraph:
        """Walk from hop to hop as MLMD does, and return what was reached."""
        return get_subgraph(self._connection, query)

    def maintenance(self) -> Maintenance:
        """Raise ``SettingsError``: ML Metadata's service has no deletes."""
        message = (
            f"The store {self.url} is on a server of ML Metadata, whose service has no deletes."
            " Name the database that it serves, such as postgresql+psycopg://…, with --store."
        )
        raise SettingsError(message)

    def close(self) -> None:
        """Give back the connection; a later call opens it anew."""
        self._types.clear()
        self._connection.close()
