"""Calls that write nodes, events and links."""

from __future__ import annotations

from collections.abc import Sequence

from google.protobuf.field_mask_pb2 import FieldMask

from mlmeta_track.mlmd.calls.base import Calls
from mlmeta_track.mlmd.options import ExtraOptions
from mlmeta_track.wire import metadata_store_pb2 as pb
from mlmeta_track.wire import metadata_store_service_pb2 as service_pb


def _mask(paths: Sequence[str] | None) -> FieldMask | None:
    return FieldMask(paths=paths) if paths else None


class Writing(Calls):
    """The calls that write."""

    def put_artifacts(
        self,
        artifacts: Sequence[pb.Artifact],
        field_mask_paths: Sequence[str] | None = None,
        extra_options: ExtraOptions | None = None,
    ) -> list[int]:
        """Make the artifacts that have no id, update those that have one; return their ids.

        Args:
            artifacts: The artifacts; a new one needs its type's id.
            field_mask_paths: The fields that an update changes; none stands for all.
            extra_options: Not looked at.

        Raises:
            AlreadyExistsError: A new one has the name, or the external id, of another.
            InvalidArgumentError: A property is none of the type's, or an id is unknown.
            NotFoundError: There is no type of that id.
        """
        request = service_pb.PutArtifactsRequest(
            artifacts=artifacts, update_mask=_mask(field_mask_paths)
        )
        return list(self._call(request, service_pb.PutArtifactsResponse).artifact_ids)

    def put_executions(
        self,
        executions: Sequence[pb.Execution],
        field_mask_paths: Sequence[str] | None = None,
        extra_options: ExtraOptions | None = None,
    ) -> list[int]:
        """Make or update executions and return their ids; see ``put_artifacts``."""
        request = service_pb.PutExecutionsRequest(
            executions=executions, update_mask=_mask(field_mask_paths)
        )
        return list(self._call(request, service_pb.PutExecutionsResponse).execution_ids)

    def put_contexts(
        self,
        contexts: Sequence[pb.Context],
        field_mask_paths: Sequence[str] | None = None,
        extra_options: ExtraOptions | None = None,
    ) -> list[int]:
        """Make or update contexts, by their names, and return their ids; see ``put_artifacts``."""
        request = service_pb.PutContextsRequest(
            contexts=contexts, update_mask=_mask(field_mask_paths)
        )
        return list(self._call(request, service_pb.PutContextsResponse).context_ids)

    def put_events(
        self, events: Sequence[pb.Event], extra_options: ExtraOptions | None = None
    ) -> None:
        """Make events between artifacts and executions that exist.

        Raises:
            AlreadyExistsError: There is such an event.
            InvalidArgumentError: An event has no type, or an end of it does not exist.
        """
        self._call(service_pb.PutEventsRequest(events=events), service_pb.PutEventsResponse)

    def put_execution(
        self,
        execution: pb.Execution,
        artifact_and_events: Sequence[
            tuple[()] | tuple[pb.Artifact] | tuple[pb.Artifact, pb.Event | None] | None
        ],
        contexts: Sequence[pb.Context] | None,
        reuse_context_if_already_exist: bool = False,
        reuse_artifact_if_already_exist_by_external_id: bool = False,
        force_reuse_context: bool = False,
        force_update_time: bool = False,
        extra_options: ExtraOptions | None = None,
    ) -> tuple[int, list[int], list[int]]:
        """Write an execution with its artifacts, events and contexts, all of it or nothing.

        Args:
            execution: The execution.
            artifact_and_events: Its artifacts, each with the event that links it.
            contexts: What the execution and the artifacts belong to.
            reuse_context_if_already_exist: Take the context of that type and name if there is one.
            reuse_artifact_if_already_exist_by_external_id: Update the artifact of that external id
                if there is one.
            force_reuse_context: Link a context that has an id, and leave it as it is.
            force_update_time: Move the execution's update time even if nothing changes.
            extra_options: Not looked at.

        Returns:
            The ids of the execution, of the artifacts and of the contexts.

        Raises:
            AlreadyExistsError: Something of that name exists, and is not to be reused.
            InvalidArgumentError: An event names another execution or artifact.
            NotFoundError: There is no type, or no context to reuse, of that id.
        """
        request = service_pb.PutExecutionRequest(
            execution=execution,
            contexts=contexts,
            options=service_pb.PutExecutionRequest.Options(
                reuse_context_if_already_exist=reuse_context_if_already_exist,
                reuse_artifact_if_already_exist_by_external_id=(
                    reuse_artifact_if_already_exist_by_external_id
                ),
                force_reuse_context=force_reuse_context,
                force_update_time=force_update_time,
            ),
        )
        for pair in artifact_and_events:
            if pair:
                request.artifact_event_pairs.add(
                    artifact=pair[0], event=pair[1] if len(pair) > 1 else None
                )
        response = self._call(request, service_pb.PutExecutionResponse)
        return response.execution_id, list(response.artifact_ids), list(response.context_ids)

    def put_lineage_subgraph(
        self,
        executions: Sequence[pb.Execution],
        artifacts: Sequence[pb.Artifact],
        contexts: Sequence[pb.Context],
        event_edges: Sequence[tuple[int | None, int | None, pb.Event]],
        reuse_context_if_already_exist: bool = False,
        reuse_artifact_if_already_exist_by_external_id: bool = False,
        extra_options: ExtraOptions | None = None,
    ) -> tuple[list[int], list[int], list[int]]:
        """Write nodes and the events between them, all of it or nothing.

        Args:
            executions: The executions.
            artifacts: The artifacts.
            contexts: What all of them belong to.
            event_edges: For every event, where its execution and its artifact stand in the lists,
                and the event; None for one that is in the store, which the event then names.
            reuse_context_if_already_exist: Take the context of that type and name if there is one.
            reuse_artifact_if_already_exist_by_external_id: Update the artifact of that external id
                if there is one.
            extra_options: Not looked at.

        Returns:
            The ids of the executions, of the artifacts and of the contexts.

        Raises:
            AlreadyExistsError: Something of that name exists, and is not to be reused.
            InvalidArgumentError: An edge lacks an end, or its event names another.
            NotFoundError: There is no type of that id.
            OutOfRangeError: An edge points behind a list.
        """
        request = service_pb.PutLineageSubgraphRequest(
            executions=executions,
            artifacts=artifacts,
            contexts=contexts,
            options=service_pb.PutLineageSubgraphRequest.Options(
                reuse_context_if_already_exist=reuse_context_if_already_exist,
                reuse_artifact_if_already_exist_by_external_id=(
                    reuse_artifact_if_already_exist_by_external_id
                ),
            ),
        )
        for execution_index, artifact_index, event in event_edges:
            request.event_edges.add(
                execution_index=execution_index, artifact_index=artifact_index, event=event
            )
        response = self._call(request, service_pb.PutLineageSubgraphResponse)
        return (
            list(response.execution_ids),
            list(response.artifact_ids),
            list(response.context_ids),
        )

    def put_attributions_and_associations(
        self,
        attributions: Sequence[pb.Attribution],
        associations: Sequence[pb.Association],
        extra_options: ExtraOptions | None = None,
    ) -> None:
        """Put artifacts and executions into contexts; links that exist are left as they are.

        Raises:
            InvalidArgumentError: An end of a link does not exist.
        """
        request = service_pb.PutAttributionsAndAssociationsRequest(
            attributions=attributions, associations=associations
        )
        self._call(request, service_pb.PutAttributionsAndAssociationsResponse)

    def put_parent_contexts(
        self,
        parent_contexts: Sequence[pb.ParentContext],
        extra_options: ExtraOptions | None = None,
    ) -> None:
        """Make contexts children of others.

        Raises:
            AlreadyExistsError: There is such a link.
            InvalidArgumentError: A context does not exist, or would be its own ancestor.
        """
        request = service_pb.PutParentContextsRequest(parent_contexts=parent_contexts)
        self._call(request, service_pb.PutParentContextsResponse)
