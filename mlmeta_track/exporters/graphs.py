"""Formats that draw a graph: Mermaid, DOT and GraphML."""

from __future__ import annotations

import re
from collections.abc import Iterator
from xml.sax.saxutils import escape, quoteattr

from mlmeta_track.domain.drawing import plain_value, short_name
from mlmeta_track.domain.nodes import Artifact, Execution, Properties
from mlmeta_track.domain.selection import Reader, Selection, reads_nothing

_KEYS = (
    ("node", "kind"),
    ("node", "type"),
    ("node", "label"),
    ("node", "uri"),
    ("node", "state"),
    ("node", "external_id"),
    ("edge", "event"),
    ("edge", "path"),
    ("edge", "milliseconds_since_epoch"),
)
# What XML 1.0 has no place for, not even escaped.
_NOT_IN_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def mermaid(selection: Selection, read: Reader = reads_nothing) -> Iterator[str]:  # noqa: ARG001
    """Yield a Mermaid flowchart."""
    yield selection.as_graph().to_mermaid()


def dot(selection: Selection, read: Reader = reads_nothing) -> Iterator[str]:  # noqa: ARG001
    """Yield a graph in the DOT language."""
    yield selection.as_graph().to_dot()


def graphml(selection: Selection, read: Reader = reads_nothing) -> Iterator[str]:  # noqa: ARG001
    """Yield a GraphML document: nodes and events with what is known of them.

    Properties are data under ``properties.NAME`` and ``custom_properties.NAME``, as text.
    """
    names = _property_names(selection)
    yield '<?xml version="1.0" encoding="UTF-8"?>\n'
    yield '<graphml xmlns="http://graphml.graphdrawing.org/xmlns">\n'
    for kind, name in (*_KEYS, *(("node", name) for name in names)):
        yield (
            f'  <key id={quoteattr(f"{kind}.{name}")} for="{kind}"'
            f' attr.name={quoteattr(name)} attr.type="string"/>\n'
        )
    yield '  <graph id="lineage" edgedefault="directed">\n'
    for node in _nodes(selection):
        yield from _node(node)
    for event in selection.events:
        ends = f"artifact:{event.artifact_id}", f"execution:{event.execution_id}"
        source, target = ends if event.type.is_input else reversed(ends)
        yield f'    <edge source="{source}" target="{target}">'
        yield from _data("edge", "event", event.type.name)
        yield from _data("edge", "path", ".".join(map(str, event.path)))
        yield from _data("edge", "milliseconds_since_epoch", event.milliseconds_since_epoch)
        yield "</edge>\n"
    yield "  </graph>\n</graphml>"


def _nodes(selection: Selection) -> Iterator[Artifact | Execution]:
    yield from selection.artifacts
    yield from selection.executions


def _node(node: Artifact | Execution) -> Iterator[str]:
    kind = type(node).__name__.lower()
    yield f'    <node id="{kind}:{node.id}">'
    yield from _data("node", "kind", kind)
    yield from _data("node", "type", node.type)
    if isinstance(node, Artifact):
        yield from _data("node", "label", short_name(node))
        yield from _data("node", "uri", node.uri)
        yield from _data("node", "state", node.state and node.state.name)
    else:
        yield from _data("node", "label", node.name or node.type)
        yield from _data("node", "state", node.last_known_state and node.last_known_state.name)
    yield from _data("node", "external_id", node.external_id)
    for prefix, properties in _both(node):
        for name, value in properties.items():
            yield from _data("node", f"{prefix}.{name}", plain_value(value))
    yield "</node>\n"


def _both(node: Artifact | Execution) -> tuple[tuple[str, Properties], tuple[str, Properties]]:
    return (("properties", node.properties), ("custom_properties", node.custom_properties))


def _property_names(selection: Selection) -> list[str]:
    return sorted(
        {
            _xml(f"{prefix}.{name}")
            for node in _nodes(selection)
            for prefix, properties in _both(node)
            for name in properties
        }
    )


def _data(kind: str, name: str, value: object) -> Iterator[str]:
    if value is not None:
        key = quoteattr(_xml(f"{kind}.{name}"))
        yield f"<data key={key}>{escape(_xml(str(value)))}</data>"


def _xml(text: str) -> str:
    return _NOT_IN_XML.sub("\N{REPLACEMENT CHARACTER}", text)
