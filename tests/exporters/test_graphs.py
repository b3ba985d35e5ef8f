from __future__ import annotations

from xml.etree import ElementTree as ET

from mlmeta_track.domain.selection import Selection
from mlmeta_track.exporters import graphs

SPACE = "{http://graphml.graphdrawing.org/xmlns}"


def test_graphml_has_all_nodes_and_events(selection: Selection) -> None:
    root = ET.fromstring("".join(graphs.graphml(selection)))  # noqa: S314 - our own
    nodes = {node.get("id") for node in root.iter(f"{SPACE}node")}
    edges = [(edge.get("source"), edge.get("target")) for edge in root.iter(f"{SPACE}edge")]
    assert len(nodes) == 5
    assert len(edges) == 2
    assert {end for edge in edges for end in edge} <= nodes


def test_graphml_carries_properties_and_odd_characters(selection: Selection) -> None:
    root = ET.fromstring("".join(graphs.graphml(selection)))  # noqa: S314 - our own
    data = {(d.get("key"), d.text) for d in root.iter(f"{SPACE}data")}
    assert ("node.custom_properties.rate", "0.5") in data
    assert ("edge.path", "model <&\"'>") in data
    declared = {key.get("id") for key in root.iter(f"{SPACE}key")}
    assert {key for key, _ in data} <= declared


def test_mermaid_and_dot_are_those_of_a_lineage_graph(selection: Selection) -> None:
    assert "".join(graphs.mermaid(selection)).startswith("flowchart LR")
    assert "".join(graphs.dot(selection)).startswith("digraph lineage {")
