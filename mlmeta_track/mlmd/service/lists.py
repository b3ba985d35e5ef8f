"""The calls that list nodes: all, of a type, of a context; in pages if options are given."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Literal, Protocol

from mlmeta_track.domain.listing import ListQuery, OrderBy, Page
from mlmeta_track.domain.nodes import Artifact, Context, Execution
from mlmeta_track.errors import InvalidArgumentError
from mlmeta_track.mlmd.service.base import ServiceBase
from mlmeta_track.store.base import MemberT, NodeT
from mlmeta_track.wire import metadata_store_pb2 as pb
from mlmeta_track.wire import metadata_store_service_pb2 as calls
from mlmeta_track.wire.convert import artifact_to_message, context_to_message, execution_to_message
from mlmeta_track.wire.paging import decode_token, encode_token

_EVERYWHERE = ListQuery()
_NOTHING: Page[Any] = Page([], None)
"""The page of what has no nodes at all."""

MAX_PAGE_SIZE = 101
"""How many nodes a page has at most; ML Metadata's pages are as long, however many are wanted."""


class _WithOptions(Protocol):
    """What the requests for the nodes of a type or a context have in common."""

    @property
    def options(self) -> pb.ListOperationOptions: ...

    @property
    def HasField(self) -> Callable[[Literal["options"]], bool]: ...


class _ByType(_WithOptions, Protocol):
    """What the requests for the nodes of a type have in common."""

    @property
    def type_name(self) -> str: ...

    @property
    def type_version(self) -> str: ...


class _ByContext(_WithOptions, Protocol):
    """What the requests for the nodes of a context have in common."""

    @property
    def context_id(self) -> int: ...


class ListCalls(ServiceBase):
    """``Get`` of lists of nodes."""

    def GetArtifacts(self, request: calls.GetArtifactsRequest) -> calls.GetArtifactsResponse:
        """Return all artifacts, or a page of them."""
        if not request.HasField("options"):
            found = self._store.list_nodes(Artifact)
            return calls.GetArtifactsResponse(artifacts=map(artifact_to_message, found))
        page = self._page(Artifact, request.options)
        return calls.GetArtifactsResponse(
            artifacts=map(artifact_to_message, page.nodes),
            next_page_token=_token(page, request.options),
        )

    def GetExecutions(self, request: calls.GetExecutionsRequest) -> calls.GetExecutionsResponse:
        """Return all executions, or a page of them."""
        if not request.HasField("options"):
            found = self._store.list_nodes(Execution)
            return calls.GetExecutionsResponse(executions=map(execution_to_message, found))
        page = self._page(Execution, request.options)
        return calls.GetExecutionsResponse(
            executions=map(execution_to_message, page.nodes),
            next_page_token=_token(page, request.options),
        )

    def GetContexts(self, request: calls.GetContextsRequest) -> calls.GetContextsResponse:
        """Return all contexts, or a page of them."""
        if not request.HasField("options"):
            found = self._store.list_nodes(Context)
            return calls.GetContextsResponse(contexts=map(context_to_message, found))
        page = self._page(Context, request.options)
        return calls.GetContextsResponse(
            contexts=map(context_to_message, page.nodes),
            next_page_token=_token(page, request.options),
        )

    def GetArtifactsByType(
        self, request: calls.GetArtifactsByTypeRequest
    ) -> calls.GetArtifactsByTypeResponse:
        """Return the artifacts of a type, or a page of them."""
        page = self._of_type(Artifact, request)
        return calls.GetArtifactsByTypeResponse(
            artifacts=map(artifact_to_message, page.nodes),
            next_page_token=_token_of_type(page, request),
        )

    def GetExecutionsByType(
        self, request: calls.GetExecutionsByTypeRequest
    ) -> calls.GetExecutionsByTypeResponse:
        """Return the executions of a type, or a page of them."""
        page = self._of_type(Execution, request)
        return calls.GetExecutionsByTypeResponse(
            executions=map(execution_to_message, page.nodes),
            next_page_token=_token_of_type(page, request),
        )

    def GetContextsByType(
        self, request: calls.GetContextsByTypeRequest
    ) -> calls.GetContextsByTypeResponse:
        """Return the contexts of a type, or a page of them."""
        page = self._of_type(Context, request)
        return calls.GetContextsByTypeResponse(
            contexts=map(context_to_message, page.nodes),
            next_page_token=_token_of_type(page, request),
        )

    def GetArtifactsByContext(
        self, request: calls.GetArtifactsByContextRequest
    ) -> calls.GetArtifactsByContextResponse:
        """Return the artifacts of a context, or a page of them."""
        page = self._of_context(Artifact, request)
        return calls.GetArtifactsByContextResponse(
            artifacts=map(artifact_to_message, page.nodes),
            next_page_token=_token(page, request.options),
        )

    def GetExecutionsByContext(
        self, request: calls.GetExecutionsByContextRequest
    ) -> calls.GetExecutionsByContextResponse:
        """Return the executions of a context, or a page of them."""
        page = self._of_context(Execution, request)
        return calls.GetExecutionsByContextResponse(
            executions=map(execution_to_message, page.nodes),
            next_page_token=_token(page, request.options),
        )

    def _of_type(self, kind: type[NodeT], request: _ByType) -> Page[NodeT]:
        name, version = request.type_name, request.type_version or None
        if not request.HasField("options"):
            return Page(self._store.get_by_type(kind, name, version), None)
        where = ListQuery(limit=1, type_name=name, type_version=version)
        return self._page_within(kind, where, request.options)

    def _of_context(self, kind: type[MemberT], request: _ByContext) -> Page[MemberT]:
        if not request.HasField("options"):
            return Page(self._store.get_by_context(kind, request.context_id), None)
        where = ListQuery(limit=1, context_id=request.context_id)
        return self._page_within(kind, where, request.options)

    def _page_within(
        self, kind: type[NodeT], where: ListQuery, options: pb.ListOperationOptions
    ) -> Page[NodeT]:
        """Return a page of the nodes of a type or a context.

        Where there are none, ML Metadata does not look at the options, whatever they are.
        """
        if not self._store.list_page(kind, where).nodes:
            return _NOTHING
        return self._page(kind, options, where)

    def _page(
        self,
        kind: type[NodeT],
        options: pb.ListOperationOptions,
        where: ListQuery = _EVERYWHERE,
    ) -> Page[NodeT]:
        query = replace(
            where,
            limit=_limit(options),
            order_by=_order(options.order_by_field),
            ascending=options.order_by_field.is_asc,
            filter=options.filter_query,
            joins=self._joins,
            after=decode_token(options.next_page_token, options),
        )
        return self._store.list_page(kind, query)


def _limit(options: pb.ListOperationOptions) -> int:
    if options.max_result_size <= 0:
        message = f"max_result_size is {options.max_result_size}. Give a positive number."
        raise InvalidArgumentError(message)
    return min(options.max_result_size, MAX_PAGE_SIZE)


def _order(field: pb.ListOperationOptions.OrderByField) -> OrderBy:
    if not field.field:
        message = "The order_by_field is unspecified. Order by CREATE_TIME, LAST_UPDATE_TIME or ID."
        raise InvalidArgumentError(message)
    return OrderBy(field.field)


def _token(page: Page[NodeT], options: pb.ListOperationOptions) -> str | None:
    return None if page.next is None else encode_token(page.next, options)


def _token_of_type(page: Page[NodeT], request: _WithOptions) -> str | None:
    if page is _NOTHING or not request.HasField("options"):
        return None
    # With options, ML Metadata sets this token on the last page, too: to the empty text.
    return _token(page, request.options) or ""
