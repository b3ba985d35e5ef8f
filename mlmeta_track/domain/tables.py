"""A lineage graph in the forms that other libraries compute with: networkx and pandas."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from mlmeta_track.domain.drawing import short_name
from mlmeta_track.domain.nodes import Artifact, Execution, Node

if TYPE_CHECKING:
    from mlmeta_track.domain.events import Event
    from mlmeta_track.domain.lineage import LineageGraph


def networkx_graph(graph: LineageGraph) -> Any:
    """Return a ``networkx.MultiDiGraph`` of the nodes and events."""
    # Imported by name: it is the user's, and nothing of ours depends on it.
    made = import_module("networkx").MultiDiGraph(direction=graph.direction.value)
    for artifact in graph.artifacts:
        made.add_node(f"artifact:{artifact.id}", **_attributes(artifact))
    for execution in graph.executions:
        made.add_node(f"execution:{execution.id}", **_attributes(execution))
    for event in graph.events:
        ends = f"artifact:{event.artifact_id}", f"execution:{event.execution_id}"
        source, target = ends if event.type.is_input else reversed(ends)
        made.add_edge(source, target, **_facts(event))
    return made


def pandas_frame(graph: LineageGraph) -> Any:
    """Return a ``pandas.DataFrame`` with one row an event."""
    pandas = import_module("pandas")
    artifacts = {artifact.id: artifact for artifact in graph.artifacts}
    executions = {execution.id: execution for execution in graph.executions}
    rows = [
        _row(event, executions[event.execution_id], artifacts[event.artifact_id])
        for event in graph.events
        if event.execution_id in executions and event.artifact_id in artifacts
    ]
    frame = pandas.DataFrame(rows, columns=list(_COLUMNS))
    frame["time"] = pandas.to_datetime(frame["time"], unit="ms", utc=True)
    return frame


_COLUMNS = (
    "event",
    "path",
    "time",
    "execution_id",
    "execution_type",
    "execution_state",
    "artifact_id",
    "artifact_type",
    "artifact_name",
    "artifact_uri",
)


def _row(event: Event, execution: Execution, artifact: Artifact) -> tuple[object, ...]:
    return (
        event.type.name,
        ".".join(map(str, event.path)),
        event.milliseconds_since_epoch,
        execution.id,
        execution.type,
        execution.last_known_state and execution.last_known_state.name,
        artifact.id,
        artifact.type,
        short_name(artifact),
        artifact.uri,
    )


def _facts(event: Event) -> dict[str, object]:
    return {
        "event": event.type.name,
        "path": event.path,
        "milliseconds_since_epoch": event.milliseconds_since_epoch,
    }


def _attributes(node: Node) -> dict[str, object]:
    kind = type(node).__name__.lower()
    facts: dict[str, object] = {"kind": kind, "type": node.type, "name": node.name}
    if isinstance(node, Artifact):
        facts |= {"uri": node.uri, "state": node.state and node.state.name}
    elif isinstance(node, Execution):
        facts["state"] = node.last_known_state and node.last_known_state.name
    return facts | {
        "properties": dict(node.properties),
        "custom_properties": dict(node.custom_properties),
    }
