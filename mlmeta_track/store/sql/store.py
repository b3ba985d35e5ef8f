"""The store on a SQL database: every promise of ``Store`` as one transaction."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable, Sequence
from importlib import import_module

from mlmeta_track.domain.batch import Batch, PutResult
from mlmeta_track.domain.events import Event, EventType
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
from mlmeta_track.errors import InternalError
from mlmeta_track.store.base import MemberT, NodeT, Store, TypeT
from mlmeta_track.store.batches.checking import check_batch
from mlmeta_track.store.batches.types import check_declaration, refuse_conflict
from mlmeta_track.store.maintenance import Maintenance
from mlmeta_track.store.sql import calls, listing, read, types
from mlmeta_track.store.sql.begun import BegunCache, BegunExecutions
from mlmeta_track.store.sql.engine import Database
from mlmeta_track.store.sql.lineage import read_lineage
from mlmeta_track.store.sql.near import events_near
from mlmeta_track.store.sql.prepared import Session
from mlmeta_track.store.sql.rows import StaleTypeError
from mlmeta_track.store.sql.write import BatchWriter, Known


class SqlStore(Store):
    """A store in a SQLite file or in memory; see ``Store`` for what it promises."""

    def __init__(self, url: str, *, create: bool = True) -> None:
        """Open the store.

        Args:
            url: ``sqlite:///relative/path.db``, ``sqlite:////absolute/path.db``, ``sqlite://`` for
                a store in memory, or ``sqlite:///file:PATH?mode=ro&uri=true``.
            create: Whether to create it if it does not exist.

        Raises:
            SettingsError: The URL is none of these.
            NotFoundError: It does not exist, and is not to be created.
            FailedPreconditionError: It is no store of MLMD, or has another schema version.
            UnavailableError: It cannot be reached or created.
        """
        self._types: types.TypeCache = {}
        self._begun: BegunCache = {}
        self._database = Database(url, on_open=self._forget, create=create)
        self.url = self._database.url

    def _forget(self) -> None:
        self._types.clear()
        self._begun.clear()

    def __repr__(self) -> str:
        """Return the store's class and URL."""
        return f"{type(self).__name__}({self.url!r})"

    def put(self, batch: Batch) -> PutResult:
        """Write a batch and return the ids of what its keys came to mean."""
        [result] = self.put_many((batch,))
        return result

    def put_many(self, batches: Sequence[Batch]) -> list[PutResult]:
        """Write batches in their order, all in one transaction."""
        for batch in batches:
            check_batch(batch)
        try:
            return self._put(batches)
        except StaleTypeError:
            # The database was put back to an earlier state under the open store.
            self._forget()
        try:
            return self._put(batches)
        except StaleTypeError as error:
            message = f"{self!r}: a type that was just written cannot be found."
            raise InternalError(message) from error

    def _put(self, batches: Sequence[Batch]) -> list[PutResult]:
        def write(session: Session) -> tuple[Known, list[PutResult]]:
            known = Known(
                types.TypeWriter(session, self._types),
                BegunExecutions(self._begun),
                now=time.time_ns() // 1_000_000,
            )
            return known, [BatchWriter(session, known, batch).write() for batch in batches]

        known, results = self._database.writing(write)
        known.types.remember()
        known.begun.remember()
        return results

    def check_type(self, declared: NodeType) -> None:
        """Raise ``TypeConflictError`` if the store has that type with other property types."""
        check_declaration(declared)
        with self._database.read() as session:
            stored = types.find_type(session, declared)
        if stored is not None:
            refuse_conflict(declared, stored)

    def get_types(self, kind: type[TypeT]) -> list[TypeT]:
        """Return all types of a kind, MLMD's simple types included."""
        with self._database.read() as session:
            return types.read_types(session, kind)

    def get_type(self, kind: type[TypeT], name: str, version: str | None = None) -> TypeT | None:
        """Return the type of that name and version, or None."""
        with self._database.read() as session:
            return types.read_type(session, kind, name, version)

    def get_by_id(self, kind: type[NodeT], ids: Iterable[int]) -> list[NodeT]:
        """Return the nodes with those ids."""
        with self._database.read() as session:
            return read.nodes_by_ids(session, kind, ids)

    def get_by_external_id(self, kind: type[NodeT], external_ids: Iterable[str]) -> list[NodeT]:
        """Return the nodes with those external ids."""
        with self._database.read() as session:
            return read.nodes_by_external_ids(session, kind, external_ids)

    def get_by_type(
        self, kind: type[NodeT], type_name: str, type_version: str | None = None
    ) -> list[NodeT]:
        """Return the nodes of the type of that name and version; none if there is no such type."""
        with self._database.read() as session:
            return read.nodes_by_type(session, kind, type_name, type_version)

    def get_by_name(
        self, kind: type[NodeT], type_name: str, name: str, type_version: str | None = None
    ) -> NodeT | None:
        """Return the node of that type and name, or None."""
        with self._database.read() as session:
            return read.node_by_name(session, kind, type_name, type_version, name)

    def get_by_context(self, kind: type[MemberT], context_id: int) -> list[MemberT]:
        """Return the artifacts attributed to, or the executions associated with, a context."""
        with self._database.read() as session:
            return read.nodes_by_context(session, kind, context_id)

    def get_artifacts_by_uri(self, uri: str, *, most: int | None = None) -> list[Artifact]:
        """Return the artifacts with exactly that URI; no more than ``most``, the newest."""
        with self._database.read() as session:
            return read.artifacts_by_uri(session, uri, most)

    def get_artifacts_by_fingerprint(self, fingerprint: str) -> list[Artifact]:
        """Return the artifacts whose content, or whose file, has that fingerprint."""
        with self._database.read() as session:
            return read.artifacts_by_fingerprint(session, fingerprint)

    def list_nodes(
        self, kind: type[NodeT], *, limit: int | None = None, newest_first: bool = False
    ) -> list[NodeT]:
        """Return the nodes of a kind in the order of their ids, or the other way round."""
        with self._database.read() as session:
            return read.list_nodes(session, kind, limit, newest_first=newest_first)

    def get_contexts_of(self, kind: type[MemberT], node_id: int) -> list[Context]:
        """Return the contexts that an artifact or an execution belongs to."""
        with self._database.read() as session:
            return read.contexts_of(session, kind, node_id)

    def get_parent_contexts(self, context_id: int) -> list[Context]:
        """Return the contexts that a context is a child of."""
        with self._database.read() as session:
            return read.parent_contexts(session, context_id)

    def get_child_contexts(self, context_id: int) -> list[Context]:
        """Return the contexts that are children of a context."""
        with self._database.read() as session:
            return read.child_contexts(session, context_id)

    def get_events_by_artifact_ids(self, artifact_ids: Iterable[int]) -> list[Event]:
        """Return the events of those artifacts."""
        with self._database.read() as session:
            return read.events_by(session, "artifact_id", artifact_ids)

    def get_events_by_execution_ids(self, execution_ids: Iterable[int]) -> list[Event]:
        """Return the events of those executions."""
        with self._database.read() as session:
            return read.events_by(session, "execution_id", execution_ids)

    def get_events_near(
        self,
        kind: type[Artifact | Execution],
        ids: Iterable[int],
        *,
        types: Collection[EventType],
        most: int,
    ) -> list[Event]:
        """Return of each of some nodes no more than ``most`` events of those types, the newest."""
        with self._database.read() as session:
            return events_near(session, kind, ids, types, most)

    def get_lineage(
        self,
        *,
        artifact_ids: Iterable[int] = (),
        execution_ids: Iterable[int] = (),
        direction: Direction = Direction.UPSTREAM,
        depth: int | None = None,
    ) -> LineageGraph:
        """Return what lies before (or behind) the given nodes; see ``Store.get_lineage``."""
        with self._database.read() as session:
            return read_lineage(session, artifact_ids, execution_ids, direction, depth)

    def put_types(
        self, types: Sequence[NodeType], *, can_add_fields: bool, can_omit_fields: bool
    ) -> list[int]:
        """Make types, or compare them with what is stored and add properties; return their ids."""
        return self._database.writing(
            lambda session: calls.put_types(
                session, types, can_add_fields=can_add_fields, can_omit_fields=can_omit_fields
            )
        )

    def put_nodes(
        self, kind: type[NodeT], nodes: Sequence[NodeWrite], options: UpdateOptions
    ) -> list[int]:
        """Make the nodes that have no id, update those that have one; return their ids."""
        return self._database.writing(
            lambda session: calls.put_nodes(session, kind, nodes, options)
        )

    def put_events(self, events: Sequence[EventWrite]) -> None:
        """Make events between artifacts and executions that exist."""
        return self._database.writing(lambda session: calls.put_events(session, events))

    def put_links(
        self, attributions: Sequence[Attribution], associations: Sequence[Association]
    ) -> None:
        """Put artifacts and executions into contexts; links that exist are left as they are."""
        return self._database.writing(
            lambda session: calls.put_links(session, attributions, associations)
        )

    def put_parent_contexts(self, links: ParentLinks) -> None:
        """Make contexts children of others."""
        return self._database.writing(lambda session: calls.put_parent_contexts(session, links))

    def put_execution(
        self,
        execution: ExecutionWrite,
        artifacts_and_events: Sequence[ArtifactAndEvent],
        contexts: Sequence[ContextWrite],
        options: PutExecutionOptions,
    ) -> PutExecutionIds:
        """Write an execution with its artifacts, events and contexts."""
        return self._database.writing(
            lambda session: calls.put_execution(
                session, execution, artifacts_and_events, contexts, options
            )
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
        return self._database.writing(
            lambda session: calls.put_lineage_subgraph(
                session, executions, artifacts, contexts, event_edges, options
            )
        )

    def list_page(self, kind: type[NodeT], query: ListQuery) -> Page[NodeT]:
        """Return a page of nodes: filtered, in the order asked for, after where the last ended."""
        with self._database.read() as session:
            return listing.list_page(session, kind, query)

    def explain(self, kind: type[NodeT], query: ListQuery) -> str:
        """Return the SQL of a page of nodes, its parameters, and the database's plan."""
        with self._database.read() as session:
            return listing.explain(session, kind, query)

    def get_lineage_subgraph(self, query: SubgraphQuery) -> Subgraph:
        """Walk from hop to hop as MLMD does, and return what was reached."""
        with self._database.read() as session:
            walk = import_module("mlmeta_track.store.sql.subgraph")  # which has the filters
            found: Subgraph = walk.read_subgraph(session, query)
            return found

    def maintenance(self) -> Maintenance:
        """Return what deletes, archives and restores."""
        # Imported when it is needed, which few processes do.
        keeper = import_module("mlmeta_track.store.sql.maintenance.keeper")
        found: Maintenance = keeper.SqlMaintenance(self._database)
        return found

    def close(self) -> None:
        """Give back all connections; a later call opens them anew, and memory is then empty."""
        self._database.close()
