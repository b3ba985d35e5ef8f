"""How nodes are listed: filter, order, pages; and MLMD's walk through lineage."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, IntEnum
from typing import Generic, TypeVar

from mlmeta_track.domain.events import Event
from mlmeta_track.domain.nodes import Artifact, Context, Execution
from mlmeta_track.domain.writes import Association, Attribution

NodeT = TypeVar("NodeT", Artifact, Execution, Context)


class OrderBy(IntEnum):
    """What a list is ordered by; the numbers are MLMD's."""

    CREATE_TIME = 1
    UPDATE_TIME = 2
    ID = 3


class Joins(Enum):
    """What a filter means by a neighbour (a property, context or event) that is missing.

    ``INNER`` is MLMD's: a node without a neighbour that the filter names is never found, not even
    under OR or NOT.  ``OUTER`` is this library's own: what is missing is NULL.
    """

    INNER = "inner"
    OUTER = "outer"


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """Where the last page ended.

    ``field`` is the last node's value of what is ordered by (its id, or a time), ``id`` its id;
    ``listed_ids`` are the ids already listed that have the same update time, the last one first.
    """

    field: int
    id: int | None = None
    listed_ids: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ListQuery:
    """Which nodes to list, in which order, and from where on.

    Args:
        limit: How many at most; None for all.
        order_by: What to order by; ties are in the order of ids, in the same direction.
        ascending: Which way.
        filter: A filter, or the empty text.
        joins: What the filter means by missing neighbours.
        after: Where the last page ended; None begins.
        type_name: Only nodes of the type of this name and ``type_version``.
        type_version: The version of that type.
        context_id: Only artifacts and executions of this context.
    """

    limit: int | None = None
    order_by: OrderBy = OrderBy.ID
    ascending: bool = True
    filter: str = ""
    joins: Joins = Joins.INNER
    after: Position | None = None
    type_name: str | None = None
    type_version: str | None = None
    context_id: int | None = None


@dataclass(frozen=True, slots=True)
class Page(Generic[NodeT]):
    """Some nodes, in the order asked for, and where the next page begins; None after the last."""

    nodes: list[NodeT]
    next: Position | None


class SubgraphDirection(IntEnum):
    """Which way MLMD's ``get_lineage_subgraph`` walks; the numbers are MLMD's."""

    DIRECTION_UNSPECIFIED = 0
    UPSTREAM = 1
    DOWNSTREAM = 2
    BIDIRECTIONAL = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class SubgraphQuery:
    """Where to start, how far and which way to walk, and where to end: filters of nodes.

    Exactly one of the two starting filters is not None.  The ending ones are None where unused;
    at an empty one every node is where the walk ends.
    """

    starting_artifacts: str | None = None
    starting_executions: str | None = None
    max_num_hops: int = 100
    direction: SubgraphDirection = SubgraphDirection.BIDIRECTIONAL
    ending_artifacts: str | None = None
    ending_executions: str | None = None
    include_ending_artifacts: bool = False
    include_ending_executions: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Subgraph:
    """What the walk reached: ids of nodes, and the edges between them."""

    artifact_ids: tuple[int, ...] = ()
    execution_ids: tuple[int, ...] = ()
    context_ids: tuple[int, ...] = ()
    events: tuple[Event, ...] = ()
    attributions: tuple[Attribution, ...] = ()
    associations: tuple[Association, ...] = ()
