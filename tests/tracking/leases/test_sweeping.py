"""What dead processes left under way is found and marked, and nothing else."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import replace
from pathlib import Path

import pytest

import mlmeta_track as mt
from mlmeta_track.domain.batch import Batch, ContextPut, ExecutionPut
from mlmeta_track.domain.nodes import Execution, ExecutionState
from mlmeta_track.domain.types import RUN, ExecutionType, PropertyType
from mlmeta_track.domain.writes import ExecutionWrite, UpdateOptions
from mlmeta_track.store.base import Store
from mlmeta_track.store.connect import open_store
from mlmeta_track.tracking.leases import sweeping
from mlmeta_track.tracking.leases.processes import PROCESS, Process, current
from mlmeta_track.tracking.leases.sweeping import find_abandoned, mark, sweep_this_host
from tests.serving import served
from tests.tracking.delivery.waiting import wait_for
from tests.tracking.leases.victims import killed, victim

BACKENDS = ["sqlite", "postgresql", "mariadb", "grpc"]
DEAD = replace(current(), start="1")
STRANGER = Process("other", "other", "other", "-", 1, "1")


@pytest.fixture(params=BACKENDS)
def any_url(request: pytest.FixtureRequest, store_url: str) -> Iterator[str]:
    """A new store of each kind."""
    with ExitStack() as stack:
        if request.param == "sqlite":
            yield store_url
        elif request.param == "grpc":
            yield f"grpc://{stack.enter_context(served(store_url)).address}"
        else:
            yield request.getfixturevalue(request.param).new_url()


def states(store: Store) -> dict[str, ExecutionState | None]:
    return {e.type: e.last_known_state for e in store.list_nodes(Execution)}


def running(
    store: Store, name: str, process: object, state: ExecutionState = ExecutionState.RUNNING
) -> Execution:
    """Put an execution as the process would, in a run of its own."""
    put = ExecutionPut(
        external_id=f"id of {name}",
        type=ExecutionType(name, {"state": PropertyType.STRING}),
        state=state,
        properties={"state": state.name},
        custom_properties={} if process is None else {PROCESS: str(process)},
    )
    store.put(Batch(execution=put, contexts=(ContextPut(type=RUN, name=f"run of {name}"),)))
    [execution] = store.get_by_external_id(Execution, [put.external_id])
    return execution


def beat(store: Store, name: str, process: Process, seconds_ago: float) -> None:
    at = time.time_ns() // 1_000_000 - int(seconds_ago * 1000)
    custom = {process.heartbeat: at}
    put = ContextPut(type=RUN, name=f"run of {name}", custom_properties=custom)
    store.put(Batch(contexts=(put,)))


def sweep(store: Store, host_timeout: float = 600.0) -> list[str]:
    found = list(find_abandoned(store, host_timeout))
    assert all(mark(store, one) for one in found)
    return [one.execution.type for one in found]


def test_what_a_killed_process_left_is_marked_and_what_lives_is_not(any_url: str) -> None:
    pid = killed(any_url, 'with mt.step("Killed"):\n    wait()\n')
    # The next process looks for it when it starts: there is nothing left for this one.
    alive = victim(any_url, 'with mt.step("Alive"):\n    wait()\n')
    with alive, closing(open_store(any_url, create=False)) as store:
        deadline = time.monotonic() + 30
        while states(store)["Killed"] is ExecutionState.RUNNING:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        assert sweep(store) == []
        assert states(store)["Alive"] is ExecutionState.RUNNING
        [execution] = store.get_by_type(Execution, "Killed")
    assert execution.last_known_state is ExecutionState.FAILED
    assert execution.properties == {"state": "FAILED"}
    facts = execution.custom_properties
    assert facts["mlmeta_error_type"] == "abandoned"
    assert str(facts["mlmeta_error_message"]).startswith(f"Process {pid} on ")


def test_a_sweep_marks_what_a_killed_process_left(any_url: str) -> None:
    killed(any_url, 'with mt.step("Outer"), mt.step("Inner"):\n    wait()\n')
    with closing(open_store(any_url, create=False)) as store:
        assert sweep(store) == ["Outer", "Inner"]
        assert set(states(store).values()) == {ExecutionState.FAILED}
        assert sweep(store) == []


@pytest.fixture
def plain(store_url: str) -> Iterator[Store]:
    with closing(open_store(store_url)) as store:
        yield store


def test_what_has_ended_is_left_as_it_is(plain: Store) -> None:
    for state in set(ExecutionState) - {ExecutionState.RUNNING}:
        running(plain, state.name, DEAD, state)
    before = plain.list_nodes(Execution)
    assert sweep(plain) == []
    assert plain.list_nodes(Execution) == before


@pytest.mark.parametrize("process", [None, "worker 7", "a/b/c"], ids=repr)
def test_what_others_write_is_never_touched(plain: Store, process: str | None) -> None:
    running(plain, "TFX", process)
    assert sweep(plain, 0.0) == []


def test_an_execution_in_our_state_but_not_in_mlmds_is_left(plain: Store) -> None:
    execution = running(plain, "Train", DEAD)
    done = ExecutionWrite(
        id=execution.id, type_id=execution.type_id, last_known_state=ExecutionState.COMPLETE
    )
    plain.put_nodes(Execution, [done], UpdateOptions(mask=("last_known_state",)))
    assert sweep(plain) == []


def test_a_process_elsewhere_is_dead_when_nothing_was_heard_of_it(plain: Store) -> None:
    running(plain, "Silent", STRANGER)
    running(plain, "Beating", STRANGER)
    beat(plain, "Beating", STRANGER, seconds_ago=-1.0)
    time.sleep(0.01)
    assert sweep(plain, 600.0) == []
    assert sweep(plain, 0.005) == ["Silent"]
    [silent] = plain.get_by_type(Execution, "Silent")
    message = str(silent.custom_properties["mlmeta_error_message"])
    assert message.startswith("Nothing was heard of process 1 on other since 2")


def test_the_heartbeat_of_another_process_is_none_of_this_one(plain: Store) -> None:
    running(plain, "Silent", STRANGER)
    beat(plain, "Silent", replace(STRANGER, pid=2), seconds_ago=-1.0)
    time.sleep(0.01)
    assert sweep(plain, 0.005) == ["Silent"]


def test_an_old_heartbeat_does_not_hide_a_newer_sign(plain: Store) -> None:
    running(plain, "Begun", STRANGER)
    beat(plain, "Begun", STRANGER, seconds_ago=10_000.0)
    assert sweep(plain, 600.0) == []


def test_this_hosts_sweep_leaves_what_is_elsewhere(
    plain: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweeping, "HOST_TIMEOUT_SECONDS", 0.0)
    running(plain, "Elsewhere", STRANGER)
    running(plain, "Here", DEAD)
    assert sweep_this_host(plain) == 1
    assert states(plain) == {"Elsewhere": ExecutionState.RUNNING, "Here": ExecutionState.FAILED}


def test_many_pages_of_the_living_and_the_dead(
    plain: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sweeping, "_PAGE", 3)
    dead = [f"Dead {number}" for number in range(8)]
    for name in dead:
        running(plain, name, DEAD)
        running(plain, f"Alive beside {name}", current())
    assert sweep(plain) == dead


def test_an_end_that_comes_between_is_kept(plain: Store) -> None:
    running(plain, "Train", DEAD)
    [found] = find_abandoned(plain)
    time.sleep(0.002)
    running(plain, "Train", DEAD, ExecutionState.COMPLETE)
    assert not mark(plain, found)
    [execution] = plain.get_by_type(Execution, "Train")
    assert execution.last_known_state is ExecutionState.COMPLETE
    assert "mlmeta_error_type" not in execution.custom_properties


def test_the_end_of_who_was_thought_dead_counts(plain: Store) -> None:
    running(plain, "Train", STRANGER)
    time.sleep(0.01)
    assert sweep(plain, 0.005) == ["Train"]
    running(plain, "Train", STRANGER, ExecutionState.COMPLETE)
    assert states(plain) == {"Train": ExecutionState.COMPLETE}


def test_a_start_that_is_replayed_does_not_undo_a_sweep(plain: Store) -> None:
    running(plain, "Train", DEAD)
    assert sweep(plain) == ["Train"]
    running(plain, "Train", DEAD)
    assert states(plain) == {"Train": ExecutionState.FAILED}


def test_init_does_not_wait_for_its_sweep_nor_fail_by_it(
    store_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def slow_and_broken(store: Store) -> int:
        time.sleep(0.5)
        message = "broken"
        raise RuntimeError(message)

    monkeypatch.setattr(sweeping, "CALM_SECONDS", 0.0)
    monkeypatch.setattr(sweeping, "sweep_this_host", slow_and_broken)
    started = time.monotonic()
    mt.init(store_url, strict=True)
    assert time.monotonic() - started < 0.4
    time.sleep(0.6)


def test_whose_end_waits_in_the_spool_has_left_nothing(store_url: str) -> None:
    with closing(open_store(store_url)) as store:
        put = running(store, "Train", DEAD)
        end = ExecutionPut(
            external_id=put.external_id or "",
            type=ExecutionType("Train", {"state": PropertyType.STRING}),
            state=ExecutionState.COMPLETE,
        )
        wait_for(store_url, Batch(execution=end))
        with victim(store_url, 'say("waiting")\n') as short:
            assert short.wait(30) == 0
        [execution] = store.list_nodes(Execution)
    assert execution.last_known_state is ExecutionState.COMPLETE
    assert "mlmeta_error_type" not in execution.custom_properties


def test_a_process_that_ends_at_once_has_swept_all_the_same(any_url: str) -> None:
    killed(any_url, 'with mt.step("Killed"):\n    wait()\n')
    with victim(any_url, 'say("waiting")\n') as short:
        assert short.wait(30) == 0
    with closing(open_store(any_url, create=False)) as store:
        assert states(store) == {"Killed": ExecutionState.FAILED}


def test_a_store_that_is_exchanged_is_not_swept_any_more(
    store_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    swept: list[Store] = []
    monkeypatch.setattr(sweeping, "sweep_this_host", swept.append)
    mt.init(store_url, strict=True)
    mt.init(f"sqlite:///{tmp_path}/other.db", strict=True)
    time.sleep(sweeping.CALM_SECONDS + 0.2)
    assert len(swept) == 1
