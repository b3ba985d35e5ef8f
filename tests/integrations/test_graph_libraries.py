from __future__ import annotations

from pathlib import Path

import pytest

import mlmeta_track as mt
from mlmeta_track.domain.lineage import LineageGraph


@pytest.fixture
def graph(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> LineageGraph:
    monkeypatch.chdir(tmp_path)
    mt.init("sqlite:///m.db")
    (tmp_path / "a.txt").write_text("a")
    with mt.step("copy") as step:
        step.input("a.txt", name="source")
        (tmp_path / "b.txt").write_text("b")
        step.output("b.txt", name="target")
    return mt.lineage("b.txt").upstream()


def test_networkx_edges_point_the_way_the_data_went(graph: LineageGraph) -> None:
    import networkx as nx

    made = graph.to_networkx()
    [start, end] = [n for n in nx.topological_sort(made) if n.startswith("artifact")]
    assert nx.has_path(made, start, end)
    assert Path(made.nodes[start]["uri"]).name == "a.txt"


def test_networkx_edges_carry_the_event(graph: LineageGraph) -> None:
    facts = [d for *_, d in graph.to_networkx().edges(data=True)]
    assert [f["path"] for f in facts] == [("source",), ("target",)]


def test_pandas_has_one_row_an_event(graph: LineageGraph) -> None:
    frame = graph.to_pandas()
    assert list(frame["event"]) == ["DECLARED_INPUT", "DECLARED_OUTPUT"]
    assert list(frame["artifact_name"]) == ["a.txt", "b.txt"]
    assert str(frame["time"].dtype) == "datetime64[ns, UTC]"


def test_pandas_frame_of_an_empty_graph_has_its_columns(graph: LineageGraph) -> None:
    assert "artifact_uri" in LineageGraph(direction=graph.direction).to_pandas().columns
