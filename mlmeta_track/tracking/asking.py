"""Asking the store of this process what made this, and what was made from it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from itertools import chain
from typing import TypeVar

from mlmeta_track.domain.lineage import Direction, LineageGraph
from mlmeta_track.domain.nodes import Artifact, Execution
from mlmeta_track.store.base import Store
from mlmeta_track.tracking import recorder
from mlmeta_track.tracking.finding import What, find_node

SHOWN_DEPTH = 10
"""How many executions away a notebook shows of what is around a node."""

NodeT = TypeVar("NodeT", Artifact, Execution)


class Lineage:
    """The lineage of one artifact or execution, in both directions."""

    def __init__(self, store: Store, node: Artifact | Execution) -> None:
        """Ask a store about a node."""
        self._store = store
        self.node = node

    def upstream(self, depth: int | None = None) -> LineageGraph:
        """Return what the node was made from.

        Args:
            depth: How many executions deep; None goes to the sources.
        """
        return self._walk(self.node, Direction.UPSTREAM, depth)

    def downstream(self, depth: int | None = None) -> LineageGraph:
        """Return what was made from the node.

        Args:
            depth: How many executions deep; None goes to the end.
        """
        return self._walk(self.node, Direction.DOWNSTREAM, depth)

    def between(self, a: What, b: What | None = None) -> LineageGraph:
        """Return every way on which data came from ``a`` to ``b``, or the other way round.

        Args:
            a: One end, named as ``lineage`` takes it.
            b: The other end; this lineage's own node if None.

        Returns:
            The nodes on these ways, both ends included, walked upstream from the later end; an
            empty graph if no data came from either to the other.

        Raises:
            NotFoundError: The store has no such node.
        """
        one = find_node(self._store, a)
        other = self.node if b is None else find_node(self._store, b)
        for source, target in ((one, other), (other, one)):
            before = self._walk(target, Direction.UPSTREAM, None)
            ways = before.where_also(self._walk(source, Direction.DOWNSTREAM, None))
            if ways.artifacts or ways.executions:
                return ways
        return LineageGraph(direction=Direction.UPSTREAM)

    def __repr__(self) -> str:
        """Name the node."""
        return f"<lineage of {type(self.node).__name__.lower()}:{self.node.id} ({self.node.type})>"

    def _repr_html_(self) -> str:
        """Return the node and what is around it, which is how notebooks show a lineage."""
        before, behind = self.upstream(SHOWN_DEPTH), self.downstream(SHOWN_DEPTH)
        around = replace(
            before,
            artifacts=_joined(before.artifacts, behind.artifacts),
            executions=_joined(before.executions, behind.executions),
            events=tuple(dict.fromkeys((*before.events, *behind.events))),
        )
        return f"{self.node._repr_html_()}{around._repr_html_()}"

    def _walk(
        self, node: Artifact | Execution, direction: Direction, depth: int | None
    ) -> LineageGraph:
        ids = (node.id,)
        if isinstance(node, Execution):
            return self._store.get_lineage(execution_ids=ids, direction=direction, depth=depth)
        return self._store.get_lineage(artifact_ids=ids, direction=direction, depth=depth)


def _joined(before: Iterable[NodeT], behind: Iterable[NodeT]) -> tuple[NodeT, ...]:
    by_id = {node.id: node for node in chain(before, behind)}
    return tuple(sorted(by_id.values(), key=lambda node: node.id))


def lineage(what: What) -> Lineage:
    """Return the lineage of an artifact or an execution.

    Args:
        what: A path or URI (the newest artifact there; for a file that was moved, the newest with
            its content), an artifact's id as a number or text, ``"artifact:3"``,
            ``"execution:3"``, or a node that the store returned.

    Raises:
        NotFoundError: The store has nothing of that name.
        InvalidArgumentError: It is a context.
    """
    store = recorder.current().store
    return Lineage(store, find_node(store, what))
