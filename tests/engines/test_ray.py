"""Ray: tasks and actors belong to the step that has called them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import ray
from mlmeta_track_ray import carried

import mlmeta_track as mt
from tests.engines.work import (
    measure,
    measure_each,
    measure_plainly,
    measured,
    of_step,
)


@pytest.fixture(scope="module", autouse=True)
def cluster() -> Iterator[None]:
    """A cluster of two processes."""
    ray.init(num_cpus=2, include_dashboard=False, logging_level="ERROR")
    yield
    ray.shutdown()


@pytest.fixture(autouse=True)
def tracked() -> Iterator[None]:
    mt.autotrack("ray")
    yield
    mt.untrack("ray")


def measure_more(number: int, **more: int) -> int:
    """A task that a test sends."""
    assert set(more) <= {"more"}
    return measure(number)


class LocalMeter:
    """What an actor is made of, where its test says."""

    def __init__(self, start: int) -> None:
        self._start = start
        measure(start)

    def measure(self, number: int) -> int:
        return measure(self._start + number)

    @ray.method(num_returns=2)  # type: ignore[untyped-decorator]
    def measure_twice(self) -> tuple[int, int]:
        return measure(self._start + 8), measure(self._start + 9)

    def each(self, count: int) -> Iterator[int]:
        yield from measure_each(range(count))

    def start(self) -> int:
        return self._start


class LocalLateMeter:
    """What an actor with coroutines is made of."""

    async def measure(self, number: int) -> int:
        return measure(number)


task: Any = ray.remote(measure_more)
Meter: Any = ray.remote(LocalMeter)
LateMeter: Any = ray.remote(LocalLateMeter)


def test_what_two_workers_do_belongs_to_the_step_that_asked(server_url: str) -> None:
    mt.init(server_url, strict=True)
    with mt.experiment("E"), mt.run("R"), mt.step("ask") as step:
        processes = ray.get([task.remote(number) for number in range(8)])
    assert len(set(processes)) == 2
    assert measured() == of_step(range(8), step, "E", "R")


def test_every_way_of_calling_carries(store: Any) -> None:
    each = ray.remote(measure_each)
    with mt.run("R"), mt.step("ask") as step:
        ray.get(task.remote(number=1, more=2))
        ray.get(task.options(name="named", num_cpus=1).remote(2))
        assert len([ray.get(one) for one in each.remote([3, 4])]) == 2
    assert measured() == of_step(range(1, 5), step, "R")


def test_an_actor_belongs_to_who_made_it_and_its_methods_to_who_calls(store: Any) -> None:
    with mt.run("R"), mt.step("make") as making:
        meter = Meter.remote(10)
        late = LateMeter.remote()
        assert ray.get(meter.start.remote()) == 10
    with mt.run("R"), mt.step("ask") as asking:
        ray.get([meter.measure.remote(1), *meter.measure_twice.remote(), late.measure.remote(5)])
        assert len([ray.get(one) for one in meter.each.remote(2)]) == 2
    assert measured() == of_step([10], making, "R") | of_step([0, 1, 5, 11, 18, 19], asking, "R")


def test_wrong_arguments_are_told_where_the_call_is(store: Any) -> None:
    with pytest.raises(TypeError, match="missing a required argument: 'number'"):
        task.remote()
    with pytest.raises(TypeError, match="too many positional arguments"):
        Meter.remote(1, 2)


def test_what_was_switched_off_and_on_again_works(store: Any) -> None:
    with mt.run("R"):
        meter = Meter.remote(20)
        mt.untrack("ray")
        assert ray.get(meter.start.remote()) == 20
        mt.autotrack("ray")
        ray.get(meter.measure.remote(1))
    assert measured() == of_step([20, 21], None, "R")


def test_a_function_carries_by_hand(store: Any) -> None:
    mt.untrack("ray")
    with mt.run("R"), mt.step("ask") as step:
        ray.get(ray.remote(carried(measure_plainly)).remote(1))
    assert measured() == of_step([1], step, "R")


def test_workers_without_this_package_do_their_work(store: Any, without_us: str) -> None:
    def plain(number: int) -> str:
        try:
            import mlmeta_track  # noqa: F401
        except ImportError:
            return f"{number} without"
        return f"{number} with"

    class Actor:
        @mt.step
        def plain(self, number: int) -> str:
            return plain(number)

    options: Any = {"runtime_env": {"env_vars": {"PYTHONPATH": without_us}}}
    with mt.run("R"):
        assert ray.get(ray.remote(plain).options(**options).remote(1)) == "1 without"
        actor = ray.remote(Actor).options(**options).remote()
        assert ray.get(actor.plain.remote(2)) == "2 without"
