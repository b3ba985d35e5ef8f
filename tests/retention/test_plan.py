"""What a policy lets go, and what stays as a tombstone."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import timedelta

import pytest

from mlmeta_track.domain.batch import Batch
from mlmeta_track.domain.nodes import Artifact, Context, Execution, ExecutionState
from mlmeta_track.errors import InvalidArgumentError
from mlmeta_track.retention.idset import IdSet
from mlmeta_track.retention.plan import Plan, make_plan
from mlmeta_track.retention.policy import Policy
from mlmeta_track.store.base import Store
from mlmeta_track.store.connect import open_store
from mlmeta_track.testing.store_cases.build import made
from tests.retention.stores import Step, record

NOW = timedelta(0)


@pytest.fixture
def store() -> Iterator[Store]:
    store = open_store("sqlite://")
    yield store
    store.close()


def plan(store: Store, later: timedelta = NOW, **policy: object) -> Plan:
    """The plan as it would be made some time from now."""
    now = time.time_ns() // 1_000_000 + 1 + int(later.total_seconds() * 1000)
    return make_plan(store.maintenance(), Policy(**{"grace": NOW, **policy}), now)  # type: ignore[arg-type]


def executions(store: Store, ids: IdSet) -> set[str]:
    return {node.external_id or "" for node in store.get_by_id(Execution, ids)}


def artifacts(store: Store, ids: IdSet) -> set[str]:
    return {node.external_id or "" for node in store.get_by_id(Artifact, ids)}


def contexts(store: Store, ids: IdSet) -> set[str]:
    return {node.name for node in store.get_by_id(Context, ids)}


CHAIN = [
    Step("one", ["source"], ["a"]),
    Step("two", ["a"], ["b"]),
    Step("three", ["b"], ["c"]),
]


def named(*names: str) -> str:
    return f"external_id IN ({', '.join(repr(name) for name in names)})"


def test_the_end_of_a_chain_is_deleted(store: Store) -> None:
    record(store, CHAIN)
    found = plan(store, executions=named("two", "three"))
    assert executions(store, found.executions) == {"two", "three"}
    assert artifacts(store, found.artifacts) == {"b", "c"}
    assert not found.buried_executions


def test_its_beginning_becomes_tombstones(store: Store) -> None:
    record(store, CHAIN)
    found = plan(store, executions=named("one", "two"))
    assert executions(store, found.buried_executions) == {"one", "two"}
    assert artifacts(store, found.buried_artifacts) == {"source", "a"}
    assert not found.executions


def test_what_a_step_that_stays_has_used_may_become_one_too(store: Store) -> None:
    record(store, CHAIN)
    found = plan(store, executions=named("one", "two"), inputs_too=True)
    assert artifacts(store, found.buried_artifacts) == {"source", "a", "b"}


def test_what_a_step_that_stays_has_used_or_made_stays(store: Store) -> None:
    record(store, [*CHAIN, Step("other", ["source"], ["a"])])
    found = plan(store, executions=named("one", "two", "three"))
    assert executions(store, found.executions) == {"two", "three"}
    # One of the two that made what stays.
    assert executions(store, found.buried_executions) == {"one"}
    assert artifacts(store, found.artifacts) == {"b", "c"}


def test_what_is_running_stays_with_all_that_it_used(store: Store) -> None:
    record(store, [CHAIN[0], Step("busy", ["a"], state=ExecutionState.RUNNING)])
    found = plan(store, later=timedelta(days=400), older_than=timedelta(days=1))
    assert not found.executions
    assert executions(store, found.buried_executions) == {"one"}
    assert artifacts(store, found.buried_artifacts) == {"source"}


def test_what_is_younger_than_the_age_stays(store: Store) -> None:
    record(store, CHAIN)
    assert plan(store, older_than=timedelta(days=1)).is_empty
    found = plan(store, later=timedelta(days=2), older_than=timedelta(days=1))
    assert len(found.executions) == 3
    assert len(found.artifacts) == 4


def test_what_is_younger_than_the_grace_stays(store: Store) -> None:
    record(store, CHAIN)
    assert plan(store, executions="id > 0", grace=timedelta(minutes=1)).is_empty


def test_all_conditions_must_hold(store: Store) -> None:
    failed = ExecutionState.FAILED
    record(
        store,
        [
            Step("one", outputs=["a"], state=failed, run="r1"),
            Step("two", outputs=["b"], state=failed, run="r2"),
            Step("three", outputs=["c"], run="r1"),
        ],
    )
    found = plan(store, states=frozenset({failed}), contexts="name = 'r1'")
    assert executions(store, found.executions) == {"one"}
    assert artifacts(store, found.artifacts) == {"a"}


def test_the_last_runs_of_each_experiment_stay(store: Store) -> None:
    steps = [
        Step(f"{e} {n}", outputs=[f"made by {e} {n}"], run=f"run {e} {n}", experiment=e)
        for n in range(4)
        for e in ("x", "y")
    ]
    record(store, [*steps, Step("by itself", outputs=["alone"])])
    found = plan(store, keep_last=2)
    assert executions(store, found.executions) == {"x 0", "x 1", "y 0", "y 1"}
    assert contexts(store, found.contexts) == {"run x 0", "run x 1", "run y 0", "run y 1"}
    assert len(plan(store, keep_last=0).executions) == 8
    assert "x" in contexts(store, plan(store, keep_last=0).contexts)


def test_runs_without_an_experiment_are_a_group_of_their_own(store: Store) -> None:
    record(store, [Step(f"{n}", run=f"run {n}") for n in range(3)])
    assert executions(store, plan(store, keep_last=1).executions) == {"0", "1"}


def test_artifacts_go_by_themselves(store: Store) -> None:
    record(store, CHAIN)
    store.put(Batch(artifacts=(made("loose"),)))
    found = plan(store, artifacts=named("loose", "a", "c"))
    assert artifacts(store, found.artifacts) == {"loose"}
    # Steps that stay have made them, and do not forget it.
    assert artifacts(store, found.buried_artifacts) == {"a", "c"}
    assert not found.executions


def test_an_artifact_without_a_step_goes_by_age(store: Store) -> None:
    store.put(Batch(artifacts=(made("loose"),)))
    old: dict[str, timedelta] = {"later": timedelta(days=2), "older_than": timedelta(days=1)}
    assert artifacts(store, plan(store, **old).artifacts) == {"loose"}
    failed = frozenset({ExecutionState.FAILED})
    assert not plan(store, **old, states=failed).artifacts


def test_an_empty_run_goes_when_it_is_a_day_old(store: Store) -> None:
    record(store, [Step("one", run="r")])
    one = store.list_nodes(Execution)[0]
    store.maintenance().delete([one.id], (), plan(store, executions="id > 0").going)
    # Deleted together with what was in it.
    assert store.list_nodes(Context) == []
    record(store, [Step("two", run="r", experiment="e")])
    assert not plan(store, states=frozenset({ExecutionState.FAILED})).contexts


def test_events_in_any_order_are_followed(store: Store) -> None:
    """Also where the steps were recorded from the last to the first."""
    chain = [Step(f"s{n}", [f"a{n}"], [f"a{n + 1}"]) for n in range(50)]
    record(store, reversed(chain))
    found = plan(store, executions="external_id != 's49'")
    assert len(found.buried_executions) == 49
    assert not found.executions


def test_a_filter_that_cannot_be_read_is_refused(store: Store) -> None:
    with pytest.raises(InvalidArgumentError, match="foo"):
        plan(store, executions="foo = 1")
