"""Lineage over the service: walks of a hundred hops, each begun where the last one ended."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Final, TypeAlias

from mlmeta_track.domain.events import INPUT_EVENTS, OUTPUT_EVENTS, Event, EventType
from mlmeta_track.domain.lineage import Direction, LineageGraph
from mlmeta_track.domain.listing import Subgraph, SubgraphDirection, SubgraphQuery
from mlmeta_track.domain.nodes import Artifact, Execution
from mlmeta_track.domain.writes import Association, Attribution
from mlmeta_track.errors import InvalidArgumentError, NotFoundError
from mlmeta_track.store.remote.connection import Connection
from mlmeta_track.store.remote.reading import by_ids, events_by, possible_ids
from mlmeta_track.wire import metadata_store_pb2 as pb
from mlmeta_track.wire.replies import event_reply
from mlmeta_track.wire.requests import sending

_MOST_HOPS: Final = 100
_MOST_STARTS: Final = 100
_PARTS = ("artifacts", "executions", "contexts", "events", "attributions", "associations")

_Node: TypeAlias = "tuple[type[Artifact | Execution], int]"

_TOWARDS_ARTIFACTS = {Direction.UPSTREAM: INPUT_EVENTS, Direction.DOWNSTREAM: OUTPUT_EVENTS}
_DIRECTIONS = {
    Direction.UPSTREAM: SubgraphDirection.UPSTREAM,
    Direction.DOWNSTREAM: SubgraphDirection.DOWNSTREAM,
}


def get_lineage(
    connection: Connection,
    artifact_ids: Iterable[int],
    execution_ids: Iterable[int],
    direction: Direction,
    depth: int | None,
) -> LineageGraph:
    """Return what lies before (or behind) the given nodes, the nodes themselves included.

    Args:
        connection: The way to the server.
        artifact_ids: Artifacts to start from.
        execution_ids: Executions to start from.
        direction: Which way to walk.
        depth: How many executions deep; None walks to the end.
    """
    if depth is not None and depth < 0:
        message = f"A depth of {depth} executions cannot be. Give a number from 0 on, or None."
        raise InvalidArgumentError(message)
    start_artifacts, start_executions = possible_ids(artifact_ids), possible_ids(execution_ids)
    walk = _Walk(connection, direction)
    reached = walk.executions(start_artifacts, start_executions, depth)
    # In one reply the events are in the order of their ids, which the service does not tell.
    events = events_by(connection, Execution, reached) if depth != 0 else []
    near = {e.artifact_id for e in events if walk.leads_to_artifact(e)}
    artifacts = by_ids(connection, Artifact, near.union(start_artifacts))
    executions = by_ids(connection, Execution, reached.union(start_executions))
    known_artifacts = {node.id for node in artifacts}
    known_executions = {node.id for node in executions}
    return LineageGraph(
        direction=direction,
        start_artifacts=tuple(i for i in start_artifacts if i in known_artifacts),
        start_executions=tuple(i for i in start_executions if i in known_executions),
        artifacts=tuple(artifacts),
        executions=tuple(executions),
        events=tuple(
            event
            for event in events
            if event.artifact_id in known_artifacts
            and event.execution_id in known_executions
            and event.type is not EventType.UNKNOWN
        ),
    )


class _Walk:
    """One walk: what the server has told of the events on the way."""

    def __init__(self, connection: Connection, direction: Direction) -> None:
        self._connection = connection
        self._direction = direction
        self._next: defaultdict[_Node, set[_Node]] = defaultdict(set)
        self._known: set[_Node] = set()

    def leads_to_artifact(self, event: Event) -> bool:
        """Say whether the walk goes from the event's execution to its artifact."""
        return event.type in _TOWARDS_ARTIFACTS[self._direction]

    def executions(
        self, artifacts: Iterable[int], executions: Iterable[int], depth: int | None
    ) -> set[int]:
        """Return the executions that are reached, those to start from among them."""
        # An execution to start from is as deep as one that is a hop from an artifact to start from.
        level: set[_Node] = {(Artifact, i) for i in artifacts}
        later: set[_Node] = {(Execution, i) for i in executions}
        seen = level | later
        hops = 0
        while (level or later) and (depth is None or hops < 2 * depth):
            self._learn(level, None if depth is None else 2 * depth - hops)
            level = {node for start in level for node in self._next[start]} - seen
            level, later = level | later, set()
            seen |= level
            hops += 1
        return {node_id for kind, node_id in seen if kind is Execution}

    def _learn(self, starts: set[_Node], hops: int | None) -> None:
        """Ask for the events around nodes, and for what lies up to a number of hops behind them."""
        hops = _MOST_HOPS if hops is None else min(hops, _MOST_HOPS)
        for kind in (Artifact, Execution):
            ids = sorted(i for k, i in starts if k is kind)
            while ids := [i for i in ids if (kind, i) not in self._known]:
                some, ids = ids[:_MOST_STARTS], ids[_MOST_STARTS:]
                self._ask({(kind, i) for i in some}, kind, some, hops)

    def _ask(
        self,
        starts: set[_Node],
        kind: type[Artifact | Execution],
        ids: list[int],
        hops: int,
    ) -> None:
        text = f"id IN ({', '.join(map(str, ids))})"
        query = SubgraphQuery(
            starting_artifacts=text if kind is Artifact else None,
            starting_executions=text if kind is Execution else None,
            max_num_hops=hops,
            direction=_DIRECTIONS[self._direction],
        )
        try:
            events = get_subgraph(self._connection, query, "events").events
        except NotFoundError:  # None of them is in the store.
            events = ()
        for event in events:
            artifact: _Node = (Artifact, event.artifact_id)
            execution: _Node = (Execution, event.execution_id)
            to_artifact = self.leads_to_artifact(event)
            source, target = (execution, artifact) if to_artifact else (artifact, execution)
            self._next[source].add(target)
        # Of the nodes at the far end the server has not told how it goes on.
        level = starts
        for _ in range(hops):
            self._known |= level
            level = {node for one in level for node in self._next[one]} - self._known


# MLMD's own walk


def get_subgraph(connection: Connection, query: SubgraphQuery, *parts: str) -> Subgraph:
    """Walk from hop to hop as MLMD does, and return what was reached.

    Args:
        connection: The way to the server.
        query: Where to start, how far and which way to walk, and where to end.
        parts: Which parts of the graph to return, by their names in the messages; none for all but
            types.
    """
    reply = connection.ask(
        "GetLineageSubgraph",
        lineage_subgraph_query_options=_query(query),
        read_mask={"paths": parts or _PARTS},
    )
    graph = reply.lineage_subgraph
    return Subgraph(
        artifact_ids=tuple(sorted(node.id for node in graph.artifacts)),
        execution_ids=tuple(sorted(node.id for node in graph.executions)),
        context_ids=tuple(sorted(node.id for node in graph.contexts)),
        events=tuple(map(event_reply, graph.events)),
        attributions=tuple(Attribution(a.artifact_id, a.context_id) for a in graph.attributions),
        associations=tuple(Association(a.execution_id, a.context_id) for a in graph.associations),
    )


def _query(query: SubgraphQuery) -> pb.LineageSubgraphQueryOptions:
    with sending("query"):
        options = pb.LineageSubgraphQueryOptions(max_num_hops=query.max_num_hops)
        options.direction = int(query.direction)  # type: ignore[assignment] # enums are ints here
        if query.starting_artifacts is not None:
            options.starting_artifacts.filter_query = query.starting_artifacts
        if query.starting_executions is not None:
            options.starting_executions.filter_query = query.starting_executions
        if query.ending_artifacts is not None:
            options.ending_artifacts.filter_query = query.ending_artifacts
            options.ending_artifacts.include_ending_nodes = query.include_ending_artifacts
        if query.ending_executions is not None:
            options.ending_executions.filter_query = query.ending_executions
            options.ending_executions.include_ending_nodes = query.include_ending_executions
    return options
