"""Searching the store of this process: nodes that fit a filter."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, TypeAlias

from mlmeta_track.domain.listing import Joins, ListQuery, OrderBy
from mlmeta_track.domain.nodes import Artifact, Context, Execution
from mlmeta_track.errors import InvalidArgumentError
from mlmeta_track.store.base import NodeT
from mlmeta_track.tracking import recorder

Order: TypeAlias = "Literal['id', 'create_time', 'update_time']"

_ORDERS: Mapping[str, OrderBy] = {
    "id": OrderBy.ID,
    "create_time": OrderBy.CREATE_TIME,
    "update_time": OrderBy.UPDATE_TIME,
}


def search_artifacts(
    filter_query: str = "",
    *,
    limit: int | None = None,
    order_by: Order = "id",
    newest_first: bool = False,
) -> list[Artifact]:
    """Return the artifacts that fit a filter.

    Args:
        filter_query: A condition in ML Metadata's filter language, such as ``"type = 'DataSet' AND
            properties.split = 'train'"``; all artifacts fit the empty one.  A property, context or
            event that an artifact does not have is NULL.
        limit: How many at most; None for all.
        order_by: ``"id"``, ``"create_time"`` or ``"update_time"``; what has the same time is in the
            order of ids.
        newest_first: Whether to begin at the end: with the highest id, or the latest time.

    Raises:
        InvalidArgumentError: The filter, the limit or the order cannot be used; of a filter the
            message says at which character, and what was expected there.
    """
    return _search(Artifact, filter_query, limit, order_by, newest_first=newest_first)


def search_executions(
    filter_query: str = "",
    *,
    limit: int | None = None,
    order_by: Order = "id",
    newest_first: bool = False,
) -> list[Execution]:
    """Return the executions that fit a filter, as ``search_artifacts`` does artifacts.

    Args:
        filter_query: A condition, such as ``"last_known_state = FAILED"``.
        limit: How many at most; None for all.
        order_by: ``"id"``, ``"create_time"`` or ``"update_time"``.
        newest_first: Whether to begin at the end.

    Raises:
        InvalidArgumentError: The filter, the limit or the order cannot be used.
    """
    return _search(Execution, filter_query, limit, order_by, newest_first=newest_first)


def search_contexts(
    filter_query: str = "",
    *,
    limit: int | None = None,
    order_by: Order = "id",
    newest_first: bool = False,
) -> list[Context]:
    """Return the contexts that fit a filter, as ``search_artifacts`` does artifacts.

    Args:
        filter_query: A condition, such as ``"type = 'Run' AND parent_contexts_e.name = 'Demo'"``.
        limit: How many at most; None for all.
        order_by: ``"id"``, ``"create_time"`` or ``"update_time"``.
        newest_first: Whether to begin at the end.

    Raises:
        InvalidArgumentError: The filter, the limit or the order cannot be used.
    """
    return _search(Context, filter_query, limit, order_by, newest_first=newest_first)


def _search(
    kind: type[NodeT], filter_query: str, limit: int | None, order_by: str, *, newest_first: bool
) -> list[NodeT]:
    if not isinstance(filter_query, str):
        message = f"The filter is {filter_query!r}. Give it as a str, such as \"name = 'x'\"."
        raise InvalidArgumentError(message)
    if order_by not in _ORDERS:
        message = f"Nodes cannot be ordered by {order_by!r}. Give one of {', '.join(_ORDERS)}."
        raise InvalidArgumentError(message)
    query = ListQuery(
        limit=limit,
        order_by=_ORDERS[order_by],
        ascending=not newest_first,
        filter=filter_query.strip() and filter_query,
        joins=Joins.OUTER,
    )
    return recorder.current().store.list_page(kind, query).nodes
