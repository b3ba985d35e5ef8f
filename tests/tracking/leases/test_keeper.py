from __future__ import annotations

import threading
import time
from collections.abc import Callable

import pytest

import mlmeta_track as mt
from mlmeta_track.domain.batch import Batch, PutResult
from mlmeta_track.domain.nodes import Context
from mlmeta_track.store.base import Store
from mlmeta_track.tracking.leases import keeper, under_way
from mlmeta_track.tracking.leases.keeper import Keeper, beat
from mlmeta_track.tracking.leases.processes import current


def heartbeat(store: Store, name: str) -> object:
    run = store.get_by_name(Context, "Run", name)
    assert run is not None
    return run.custom_properties.get(current().heartbeat)


def until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_beat_says_in_each_run_with_a_step_that_this_process_is_alive(store: Store) -> None:
    before = time.time_ns() // 1_000_000
    with mt.run("first"), mt.step("a"), mt.step("b"), mt.run("second"), mt.step("c"):
        beat()
    for name in ("first", "second"):
        at = heartbeat(store, name)
        assert isinstance(at, int)
        assert before <= at <= time.time_ns() // 1_000_000


def test_a_later_beat_takes_the_place_of_the_earlier(store: Store) -> None:
    with mt.run("first"), mt.step("a"):
        beat()
        earlier = heartbeat(store, "first")
        time.sleep(0.002)
        beat()
        later = heartbeat(store, "first")
    assert isinstance(earlier, int)
    assert isinstance(later, int)
    assert earlier < later


def test_nothing_is_written_while_nothing_is_under_way(store: Store) -> None:
    with mt.run("first"):
        with mt.step("a"):
            pass
        beat()
    assert heartbeat(store, "first") is None


def test_one_write_is_enough_for_all_steps_of_a_run(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    batches: list[Batch] = []
    put = store.put

    def noting(batch: Batch) -> PutResult:
        batches.append(batch)
        return put(batch)

    with mt.run("first"), mt.step("a"), mt.step("b"), mt.step("c"):
        monkeypatch.setattr(store, "put", noting)
        beat()
        monkeypatch.undo()
    assert len(batches) == 1


def test_a_beat_that_fails_hurts_nobody(
    store: Store, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    class Broken:
        lease = "broken"

        def beat(self) -> None:
            message = "the store is away"
            raise ConnectionError(message)

        def break_off(self, kind: str, message: str) -> None: ...

    broken = Broken()
    under_way.add(broken)
    try:
        with mt.run("first"), mt.step("a"):
            beat()
    finally:
        under_way.remove(broken)
    assert heartbeat(store, "first") is not None
    assert not caplog.records


def test_the_keeper_beats_again_and_again(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeper, "BEAT_SECONDS", 0.02)
    heard: list[bytes] = []
    kept = Keeper(heard.append)
    with mt.run("first"), mt.step("a"):
        until(lambda: heartbeat(store, "first"))
        earlier = heartbeat(store, "first")
        until(lambda: heartbeat(store, "first") != earlier)
    kept.mouth.close()


def test_the_keeper_hears_at_once() -> None:
    heard = threading.Event()
    kept = Keeper(lambda word: heard.set() if word == b"now" else None)
    kept.tell(b"now")
    assert heard.wait(5)
    kept.mouth.close()


def test_a_step_in_memory_has_no_need_of_a_store_to_beat() -> None:
    mt.init("sqlite://", strict=True)
    with mt.run("first"), mt.step("a"):
        beat()
    assert heartbeat(mt.get_store(), "first") is not None
