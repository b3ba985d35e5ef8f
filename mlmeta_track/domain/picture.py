"""A lineage graph as one SVG element: no script, no style sheet, no address but XML's own.

It takes its text's colour from what it stands in, and its other colours are seen on light ground
and on dark.  What is cut is whole in the title that a pointer shows.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice, takewhile
from typing import TYPE_CHECKING, TypeAlias

from mlmeta_track.domain import drawing, layout, markup
from mlmeta_track.domain.nodes import Artifact, Execution, ExecutionState

if TYPE_CHECKING:
    from mlmeta_track.domain.drawing import NodeKey
    from mlmeta_track.domain.layout import Edge, Layout
    from mlmeta_track.domain.lineage import LineageGraph

MOST_NODES = 300
"""Of a larger graph so many are drawn, those that are nearest to the starting nodes."""

_WIDE = 980
"""How many pixels wide a picture may be before the other way round is looked at."""

_HEIGHT, _NARROWEST, _WIDEST = 42.0, 110.0, 290.0
_GAP_ACROSS, _GAP_ALONG, _GAP_BESIDE = 22.0, 38.0, 60.0
_BEND = 16.0  # the room that an edge takes where it passes a layer
_MARGIN, _PADDING = 9.0, 12.0
_HEAD, _DETAIL = 12.0, 11.0  # font sizes
_BOLD = 1.12  # how much wider bold letters are
_ARROW, _VISIBLE = 7.0, 0.5
_FEWEST_IN_PILE = 5
_MOST_NAMED = 20

_FONT = "system-ui,-apple-system,'Segoe UI',Roboto,Helvetica,Arial,sans-serif"
_BLUE, _GREEN, _RED, _YELLOW, _GREY = "#3b82f6", "#22a559", "#e5484d", "#d99a00", "#8b949e"
_COLOURS: Mapping[ExecutionState | None, str] = {
    ExecutionState.COMPLETE: _GREEN,
    ExecutionState.CACHED: _GREEN,
    ExecutionState.FAILED: _RED,
    ExecutionState.RUNNING: _YELLOW,
    ExecutionState.NEW: _YELLOW,
}


Pile: TypeAlias = "tuple[NodeKey, ...]"
"""Nodes that are drawn as one; mostly there is one in it."""

_Neighbour: TypeAlias = "tuple[NodeKey, bool]"  # and whether the event is an input


def svg(graph: LineageGraph, piles: Sequence[Pile] | None = None) -> str:
    """Draw a graph, the data going downwards, or to the right where that is less wide.

    Args:
        graph: The graph.
        piles: What ``chosen`` returned for it, if that has been asked already.
    """
    piles = chosen(graph) if piles is None else piles
    edges = _edges(graph, {key: i for i, pile in enumerate(piles) for key in pile})
    labels = [_Label.of(graph, pile) for pile in piles]
    canvas = _canvas([label.width for label in labels], list(edges))
    width, height = canvas.size
    room = f'width="{width:.0f}" height="{height:.0f}" viewBox="0 0 {width:.0f} {height:.0f}"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {room} role="img" fill="currentColor"',
        f' font-family="{_FONT}" font-size="{_DETAIL:g}">',
        f'<g fill="none" stroke="{_GREY}" stroke-width="1.4">',
        *(canvas.line(i, edge, edges[edge], after) for i, edge, after in canvas.begun(edges)),
        f'</g><g fill="{_GREY}">',
        *(canvas.arrow(i, edge) for i, edge in enumerate(edges)),
        "</g>",
        *(_node(canvas, i, label) for i, label in enumerate(labels)),
        "</svg>",
    ]
    return "".join(parts)


def chosen(graph: LineageGraph) -> list[Pile]:
    """Return what is drawn: the nodes nearest to the start, those in piles that are alike.

    Alike are nodes of one type, and executions of one state, that the same edges lead to and from:
    the hundred files that one execution reads.
    """
    beside: defaultdict[NodeKey, list[_Neighbour]] = defaultdict(list)
    for event in graph.events:
        artifact: NodeKey = ("artifact", event.artifact_id)
        execution: NodeKey = ("execution", event.execution_id)
        beside[artifact].append((execution, event.type.is_input))
        beside[execution].append((artifact, event.type.is_input))
    start = frozenset(graph.start)
    alike: defaultdict[object, list[NodeKey]] = defaultdict(list)
    for key in _nearest_first(graph, beside):
        node = graph.node(key)
        state = node.last_known_state if isinstance(node, Execution) else None
        kind = key if key in start else (key[0], node.type, state, frozenset(beside[key]))
        alike[kind].append(key)
    piles: list[Pile] = []
    for keys in alike.values():
        piles += [tuple(keys)] if len(keys) >= _FEWEST_IN_PILE else [(key,) for key in keys]
    return piles[:MOST_NODES]


def _nearest_first(
    graph: LineageGraph, beside: Mapping[NodeKey, Sequence[_Neighbour]]
) -> list[NodeKey]:
    """Return all nodes in the order of how many edges they are away from the starting nodes."""
    every: list[NodeKey] = [("artifact", node.id) for node in graph.artifacts]
    every += [("execution", node.id) for node in graph.executions]
    there = set(every)
    found = dict.fromkeys(key for key in graph.start if key in there)
    queue = deque(found)
    while queue:
        for key, _ in beside.get(queue.popleft(), ()):
            if key in there and key not in found:
                found[key] = None
                queue.append(key)
    return list(found | dict.fromkeys(every))


def _edges(graph: LineageGraph, index: Mapping[NodeKey, int]) -> dict[Edge, str]:
    """Return each pair of piles that data went between, with the names that it went by."""
    edges: dict[Edge, dict[str, None]] = {}
    for event in graph.events:
        artifact = index.get(("artifact", event.artifact_id))
        execution = index.get(("execution", event.execution_id))
        if artifact is not None and execution is not None:
            ends = (artifact, execution) if event.type.is_input else (execution, artifact)
            edges.setdefault(ends, {})[".".join(map(str, event.path))] = None
    return {
        ends: ", ".join(islice(filter(None, names), _MOST_NAMED)) for ends, names in edges.items()
    }


@dataclass(frozen=True, slots=True)
class _Label:
    """What is written in a node: its type, a detail below it, and its state's colour."""

    head: str
    detail: str
    colour: str
    title: str
    is_artifact: bool
    is_start: bool
    is_pile: bool

    @classmethod
    def of(cls, graph: LineageGraph, pile: Pile) -> _Label:
        """Say what is written in a node, or on a pile of them."""
        node = graph.node(pile[0])
        if isinstance(node, Artifact):
            detail, colour = drawing.short_name(node), _BLUE
        else:
            detail, colour = drawing.outcome(node), _COLOURS.get(node.last_known_state, _GREY)
        is_pile = len(pile) > 1
        titles = [drawing.label(graph, key) for key in pile[:_MOST_NAMED]]
        return cls(
            head=f"{len(pile):,} \N{MULTIPLICATION SIGN} {node.type}" if is_pile else node.type,
            detail=f"{detail}, …" if is_pile and isinstance(node, Artifact) else detail,
            colour=colour,
            title="\n".join([*titles, "…"] if len(pile) > _MOST_NAMED else titles),
            is_artifact=isinstance(node, Artifact),
            is_start=pile[0] in graph.start,
            is_pile=is_pile,
        )

    @property
    def width(self) -> float:
        """How wide the node is to be."""
        head = markup.width(self.head, _HEAD) * _BOLD
        detail = markup.width(self.detail, _DETAIL) + self.indent
        return min(_WIDEST, max(_NARROWEST, max(head, detail) + 2 * _PADDING + 1))

    @property
    def indent(self) -> float:
        """How far the detail stands from the head's beginning: there is the state's dot."""
        return 0.0 if self.is_artifact else 11.0


def _node(canvas: _Canvas, index: int, label: _Label) -> str:
    x, y = canvas.corner(index)
    width, room = canvas.widths[index], canvas.widths[index] - 2 * _PADDING
    left = x + _PADDING
    head = markup.escape(markup.fit(label.head, room / _BOLD, _HEAD))
    detail = markup.escape(markup.fit(label.detail, room - label.indent, _DETAIL))
    parts = [
        f"<g><title>{markup.escape(label.title)}</title>",
        _outline(x, y, width, label),
        _more_behind(x, y, width, label) if label.is_pile else "",
        f'<text x="{left:.1f}" y="{y + 17:.1f}" font-size="{_HEAD:g}" font-weight="600">',
        f"{head}</text>",
        f'<text x="{left + label.indent:.1f}" y="{y + 33:.1f}" fill-opacity="0.72">',
        f"{detail}</text>",
    ]
    if not label.is_artifact:
        dot = f'cx="{left + 3.5:.1f}" cy="{y + 29:.1f}" r="3.5"'
        parts.append(f'<circle {dot} fill="{label.colour}"/>')
    return "".join([*parts, "</g>"])


def _outline(x: float, y: float, width: float, label: _Label) -> str:
    tint = label.colour if label.is_artifact else _GREY
    return (
        f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{_HEIGHT:g}"'
        f' rx="{_HEIGHT / 2 if label.is_artifact else 5:g}" stroke="{label.colour}"'
        f' stroke-width="{2.4 if label.is_start else 1.2}" fill="{tint}"'
        f' fill-opacity="{0.34 if label.is_start else 0.14}"/>'
    )


def _more_behind(x: float, y: float, width: float, label: _Label) -> str:
    """Draw the upper edges of two nodes that lie behind one."""
    lines = (f"M{x + i:.1f},{y - i / 5:.1f}h{width - 2 * i:.1f}" for i in (17, 34))
    return f'<path d="{"".join(lines)}" stroke="{label.colour}" stroke-width="1.2"/>'


def _canvas(widths: Sequence[float], edges: Sequence[Edge]) -> _Canvas:
    """Choose between downwards, where nodes are as wide as they need, and to the right."""
    rooms = [width + _GAP_ACROSS for width in widths]
    upright = _Canvas(layout.lay_out(rooms, edges, bend=_BEND), widths, is_upright=True)
    if upright.size[0] <= _WIDE:
        return upright
    rooms = [_HEIGHT + _GAP_ACROSS / 2] * len(widths)
    widths = [max(widths)] * len(widths)
    lying = _Canvas(layout.lay_out(rooms, edges, bend=_BEND), widths, is_upright=False)
    return lying if lying.size[0] < upright.size[0] else upright


@dataclass(frozen=True, slots=True)
class _Canvas:
    """From layers and places to pixels: layers below each other, or beside each other."""

    layout: Layout
    widths: Sequence[float]
    is_upright: bool

    @property
    def size(self) -> tuple[float, float]:
        """Width and height in pixels."""
        end = self._end(max(self.layout.layers, default=0))
        x, y = self._point(end + _MARGIN, self.layout.breadth)
        return (x + _MARGIN, y) if self.is_upright else (x, y + _MARGIN)

    def corner(self, node: int) -> tuple[float, float]:
        """Return the left upper corner of a node."""
        middle = (self._begin(self.layout.layers[node]) + self._end(self.layout.layers[node])) / 2
        x, y = self._point(middle, self.layout.places[node])
        return x - self.widths[node] / 2, y - _HEIGHT / 2

    def begun(self, edges: Iterable[Edge]) -> Iterator[tuple[int, Edge, int]]:
        """Yield the edges with their numbers, and after how many layers each goes its own way.

        Edges that begin at one node may go together at first: that is drawn once.
        """
        routes: defaultdict[int, list[tuple[float, ...]]] = defaultdict(list)
        for i, edge in enumerate(edges):
            route = self.layout.routes[i]
            common = max((_common(route, other) for other in routes[edge[0]]), default=0)
            yield i, edge, max(0, common - 1)
            routes[edge[0]].append(route)

    def line(self, number: int, edge: Edge, name: str, after: int) -> str:
        """Draw an edge, bent between the layers and straight where it passes one."""
        way = self._way(edge)
        route = self.layout.routes[number]
        layer = self.layout.layers[edge[0]] + way * after
        along = self._leave(layer, way)
        path = [f"M{self._shown(along, route[after])}"]
        for i in range(after, len(route) - 1):
            here, there, is_last = route[i], route[i + 1], i == len(route) - 2
            layer += way
            enter = self._leave(layer, -way) - (way * _ARROW if is_last else 0)
            if abs(there - here) > _VISIBLE:
                if i > after:
                    path.append(f"L{self._shown(along, here)}")
                middle = (along + enter) / 2
                points = (middle, here), (middle, there), (enter, there)
                path.append("C" + " ".join(self._shown(*point) for point in points))
            elif is_last:
                path.append(f"L{self._shown(enter, there)}")
            along = self._leave(layer, way)
        title = f"<title>{markup.escape(name)}</title>" if name else ""
        return f'<path d="{"".join(path)}">{title}</path>'

    def arrow(self, number: int, edge: Edge) -> str:
        """Draw an edge's head; not as a marker, whose name could be another picture's, too."""
        way = self._way(edge)
        across = self.layout.routes[number][-1]
        tip = self._leave(self.layout.layers[edge[1]], -way)
        base = tip - way * _ARROW
        corners = (tip, across), (base, across - _ARROW / 2), (base, across + _ARROW / 2)
        return f'<path d="M{"L".join(self._shown(*corner) for corner in corners)}Z"/>'

    def _way(self, edge: Edge) -> int:
        """Return 1, or -1 for an edge that closes a cycle, and so goes against all others."""
        source, target = edge
        return 1 if self.layout.layers[source] <= self.layout.layers[target] else -1

    def _leave(self, layer: int, way: int) -> float:
        return self._end(layer) if way > 0 else self._begin(layer)

    def _begin(self, layer: int) -> float:
        gap = _GAP_ALONG if self.is_upright else _GAP_BESIDE
        # Edges that go far across need room to be told apart.
        gap *= 1 + min(max(self.layout.breadth - _WIDE, 0) / 3000, 2)
        return _MARGIN + layer * (self._thickness + gap)

    def _end(self, layer: int) -> float:
        return self._begin(layer) + self._thickness

    @property
    def _thickness(self) -> float:
        return _HEIGHT if self.is_upright else self.widths[0]

    def _point(self, along: float, across: float) -> tuple[float, float]:
        """Return x and y of what lies so far along the way of the data, and across it."""
        return (across, along) if self.is_upright else (along, across)

    def _shown(self, along: float, across: float) -> str:
        x, y = self._point(along, across)
        return f"{x:.1f},{y:.1f}"


def _common(route: Sequence[float], other: Sequence[float]) -> int:
    """Return how many places two routes have in common before they part."""
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(route, other)))  # noqa: B905 - the shorter one
