"""The recursive query against a naive walk in Python, on random graphs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import TypeAlias

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mlmeta_track.domain.batch import Batch, EventPut
from mlmeta_track.domain.events import EventType
from mlmeta_track.domain.lineage import Direction
from mlmeta_track.store.base import Store
from mlmeta_track.store.connect import open_store
from mlmeta_track.testing.store_cases.build import execution, made

Start: TypeAlias = "tuple[str, int]"  # kind, number
Edge: TypeAlias = "tuple[int, int, EventType]"  # artifact, execution, type

edges = st.lists(
    st.tuples(
        st.integers(0, 7), st.integers(0, 7), st.sampled_from([t for t in EventType if t.value])
    ),
    max_size=25,
    unique=True,
)


@pytest.fixture
def store() -> Iterator[Store]:
    store = open_store("sqlite://")
    yield store
    store.close()


def fill(store: Store, graph: list[Edge]) -> tuple[dict[int, int], dict[int, int]]:
    """Write a graph and return the ids of its artifacts and executions."""
    store.close()
    by_execution: defaultdict[int, list[Edge]] = defaultdict(list)
    for edge in graph:
        by_execution[edge[1]].append(edge)
    artifact_ids: dict[int, int] = {}
    execution_ids: dict[int, int] = {}
    for number, its_edges in by_execution.items():
        artifacts = {artifact: made(str(artifact)) for artifact, _, _ in its_edges}
        events = tuple(
            EventPut(artifact=str(artifact), type=kind, milliseconds_since_epoch=1)
            for artifact, _, kind in its_edges
        )
        result = store.put(
            Batch(
                execution=execution(str(number)), artifacts=tuple(artifacts.values()), events=events
            )
        )
        assert result.execution_id is not None
        execution_ids[number] = result.execution_id
        artifact_ids |= {int(key): stored.id for key, stored in result.artifacts.items()}
    return artifact_ids, execution_ids


def walk(
    graph: list[Edge], start: Start, *, up: bool, depth: int | None
) -> tuple[set[int], set[int], set[Edge]]:
    """Walk breadth first, one hop at a time; an execution to start from is the first one."""
    kind, number = start
    artifacts = {number} if kind == "artifact" else set()
    executions = {number} if kind == "execution" else set()
    steps = range(1, 100 if depth is None else depth + 1)
    new_artifacts, new_executions = set(artifacts), set(executions)
    for step in steps:
        if step > 1 or kind == "artifact":
            reached = {e for a, e, t in graph if a in new_artifacts and t.is_input is not up}
            new_executions = reached - executions
            executions |= reached
        reached = {a for a, e, t in graph if e in new_executions and t.is_input is up}
        new_artifacts = reached - artifacts
        artifacts |= reached
    events = {(a, e, t) for a, e, t in graph if a in artifacts and e in executions}
    return artifacts, executions, events


@settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    graph=edges.filter(bool),
    pick=st.tuples(st.sampled_from(["artifact", "execution"]), st.integers(0, 100)),
    up=st.booleans(),
    depth=st.none() | st.integers(0, 5),
)
def test_the_query_finds_what_a_naive_walk_finds(
    store: Store, graph: list[Edge], pick: Start, up: bool, depth: int | None
) -> None:
    kind, number = pick
    artifact_ids, execution_ids = fill(store, graph)
    candidates = sorted(artifact_ids if kind == "artifact" else execution_ids)
    start = candidates[number % len(candidates)]
    found = store.get_lineage(
        artifact_ids=[artifact_ids[start]] if kind == "artifact" else (),
        execution_ids=[execution_ids[start]] if kind == "execution" else (),
        direction=Direction.UPSTREAM if up else Direction.DOWNSTREAM,
        depth=depth,
    )
    artifacts, executions, events = walk(graph, (kind, start), up=up, depth=depth)
    assert {a.external_id for a in found.artifacts} == {str(a) for a in artifacts}
    assert {e.external_id for e in found.executions} == {str(e) for e in executions}
    assert {(e.artifact_id, e.execution_id, e.type) for e in found.events} == {
        (artifact_ids[a], execution_ids[e], kind) for a, e, kind in events
    }
