"""The calls that write nodes, events and links."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlmeta_track.domain.nodes import Artifact, Context, Execution
from mlmeta_track.domain.writes import (
    ArtifactAndEvent,
    Association,
    Attribution,
    EventEdge,
    ParentLink,
    PutExecutionOptions,
    PutSubgraphOptions,
    UpdateOptions,
)
from mlmeta_track.errors import InvalidArgumentError
from mlmeta_track.mlmd.service.base import ServiceBase
from mlmeta_track.wire import metadata_store_pb2 as pb
from mlmeta_track.wire import metadata_store_service_pb2 as calls
from mlmeta_track.wire.convert import (
    artifact_from_message,
    context_from_message,
    event_from_message,
    execution_from_message,
)

if TYPE_CHECKING:
    from google.protobuf.field_mask_pb2 import FieldMask


class WriteCalls(ServiceBase):
    """``Put`` of everything but types."""

    def PutArtifacts(self, request: calls.PutArtifactsRequest) -> calls.PutArtifactsResponse:
        """Make artifacts, or update those that have an id."""
        options = _update_options(
            request.update_mask, abort=request.options.abort_if_latest_updated_time_changed
        )
        nodes = [artifact_from_message(node) for node in request.artifacts]
        ids = self._store.put_nodes(Artifact, nodes, options)
        return calls.PutArtifactsResponse(artifact_ids=ids)

    def PutExecutions(self, request: calls.PutExecutionsRequest) -> calls.PutExecutionsResponse:
        """Make executions, or update those that have an id."""
        nodes = [execution_from_message(node) for node in request.executions]
        ids = self._store.put_nodes(Execution, nodes, _update_options(request.update_mask))
        return calls.PutExecutionsResponse(execution_ids=ids)

    def PutContexts(self, request: calls.PutContextsRequest) -> calls.PutContextsResponse:
        """Make contexts, or update those that have an id."""
        nodes = [context_from_message(node) for node in request.contexts]
        ids = self._store.put_nodes(Context, nodes, _update_options(request.update_mask))
        return calls.PutContextsResponse(context_ids=ids)

    def PutEvents(self, request: calls.PutEventsRequest) -> calls.PutEventsResponse:
        """Make events between artifacts and executions that exist."""
        self._store.put_events([event_from_message(event) for event in request.events])
        return calls.PutEventsResponse()

    def PutAttributionsAndAssociations(
        self, request: calls.PutAttributionsAndAssociationsRequest
    ) -> calls.PutAttributionsAndAssociationsResponse:
        """Put artifacts and executions into contexts."""
        self._store.put_links(
            [Attribution(link.artifact_id, link.context_id) for link in request.attributions],
            [Association(link.execution_id, link.context_id) for link in request.associations],
        )
        return calls.PutAttributionsAndAssociationsResponse()

    def PutParentContexts(
        self, request: calls.PutParentContextsRequest
    ) -> calls.PutParentContextsResponse:
        """Make contexts children of others."""
        self._store.put_parent_contexts([_parent_link(link) for link in request.parent_contexts])
        return calls.PutParentContextsResponse()

    def PutExecution(self, request: calls.PutExecutionRequest) -> calls.PutExecutionResponse:
        """Write an execution with its artifacts, events and contexts.

        Raises:
            InvalidArgumentError: There is no execution.
        """
        if not request.HasField("execution"):
            message = "The request of PutExecution has no execution. Give it one."
            raise InvalidArgumentError(message)
        options = request.options
        by_external_id = options.reuse_artifact_if_already_exist_by_external_id
        ids = self._store.put_execution(
            execution_from_message(request.execution),
            [_artifact_and_event(pair) for pair in request.artifact_event_pairs],
            [context_from_message(context) for context in request.contexts],
            PutExecutionOptions(
                reuse_context_if_already_exist=options.reuse_context_if_already_exist,
                reuse_artifact_if_already_exist_by_external_id=by_external_id,
                force_reuse_context=options.force_reuse_context,
                force_update_time=options.force_update_time,
            ),
        )
        return calls.PutExecutionResponse(
            execution_id=ids.execution_id,
            artifact_ids=ids.artifact_ids,
            context_ids=ids.context_ids,
        )

    def PutLineageSubgraph(
        self, request: calls.PutLineageSubgraphRequest
    ) -> calls.PutLineageSubgraphResponse:
        """Write executions, artifacts, contexts, and the events between them."""
        options = request.options
        by_external_id = options.reuse_artifact_if_already_exist_by_external_id
        ids = self._store.put_lineage_subgraph(
            [execution_from_message(execution) for execution in request.executions],
            [artifact_from_message(artifact) for artifact in request.artifacts],
            [context_from_message(context) for context in request.contexts],
            [_event_edge(edge) for edge in request.event_edges],
            PutSubgraphOptions(
                reuse_context_if_already_exist=options.reuse_context_if_already_exist,
                reuse_artifact_if_already_exist_by_external_id=by_external_id,
            ),
        )
        return calls.PutLineageSubgraphResponse(
            execution_ids=ids.execution_ids,
            artifact_ids=ids.artifact_ids,
            context_ids=ids.context_ids,
        )


def _update_options(mask: FieldMask, *, abort: bool = False) -> UpdateOptions:
    return UpdateOptions(mask=tuple(mask.paths), abort_if_latest_updated_time_changed=abort)


def _parent_link(link: pb.ParentContext) -> ParentLink:
    return ParentLink(
        child_id=link.child_id if link.HasField("child_id") else None,
        parent_id=link.parent_id if link.HasField("parent_id") else None,
    )


def _artifact_and_event(pair: calls.PutExecutionRequest.ArtifactAndEvent) -> ArtifactAndEvent:
    return (
        artifact_from_message(pair.artifact) if pair.HasField("artifact") else None,
        event_from_message(pair.event) if pair.HasField("event") else None,
    )


def _event_edge(edge: calls.PutLineageSubgraphRequest.EventEdge) -> EventEdge:
    return EventEdge(
        execution_index=edge.execution_index if edge.HasField("execution_index") else None,
        artifact_index=edge.artifact_index if edge.HasField("artifact_index") else None,
        event=event_from_message(edge.event) if edge.HasField("event") else None,
    )
