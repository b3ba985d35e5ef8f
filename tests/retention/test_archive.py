"""Archives that are put back: where they came from, and elsewhere."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from mlmeta_track.domain.events import EventType
from mlmeta_track.domain.nodes import Artifact, Context, Execution
from mlmeta_track.domain.types import ArtifactType, PropertyType
from mlmeta_track.domain.writes import ArtifactWrite, EventWrite, ExecutionWrite, UpdateOptions
from mlmeta_track.errors import (
    FailedPreconditionError,
    NotAnMlmdStoreError,
    NotFoundError,
    SettingsError,
    TypeConflictError,
)
from mlmeta_track.retention.collecting import carry_out
from mlmeta_track.retention.plan import make_plan
from mlmeta_track.retention.policy import Policy
from mlmeta_track.server import serving
from mlmeta_track.store.base import Store
from mlmeta_track.store.connect import open_store
from mlmeta_track.store.maintenance import Restored
from mlmeta_track.testing.store_cases.build import SCHEMA, made, put_artifact, with_properties
from tests.retention.stores import Step, contents, names, record, upstream

EVERYTHING = Policy(executions="id > 0", artifacts="id > 0", grace=timedelta(0))
STEPS = [
    Step("one", ["source"], ["a"], run="r1", experiment="e"),
    Step("two", ["a"], ["b", "c"], run="r2", experiment="e"),
]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = open_store(f"sqlite:///{tmp_path / 'metadata.db'}")
    yield store
    store.close()


@pytest.fixture
def other() -> Iterator[Store]:
    store = open_store("sqlite://")
    yield store
    store.close()


def collect(store: Store, archive: Path, policy: Policy = EVERYTHING) -> None:
    keeper = store.maintenance()
    plan = make_plan(keeper, policy, time.time_ns() // 1_000_000 + 1)
    with closing(keeper.open_archive(archive)) as opened:
        carry_out(keeper, plan, archive=opened)


def by_name(store: Store) -> list[object]:
    """What a store holds, whatever its ids are."""
    return [
        upstream(store),
        {
            (n.type, n.external_id, str(n.properties), str(n.custom_properties))
            for nodes in (store.list_nodes(Artifact), store.list_nodes(Execution))
            for n in nodes
        },
        {
            (
                node.name,
                tuple(e.external_id for e in store.get_by_context(Execution, node.id)),
                tuple(a.external_id for a in store.get_by_context(Artifact, node.id)),
                tuple(c.name for c in store.get_parent_contexts(node.id)),
            )
            for node in store.list_nodes(Context)
        },
    ]


def test_another_store_gets_what_went(store: Store, other: Store, tmp_path: Path) -> None:
    """Under new ids where the old ones are taken, once, and with its own beside it."""
    record(other, [Step("own", ["x", "y"], ["z"], run="own")])
    record(store, STEPS)
    expected = by_name(store)
    collect(store, tmp_path / "old.db")
    assert names(store, Execution) == set()
    for _ in range(2):
        other.maintenance().restore(tmp_path / "old.db")
        assert len(names(other, Execution)) == 3
        assert len(other.list_nodes(Artifact)) == 7
    with_own = by_name(other)
    own = with_own[0]
    assert isinstance(own, dict)
    assert {name: own[name] for name in ("a", "b", "c", "source")} == expected[0]
    assert expected[2] <= with_own[2]  # type: ignore[operator]
    record(other, [Step("after", ["b"], ["d"])])
    assert len(upstream(other)["d"]) == 7


@pytest.mark.parametrize("server", ["postgresql", "mariadb"])
def test_a_server_gets_it_too_and_gives_it_back(
    server: str, store: Store, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    there = open_store(request.getfixturevalue(server).new_url())
    record(store, STEPS)
    expected = contents(store)
    collect(store, tmp_path / "old.db")
    there.maintenance().restore(tmp_path / "old.db")
    assert contents(there) == expected
    record(there, [Step("after", ["b"], ["d"])])
    collect(
        there, tmp_path / "back.db", Policy(executions="external_id = 'after'", grace=timedelta(0))
    )
    assert contents(there) == expected
    there.close()


def test_nodes_without_any_name_are_put_back_once(
    store: Store, other: Store, tmp_path: Path
) -> None:
    """As other libraries make them; elsewhere they get an external id to be known by."""
    kind = ArtifactType("Thing", {"n": PropertyType.INT})
    for here in (store, other):
        put_artifact(here, made("typed", kind))
    type_id = store.get_by_type(Artifact, "Thing")[0].type_id
    plain = ArtifactWrite(type_id=type_id, properties={"n": 7})
    [artifact] = store.put_nodes(Artifact, [plain], UpdateOptions())
    record(store, [Step("typed")])
    execution_type = store.list_nodes(Execution)[0].type_id
    [step] = store.put_nodes(Execution, [ExecutionWrite(type_id=execution_type)], UpdateOptions())
    store.put_events(
        [EventWrite(artifact_id=artifact, execution_id=step, type=EventType.OUTPUT, path=("x", 1))]
    )
    before = contents(store)
    collect(store, tmp_path / "old.db")
    for _ in range(2):
        store.maintenance().restore(tmp_path / "old.db")
        assert contents(store) == before
    put_artifact(other, made("in the way"))
    record(other, [Step("x"), Step("y")])
    for _ in range(2):
        other.maintenance().restore(tmp_path / "old.db")
        assert len(other.get_by_type(Artifact, "Thing")) == 2
        assert len(other.list_nodes(Execution)) == 4
    [event] = other.get_events_by_artifact_ids([a.id for a in other.list_nodes(Artifact)])
    assert event.path == ("x", 1)


def test_an_interrupted_restore_is_finished_by_the_next(store: Store, tmp_path: Path) -> None:
    record(store, [Step(f"s{n}", [f"a{n}"], [f"a{n + 1}"], run=f"r{n}") for n in range(1200)])
    before = contents(store)
    collect(store, tmp_path / "old.db")
    writing = store._database.writing  # type: ignore[attr-defined]
    for allowed in (2, 5, 8):
        calls = iter(range(allowed))

        def interrupted(work: object, calls: Iterator[int] = calls) -> object:
            if next(calls, None) is None:
                raise KeyboardInterrupt
            return writing(work)

        store._database.writing = interrupted  # type: ignore[attr-defined]
        with pytest.raises(KeyboardInterrupt):
            store.maintenance().restore(tmp_path / "old.db")
    store._database.writing = writing  # type: ignore[attr-defined]
    store.maintenance().restore(tmp_path / "old.db")
    assert contents(store) == before


def test_an_archive_is_added_to(store: Store, tmp_path: Path) -> None:
    """A tombstone that goes later does not take the place of what it was."""
    record(store, STEPS)
    before = contents(store)
    collect(
        store, tmp_path / "old.db", Policy(executions="external_id = 'one'", grace=timedelta(0))
    )
    collect(store, tmp_path / "old.db")
    assert names(store, Execution) == set()
    store.maintenance().restore(tmp_path / "old.db")
    assert contents(store) == before


def test_what_was_made_anew_stays_as_it_is(store: Store, tmp_path: Path) -> None:
    record(store, STEPS)
    collect(store, tmp_path / "old.db")
    record(store, [Step("new", ["a"], ["d"])])
    [anew] = store.get_by_external_id(Artifact, ["a"])
    store.maintenance().restore(tmp_path / "old.db")
    assert store.get_by_external_id(Artifact, ["a"]) == [anew]
    assert upstream(store)["d"] == {
        "Artifact d",
        "Execution new",
        "Artifact a",
        "Execution one",
        "Artifact source",
    }


def test_a_type_that_differs_is_refused_before_anything_is_put_back(
    store: Store, other: Store, tmp_path: Path
) -> None:
    record(store, STEPS)
    collect(store, tmp_path / "old.db")
    put_artifact(other, made("x", with_properties(SCHEMA, name=PropertyType.INT)))
    with pytest.raises(TypeConflictError, match="Schema"):
        other.maintenance().restore(tmp_path / "old.db")
    assert len(other.list_nodes(Artifact)) == 1


def test_an_archive_of_another_store_is_not_added_to(
    store: Store, other: Store, tmp_path: Path
) -> None:
    record(store, STEPS)
    collect(store, tmp_path / "old.db")
    record(other, [Step("own", ["x"], ["y"])])
    with pytest.raises(FailedPreconditionError, match="another store"):
        collect(other, tmp_path / "old.db")
    assert names(other, Execution) == {"own"}


def test_nothing_else_is_written_to(store: Store, tmp_path: Path) -> None:
    keeper = store.maintenance()
    open_store(f"sqlite:///{tmp_path / 'used.db'}").close()
    with pytest.raises(FailedPreconditionError, match=r"used\.db is no archive"):
        keeper.open_archive(tmp_path / "used.db")
    with pytest.raises(FailedPreconditionError, match="the store itself"):
        keeper.open_archive(tmp_path / "metadata.db")
    (tmp_path / "text").write_text("hello " * 1000)
    with pytest.raises(NotAnMlmdStoreError):
        keeper.open_archive(tmp_path / "text")
    with pytest.raises(NotAnMlmdStoreError):
        keeper.restore(tmp_path / "text")
    with pytest.raises(NotFoundError):
        keeper.restore(tmp_path / "none.db")
    with pytest.raises(FailedPreconditionError, match="the store itself"):
        keeper.restore(tmp_path / "metadata.db")
    assert not (tmp_path / "none.db").exists()


def test_a_file_of_any_name_will_do(store: Store, tmp_path: Path) -> None:
    record(store, STEPS)
    before = contents(store)
    odd = tmp_path / "50% of? what#was ü.db"
    collect(store, odd)
    assert odd.is_file()
    store.maintenance().restore(odd)
    assert contents(store) == before


def test_an_archive_is_one_file_on_the_disk(store: Store, tmp_path: Path) -> None:
    record(store, STEPS)
    collect(store, tmp_path / "old.db")
    with closing(sqlite3.connect(tmp_path / "old.db")) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("delete",)
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert sorted(p.name for p in tmp_path.iterdir() if p.name.startswith("old")) == ["old.db"]


def test_a_server_of_ml_metadata_says_what_to_name_instead(store: Store) -> None:
    with (
        serving(store) as server,
        closing(open_store(f"grpc://{server.address}")) as remote,
        pytest.raises(SettingsError, match="--store"),
    ):
        remote.maintenance()


def test_a_tombstone_that_is_used_over_the_wire_lives_again(store: Store, tmp_path: Path) -> None:
    record(store, STEPS)
    before = store.get_by_external_id(Artifact, ["source"])
    collect(
        store, tmp_path / "old.db", Policy(executions="external_id = 'one'", grace=timedelta(0))
    )
    assert names(store, Artifact, buried=True) == {"source"}
    with (
        serving(store) as server,
        closing(open_store(f"grpc://{server.address}")) as remote,
    ):
        record(remote, [Step("new", ["source"])])
    [after] = store.get_by_external_id(Artifact, ["source"])
    assert (after.state, after.custom_properties) == (before[0].state, before[0].custom_properties)


def test_nothing_is_restored_of_an_empty_archive(store: Store, tmp_path: Path) -> None:
    collect(store, tmp_path / "old.db")
    assert store.maintenance().restore(tmp_path / "old.db") == Restored()
