"""``put_lineage_subgraph``: nodes and the events between them, by their places in the call."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from mlmeta_track.domain.nodes import Artifact, Context, Execution
from mlmeta_track.domain.writes import (
    ArtifactWrite,
    ContextWrite,
    EventEdge,
    ExecutionWrite,
    NodeWrite,
    PutSubgraphIds,
    PutSubgraphOptions,
)
from mlmeta_track.errors import InvalidArgumentError, OutOfRangeError
from mlmeta_track.store.sql.calls.links import insert_event, link
from mlmeta_track.store.sql.calls.nodes import NodeWriter
from mlmeta_track.store.sql.calls.reuse import as_updates, put_context
from mlmeta_track.store.sql.prepared import Session


def put_lineage_subgraph(  # noqa: PLR0913, PLR0917 - what the call has
    session: Session,
    executions: Sequence[ExecutionWrite],
    artifacts: Sequence[ArtifactWrite],
    contexts: Sequence[ContextWrite],
    event_edges: Sequence[EventEdge],
    options: PutSubgraphOptions,
) -> PutSubgraphIds:
    """Write nodes and the events between them; all nodes belong to all the contexts."""
    for edge in event_edges:
        _check_edge(edge, executions, artifacts)
    writers = {kind: NodeWriter(session, kind) for kind in (Artifact, Execution, Context)}
    for kind, nodes in ((Artifact, artifacts), (Execution, executions), (Context, contexts)):
        writers[kind].check(nodes)

    reuse = options.reuse_context_if_already_exist
    context_ids = [put_context(session, writers[Context], c, reuse=reuse) for c in contexts]
    if options.reuse_artifact_if_already_exist_by_external_id:
        artifacts = as_updates(session, artifacts)
    artifact_ids = [writers[Artifact].put(artifact) for artifact in artifacts]
    execution_ids = [writers[Execution].put(execution) for execution in executions]
    for context_id in dict.fromkeys(context_ids):
        link(session, Execution, context_id, execution_ids)
        link(session, Artifact, context_id, artifact_ids)
    for edge in event_edges:
        _insert_edge(session, edge, execution_ids, artifact_ids)
    return PutSubgraphIds(execution_ids, artifact_ids, context_ids)


def _check_edge(
    edge: EventEdge, executions: Sequence[NodeWrite], artifacts: Sequence[NodeWrite]
) -> None:
    if edge.event is None:
        message = "An event edge has no event. Give it one."
        raise InvalidArgumentError(message)
    _check_end("execution", edge.execution_index, edge.event.execution_id, executions)
    _check_end("artifact", edge.artifact_index, edge.event.artifact_id, artifacts)


def _check_end(
    what: str, index: int | None, node_id: int | None, nodes: Sequence[NodeWrite]
) -> None:
    """Raise an error unless an edge's end is one of the call's nodes, or one given by its id."""
    if index is None:
        if node_id is None:
            message = f"An event edge has neither {what}_index nor {what}_id. Give one of them."
            raise InvalidArgumentError(message)
        return
    if not 0 <= index < len(nodes):
        message = (
            f"An event edge has the {what}_index {index}, and the call has {len(nodes)} {what}s."
            " Count from 0."
        )
        raise OutOfRangeError(message)
    if node_id is not None and nodes[index].id != node_id:
        message = (
            f"An event edge has the {what}_id {node_id}, and the {what} at its index has the id"
            f" {nodes[index].id}. Leave the event's {what}_id out."
        )
        raise InvalidArgumentError(message)


def _insert_edge(
    session: Session, edge: EventEdge, execution_ids: Sequence[int], artifact_ids: Sequence[int]
) -> None:
    assert edge.event is not None  # noqa: S101 - it was checked before anything was written
    event = edge.event
    if edge.execution_index is not None:
        event = dataclasses.replace(event, execution_id=execution_ids[edge.execution_index])
    if edge.artifact_index is not None:
        event = dataclasses.replace(event, artifact_id=artifact_ids[edge.artifact_index])
    insert_event(session, event)
