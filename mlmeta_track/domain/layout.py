"""Where to draw the nodes of a directed graph: in layers, with few crossings and short edges.

The usual four steps (after Sugiyama): edges that close a cycle are turned around, nodes get
layers, each layer gets an order, and each node a place across its layer.  Edges that span several
layers go through a point in each of them.
"""

from __future__ import annotations

from bisect import bisect_right, insort
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TypeAlias

Edge: TypeAlias = "tuple[int, int]"
Neighbours: TypeAlias = "list[list[int]]"

_SWEEPS = 16
_MOST_WORK = 60_000  # points times sweeps: about a second
_STRAIGHTNESS = 4.0  # how much more than a node's place that of an edge's bend counts


@dataclass(frozen=True, slots=True)
class Layout:
    """Where nodes and edges lie.

    Args:
        layers: The layer of each node; data goes from lower to higher ones.
        places: The middle of each node across its layer, 0 and up.
        routes: For each edge, the place in each layer that it goes through, from its source to its
            target: one after the other in ascending layers, or in descending ones if it closes a
            cycle.
        breadth: How far the places go, the room of the outermost nodes included.
    """

    layers: tuple[int, ...]
    places: tuple[float, ...]
    routes: tuple[tuple[float, ...], ...]
    breadth: float


def lay_out(nodes: Sequence[float], edges: Sequence[Edge], *, bend: float) -> Layout:
    """Lay out a graph.

    Args:
        nodes: How much room across its layer each node takes.
        edges: Source and target of each edge, as indexes into the nodes.
        bend: How much room an edge takes that passes through a layer.
    """
    count = len(nodes)
    layers = _layers(count, edges)
    chains, layer_of = _chains(edges, layers)
    before, after = _neighbours(len(layer_of), chains)
    rows = _rows(layer_of, before, after)
    _order(rows, before, after)
    breadths = [*nodes, *[bend] * (len(layer_of) - count)]
    places = _places(rows, before, after, breadths, count)
    left = min((p - b / 2 for p, b in zip(places, breadths, strict=True)), default=0.0)
    right = max((p + b / 2 for p, b in zip(places, breadths, strict=True)), default=0.0)
    routes = []
    for (source, target), chain in zip(edges, chains, strict=True):
        forward = layers[source] <= layers[target]
        points = chain if forward else list(reversed(chain))
        routes.append(tuple(places[point] - left for point in points))
    return Layout(
        tuple(layers), tuple(p - left for p in places[:count]), tuple(routes), right - left
    )


def _layers(count: int, edges: Sequence[Edge]) -> list[int]:
    """Put each node behind all that lead to it, and sources right before what they lead to."""
    targets: Neighbours = [[] for _ in range(count)]
    for source, target in edges:
        targets[source].append(target)
    order, closing = _topological(count, targets)
    sources: Neighbours = [[] for _ in range(count)]
    layers = [0] * count
    for node in order:
        targets[node] = [t for t in targets[node] if (node, t) not in closing]
        for target in targets[node]:
            sources[target].append(node)
            layers[target] = max(layers[target], layers[node] + 1)
    for node in order:
        if not sources[node] and targets[node]:
            layers[node] = min(layers[target] for target in targets[node]) - 1
    return layers


def _topological(count: int, targets: Neighbours) -> tuple[list[int], set[Edge]]:
    """Return the nodes in an order in which edges lead forward, and the edges that do not."""
    finished: list[int] = []
    closing: set[Edge] = set()
    state = [0] * count  # 1 is on the way, 2 is finished
    for root in range(count):
        stack = [(root, iter(targets[root]))] if not state[root] else []
        state[root] = state[root] or 1
        while stack:
            node, rest = stack[-1]
            target = next(rest, None)
            if target is None:
                state[node] = 2
                finished.append(node)
                stack.pop()
            elif state[target] == 1:
                closing.add((node, target))
            elif not state[target]:
                state[target] = 1
                stack.append((target, iter(targets[target])))
    return finished[::-1], closing


def _chains(edges: Sequence[Edge], layers: Sequence[int]) -> tuple[list[list[int]], list[int]]:
    """Give every edge a point in each layer that it passes; return its points, and all layers.

    Edges that begin at one node go together as far as they can.
    """
    layer_of = list(layers)
    points: dict[tuple[int, int], int] = {}
    chains = []
    for edge in edges:
        first, last = sorted(edge, key=lambda node: layers[node])
        chain = [first]
        for layer in range(layers[first] + 1, layers[last]):
            point = points.setdefault((first, layer), len(layer_of))
            if point == len(layer_of):
                layer_of.append(layer)
            chain.append(point)
        chains.append([*chain, last])
    return chains, layer_of


def _neighbours(count: int, chains: Iterable[Sequence[int]]) -> tuple[Neighbours, Neighbours]:
    """Return the neighbours of each point in the layer before, and in the layer after."""
    before: Neighbours = [[] for _ in range(count)]
    after: Neighbours = [[] for _ in range(count)]
    for source, target in dict.fromkeys(pair for chain in chains for pair in pairwise(chain)):
        after[source].append(target)
        before[target].append(source)
    return before, after


def _rows(layer_of: Sequence[int], before: Neighbours, after: Neighbours) -> Neighbours:
    """Return the points of each layer, those that hang together beside each other."""
    rows: Neighbours = [[] for _ in range(max(layer_of, default=-1) + 1)]
    seen = [False] * len(layer_of)
    for root in sorted(range(len(layer_of)), key=lambda point: layer_of[point]):
        stack = [root]
        while stack:
            point = stack.pop()
            if not seen[point]:
                seen[point] = True
                rows[layer_of[point]].append(point)
                stack.extend(reversed(after[point]))
                stack.extend(reversed(before[point]))
    return rows


def _order(rows: Neighbours, before: Neighbours, after: Neighbours) -> None:
    """Order each row by where its neighbours stand, as long as that makes crossings fewer."""
    points = sum(map(len, rows))
    best, fewest = [list(row) for row in rows], _crossings(rows, after)
    for sweep in range(min(_SWEEPS, max(2, _MOST_WORK // max(points, 1)))):
        if not fewest:
            break
        down = sweep % 2 == 0
        position = _positions(rows, points)
        for row in rows if down else reversed(rows):
            neighbours = before if down else after
            mean = {p: _mean(position, neighbours[p], position[p]) for p in row}
            row.sort(key=mean.__getitem__)
            for i, point in enumerate(row):
                position[point] = i
        crossings = _crossings(rows, after)
        if crossings < fewest:
            best, fewest = [list(row) for row in rows], crossings
    rows[:] = best


def _positions(rows: Neighbours, points: int) -> list[float]:
    position = [0.0] * points
    for row in rows:
        for i, point in enumerate(row):
            position[point] = i
    return position


def _mean(of: Sequence[float], neighbours: Sequence[int], otherwise: float) -> float:
    return sum(of[n] for n in neighbours) / len(neighbours) if neighbours else otherwise


def _crossings(rows: Neighbours, after: Neighbours) -> int:
    count = 0
    position = _positions(rows, len(after))
    for row in rows:
        ends: list[float] = []
        for point in row:
            targets = sorted(position[target] for target in after[point])
            count += sum(len(ends) - bisect_right(ends, target) for target in targets)
            for target in targets:
                insort(ends, target)
    return count


def _places(
    rows: Neighbours, before: Neighbours, after: Neighbours, breadths: Sequence[float], count: int
) -> list[float]:
    """Move points towards the middle of their neighbours, as far as the others in the row let.

    Points from ``count`` on are not nodes but where edges pass.
    """
    places = [0.0] * len(breadths)
    for row in rows:
        _settle(row, places, breadths, [0.0] * len(row), [1.0] * len(row))
    for sweep in range(min(_SWEEPS, max(2, _MOST_WORK // max(len(breadths), 1)))):
        down = sweep % 2 == 0
        for row in rows if down else reversed(rows):
            wanted, weights = [], []
            for point in row:
                near = (before if down else after)[point] or (after if down else before)[point]
                # Nodes go by nodes, and edges that pass by themselves.
                alike = [other for other in near if (other < count) is (point < count)]
                wanted.append(_mean(places, alike or near, places[point]))
                is_straight = point >= count or len(before[point]) == len(after[point]) == 1
                weights.append(_STRAIGHTNESS if is_straight else 1.0)
            _settle(row, places, breadths, wanted, weights)
    return places


def _settle(
    row: Sequence[int],
    places: list[float],
    breadths: Sequence[float],
    wanted: Sequence[float],
    weights: Sequence[float],
) -> None:
    """Place a row as near to where its points want to be as its order and their breadths allow.

    Points that want to stand in each other's place form a block, which stands where its points
    want to be on average.
    """
    offsets = list(_offsets(row, breadths))
    blocks: list[tuple[float, float, int]] = []  # sum of weighted wishes, of weights, and how many
    for wish, weight, offset in zip(wanted, weights, offsets, strict=True):
        block = ((wish - offset) * weight, weight, 1)
        while blocks and blocks[-1][0] / blocks[-1][1] > block[0] / block[1]:
            last = blocks.pop()
            block = (last[0] + block[0], last[1] + block[1], last[2] + block[2])
        blocks.append(block)
    settled = [total / weight for total, weight, count in blocks for _ in range(count)]
    for point, place, offset in zip(row, settled, offsets, strict=True):
        places[point] = place + offset


def _offsets(row: Sequence[int], breadths: Sequence[float]) -> Iterator[float]:
    """Yield how far each point stands from the first one when they stand close together."""
    offset = 0.0
    for i, point in enumerate(row):
        if i:
            offset += (breadths[row[i - 1]] + breadths[point]) / 2
        yield offset
