"""Dask distributed: what is sent to a cluster belongs to the step that has sent it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import dask
import pytest
from dask import bag
from distributed import Client, LocalCluster
from mlmeta_track_dask import carried

import mlmeta_track as mt
from tests.engines.work import (
    measure,
    measure_later,
    measure_plainly,
    measured,
    of_step,
)


@pytest.fixture(scope="module")
def client() -> Iterator[Client]:
    """A cluster of two processes."""
    with (
        LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster,
        Client(cluster) as client,
    ):
        yield client


@pytest.fixture(autouse=True)
def tracked() -> Iterator[None]:
    mt.autotrack("dask")
    yield
    mt.untrack("dask")


def test_what_two_workers_do_belongs_to_the_step_that_asked(
    client: Client, server_url: str
) -> None:
    mt.init(server_url, strict=True)
    with mt.experiment("E"), mt.run("R"), mt.step("ask") as step:
        processes = client.gather(client.map(measure, range(8)))
        client.submit(measure_plainly, 8).result()
    assert len(set(processes)) == 2
    assert measured() == of_step(range(9), step, "E", "R")


def test_collections_and_delayed_calls_carry_where_they_are_computed(
    client: Client, store: Any
) -> None:
    late = dask.delayed(measure_plainly)(1)
    numbers = bag.from_sequence(range(2, 6), npartitions=2).map(measure)
    with mt.run("R"), mt.step("ask") as step:
        dask.compute(late, numbers)
        numbers.map(lambda process: process + 1).persist().compute()
    assert measured() == of_step(range(1, 6), step, "R")


def test_two_runs_are_told_apart_by_one_worker(client: Client, store: Any) -> None:
    worker = next(iter(client.scheduler_info()["workers"]))
    for name in ("first", "second"):
        with mt.run(name):
            client.submit(measure, len(name), workers=[worker]).result()
    assert measured() == of_step([5], None, "first") | of_step([6], None, "second")


def test_a_run_that_a_task_opens_counts_inside_it(client: Client, store: Any) -> None:
    def open_run() -> None:
        with mt.run("inner"):
            measure(1)

    with mt.run("outer"):
        client.submit(open_run).result()
    assert {one.contexts for one in measured()} == {frozenset({"inner"})}


def test_a_coroutine_carries_by_hand(client: Client, store: Any) -> None:
    with mt.run("R"), mt.step("ask") as step:
        client.submit(carried(measure_later), 1).result()
    assert measured() == of_step([1], step, "R")


def test_keys_stay_what_they_are(client: Client, store: Any) -> None:
    with mt.run("R"):
        tracked_key = client.submit(measure_plainly, 7).key
    mt.untrack("dask")
    assert client.submit(measure_plainly, 7).key == tracked_key


def test_an_annotation_of_the_users_stays(client: Client, store: Any) -> None:
    def annotations() -> Any:
        from distributed.worker import get_worker, thread_state

        return get_worker().state.tasks[thread_state.key].annotations

    with mt.run("R"), dask.annotate(colour="red"):
        assert client.submit(annotations).result()["colour"] == "red"


def test_workers_without_this_package_do_their_work(
    store: Any, without_us: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    @mt.step
    def local(number: int) -> str:
        try:
            import mlmeta_track  # noqa: F401
        except ImportError:
            return f"{number} without"
        return f"{number} with"

    monkeypatch.setenv("PYTHONPATH", without_us)
    with (
        LocalCluster(n_workers=1, dashboard_address=None) as cluster,
        Client(cluster) as client,
        mt.run("R"),
    ):
        assert client.submit(local, 1).result() == "1 without"
        assert client.submit(carried(local), 2).result() == "2 without"
