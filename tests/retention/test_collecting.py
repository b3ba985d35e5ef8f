"""What is left when a plan was carried out."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mlmeta_track.domain.events import EventType
from mlmeta_track.domain.nodes import Artifact, ArtifactState, Context, Execution, ExecutionState
from mlmeta_track.domain.writes import EventWrite
from mlmeta_track.retention.collecting import Collected, archive_plan, carry_out
from mlmeta_track.retention.plan import make_plan
from mlmeta_track.retention.policy import Policy
from mlmeta_track.store.base import Store
from mlmeta_track.store.connect import open_store
from tests.retention.stores import Step, contents, is_tombstone, names, record, upstream

NOW = timedelta(0)
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def store() -> Iterator[Store]:
    store = open_store("sqlite://")
    yield store
    store.close()


def collect(store: Store, archive: Path | None = None, **policy: object) -> Collected:
    keeper = store.maintenance()
    later = time.time_ns() // 1_000_000 + 1
    plan = make_plan(keeper, Policy(**{"grace": NOW, **policy}), later)  # type: ignore[arg-type]
    if archive is None:
        return carry_out(keeper, plan)
    opened = keeper.open_archive(archive)
    done = carry_out(keeper, plan, archive=opened)
    opened.close()
    return done


NAMES = [f"n{i}" for i in range(8)]
STATES = st.sampled_from([ExecutionState.COMPLETE, ExecutionState.FAILED, ExecutionState.RUNNING])
STEPS = st.lists(
    st.builds(
        lambda inputs, outputs, state, run, experiment: (inputs, outputs, state, run, experiment),
        st.lists(st.sampled_from(NAMES), max_size=3, unique=True),
        st.lists(st.sampled_from(NAMES), max_size=2, unique=True),
        STATES,
        st.sampled_from([None, "r1", "r2", "r3"]),
        st.sampled_from([None, "e1", "e2"]),
    ),
    min_size=1,
    max_size=10,
)
POLICIES = st.fixed_dictionaries(
    {},
    optional={
        "keep_last": st.integers(0, 2),
        "states": st.just(frozenset({ExecutionState.FAILED})),
        "executions": st.sampled_from(["id > 2", "id < 5", "contexts_c.name = 'r1'"]),
        "contexts": st.sampled_from(["name = 'r1'", "type = 'Experiment'"]),
        "artifacts": st.sampled_from(["id > 2", "external_id IN ('n1', 'n3')"]),
        "inputs_too": st.booleans(),
    },
).filter(lambda policy: set(policy) - {"inputs_too"})


def _steps(
    drawn: list[tuple[list[str], list[str], ExecutionState, str | None, str | None]],
) -> list[Step]:
    return [Step(f"s{i}", *facts) for i, facts in enumerate(drawn)]


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(STEPS, st.lists(POLICIES, min_size=1, max_size=2))
def test_whatever_goes_what_lives_is_whole(
    tmp_path_factory: pytest.TempPathFactory, drawn: object, policies: list[dict[str, object]]
) -> None:
    """Of any lineage, by any policy; and the archive puts all of it back."""
    store = open_store("sqlite://")
    record(store, _steps(drawn))  # type: ignore[arg-type]
    before, above = contents(store), upstream(store)
    running = {
        e.external_id
        for e in store.list_nodes(Execution)
        if e.last_known_state is ExecutionState.RUNNING
    }
    archive = tmp_path_factory.mktemp("archive") / "old.db"
    for policy in policies:
        done = collect(store, archive, **policy)
        assert done.left == 0
    assert running <= names(store, Execution, buried=False)
    living, after = names(store, Artifact, buried=False), upstream(store)
    assert {name: after[name] for name in living} == {name: above[name] for name in living}
    assert all(
        (artifact.state is ArtifactState.DELETED) is is_tombstone(artifact)
        for artifact in store.list_nodes(Artifact)
    )
    assert all(
        event.artifact_id in {a.id for a in store.list_nodes(Artifact)}
        for event in store.get_events_by_execution_ids([e.id for e in store.list_nodes(Execution)])
    )
    assert store.maintenance().delete_orphans(before=2**60, dry_run=True) == 0
    store.maintenance().restore(archive)
    assert contents(store) == before
    store.close()


def test_tombstones_go_with_the_last_thing_made_from_them(store: Store) -> None:
    record(store, [Step("one", ["source"], ["a"]), Step("two", ["a"], ["b"])])
    collect(store, executions="external_id = 'one'")
    assert names(store, Execution, buried=True) == {"one"}
    collect(store, executions="external_id = 'two'")
    assert names(store, Execution) == names(store, Artifact) == set()


def test_what_was_recorded_from_the_last_to_the_first_goes_too(store: Store) -> None:
    chain = [Step(f"s{n}", [f"a{n}"], [f"a{n + 1}"]) for n in range(700)]
    record(store, reversed(chain))
    done = collect(store, executions="id > 0")
    assert (done.executions, done.left) == (700, 0)


def test_a_ring_goes(store: Store) -> None:
    """Of steps that use what the others have made, in any number of transactions."""
    record(store, [Step(f"s{n}", [f"a{n}"], [f"a{(n + 1) % 500}"]) for n in range(500)])
    record(store, [Step("self", ["x"], ["x"])])
    done = collect(store, executions="id > 0")
    assert (done.executions, done.artifacts, done.left) == (501, 501, 0)


def test_a_ring_that_something_living_hangs_on_stays(store: Store) -> None:
    record(
        store, [Step("s0", ["a0"], ["a1"]), Step("s1", ["a1"], ["a0"]), Step("s2", ["a0"], ["b"])]
    )
    collect(store, executions="external_id != 's2'")
    assert names(store, Execution, buried=True) == {"s0", "s1"}
    assert names(store, Artifact, buried=True) == {"a1"}


def test_rows_that_belong_to_nothing_go(store: Store) -> None:
    record(store, [Step("one", ["source"], ["a"], run="r")])
    with store._database.write() as session:  # type: ignore[attr-defined]
        for statement in (
            "INSERT INTO Event (artifact_id, execution_id, type) VALUES (99, 1, 3)",
            "INSERT INTO EventPath VALUES (98, 0, NULL, 'x')",
            "INSERT INTO ArtifactProperty VALUES (97, 'x', 1, 1, NULL, NULL, NULL, NULL, NULL)",
            "INSERT INTO Association (context_id, execution_id) VALUES (1, 96)",
            "INSERT INTO ParentContext VALUES (95, 94)",
        ):
            session.cursor.execute(statement)
    done = collect(store, executions="id > 500")
    assert done.orphans == 5
    assert len(store.get_events_by_execution_ids([1])) == 2
    assert collect(store, executions="id > 500").orphans == 0


def test_what_came_into_use_since_the_plan_stays(store: Store) -> None:
    record(store, [Step("one", ["source"], ["a"]), Step("two", ["a"], ["b"])])
    keeper = store.maintenance()
    plan = make_plan(keeper, Policy(executions="id > 0", grace=NOW), 2**60)
    record(store, [Step("new", ["b"], ["c"])])
    before = upstream(store)
    done = carry_out(keeper, plan)
    assert done.left == 5
    assert upstream(store) == before
    assert names(store, Execution, buried=False) == {"one", "two", "new"}


def test_an_archive_alone_deletes_nothing(store: Store, tmp_path: Path) -> None:
    record(store, [Step("one", ["source"], ["a"], run="r", experiment="e")])
    before = contents(store)
    keeper = store.maintenance()
    archive = keeper.open_archive(tmp_path / "old.db")
    archive_plan(keeper, make_plan(keeper, Policy(executions="id > 0", grace=NOW), 2**60), archive)
    archive.close()
    assert contents(store) == before
    kept = open_store(f"sqlite:///{tmp_path / 'old.db'}", create=False)
    assert contents(kept) == before
    kept.close()


def test_a_plan_may_be_interrupted_and_made_anew(store: Store, tmp_path: Path) -> None:
    record(store, [Step(f"s{n}", [f"a{n}"], [f"a{n + 1}"], run=f"r{n}") for n in range(40)])
    before = contents(store)
    keeper = store.maintenance()
    for stop in (1, 2, 3):
        archive = keeper.open_archive(tmp_path / "old.db")
        plan = make_plan(keeper, Policy(executions="id < 39", grace=NOW), 2**60)
        calls = iter(range(stop))

        def interrupt(_: object, calls: Iterator[int] = calls) -> None:
            if next(calls, None) is None:
                raise KeyboardInterrupt

        try:
            carry_out(keeper, plan, archive=archive, taken=interrupt)
        except KeyboardInterrupt:
            archive.close()
    collect(store, tmp_path / "old.db", executions="id < 39")
    assert len(names(store, Execution, buried=False)) == 2
    keeper.restore(tmp_path / "old.db")
    assert contents(store) == before


WRITER = """
import sys
from mlmeta_track.store.connect import open_store
from tests.retention.stores import Step, record
store = open_store(sys.argv[1])
print("go", flush=True)
for n in range(int(sys.argv[2])):
    # What is being deleted is used again, and new steps are built on it.
    record(store, [Step(f"new {n}", [f"old {n % 60}"], [f"made {n}"], run=f"run {n % 5}")])
store.close()
"""


def test_a_writer_that_works_meanwhile_loses_nothing(tmp_path: Path) -> None:
    """And sees no error, in a process of its own."""
    _work_beside_a_writer(f"sqlite:///{tmp_path / 'metadata.db'}", 150)


@pytest.mark.parametrize("server", ["postgresql", "mariadb"])
def test_nor_does_one_on_a_server(server: str, request: pytest.FixtureRequest) -> None:
    _work_beside_a_writer(request.getfixturevalue(server).new_url(), 60)


def _work_beside_a_writer(url: str, n_steps: int) -> None:
    store = open_store(url)
    record(store, [Step(f"past {n}", [f"old {n - 1}"], [f"old {n}"]) for n in range(1, 60)])
    command = [sys.executable, "-c", WRITER, url, str(n_steps)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None
        assert writer.stdout.readline() == "go\n"
        while writer.poll() is None:
            collect(store, executions="external_id LIKE 'past %'")
    assert writer.returncode == 0
    collect(store, executions="external_id LIKE 'past %'")
    done = [e for e in store.list_nodes(Execution) if (e.external_id or "").startswith("new ")]
    assert len(done) == n_steps
    for execution in done:
        events = store.get_events_by_execution_ids([execution.id])
        assert sorted(event.type for event in events) == [EventType.INPUT, EventType.OUTPUT]
        ends = store.get_by_id(Artifact, [event.artifact_id for event in events])
        assert [a.state for a in ends] == [ArtifactState.LIVE] * 2
        assert all(a.custom_properties["mlmeta_fingerprint"] for a in ends)
    assert store.maintenance().delete_orphans(before=2**60, dry_run=True) == 0
    assert len(store.list_nodes(Context)) == 5
    store.close()


def test_ml_metadatas_own_events_count_as_well(store: Store) -> None:
    """An artifact that an event by id was put for, behind the plan's back."""
    record(store, [Step("one", outputs=["a"]), Step("two")])
    keeper = store.maintenance()
    plan = make_plan(keeper, Policy(executions="external_id = 'one'", grace=NOW), 2**60)
    [a] = store.list_nodes(Artifact)
    two = store.get_by_external_id(Execution, ["two"])[0]
    store.put_events([EventWrite(artifact_id=a.id, execution_id=two.id, type=EventType.INPUT)])
    assert carry_out(keeper, plan).left == 2
    assert names(store, Artifact, buried=False) == {"a"}
