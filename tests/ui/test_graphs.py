from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

import pytest

from mlmeta_track.domain.events import Event
from mlmeta_track.domain.lineage import Direction
from mlmeta_track.domain.nodes import Artifact, Execution
from mlmeta_track.store.base import Store
from mlmeta_track.testing.store_cases.build import put_step
from mlmeta_track.ui.graphs import MOST_HIDDEN, MOST_NODES, DrawnGraph, around

from .crowded_store import crowd


@pytest.fixture
def chain(store: Store) -> Store:
    """A store with zero → a → one → b → two → c, a branch b → other, and b is used with a, too."""
    put_step(store, "zero", outputs=("a",))
    put_step(store, "one", ("a",), ("b",))
    put_step(store, "two", ("b", "a"), ("c",))
    put_step(store, "other", ("b",), ("x",))
    return store


def drawn(store: Store, key: str, direction: str, depth: int) -> tuple[DrawnGraph, dict[str, str]]:
    """Return the graph around a node, and the names of its nodes by their keys."""
    nodes: list[Artifact | Execution] = [
        *store.list_nodes(Artifact),
        *store.list_nodes(Execution),
    ]
    [start] = [node for node in nodes if node.external_id == key]
    graph = around(store, start, direction, depth)
    names = {f"{type(node).__name__.lower()}:{node.id}": str(node.external_id) for node in nodes}
    return graph, {one.key: names[one.key] for one in graph.nodes}


@pytest.mark.parametrize(
    ("start", "direction", "depth", "names"),
    [
        ("b", "upstream", 1, "b one a"),
        ("b", "upstream", 2, "b one a zero"),
        ("b", "downstream", 1, "b two other c x"),
        ("b", "both", 1, "b one a two other c x"),
        ("one", "both", 1, "one a b"),
        ("one", "upstream", 2, "one a zero"),
        ("one", "downstream", 2, "one b two other c x"),
        ("a", "downstream", 1, "a one two b c"),
    ],
)
def test_depth_is_counted_in_executions(
    chain: Store, start: str, direction: str, depth: int, names: str
) -> None:
    graph, found = drawn(chain, start, direction, depth)
    assert sorted(found.values()) == sorted(names.split())
    assert not graph.more


def test_arrows_between_drawn_nodes_are_there_whichever_way_was_walked(chain: Store) -> None:
    graph, names = drawn(chain, "b", "both", 1)
    arrows = {(names[edge.source], names[edge.target]) for edge in graph.edges}
    assert ("a", "two") in arrows


def test_what_is_not_drawn_is_counted(chain: Store) -> None:
    graph, names = drawn(chain, "b", "upstream", 1)
    hidden = {names[one.key]: (one.hidden_up, one.hidden_down) for one in graph.nodes}
    assert hidden == {"b": (0, 2), "one": (0, 0), "a": (1, 1)}


def test_a_circle_comes_to_an_end(store: Store) -> None:
    put_step(store, "edits", ("a",), ("a",))
    put_step(store, "reads", ("a",), ())
    assert len(drawn(store, "a", "both", 50)[1]) == len(store.list_nodes(Execution)) + len(
        store.list_nodes(Artifact)
    )


@pytest.mark.parametrize("of_artifact", [True, False])
def test_of_a_crowd_so_many_are_drawn_and_it_is_said(store: Store, of_artifact: bool) -> None:
    hub, maker = crowd(store)
    [node] = (
        store.get_by_id(Artifact, [hub]) if of_artifact else store.get_by_id(Execution, [maker])
    )
    graph = around(store, node, "both", 3)
    assert (len(graph.nodes), graph.more) == (MOST_NODES, True)
    assert graph.nodes[0].key == graph.start
    assert MOST_HIDDEN <= graph.nodes[0].hidden_down <= MOST_NODES + MOST_HIDDEN


def test_of_a_crowd_no_more_events_are_read_than_can_be_drawn(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub, _ = crowd(store)
    read: Counter[str] = Counter()
    near = type(store).get_events_near

    def counted(self: Store, kind: type, ids: Iterable[int], **how: object) -> list[Event]:
        found: list[Event] = near(self, kind, ids, **how)  # type: ignore[arg-type]
        read["events"] += len(found)
        return found

    monkeypatch.setattr(type(store), "get_events_near", counted)
    for name in ("get_lineage", "get_events_by_artifact_ids", "get_events_by_execution_ids"):
        monkeypatch.setattr(type(store), name, None)
    around(store, store.get_by_id(Artifact, [hub])[0], Direction.DOWNSTREAM.value, 50)
    assert 0 < read["events"] < 4 * MOST_NODES
