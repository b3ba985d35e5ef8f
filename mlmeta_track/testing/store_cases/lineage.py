"""Lineage: what lies before and behind."""

from __future__ import annotations

import pytest

from mlmeta_track.domain.batch import Batch
from mlmeta_track.domain.events import INPUT_EVENTS, OUTPUT_EVENTS, EventType
from mlmeta_track.domain.lineage import Direction, LineageGraph
from mlmeta_track.domain.nodes import Artifact, Execution
from mlmeta_track.errors import InvalidArgumentError
from mlmeta_track.store.base import Store
from mlmeta_track.testing.store_cases.build import (
    SCHEMA,
    event,
    execution,
    made,
    put_artifact,
    put_step,
    used,
)


def keys(graph: LineageGraph) -> tuple[list[str | None], list[str | None]]:
    """Return the external ids of a graph's artifacts and executions."""
    artifacts = [artifact.external_id for artifact in graph.artifacts]
    return artifacts, [run.external_id for run in graph.executions]


def artifact_id(store: Store, key: str) -> int:
    """Return the id of the artifact of that external id."""
    return store.get_by_external_id(Artifact, [key])[0].id


def execution_id(store: Store, key: str) -> int:
    """Return the id of the execution of that external id."""
    return store.get_by_external_id(Execution, [key])[0].id


class LineageCases:
    """How a store walks."""

    @pytest.fixture
    def chain(self, store: Store) -> Store:
        """Return a store with a → one → b → two → c → three → d, and a branch b → other → x."""
        put_step(store, "zero", outputs=("a",))
        put_step(store, "one", ("a",), ("b",))
        put_step(store, "two", ("b",), ("c",))
        put_step(store, "three", ("c",), ("d", "sibling"))
        put_step(store, "other", ("b",), ("x",))
        return store

    def test_of_many_events_only_the_newest_are_read(self, chain: Store) -> None:
        """So many of each node, and only those of the types that are asked for."""
        for number in range(5):
            put_step(chain, f"reader {number}", ("b",), (f"out {number}", f"more {number}"))
        b, last = artifact_id(chain, "b"), execution_id(chain, "reader 4")
        readers = [execution_id(chain, f"reader {number}") for number in (3, 4)]
        near = chain.get_events_near(Artifact, [b], types=INPUT_EVENTS, most=2)
        all_of_b = chain.get_events_by_artifact_ids([b])
        assert near == [event for event in all_of_b if event.execution_id in readers]
        [made_by] = chain.get_events_near(Artifact, [b], types=OUTPUT_EVENTS, most=2)
        assert made_by.execution_id == execution_id(chain, "one")
        made_one = chain.get_events_near(Execution, [last, *readers], types=OUTPUT_EVENTS, most=1)
        assert [event.artifact_id for event in made_one] == [
            artifact_id(chain, f"more {number}") for number in (3, 4)
        ]
        assert chain.get_events_near(Artifact, [999], types=INPUT_EVENTS, most=2) == []

    def test_upstream_of_an_artifact(self, chain: Store) -> None:
        """Up to the source, without siblings and side branches."""
        graph = chain.get_lineage(artifact_ids=[artifact_id(chain, "d")])
        assert keys(graph) == (["a", "b", "c", "d"], ["zero", "one", "two", "three"])
        assert graph.direction is Direction.UPSTREAM
        assert graph.start_artifacts == (artifact_id(chain, "d"),)
        assert len(graph.events) == 7
        assert [e.id for e in graph.events] == sorted(e.id or 0 for e in graph.events)

    def test_downstream_of_an_artifact(self, chain: Store) -> None:
        """Down to all that depends on it."""
        graph = chain.get_lineage(
            artifact_ids=[artifact_id(chain, "b")], direction=Direction.DOWNSTREAM
        )
        assert keys(graph) == (["b", "c", "d", "sibling", "x"], ["two", "three", "other"])

    @pytest.mark.parametrize(
        ("direction", "artifacts", "executions"),
        [
            (Direction.UPSTREAM, ["a", "b"], ["zero", "one", "two"]),
            (Direction.DOWNSTREAM, ["c", "d", "sibling"], ["two", "three"]),
        ],
    )
    def test_from_an_execution(
        self, chain: Store, direction: Direction, artifacts: list[str], executions: list[str]
    ) -> None:
        """The execution itself is part of the graph."""
        start = execution_id(chain, "two")
        graph = chain.get_lineage(execution_ids=[start], direction=direction)
        assert keys(graph) == (artifacts, executions)
        assert graph.start_executions == (start,)

    @pytest.mark.parametrize(
        ("depth", "artifacts", "executions"),
        [
            (0, ["d"], []),
            (1, ["c", "d"], ["three"]),
            (2, ["b", "c", "d"], ["two", "three"]),
            (4, ["a", "b", "c", "d"], ["zero", "one", "two", "three"]),
            (10**30, ["a", "b", "c", "d"], ["zero", "one", "two", "three"]),
        ],
    )
    def test_depth_counts_executions(
        self, chain: Store, depth: int, artifacts: list[str], executions: list[str]
    ) -> None:
        """An execution comes with what it used."""
        graph = chain.get_lineage(artifact_ids=[artifact_id(chain, "d")], depth=depth)
        assert keys(graph) == (artifacts, executions)

    def test_an_execution_to_start_from_is_the_first(self, chain: Store) -> None:
        """It is there at depth 0, and at depth 1 with what it used."""
        start = [execution_id(chain, "three")]
        assert keys(chain.get_lineage(execution_ids=start, depth=0)) == ([], ["three"])
        assert keys(chain.get_lineage(execution_ids=start, depth=1)) == (["c"], ["three"])
        deeper = chain.get_lineage(execution_ids=start, depth=2)
        assert keys(deeper) == (["b", "c"], ["two", "three"])

    def test_a_negative_depth_is_refused(self, store: Store) -> None:
        """There is no such walk."""
        with pytest.raises(InvalidArgumentError):
            store.get_lineage(artifact_ids=[1], depth=-1)

    def test_the_least_depth_counts(self, store: Store) -> None:
        """A node that is reached on a long and on a short way is expanded for the short one."""
        put_step(store, "source", outputs=("a",))
        put_step(store, "long 1", ("a",), ("b",))
        put_step(store, "long 2", ("b",), ("c",))
        put_step(store, "end", ("a", "c"), ("d",))
        graph = store.get_lineage(artifact_ids=[artifact_id(store, "d")], depth=2)
        assert keys(graph) == (["a", "b", "c", "d"], ["source", "long 2", "end"])

    @pytest.mark.parametrize("depth", [None, 1, 7])
    @pytest.mark.parametrize("direction", list(Direction))
    def test_circles_come_to_an_end(
        self, store: Store, direction: Direction, depth: int | None
    ) -> None:
        """A step that uses and makes one artifact, and two that feed each other."""
        put_step(store, "write", ("s",), ("s",))
        put_step(store, "there", ("s",), ("t",))
        store.put(
            Batch(
                execution=execution("back"),
                artifacts=(used("t", SCHEMA, fingerprint="t"), used("s", SCHEMA, fingerprint="s")),
                events=(event("t", EventType.INPUT), event("s", EventType.OUTPUT)),
            )
        )
        graph = store.get_lineage(
            artifact_ids=[artifact_id(store, "s")], direction=direction, depth=depth
        )
        assert keys(graph)[0] == ["s", "t"]
        assert str(graph)

    def test_only_the_executions_that_made_it_lie_before_it(self, chain: Store) -> None:
        """An artifact's other users are no part of its past."""
        graph = chain.get_lineage(artifact_ids=[artifact_id(chain, "b")])
        assert keys(graph) == (["a", "b"], ["zero", "one"])

    def test_several_starts_make_one_graph(self, chain: Store) -> None:
        """Each node and event once."""
        graph = chain.get_lineage(
            artifact_ids=[artifact_id(chain, "x"), artifact_id(chain, "b")],
            execution_ids=[execution_id(chain, "two")],
        )
        assert keys(graph) == (["a", "b", "x"], ["zero", "one", "two", "other"])
        assert len({e.id for e in graph.events}) == len(graph.events)

    def test_starts_that_do_not_exist_are_left_out(self, chain: Store) -> None:
        """Also if nothing is left."""
        graph = chain.get_lineage(artifact_ids=[999], execution_ids=[999, 2**70])
        assert keys(graph) == ([], [])
        assert (graph.start_artifacts, graph.start_executions, graph.events) == ((), (), ())

    def test_a_lone_artifact_is_a_graph(self, store: Store) -> None:
        """Nothing lies before it."""
        alone = put_artifact(store, made("alone"))
        assert keys(store.get_lineage(artifact_ids=[alone])) == (["alone"], [])

    def test_a_chain_may_be_longer_than_the_call_stack(self, store: Store) -> None:
        """Walking and drawing do not recurse."""
        for number in range(1100):
            put_step(store, f"e{number}", (f"a{number}",), (f"a{number + 1}",))
        graph = store.get_lineage(artifact_ids=[artifact_id(store, "a1100")])
        assert (len(graph.artifacts), len(graph.executions)) == (1101, 1100)
        assert len(str(graph).splitlines()) == 2201
