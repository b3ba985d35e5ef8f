"""A lineage graph as text: a tree for a terminal, Mermaid and DOT for a page, JSON for programs."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Literal, TypeAlias

from mlmeta_track.domain.nodes import (
    STATE_WORDS,
    Artifact,
    Execution,
    Node,
    Properties,
    ProtoValue,
    StructValue,
)

if TYPE_CHECKING:
    from mlmeta_track.domain.lineage import LineageGraph

NodeKey: TypeAlias = "tuple[Literal['artifact', 'execution'], int]"

DURATION = "mlmeta_duration_ms"


def tree(graph: LineageGraph) -> str:
    """Draw the graph as a tree; a node that occurs again is named, not drawn again."""
    lines: list[str] = []
    seen: set[NodeKey] = set()
    for key in graph.start:
        lines.append(label(graph, key))
        if key not in seen:
            seen.add(key)
            lines.extend(_branches(graph, key, "", seen))
    return "\n".join(lines)


def _branches(graph: LineageGraph, key: NodeKey, indent: str, seen: set[NodeKey]) -> Iterator[str]:
    # A stack of iterators instead of recursion: lineage can be deeper than Python's call stack.
    stack = [(indent, _with_last(graph.next(key)))]
    while stack:
        indent, children = stack[-1]
        child = next(children, None)
        if child is None:
            stack.pop()
            continue
        target, is_last = child
        again = target in seen
        suffix = "  (see above)" if again and graph.next(target) else ""
        yield f"{indent}{'└── ' if is_last else '├── '}{label(graph, target)}{suffix}"
        if not again:
            seen.add(target)
            stack.append((indent + ("    " if is_last else "│   "), _with_last(graph.next(target))))


def _with_last(keys: tuple[NodeKey, ...]) -> Iterator[tuple[NodeKey, bool]]:
    return ((key, i == len(keys) - 1) for i, key in enumerate(keys))


def label(graph: LineageGraph, key: NodeKey) -> str:
    """Name a node on one line: type, what tells it from others, and its id."""
    node = graph.node(key)
    if isinstance(node, Artifact):
        name = node.properties.get("name") or node.name
        place = node.uri or ("" if name else "(in memory)")
        parts = [node.type, f"“{name}”" if name else "", place]
        return f"{' '.join(p for p in parts if p)}  [artifact {node.id}]"
    return f"{node.type}  {outcome(node)}  [execution {node.id}]"


def short_name(artifact: Artifact) -> str:
    """Return what tells an artifact from others of its type, in few letters."""
    name = artifact.properties.get("name") or artifact.name
    if name or not artifact.uri:
        return str(name or "in memory")
    return re.split(r"[/\\]", artifact.uri.rstrip("/\\"))[-1] or artifact.uri


def outcome(execution: Execution) -> str:
    """Say how an execution ended, and how long it took if that is known."""
    return f"{_state(execution)}{_duration(execution)}"


def _state(execution: Execution) -> str:
    state = execution.last_known_state
    return "(no state)" if state is None else STATE_WORDS.get(state, state.name)


def _duration(execution: Execution) -> str:
    milliseconds = execution.custom_properties.get(DURATION)
    if not isinstance(milliseconds, (int, float)):
        return ""
    seconds = milliseconds / 1000
    return f", {seconds:.1f} s" if seconds >= 1 else f", {milliseconds:.0f} ms"


def mermaid(graph: LineageGraph) -> str:
    """Draw the graph as a Mermaid flowchart, artifacts round and executions square."""
    lines = ["flowchart LR"]
    for artifact in graph.artifacts:
        text = _escape_mermaid(label(graph, ("artifact", artifact.id)))
        lines.append(f'    a{artifact.id}(["{text}"])')
    for execution in graph.executions:
        text = _escape_mermaid(label(graph, ("execution", execution.id)))
        lines.append(f'    e{execution.id}["{text}"]')
    lines.extend(f"    {source} --> {target}" for source, target in _arrows(graph))
    return "\n".join(lines)


def dot(graph: LineageGraph) -> str:
    """Draw the graph in the DOT language, artifacts as ellipses and executions as boxes."""
    lines = ["digraph lineage {", "    rankdir=LR;"]
    for artifact in graph.artifacts:
        text = _escape_dot(label(graph, ("artifact", artifact.id)))
        lines.append(f'    a{artifact.id} [shape=ellipse, label="{text}"];')
    for execution in graph.executions:
        text = _escape_dot(label(graph, ("execution", execution.id)))
        lines.append(f'    e{execution.id} [shape=box, label="{text}"];')
    lines.extend(f"    {source} -> {target};" for source, target in _arrows(graph))
    lines.append("}")
    return "\n".join(lines)


def _arrows(graph: LineageGraph) -> list[tuple[str, str]]:
    """Return each pair of nodes that data went between, once, in the order of the events."""
    arrows: dict[tuple[str, str], None] = {}
    for event in graph.events:
        artifact, execution = f"a{event.artifact_id}", f"e{event.execution_id}"
        arrows[(artifact, execution) if event.type.is_input else (execution, artifact)] = None
    return list(arrows)


def _escape_mermaid(text: str) -> str:
    return "".join(
        c if c.isalnum() or c in " .,_-/:()“”" else f"#{ord(c)};" for c in text.replace("\n", " ")
    )


def _escape_dot(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def json_text(graph: LineageGraph) -> str:
    """Write the graph as JSON text, indented."""
    return json.dumps(plain(graph), indent=2, ensure_ascii=False)


def plain(graph: LineageGraph) -> dict[str, object]:
    """Turn the graph into dicts, lists and scalars."""
    return {
        "direction": graph.direction.value,
        "start": [{"kind": kind, "id": node_id} for kind, node_id in graph.start],
        "artifacts": [plain_node(node) for node in graph.artifacts],
        "executions": [plain_node(node) for node in graph.executions],
        "events": [
            {
                "artifact_id": event.artifact_id,
                "execution_id": event.execution_id,
                "type": event.type.name,
                "path": list(event.path),
                "milliseconds_since_epoch": event.milliseconds_since_epoch,
            }
            for event in graph.events
        ],
    }


def plain_node(node: Node) -> dict[str, object]:
    """Turn a node into dicts and scalars."""
    plain: dict[str, object] = {"id": node.id, "type": node.type, "name": node.name}
    if isinstance(node, Artifact):
        plain |= {"uri": node.uri, "state": node.state and node.state.name}
    elif isinstance(node, Execution):
        plain["last_known_state"] = node.last_known_state and node.last_known_state.name
    return plain | {
        "external_id": node.external_id,
        "properties": _plain_properties(node.properties),
        "custom_properties": _plain_properties(node.custom_properties),
        "create_time_since_epoch": node.create_time_since_epoch,
        "last_update_time_since_epoch": node.last_update_time_since_epoch,
    }


def _plain_properties(properties: Properties) -> dict[str, object]:
    """Turn property values into JSON's; serialized messages become base64 text."""
    return {name: plain_value(value) for name, value in sorted(properties.items())}


def plain_value(value: object) -> object:
    """Return a property's value as JSON can hold it."""
    if isinstance(value, (StructValue, ProtoValue)):
        return base64.b64encode(value.serialized).decode("ascii")
    return value
