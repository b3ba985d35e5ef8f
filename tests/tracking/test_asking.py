from __future__ import annotations

from pathlib import Path

import pytest

import mlmeta_track as mt
from mlmeta_track.domain.nodes import Artifact, Execution
from mlmeta_track.errors import NotFoundError
from mlmeta_track.store.base import Store


@pytest.fixture
def chain(store: Store, tmp_path: Path) -> Store:
    (tmp_path / "a.txt").write_text("a")
    for source, target in (("a", "b"), ("b", "c")):
        with mt.step(f"{source} to {target}") as step:
            step.input(f"{source}.txt")
            (tmp_path / f"{target}.txt").write_text(target)
            step.output(f"{target}.txt")
    return store


def names(artifacts: tuple[Artifact, ...]) -> list[str]:
    return [Path(a.uri or "").name for a in artifacts]


def test_upstream_of_a_path_leads_to_the_sources(chain: Store) -> None:
    graph = mt.lineage("c.txt").upstream()
    assert names(graph.artifacts) == ["a.txt", "b.txt", "c.txt"]
    assert [e.type for e in graph.executions] == ["a to b", "b to c"]


def test_downstream_of_a_path_leads_to_the_end(chain: Store) -> None:
    assert names(mt.lineage(Path("b.txt")).downstream().artifacts) == ["b.txt", "c.txt"]


def test_depth_counts_executions(chain: Store) -> None:
    assert names(mt.lineage("c.txt").upstream(depth=1).artifacts) == ["b.txt", "c.txt"]


@pytest.mark.parametrize("what", [2, "2", "artifact:2"], ids=repr)
def test_an_artifact_is_found_by_its_id(chain: Store, what: int | str) -> None:
    assert mt.lineage(what).node.id == 2


def test_an_execution_is_found_by_its_id(chain: Store) -> None:
    asked = mt.lineage("execution:2")
    assert isinstance(asked.node, Execution)
    assert names(asked.upstream().artifacts) == ["a.txt", "b.txt"]


def test_a_node_of_the_store_may_be_asked_about(chain: Store) -> None:
    [artifact] = chain.get_by_id(Artifact, [3])
    assert names(mt.lineage(artifact).upstream(1).artifacts) == ["b.txt", "c.txt"]


def test_a_file_that_was_moved_is_found_by_its_content(chain: Store, tmp_path: Path) -> None:
    (tmp_path / "c.txt").rename(tmp_path / "moved.txt")
    assert mt.lineage("moved.txt").node.id == 3


def test_of_several_at_one_place_the_newest_is_meant(chain: Store, tmp_path: Path) -> None:
    (tmp_path / "c.txt").write_text("newer")
    with mt.step("again") as step:
        step.output("c.txt")
    assert mt.lineage("c.txt").node.id == 4


@pytest.mark.parametrize("what", ["nothing.txt", "artifact:99", "execution:99", 99], ids=repr)
def test_what_is_not_there_is_named(chain: Store, what: str | int) -> None:
    with pytest.raises(NotFoundError, match=r"nothing\.txt|99"):
        mt.lineage(what)


def test_the_graph_draws_itself(chain: Store) -> None:
    graph = mt.lineage("b.txt").upstream()
    assert str(graph).splitlines()[1].startswith("└── a to b  COMPLETED")
    assert "a1 --> e1" in graph.to_mermaid()
    assert "e1 -> a2" in graph.to_dot()


def test_a_notebook_shows_the_node_and_what_is_on_both_sides_of_it(chain: Store) -> None:
    shown = mt.lineage("b.txt")._repr_html_()
    assert shown.count("<svg") == 1
    assert "2 executions" in shown
    for name in ("a.txt", "b.txt", "c.txt", "a to b", "b to c"):
        assert name in shown


def test_a_notebook_shows_what_is_around_an_execution(chain: Store) -> None:
    shown = mt.lineage("execution:2")._repr_html_()
    assert "c.txt" in shown
    assert "a.txt" in shown


def test_a_lineage_names_its_node(chain: Store) -> None:
    assert repr(mt.lineage("b.txt")) == "<lineage of artifact:2 (DataSet)>"


def test_between_holds_the_ways_and_nothing_beside_them(chain: Store, tmp_path: Path) -> None:
    with mt.step("aside") as step:
        step.input("b.txt")
        (tmp_path / "d.txt").write_text("d")
        step.output("d.txt")
    ways = mt.lineage("c.txt").between("a.txt")
    assert names(ways.artifacts) == ["a.txt", "b.txt", "c.txt"]
    assert [e.type for e in ways.executions] == ["a to b", "b to c"]


def test_between_takes_its_ends_in_either_order(chain: Store) -> None:
    asked = mt.lineage("b.txt")
    assert asked.between("c.txt", "a.txt") == asked.between("a.txt", "c.txt")


def test_between_two_that_have_nothing_to_do_with_each_other_is_empty(
    chain: Store, tmp_path: Path
) -> None:
    (tmp_path / "other.txt").write_text("other")
    with mt.step("look") as step:
        step.input("other.txt")
    assert not mt.lineage("c.txt").between("other.txt").artifacts
