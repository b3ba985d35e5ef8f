"""Lineage: the part of the graph that lies before or behind a node, and its forms as text."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from importlib import import_module
from typing import Any

from mlmeta_track.domain import drawing
from mlmeta_track.domain.events import Event
from mlmeta_track.domain.nodes import Artifact, Execution


class Direction(Enum):
    """Which way to walk: towards the sources, or towards what depends on them."""

    UPSTREAM = "upstream"
    DOWNSTREAM = "downstream"


@dataclass(frozen=True)
class LineageGraph:
    """What lies upstream or downstream of the starting nodes, the starting nodes included.

    ``artifacts``, ``executions`` and ``events`` are in the order of their ids; ``start_artifacts``
    and ``start_executions`` are the ids that the walk began with.
    """

    direction: Direction
    start_artifacts: tuple[int, ...] = ()
    start_executions: tuple[int, ...] = ()
    artifacts: tuple[Artifact, ...] = ()
    executions: tuple[Execution, ...] = ()
    events: tuple[Event, ...] = ()
    _nodes: Mapping[drawing.NodeKey, Artifact | Execution] = field(
        init=False, repr=False, compare=False
    )
    _steps: Mapping[drawing.NodeKey, tuple[drawing.NodeKey, ...]] = field(
        init=False, repr=False, compare=False
    )

    def __post_init__(self) -> None:
        """Index the nodes, and the edges in the direction of the walk, once."""
        nodes: dict[drawing.NodeKey, Artifact | Execution] = {}
        nodes |= {("artifact", artifact.id): artifact for artifact in self.artifacts}
        nodes |= {("execution", execution.id): execution for execution in self.executions}
        object.__setattr__(self, "_nodes", nodes)
        object.__setattr__(self, "_steps", _index(self.events, self.direction))

    @property
    def start(self) -> tuple[drawing.NodeKey, ...]:
        """The starting nodes, artifacts first."""
        return tuple(("artifact", i) for i in self.start_artifacts) + tuple(
            ("execution", i) for i in self.start_executions
        )

    def node(self, key: drawing.NodeKey) -> Artifact | Execution:
        """Return the node of that key, which must be in the graph."""
        return self._nodes[key]

    def next(self, key: drawing.NodeKey) -> tuple[drawing.NodeKey, ...]:
        """Return the nodes one hop further in the direction of the walk."""
        return self._steps.get(key, ())

    def where_also(self, other: LineageGraph) -> LineageGraph:
        """Return the part of this graph whose nodes are in another one too."""
        artifacts = {artifact.id for artifact in other.artifacts}
        executions = {execution.id for execution in other.executions}
        return LineageGraph(
            direction=self.direction,
            start_artifacts=tuple(i for i in self.start_artifacts if i in artifacts),
            start_executions=tuple(i for i in self.start_executions if i in executions),
            artifacts=tuple(node for node in self.artifacts if node.id in artifacts),
            executions=tuple(node for node in self.executions if node.id in executions),
            events=tuple(
                event
                for event in self.events
                if event.artifact_id in artifacts and event.execution_id in executions
            ),
        )

    def to_tree(self) -> str:
        """Return the graph as an indented tree, the starting nodes at the top."""
        return drawing.tree(self)

    def to_mermaid(self) -> str:
        """Return the graph as a Mermaid flowchart; arrows point the way the data went."""
        return drawing.mermaid(self)

    def to_dot(self) -> str:
        """Return the graph in Graphviz's DOT language; arrows point the way the data went."""
        return drawing.dot(self)

    def to_dict(self) -> dict[str, object]:
        """Return the graph as plain values that JSON can hold."""
        return drawing.plain(self)

    def to_json(self) -> str:
        """Return the graph as JSON text."""
        return drawing.json_text(self)

    def to_networkx(self) -> Any:
        """Return the graph as a ``networkx.MultiDiGraph``; edges point the way the data went.

        Nodes are named ``"artifact:3"`` and ``"execution:7"`` and carry what is known of them as
        attributes (``kind``, ``type``, ``name``, ``uri``, ``state``, ``properties``,
        ``custom_properties``); edges carry ``event``, ``path`` and ``milliseconds_since_epoch``.

        Raises:
            ImportError: networkx is not installed.
        """
        return import_module("mlmeta_track.domain.tables").networkx_graph(self)

    def to_pandas(self) -> Any:
        """Return the events as a ``pandas.DataFrame``, one row an event, both its ends beside it.

        Columns: ``event``, ``path``, ``time``, then ``execution_id``, ``execution_type``,
        ``execution_state`` and ``artifact_id``, ``artifact_type``, ``artifact_name``,
        ``artifact_uri``.

        Raises:
            ImportError: pandas is not installed.
        """
        return import_module("mlmeta_track.domain.tables").pandas_frame(self)

    def to_svg(self) -> str:
        """Return the graph as a picture: one SVG element, to be put into a page or a file."""
        picture: str = import_module("mlmeta_track.domain.picture").svg(self)
        return picture

    def _repr_html_(self) -> str:
        """Return the picture and a table of the nodes, which is how notebooks show a graph."""
        # Imported when a notebook asks, which few processes do.
        shown: str = import_module("mlmeta_track.domain.cards").graph_html(self)
        return shown

    def __str__(self) -> str:
        """Return the tree."""
        return self.to_tree()


def _index(
    events: Iterable[Event], direction: Direction
) -> dict[drawing.NodeKey, tuple[drawing.NodeKey, ...]]:
    """Return, for each node, the nodes that its edges lead to, each once and in order."""
    steps: defaultdict[drawing.NodeKey, dict[drawing.NodeKey, None]] = defaultdict(dict)
    for event in events:
        artifact: drawing.NodeKey = ("artifact", event.artifact_id)
        execution: drawing.NodeKey = ("execution", event.execution_id)
        # Upstream, an artifact leads to the execution that made it and an execution to its inputs.
        towards_artifact = event.type.is_input is (direction is Direction.UPSTREAM)
        source, target = (execution, artifact) if towards_artifact else (artifact, execution)
        steps[source][target] = None
    return {source: tuple(targets) for source, targets in steps.items()}
