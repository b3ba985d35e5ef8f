"""MLMD's own writing calls, each of which is one call of the service."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from mlmeta_track.domain.nodes import Artifact
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
from mlmeta_track.store.base import NodeT
from mlmeta_track.store.remote.connection import Connection
from mlmeta_track.wire import metadata_store_pb2 as pb
from mlmeta_track.wire.requests import edge_request, event_request, node_request, pair_request


def put_nodes(
    connection: Connection, kind: type[NodeT], nodes: Sequence[NodeWrite], options: UpdateOptions
) -> list[int]:
    """Make the nodes that have no id, update those that have one; return their ids."""
    word = kind.__name__.lower()
    fields: dict[str, Any] = {f"{word}s": map(node_request, nodes)}
    if options.mask:
        fields["update_mask"] = {"paths": options.mask}
    if options.abort_if_latest_updated_time_changed:
        if kind is not Artifact:
            message = (
                f"A server cannot refuse to update {word}s that were updated meanwhile."
                " Leave abort_if_latest_updated_time_changed unset."
            )
            raise UnimplementedError(message)
        fields["options"] = {"abort_if_latest_updated_time_changed": True}
    reply = connection.ask(f"Put{kind.__name__}s", **fields)
    return list(getattr(reply, f"{word}_ids"))


def put_events(connection: Connection, events: Iterable[EventWrite]) -> None:
    """Make events between artifacts and executions that exist."""
    connection.ask("PutEvents", events=map(event_request, events))


def put_links(
    connection: Connection,
    attributions: Iterable[Attribution],
    associations: Iterable[Association],
) -> None:
    """Put artifacts and executions into contexts; links that exist are left as they are."""
    connection.ask(
        "PutAttributionsAndAssociations",
        attributions=[
            pb.Attribution(artifact_id=link.artifact_id, context_id=link.context_id)
            for link in attributions
        ],
        associations=[
            pb.Association(execution_id=link.execution_id, context_id=link.context_id)
            for link in associations
        ],
    )


def put_parent_contexts(connection: Connection, links: ParentLinks) -> None:
    """Make contexts children of others."""
    connection.ask(
        "PutParentContexts",
        parent_contexts=[
            pb.ParentContext(child_id=link.child_id, parent_id=link.parent_id) for link in links
        ],
    )


def put_execution(
    connection: Connection,
    execution: ExecutionWrite,
    artifacts_and_events: Iterable[ArtifactAndEvent],
    contexts: Iterable[ContextWrite],
    options: PutExecutionOptions,
) -> PutExecutionIds:
    """Write an execution with its artifacts, events and contexts."""
    by_external_id = options.reuse_artifact_if_already_exist_by_external_id
    reply = connection.ask(
        "PutExecution",
        execution=node_request(execution),
        artifact_event_pairs=[pair_request(*pair) for pair in artifacts_and_events],
        contexts=map(node_request, contexts),
        options={
            "reuse_context_if_already_exist": options.reuse_context_if_already_exist,
            "reuse_artifact_if_already_exist_by_external_id": by_external_id,
            "force_reuse_context": options.force_reuse_context,
            "force_update_time": options.force_update_time,
        },
    )
    return PutExecutionIds(reply.execution_id, list(reply.artifact_ids), list(reply.context_ids))


def put_lineage_subgraph(  # noqa: PLR0913, PLR0917 - the call has as many
    connection: Connection,
    executions: Iterable[ExecutionWrite],
    artifacts: Iterable[ArtifactWrite],
    contexts: Iterable[ContextWrite],
    event_edges: Iterable[EventEdge],
    options: PutSubgraphOptions,
) -> PutSubgraphIds:
    """Write nodes and the events between them; all nodes belong to all the contexts."""
    by_external_id = options.reuse_artifact_if_already_exist_by_external_id
    reply = connection.ask(
        "PutLineageSubgraph",
        executions=map(node_request, executions),
        artifacts=map(node_request, artifacts),
        contexts=map(node_request, contexts),
        event_edges=map(edge_request, event_edges),
        options={
            "reuse_context_if_already_exist": options.reuse_context_if_already_exist,
            "reuse_artifact_if_already_exist_by_external_id": by_external_id,
        },
    )
    return PutSubgraphIds(
        list(reply.execution_ids), list(reply.artifact_ids), list(reply.context_ids)
    )
