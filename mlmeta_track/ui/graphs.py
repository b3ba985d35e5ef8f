"""A lineage graph for the page: the nodes near a node, and which of them have more around them."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from mlmeta_track.domain.drawing import short_name
from mlmeta_track.domain.events import Event
from mlmeta_track.domain.lineage import Direction, LineageGraph
from mlmeta_track.domain.nodes import Artifact, Execution
from mlmeta_track.overview.listing import state_word
from mlmeta_track.store.base import Store

MOST_NODES = 400
"""So many nodes are drawn at once; what is left out is opened on demand."""

Key: TypeAlias = "tuple[Literal['artifact', 'execution'], int]"


@dataclass(frozen=True, slots=True, kw_only=True)
class GraphNode:
    """A node as it is drawn; ``hidden`` are the neighbours that are not in the graph."""

    key: str
    kind: str
    id: int
    type: str
    label: str
    detail: str
    state: str
    hidden_up: int
    hidden_down: int


@dataclass(frozen=True, slots=True, kw_only=True)
class GraphEdge:
    """An arrow, pointing the way the data went."""

    source: str
    target: str
    path: str
    event: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawnGraph:
    """Nodes, those nearest to the start first, and the arrows between them."""

    start: str
    nodes: tuple[GraphNode, ...]
    edges: tuple[GraphEdge, ...]
    more: bool


def around(store: Store, start: Artifact | Execution, direction: str, depth: int) -> DrawnGraph:
    """Return the graph around a node.

    Args:
        store: Where to ask.
        start: The node.
        direction: ``upstream``, ``downstream`` or ``both``.
        depth: How many executions deep.
    """
    wanted = [d for d in Direction if direction in {d.value, "both"}]
    graphs = [_walk(store, start, one, depth) for one in wanted]
    nodes: dict[Key, Artifact | Execution] = {}
    for graph in graphs:
        nodes |= {("artifact", node.id): node for node in graph.artifacts}
        nodes |= {("execution", node.id): node for node in graph.executions}
    events = list(dict.fromkeys(event for graph in graphs for event in graph.events))
    first: Key = ("execution" if isinstance(start, Execution) else "artifact", start.id)
    nodes.setdefault(first, start)
    kept = _nearest(first, events, nodes)
    drawn_events = [e for e in events if _artifact(e) in kept and _execution(e) in kept]
    hidden = _hidden(store, kept, drawn_events)
    return DrawnGraph(
        start=_name(first),
        nodes=tuple(_node(key, nodes[key], hidden[key]) for key in kept),
        edges=tuple(_edge(event) for event in drawn_events),
        more=len(kept) < len(nodes),
    )


def _walk(
    store: Store, node: Artifact | Execution, direction: Direction, depth: int
) -> LineageGraph:
    if isinstance(node, Execution):
        return store.get_lineage(execution_ids=[node.id], direction=direction, depth=depth)
    return store.get_lineage(artifact_ids=[node.id], direction=direction, depth=depth)


def _nearest(start: Key, events: Iterable[Event], nodes: Mapping[Key, Any]) -> list[Key]:
    """Return the nodes in the order of their distance, as many as are drawn at once."""
    neighbours: defaultdict[Key, list[Key]] = defaultdict(list)
    for event in events:
        neighbours[_artifact(event)].append(_execution(event))
        neighbours[_execution(event)].append(_artifact(event))
    kept: dict[Key, None] = {start: None}
    waiting = deque([start])
    while waiting:
        for key in neighbours[waiting.popleft()]:
            if len(kept) >= MOST_NODES:
                return list(kept)
            if key not in kept and key in nodes:
                kept[key] = None
                waiting.append(key)
    return list(kept)


def _hidden(
    store: Store, kept: Iterable[Key], drawn: Iterable[Event]
) -> dict[Key, tuple[int, int]]:
    """Count each node's neighbours up and down that are not drawn."""
    artifacts = [number for kind, number in kept if kind == "artifact"]
    executions = [number for kind, number in kept if kind == "execution"]
    shown = {(e.artifact_id, e.execution_id, e.type.is_input) for e in drawn}
    up: defaultdict[Key, set[int]] = defaultdict(set)
    down: defaultdict[Key, set[int]] = defaultdict(set)
    for event in store.get_events_by_artifact_ids(artifacts):
        if (event.artifact_id, event.execution_id, event.type.is_input) not in shown:
            side = down if event.type.is_input else up
            side[_artifact(event)].add(event.execution_id)
    for event in store.get_events_by_execution_ids(executions):
        if (event.artifact_id, event.execution_id, event.type.is_input) not in shown:
            side = up if event.type.is_input else down
            side[_execution(event)].add(event.artifact_id)
    return {key: (len(up[key]), len(down[key])) for key in kept}


def _node(key: Key, node: Artifact | Execution, hidden: tuple[int, int]) -> GraphNode:
    is_artifact = isinstance(node, Artifact)
    return GraphNode(
        key=_name(key),
        kind=key[0],
        id=key[1],
        type=node.type,
        label=_label(node),
        detail=(node.uri or "in memory") if isinstance(node, Artifact) else "",
        state=_artifact_state(node) if is_artifact else state_word(node),  # type: ignore[arg-type]
        hidden_up=hidden[0],
        hidden_down=hidden[1],
    )


def _label(node: Artifact | Execution) -> str:
    if isinstance(node, Execution):
        return node.name or node.type
    is_named = node.uri or node.name or node.properties.get("name")
    return short_name(node) if is_named else node.type


def _artifact_state(node: Artifact | Execution) -> str:
    return node.state.name if isinstance(node, Artifact) and node.state else ""


def _edge(event: Event) -> GraphEdge:
    artifact, execution = _name(_artifact(event)), _name(_execution(event))
    source, target = (artifact, execution) if event.type.is_input else (execution, artifact)
    return GraphEdge(
        source=source,
        target=target,
        path=".".join(map(str, event.path)),
        event=event.type.name,
    )


def _artifact(event: Event) -> Key:
    return ("artifact", event.artifact_id)


def _execution(event: Event) -> Key:
    return ("execution", event.execution_id)


def _name(key: Key) -> str:
    return f"{key[0]}:{key[1]}"
