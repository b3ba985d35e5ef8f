"""The calls that read events, and the contexts of nodes and of contexts."""

from __future__ import annotations

from collections.abc import Iterable

from mlmeta_track.domain.nodes import Artifact, Context, Execution
from mlmeta_track.errors import InvalidArgumentError, NotFoundError
from mlmeta_track.mlmd.service.base import ServiceBase
from mlmeta_track.store.base import MemberT
from mlmeta_track.wire import metadata_store_service_pb2 as calls
from mlmeta_track.wire.convert import context_to_message, event_to_message


class LinkCalls(ServiceBase):
    """``Get`` of events, and of the contexts of a node."""

    def GetEventsByExecutionIDs(
        self, request: calls.GetEventsByExecutionIDsRequest
    ) -> calls.GetEventsByExecutionIDsResponse:
        """Return the events of executions."""
        found = self._store.get_events_by_execution_ids(request.execution_ids)
        return calls.GetEventsByExecutionIDsResponse(events=map(event_to_message, found))

    def GetEventsByArtifactIDs(
        self, request: calls.GetEventsByArtifactIDsRequest
    ) -> calls.GetEventsByArtifactIDsResponse:
        """Return the events of artifacts."""
        found = self._store.get_events_by_artifact_ids(request.artifact_ids)
        return calls.GetEventsByArtifactIDsResponse(events=map(event_to_message, found))

    def GetContextsByArtifact(
        self, request: calls.GetContextsByArtifactRequest
    ) -> calls.GetContextsByArtifactResponse:
        """Return the contexts of an artifact, which must have one."""
        found = self._contexts_of(Artifact, request.artifact_id)
        return calls.GetContextsByArtifactResponse(contexts=map(context_to_message, found))

    def GetContextsByExecution(
        self, request: calls.GetContextsByExecutionRequest
    ) -> calls.GetContextsByExecutionResponse:
        """Return the contexts of an execution, which must have one."""
        found = self._contexts_of(Execution, request.execution_id)
        return calls.GetContextsByExecutionResponse(contexts=map(context_to_message, found))

    def _contexts_of(self, kind: type[MemberT], node_id: int) -> list[Context]:
        found = self._store.get_contexts_of(kind, node_id)
        if not found:
            message = f"No context has an {kind.__name__.lower()} with the id {node_id}."
            raise NotFoundError(message)
        return found

    def GetParentContextsByContext(
        self, request: calls.GetParentContextsByContextRequest
    ) -> calls.GetParentContextsByContextResponse:
        """Return the parents of a context."""
        found = self._store.get_parent_contexts(request.context_id)
        return calls.GetParentContextsByContextResponse(contexts=map(context_to_message, found))

    def GetChildrenContextsByContext(
        self, request: calls.GetChildrenContextsByContextRequest
    ) -> calls.GetChildrenContextsByContextResponse:
        """Return the children of a context."""
        found = self._store.get_child_contexts(request.context_id)
        return calls.GetChildrenContextsByContextResponse(contexts=map(context_to_message, found))

    def GetParentContextsByContexts(
        self, request: calls.GetParentContextsByContextsRequest
    ) -> calls.GetParentContextsByContextsResponse:
        """Return the parents of each context that has some."""
        response = calls.GetParentContextsByContextsResponse()
        for context_id in _asked(request.context_ids):
            found = self._store.get_parent_contexts(context_id)
            if found:
                response.contexts[context_id].parent_contexts.extend(map(context_to_message, found))
        return response

    def GetChildrenContextsByContexts(
        self, request: calls.GetChildrenContextsByContextsRequest
    ) -> calls.GetChildrenContextsByContextsResponse:
        """Return the children of each context that has some."""
        response = calls.GetChildrenContextsByContextsResponse()
        for context_id in _asked(request.context_ids):
            found = self._store.get_child_contexts(context_id)
            if found:
                children = response.contexts[context_id].children_contexts
                children.extend(map(context_to_message, found))
        return response


def _asked(context_ids: Iterable[int]) -> Iterable[int]:
    """Return each id once.

    Raises:
        InvalidArgumentError: There is none, which ML Metadata refuses in these two calls alone.
    """
    asked = dict.fromkeys(context_ids)
    if not asked:
        message = "The request has no context_ids. Give it one."
        raise InvalidArgumentError(message)
    return asked
