"""Calls that read what is linked: events, members of contexts, contexts of contexts."""

from __future__ import annotations

from collections.abc import Iterable

from mlmeta_track.mlmd.calls.base import Calls
from mlmeta_track.mlmd.options import ExtraOptions, ListOptions, OrderByField
from mlmeta_track.wire import metadata_store_pb2 as pb
from mlmeta_track.wire import metadata_store_service_pb2 as service_pb


class Links(Calls):
    """The calls that read from one node to others."""

    def get_events_by_execution_ids(
        self, execution_ids: Iterable[int], extra_options: ExtraOptions | None = None
    ) -> list[pb.Event]:
        """Return the events of those executions."""
        request = service_pb.GetEventsByExecutionIDsRequest(execution_ids=execution_ids)
        return list(self._call(request, service_pb.GetEventsByExecutionIDsResponse).events)

    def get_events_by_artifact_ids(
        self, artifact_ids: Iterable[int], extra_options: ExtraOptions | None = None
    ) -> list[pb.Event]:
        """Return the events of those artifacts."""
        request = service_pb.GetEventsByArtifactIDsRequest(artifact_ids=artifact_ids)
        return list(self._call(request, service_pb.GetEventsByArtifactIDsResponse).events)

    def get_artifacts_by_context(
        self,
        context_id: int,
        list_options: ListOptions | None = None,
        extra_options: ExtraOptions | None = None,
    ) -> list[pb.Artifact]:
        """Return the artifacts of a context, or those that the options ask for.

        Raises:
            InvalidArgumentError: The limit is negative, or the filter cannot be read.
        """
        return self._list(
            service_pb.GetArtifactsByContextRequest(context_id=context_id),
            service_pb.GetArtifactsByContextResponse,
            lambda page: page.artifacts,
            list_options,
        )

    def get_executions_by_context(
        self,
        context_id: int,
        list_options: ListOptions | None = None,
        extra_options: ExtraOptions | None = None,
    ) -> list[pb.Execution]:
        """Return the executions of a context, newest first, or those that the options ask for.

        Raises:
            InvalidArgumentError: The limit is negative, or the filter cannot be read.
        """
        newest_first = ListOptions(order_by=OrderByField.CREATE_TIME, is_asc=False)
        return self._list(
            service_pb.GetExecutionsByContextRequest(context_id=context_id),
            service_pb.GetExecutionsByContextResponse,
            lambda page: page.executions,
            newest_first if list_options is None else list_options,
        )

    def get_contexts_by_artifact(
        self, artifact_id: int, extra_options: ExtraOptions | None = None
    ) -> list[pb.Context]:
        """Return the contexts that an artifact belongs to.

        Raises:
            NotFoundError: There is none.
        """
        request = service_pb.GetContextsByArtifactRequest(artifact_id=artifact_id)
        return list(self._call(request, service_pb.GetContextsByArtifactResponse).contexts)

    def get_contexts_by_execution(
        self, execution_id: int, extra_options: ExtraOptions | None = None
    ) -> list[pb.Context]:
        """Return the contexts that an execution belongs to.

        Raises:
            NotFoundError: There is none.
        """
        request = service_pb.GetContextsByExecutionRequest(execution_id=execution_id)
        return list(self._call(request, service_pb.GetContextsByExecutionResponse).contexts)

    def get_parent_contexts_by_context(
        self, context_id: int, extra_options: ExtraOptions | None = None
    ) -> list[pb.Context]:
        """Return the contexts that a context is a child of."""
        request = service_pb.GetParentContextsByContextRequest(context_id=context_id)
        return list(self._call(request, service_pb.GetParentContextsByContextResponse).contexts)

    def get_children_contexts_by_context(
        self, context_id: int, extra_options: ExtraOptions | None = None
    ) -> list[pb.Context]:
        """Return the contexts that are children of a context."""
        request = service_pb.GetChildrenContextsByContextRequest(context_id=context_id)
        return list(self._call(request, service_pb.GetChildrenContextsByContextResponse).contexts)
