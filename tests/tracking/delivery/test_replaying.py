"""What waits lands once and in order, whatever interrupts it, and whatever is wrong with it."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from mlmeta_track.domain.batch import Batch, PutResult
from mlmeta_track.domain.nodes import Artifact, Execution, ExecutionState
from mlmeta_track.domain.types import ArtifactType, PropertyType
from mlmeta_track.errors import InternalError, UnavailableError
from mlmeta_track.store.base import Store
from mlmeta_track.store.connect import open_store
from mlmeta_track.store.sql.store import SqlStore
from mlmeta_track.testing.store_cases.build import made, start_of_step
from mlmeta_track.testing.store_cases.executions import contents
from mlmeta_track.tracking.delivery.locking import locked
from mlmeta_track.tracking.delivery.replaying import LOCK_FILE, Replayed, replay
from tests.tracking.delivery.waiting import items_of, new_spool, steps


@pytest.fixture
def store() -> Iterator[Store]:
    store = open_store("sqlite://")
    yield store
    store.close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "spool"


def bring(store: Store, folder: Path) -> Replayed:
    done = Replayed()
    assert replay(store, folder, done)
    return done


def states(store: Store) -> dict[str | None, ExecutionState | None]:
    return {e.external_id: e.last_known_state for e in store.list_nodes(Execution)}


def test_what_waits_lands_and_is_gone_from_the_spool(store: Store, folder: Path) -> None:
    spool = new_spool(folder)
    spool.append(steps(150))
    assert bring(store, folder) == Replayed(landed=300)
    assert states(store) == {f"e{n}": ExecutionState.COMPLETE for n in range(150)}
    assert spool.all_waiting() == []
    assert bring(store, folder) == Replayed()


def test_replayed_is_the_same_as_written_directly(
    store: Store, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # But for the times, which the store sets.
    monkeypatch.setattr("time.time_ns", lambda: 10**18)
    direct = open_store("sqlite://")
    for batch, _ in steps(5):
        direct.put(batch)
    new_spool(folder).append(steps(5))
    bring(store, folder)
    assert contents(store) == contents(direct)
    direct.close()


class Interrupted(SqlStore):
    """A store that is away after some batches, before or after what it was given has landed."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.left = 0
        self.lands = False

    def put_many(self, batches: Sequence[Batch]) -> list[PutResult]:
        if self.left == 0:
            if self.lands:
                super().put_many(batches)
            message = "The store is away."
            raise UnavailableError(message)
        self.left -= 1
        return super().put_many(batches)


@pytest.mark.parametrize("lands", [False, True])
@pytest.mark.parametrize("at", range(5))
def test_interrupted_at_any_point_all_lands_once(
    folder: Path, store_url: str, at: int, lands: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mlmeta_track.tracking.delivery.replaying.GROUP", 3)
    store = Interrupted(store_url)
    spool = new_spool(folder)
    spool.append(steps(3))
    spool.append(steps(3, 3))
    store.left, store.lands = at, lands
    if at < 4:
        with pytest.raises(UnavailableError):
            bring(store, folder)
        assert spool.waiting()
        store.left = 100
    bring(store, folder)
    assert states(store) == {f"e{n}": ExecutionState.COMPLETE for n in range(6)}
    assert len(store.list_nodes(Artifact)) == 7  # the one input, and what each step made
    store.close()


def test_interrupted_before_the_file_is_removed_nothing_lands_twice(
    store: Store, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError

    spool = new_spool(folder)
    spool.append(steps(3))
    with monkeypatch.context() as patch:
        patch.setattr(Path, "unlink", refuse)
        with pytest.raises(PermissionError):
            bring(store, folder)
    before = contents(store)
    assert spool.waiting()
    bring(store, folder)
    assert contents(store) == before
    assert not spool.waiting()


def test_of_two_at_once_one_waits_or_goes_away(store: Store, folder: Path) -> None:
    new_spool(folder).append(steps(1))
    with locked(str(folder / LOCK_FILE), os.O_CREAT):
        assert not replay(store, folder, Replayed())
        waiter = threading.Thread(
            target=replay, args=(store, folder, Replayed()), kwargs={"wait": True}
        )
        waiter.start()
        waiter.join(0.1)
        assert waiter.is_alive()
    waiter.join(10)
    assert len(states(store)) == 1


def test_what_is_appended_meanwhile_is_written_too(folder: Path, store_url: str) -> None:
    spool = new_spool(folder)
    spool.append(steps(1))

    class Slow(SqlStore):
        def put_many(self, batches: Sequence[Batch]) -> list[PutResult]:
            if len(spool.waiting()) and len(self.list_nodes(Execution)) == 0:
                spool.append(steps(1, 1))
            return super().put_many(batches)

    store = Slow(store_url)
    assert bring(store, folder).landed == 4
    assert not spool.waiting()
    store.close()


def test_around_damage_all_lands_and_the_file_is_set_aside(store: Store, folder: Path) -> None:
    spool = new_spool(folder)
    spool.append(steps(3))
    [path] = spool.waiting()
    lines = path.read_bytes().splitlines(keepends=True)
    lines[2] = lines[2].replace(b"e1", b"x1", 1)
    path.write_bytes(b"".join(lines) + b"6 abc")
    done = bring(store, folder)
    assert done.landed == 5
    [told] = done.damage
    assert "record 2 is damaged" in told
    assert "middle of a record" in told
    assert states(store) == {f"e{n}": ExecutionState.COMPLETE for n in (0, 1, 2)}
    assert not spool.waiting()
    assert path.with_suffix(".damaged").exists()
    assert bring(store, folder) == Replayed()


def contradicting() -> Batch:
    other = ArtifactType("Schema", {"name": PropertyType.INT})
    return Batch(artifacts=(made("bad", other, properties={"name": 1}),))


def test_what_the_store_will_never_take_is_set_aside_with_what_it_said(
    store: Store, folder: Path
) -> None:
    spool = new_spool(folder)
    spool.append([*steps(1), *items_of(contradicting()), *steps(1, 1)])
    done = bring(store, folder)
    assert done.landed == 4
    [told] = done.refused
    assert "TypeConflictError" in told
    assert states(store) == {f"e{n}": ExecutionState.COMPLETE for n in (0, 1)}
    [aside] = folder.glob("*.refused")
    assert b'"bad"' in aside.read_bytes()
    assert not spool.waiting()


class Refusing(SqlStore):
    """A store whose database refuses some batches for no reason that is known."""

    def __init__(self, url: str, *refused: str) -> None:
        super().__init__(url)
        self.refused = refused

    def put_many(self, batches: Sequence[Batch]) -> list[PutResult]:
        for batch in batches:
            if batch.execution and batch.execution.external_id in self.refused:
                message = "The database refused."
                raise InternalError(message)
        return super().put_many(batches)


def test_a_database_that_refuses_some_refuses_these(folder: Path, store_url: str) -> None:
    spool = new_spool(folder)
    spool.append(items_of(*[start_of_step(f"e{n}") for n in range(3)]))
    store = Refusing(store_url, "e1")
    done = bring(store, folder)
    assert (done.landed, len(done.refused)) == (2, 1)
    assert not spool.waiting()
    store.close()


def test_for_a_database_that_refuses_all_everything_waits(folder: Path, store_url: str) -> None:
    spool = new_spool(folder)
    spool.append(items_of(*[start_of_step(f"e{n}") for n in range(3)]))
    store = Refusing(store_url, "e0", "e1", "e2")
    with pytest.raises(InternalError):
        bring(store, folder)
    assert spool.waiting()
    store.refused = ()
    assert bring(store, folder).landed == 3
    store.close()
