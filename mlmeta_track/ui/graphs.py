"""A lineage graph for the page: the nodes near a node, and which of them have more around them.

What is around a node may be nearly the whole store, so nothing here reads more than it can draw.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from mlmeta_track.domain.drawing import short_name
from mlmeta_track.domain.events import INPUT_EVENTS, OUTPUT_EVENTS, Event
from mlmeta_track.domain.lineage import Direction
from mlmeta_track.domain.nodes import Artifact, Execution
from mlmeta_track.overview.listing import state_word
from mlmeta_track.store.base import Store

MOST_NODES = 400
"""So many nodes are drawn at once; what is left out is opened on demand."""

MOST_HIDDEN = 100
"""So many neighbours that are not drawn are counted."""

_AT_ONCE = 10  # nodes whose neighbours are asked for before it is seen whether there is room

Key: TypeAlias = "tuple[Literal['artifact', 'execution'], int]"


@dataclass(frozen=True, slots=True, kw_only=True)
class GraphNode:
    """A node as it is drawn; ``hidden`` counts the neighbours that are not, up to hundreds."""

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
    """Nodes, the nearest to the start first, and the arrows between; ``more`` if not all are."""

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
    first: Key = ("execution" if isinstance(start, Execution) else "artifact", start.id)
    walk = _Walk(store, first, [d for d in Direction if direction in {d.value, "both"}])
    # From an artifact it is two hops to the artifacts on the other side of an execution.
    walk.go(2 * depth - (1 if isinstance(start, Execution) else 0))
    nodes = {first: start, **_nodes(store, walk.kept)}
    walk.look_around()
    kept = [key for key in walk.kept if key in nodes]
    drawn = [e for e in walk.events() if _artifact(e) in nodes and _execution(e) in nodes]
    return DrawnGraph(
        start=_name(first),
        nodes=tuple(_node(key, nodes[key], walk.hidden(key)) for key in kept),
        edges=tuple(map(_edge, drawn)),
        more=walk.is_cut,
    )


@dataclass
class _Walk:
    """A walk from a node, hop by hop, the same way in each of some directions.

    ``kept`` are the nodes that were reached, the nearest first; ``is_cut`` tells that there was no
    room for all.
    """

    store: Store
    start: Key
    directions: list[Direction]
    kept: dict[Key, None] = field(default_factory=dict)
    is_cut: bool = False
    _events: dict[tuple[Key, Direction], list[Event]] = field(default_factory=dict)

    def go(self, hops: int) -> None:
        """Walk so far, or until there are as many nodes as can be drawn."""
        self.kept[self.start] = None
        frontiers: dict[Direction, list[Key]] = {d: [self.start] for d in self.directions}
        seen: dict[Direction, set[Key]] = {d: {self.start} for d in self.directions}
        for _ in range(hops):
            for direction, frontier in frontiers.items():
                found = [key for key in self._hop(frontier, direction) if key in self.kept]
                frontiers[direction] = [k for k in dict.fromkeys(found) if k not in seen[direction]]
                seen[direction].update(frontiers[direction])
            if self.is_cut or not any(frontiers.values()):
                return

    def _hop(self, frontier: list[Key], direction: Direction) -> Iterator[Key]:
        for begin in range(0, len(frontier), _AT_ONCE):
            some = frontier[begin : begin + _AT_ONCE]
            self._read(some, direction, MOST_NODES + MOST_HIDDEN)
            for key in some:
                for event in self._events[key, direction]:
                    other = _other(key, event)
                    if other not in self.kept and len(self.kept) >= MOST_NODES:
                        self.is_cut = True
                    else:
                        self.kept[other] = None
                        yield other
            if self.is_cut:
                return

    def look_around(self) -> None:
        """Read what else the nodes have around them, as far as it is told."""
        for direction in Direction:
            unread = [key for key in self.kept if (key, direction) not in self._events]
            self._read(unread, direction, MOST_HIDDEN)

    def events(self) -> list[Event]:
        """Return what was read, each event once, in the order in which it was recorded."""
        found = {event for events in self._events.values() for event in events}
        return sorted(found, key=lambda event: event.id or 0)

    def hidden(self, key: Key) -> tuple[int, int]:
        """Count a node's neighbours up and down that were not reached."""
        up, down = (
            len({_other(key, event) for event in self._events[key, direction]} - self.kept.keys())
            for direction in (Direction.UPSTREAM, Direction.DOWNSTREAM)
        )
        return up, down

    def _read(self, keys: list[Key], direction: Direction, most: int) -> None:
        kinds: tuple[type[Artifact | Execution], ...] = (Artifact, Execution)
        for kind in kinds:
            of_kind = [key for key in keys if key[0] == kind.__name__.lower()]
            for key in of_kind:
                self._events[key, direction] = []
            types = INPUT_EVENTS if _by_input(kind, direction) else OUTPUT_EVENTS
            ids = [number for _, number in of_kind]
            events = self.store.get_events_near(kind, ids, types=types, most=most) if ids else []
            for event in events:
                key = _artifact(event) if kind is Artifact else _execution(event)
                self._events[key, direction].append(event)


def _by_input(kind: type[Artifact | Execution], direction: Direction) -> bool:
    """Tell whether the way from such nodes is by what executions used, not by what they made."""
    return (kind is Execution) is (direction is Direction.UPSTREAM)


def _other(key: Key, event: Event) -> Key:
    return _execution(event) if key[0] == "artifact" else _artifact(event)


def _nodes(store: Store, keys: Iterable[Key]) -> dict[Key, Artifact | Execution]:
    ids: defaultdict[str, list[int]] = defaultdict(list)
    for kind, number in keys:
        ids[kind].append(number)
    found: dict[Key, Artifact | Execution] = {}
    found |= {("artifact", one.id): one for one in store.get_by_id(Artifact, ids["artifact"])}
    found |= {("execution", one.id): one for one in store.get_by_id(Execution, ids["execution"])}
    return found


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
