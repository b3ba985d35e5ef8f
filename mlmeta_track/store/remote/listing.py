"""Lists of nodes, page by page."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Final

from mlmeta_track.domain.listing import Joins, ListQuery, OrderBy, Page, Position
from mlmeta_track.domain.nodes import Artifact, Context, Execution
from mlmeta_track.domain.types import ArtifactType, ContextType, ExecutionType
from mlmeta_track.errors import InvalidArgumentError
from mlmeta_track.store.base import NodeT
from mlmeta_track.store.remote.connection import Connection
from mlmeta_track.store.remote.joins import as_inner_joins
from mlmeta_track.store.remote.types import get_type
from mlmeta_track.wire import metadata_store_pb2 as pb
from mlmeta_track.wire.paging import decode_token, encode_token
from mlmeta_track.wire.replies import NODE_REPLIES
from mlmeta_track.wire.requests import sending

LARGEST_PAGE: Final = 100
"""A page of more nodes has no token in ML Metadata, and is the last."""

_TYPES: dict[Any, Any] = {Artifact: ArtifactType, Execution: ExecutionType, Context: ContextType}


def list_page(connection: Connection, kind: type[NodeT], query: ListQuery) -> Page[NodeT]:
    """Return a page of nodes: filtered, in the order asked for, after where the last ended."""
    if query.limit is not None and query.limit < 0:
        message = f"A limit of {query.limit} nodes cannot be. Give a number from 0 on, or None."
        raise InvalidArgumentError(message)
    if query.joins is Joins.OUTER and query.filter:
        query = replace(query, filter=as_inner_joins(query.filter), joins=Joins.INNER)
    narrowed = _of_one_source(connection, kind, query)
    if narrowed is None or query.limit == 0:
        return Page([], None)
    found: list[NodeT] = []
    for page in _pages(connection, kind, narrowed, LARGEST_PAGE):
        found += page.nodes
        if query.limit is not None and len(found) >= query.limit:
            return Page(found, page.next)
    return Page(found, None)


def nodes_of(
    connection: Connection, kind: type[NodeT], query: ListQuery, size: int = LARGEST_PAGE
) -> Iterator[NodeT]:
    """Return the nodes of a list one by one, asking for pages of a size as they are needed."""
    for page in _pages(connection, kind, query, size):
        yield from page.nodes


def _of_one_source(connection: Connection, kind: type[NodeT], query: ListQuery) -> ListQuery | None:
    """Return a query for the nodes of a type or of a context, not of both; None if of nothing."""
    if query.type_name is None or query.context_id is None:
        return query
    found = get_type(connection, _TYPES[kind], query.type_name, query.type_version)
    if found is None:
        return None
    condition = f"type_id = {found.id}"
    # On a line of its own: the filter may end with a comment.
    both = f"({query.filter}\n) AND {condition}" if query.filter else condition
    return replace(query, type_name=None, type_version=None, filter=both)


def _pages(
    connection: Connection, kind: type[NodeT], query: ListQuery, size: int
) -> Iterator[Page[NodeT]]:
    method, fields = _source(kind, query)
    after, left = query.after, query.limit
    while True:
        options = _options(query, after, size if left is None else min(left, size))
        reply = connection.ask(method, options=options, **fields)
        nodes = [NODE_REPLIES[kind](m) for m in getattr(reply, f"{kind.__name__.lower()}s")]
        following = decode_token(reply.next_page_token, options)
        after = following and _carried_over(query, after, following)
        yield Page(nodes, after)
        left = None if left is None else left - len(nodes)
        if after is None or (left is not None and left <= 0):
            return


def _source(kind: type[NodeT], query: ListQuery) -> tuple[str, dict[str, Any]]:
    """Return the call that lists such nodes, and the fields of its request but the options."""
    method = f"Get{kind.__name__}s"
    if query.context_id is not None:
        return f"{method}ByContext", {"context_id": query.context_id}
    if query.type_name is not None:
        version = {"type_version": query.type_version} if query.type_version else {}
        return f"{method}ByType", {"type_name": query.type_name, **version}
    return method, {}


def _options(query: ListQuery, after: Position | None, size: int) -> pb.ListOperationOptions:
    with sending("filter"):
        options = pb.ListOperationOptions(max_result_size=size, filter_query=query.filter or None)
    options.order_by_field.field = int(query.order_by)  # type: ignore[assignment] # enums are ints
    options.order_by_field.is_asc = query.ascending
    if after is not None:
        options.next_page_token = encode_token(after, options)
    return options


def _carried_over(query: ListQuery, before: Position | None, following: Position) -> Position:
    """Return a position that knows all nodes of its update time that were listed before.

    ML Metadata knows those of the last page only, and begins again with the first of three pages
    of nodes that were updated in the same millisecond.
    """
    if query.order_by is not OrderBy.UPDATE_TIME or before is None:
        return following
    if before.field != following.field:
        return following
    listed = dict.fromkeys((*following.listed_ids, *before.listed_ids))
    return replace(following, listed_ids=tuple(listed))
