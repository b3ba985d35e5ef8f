"""The real wheel reads a store after records have gone, their archive, and what was restored."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from mlmeta_track.domain.nodes import Artifact, ArtifactState, Execution
from mlmeta_track.retention.collecting import carry_out
from mlmeta_track.retention.plan import make_plan
from mlmeta_track.retention.policy import Policy
from mlmeta_track.store.base import Store
from mlmeta_track.store.connect import open_store
from mlmeta_track.testing.store_cases.build import put_step

from .conftest import Wheel
from .places import place
from .test_on_servers import by_id
from .test_same_contents import dump, write

NARROW = 2**31 - 1


@pytest.fixture(params=["sqlite", "postgresql", "mariadb"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A store that the wheel has made, so that its columns are as narrow as the wheel's."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'metadata.db'}"
    return str(request.getfixturevalue(request.param).new_url())


@pytest.fixture
def at(url: str) -> str:
    """The same place, as the wheel is told of it."""
    return url.removeprefix("sqlite:///") if url.startswith("sqlite") else place(url)


@pytest.fixture
def store(url: str, at: str, wheel: Wheel) -> Iterator[Store]:
    """A store with what both have written."""
    wheel("write_narrow", at)
    store = open_store(url)
    write(store, NARROW)
    wheel("update", at)
    yield store
    store.close()


def collect(store: Store, archive: Path, chosen: str) -> None:
    keeper = store.maintenance()
    policy = Policy(executions=chosen, artifacts="id > 0", grace=timedelta(0))
    plan = make_plan(keeper, policy, time.time_ns() // 1_000_000 + 1)
    with closing(keeper.open_archive(archive)) as opened:
        assert carry_out(keeper, plan, archive=opened).left == 0


def test_the_wheel_sees_tombstones_and_nothing_of_what_went(
    store: Store, at: str, wheel: Wheel, tmp_path: Path
) -> None:
    put_step(store, "one", outputs=("a",))
    put_step(store, "two", inputs=("a",), outputs=("b",))
    put_step(store, "last", inputs=("b",))
    before = dump(store)
    collect(store, tmp_path / "old.db", "external_id IS NULL OR external_id != 'last'")
    after = dump(store)
    assert by_id(wheel("dump", at)) == after
    assert {node["external_id"] for node in after["artifacts"]} == {"a", "b"}
    assert {node["state"] for node in after["artifacts"]} == {ArtifactState.DELETED}
    assert [node["external_id"] for node in after["executions"]] == ["one", "two", "last"]
    kept = open_store(f"sqlite:///{tmp_path / 'old.db'}", create=False)
    in_archive = dump(kept)
    kept.close()
    assert wheel("dump", tmp_path / "old.db") == in_archive
    assert len(in_archive["artifacts"]) == len(before["artifacts"])
    store.maintenance().restore(tmp_path / "old.db")
    assert dump(store) == before
    assert by_id(wheel("dump", at)) == before


def test_the_wheel_writes_into_what_was_emptied(
    store: Store, at: str, wheel: Wheel, tmp_path: Path
) -> None:
    """Its ids go on after those that went, and so do those after a restore."""
    before = dump(store)
    collect(store, tmp_path / "old.db", "id > 0")
    assert store.list_nodes(Execution) == []
    assert store.list_nodes(Artifact) == []
    put_step(store, "new", outputs=("a",))
    store.maintenance().restore(tmp_path / "old.db")
    put_step(store, "newer", outputs=("b",))
    highest = max(node["id"] for node in before["artifacts"])
    assert [a.id for a in store.get_by_external_id(Artifact, ["a", "b"])] == [
        highest + 1,
        highest + 2,
    ]
    assert by_id(wheel("dump", at)) == dump(store)
