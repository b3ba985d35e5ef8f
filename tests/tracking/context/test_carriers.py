from __future__ import annotations

import asyncio
import contextvars
import inspect
import logging
import multiprocessing.dummy
import os
import subprocess
import sys
import threading
import traceback
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from importlib import import_module
from multiprocessing.pool import ThreadPool
from pathlib import Path
from typing import Any

import pytest

import mlmeta_track as mt
from mlmeta_track.domain.nodes import Execution
from mlmeta_track.store.base import Store
from mlmeta_track.tracking import active
from mlmeta_track.tracking.context import patches
from mlmeta_track.tracking.context.carriers import VARIABLE


@mt.step("Child")
def child(value: Any = None) -> Any:
    return value


def parents(store: Store, name: str = "Child") -> list[object]:
    found = store.get_by_type(Execution, name)
    return [e.custom_properties.get("mlmeta_parent_execution") for e in found]


def contexts(store: Store, name: str = "Child") -> list[dict[str, str]]:
    return [
        {c.type: c.name for c in store.get_contexts_of(Execution, e.id)}
        for e in store.get_by_type(Execution, name)
    ]


# Each way of having a function called in another thread of this process.


class Subclass(threading.Thread):
    def run(self) -> None:
        child()


def in_thread() -> None:
    thread = threading.Thread(target=child)
    thread.start()
    thread.join()


def in_subclass() -> None:
    thread = Subclass()
    thread.start()
    thread.join()


def in_timer() -> None:
    timer = threading.Timer(0.001, child)
    timer.start()
    timer.join()


def in_dummy_process() -> None:
    process = multiprocessing.dummy.Process(target=child)
    process.start()
    process.join()


def in_executor() -> None:
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(child, 6).result() == 6


def in_executors_map() -> None:
    with ThreadPoolExecutor(1) as pool:
        assert list(pool.map(child, [6])) == [6]


def in_thread_pool() -> None:
    with ThreadPool(1) as pool:
        assert pool.map(child, [6]) == [6]


def in_task() -> None:
    async def main() -> None:
        await asyncio.create_task(asyncio.sleep(0, child()))

    asyncio.run(main())


def in_to_thread() -> None:
    async def main() -> None:
        assert await asyncio.to_thread(child, 6) == 6

    asyncio.run(main())


def in_loops_executor() -> None:
    async def main() -> None:
        assert await asyncio.get_running_loop().run_in_executor(None, child, 6) == 6

    asyncio.run(main())


def in_loop_of_another_thread() -> None:
    async def work() -> None:
        child()

    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    asyncio.run_coroutine_threadsafe(work(), loop).result()
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()


def in_main_of_a_thread() -> None:
    async def main() -> None:
        child()

    thread = threading.Thread(target=asyncio.run, args=(main(),))
    thread.start()
    thread.join()


WAYS = [
    in_thread,
    in_subclass,
    in_timer,
    in_dummy_process,
    in_executor,
    in_executors_map,
    in_thread_pool,
    in_task,
    in_to_thread,
    in_loops_executor,
    in_loop_of_another_thread,
    in_main_of_a_thread,
]


@pytest.mark.parametrize("way", WAYS)
def test_a_call_is_a_child_in_the_same_run_and_experiment(
    store: Store, way: Callable[[], None]
) -> None:
    with mt.experiment("Demo"), mt.run("nightly"), mt.step("Outer") as outer:
        way()
    assert parents(store) == [outer.external_id]
    assert contexts(store) == [{"Run": "nightly", "Experiment": "Demo"}]


def test_a_thread_may_go_on_after_the_step_that_started_it(store: Store) -> None:
    go_on = threading.Event()

    def work() -> None:
        go_on.wait(10)
        child()

    with mt.run("nightly"), mt.step("Outer") as outer:
        thread = threading.Thread(target=work)
        thread.start()
    go_on.set()
    thread.join()
    assert parents(store) == [outer.external_id]
    assert contexts(store) == [{"Run": "nightly"}]


def test_a_worker_that_is_reused_keeps_no_old_context(store: Store) -> None:
    with ThreadPoolExecutor(1) as pool:
        with mt.step("First") as first:
            pool.submit(child).result()
        pool.submit(child).result()
        with mt.step("Second") as second:
            pool.submit(child).result()
    assert parents(store) == [first.external_id, None, second.external_id]


def test_an_initializer_belongs_to_no_step_for_its_worker_serves_all(store: Store) -> None:
    with mt.step("Outer"), ThreadPoolExecutor(1, initializer=child) as pool:
        pool.submit(len, "").result()
    assert parents(store) == [None]


def test_steps_that_share_a_pool_keep_their_own_children(store: Store) -> None:
    with ThreadPoolExecutor(4) as pool:

        def work(number: int) -> None:
            with mt.step("Outer"):
                mt.log_params({"number": number})
                list(pool.map(child, [number] * 5))

        threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    outers = {
        e.external_id: e.custom_properties["number"] for e in store.get_by_type(Execution, "Outer")
    }
    children = store.get_by_type(Execution, "Child")
    assert len(children) == 20
    for one in children:
        parent = str(one.custom_properties["mlmeta_parent_execution"])
        assert one.custom_properties["value"] == outers[parent]


def test_metrics_from_another_thread_are_the_steps(store: Store) -> None:
    with mt.step("Outer"), ThreadPoolExecutor(1) as pool:
        pool.submit(mt.log_metrics, {"loss": 0.5}).result()
    [outer] = store.get_by_type(Execution, "Outer")
    assert outer.custom_properties["loss"] == 0.5


# Generators, which are resumed by whoever wants the next item.


@mt.step("Items")
def items() -> Iterator[int]:
    child()
    yield 1
    child()


@mt.step("Items")
async def async_items() -> AsyncIterator[int]:
    child()
    yield 1
    child()


def elsewhere(function: Callable[..., Any], *args: Any) -> Any:
    """Call a function in another thread, and in a context that knows nothing."""
    result: Future[Any] = Future()
    context = contextvars.Context()
    call = lambda: result.set_result(context.run(function, *args))  # noqa: E731
    thread = threading.Thread(target=contextvars.Context().run, args=(call,))
    thread.start()
    thread.join()
    return result.result(0)


def test_a_generator_that_is_resumed_in_another_thread_goes_on_where_it_began(
    store: Store,
) -> None:
    with mt.experiment("Demo"), mt.run("nightly"), mt.step("Outer") as outer:
        generator = items()
        next(generator)
    assert elsewhere(next, generator, None) is None
    [execution] = store.get_by_type(Execution, "Items")
    assert parents(store, "Items") == [outer.external_id]
    assert parents(store) == [execution.external_id] * 2
    assert contexts(store) == [{"Run": "nightly", "Experiment": "Demo"}] * 2


def test_a_generator_that_begins_where_nothing_is_known_belongs_to_its_caller(
    store: Store,
) -> None:
    with mt.run("nightly"), mt.step("Outer") as outer:
        generator = items()
    assert elsewhere(list, generator) == [1]
    assert parents(store, "Items") == [outer.external_id]
    assert contexts(store, "Items") == [{"Run": "nightly"}]


def test_an_async_generator_that_is_resumed_in_other_tasks_goes_on_where_it_began(
    store: Store,
) -> None:
    async def one(generator: AsyncIterator[int]) -> int | None:
        return await anext(generator, None)

    async def main() -> None:
        with mt.run("nightly"), mt.step("Outer"):
            generator = async_items()
            await asyncio.create_task(one(generator))
        with mt.run("other"):
            await asyncio.create_task(one(generator))

    asyncio.run(main())
    [execution] = store.get_by_type(Execution, "Items")
    assert parents(store) == [execution.external_id] * 2
    assert contexts(store) == [{"Run": "nightly"}] * 2


def test_between_two_items_the_consumer_belongs_to_what_it_did(store: Store) -> None:
    with mt.run("nightly"), mt.step("Outer") as outer:
        for _ in items():
            child("between")
    found = {
        e.custom_properties["mlmeta_parent_execution"]
        for e in store.get_by_type(Execution, "Child")
        if e.custom_properties.get("value") == "between"
    }
    assert found == {outer.external_id}


# What users see does not change.


def fail() -> None:
    raise ValueError("theirs")


def frames(error: BaseException) -> list[str]:
    return [frame.filename for frame in traceback.extract_tb(error.__traceback__)]


def failed_in_pool(pool: ThreadPoolExecutor) -> list[str]:
    error = pool.submit(fail).exception()
    assert isinstance(error, ValueError)
    return frames(error)


@pytest.mark.skipif(sys.version_info < (3, 11), reason="shows the frame that catches and raises")
def test_exceptions_from_a_pool_have_no_frame_of_ours(store: Store) -> None:
    with ThreadPoolExecutor(1) as pool:
        plain = failed_in_pool(pool)
        with mt.step("Outer"):
            assert failed_in_pool(pool) == plain


@pytest.mark.skipif(sys.version_info < (3, 11), reason="shows the frame that catches and raises")
def test_exceptions_of_the_calls_themselves_have_no_frame_of_ours(store: Store) -> None:
    pool = ThreadPoolExecutor(1)
    pool.shutdown()
    with mt.step("Outer"):
        for call in (lambda: pool.submit(fail), lambda: subprocess.Popen(["/no/such/program"])):
            with pytest.raises((RuntimeError, FileNotFoundError)) as caught:
                call()
            assert not [name for name in frames(caught.value) if "mlmeta_track" in name]


def places() -> dict[str, Any]:
    """What stands at the places that are changed, as far as they are there."""
    found = {}
    for module, names in patches.PLACES.items():
        if module.startswith(("joblib", "loky")):
            continue
        for place in names:
            owner, _, name = place.partition(".")
            found[f"{module}.{place}"] = vars(getattr(import_module(module), owner))[name]
    return found


def test_untrack_gives_the_very_methods_back_and_init_takes_them_again(store: Store) -> None:
    changed = places()
    mt.untrack()
    original = places()
    assert [name for name in original if original[name] is changed[name]] == []
    with mt.step("Outer"):
        in_thread()
    assert parents(store) == [None]
    mt.init(store.url)
    assert [name for name, method in places().items() if method is original[name]] == []


def test_signatures_stay_as_they_are(store: Store) -> None:
    for name, method in places().items():
        assert inspect.signature(method) == inspect.signature(method.__wrapped__), name
        assert inspect.isfunction(method), name
    assert "env" in inspect.signature(subprocess.Popen).parameters


PRISTINE = """
import subprocess, sys, threading
originals = [threading.Thread.start, threading.Thread._set_ident, subprocess.Popen.__init__]
import mlmeta_track as mt
def now():
    return [threading.Thread.start, threading.Thread._set_ident, subprocess.Popen.__init__]
assert now() == originals
mt.init(disabled=True)
with mt.step("Outer"):
    assert now() == originals
mt.init("sqlite://")
assert not any(a is b for a, b in zip(now(), originals))
mt.init(disabled=True)
assert now() == originals
assert not [m for m in ("multiprocessing.pool", "concurrent.futures.process") if m in sys.modules]
"""


def test_an_import_changes_nothing_nor_does_a_disabled_recorder() -> None:
    done = subprocess.run(
        [sys.executable, "-c", PRISTINE], capture_output=True, text=True, check=False
    )
    assert done.stderr == ""


def test_a_failure_of_ours_is_no_failure_of_the_call(
    store: Store, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken() -> active.Values:
        raise RuntimeError("ours")

    with mt.step("Outer"), ThreadPoolExecutor(1) as pool:
        monkeypatch.setattr(active, "here", broken)
        assert pool.submit(len, "abc").result() == 3


# Programs.

SHOW = [sys.executable, "-c", f"import os; print(os.environ.get({VARIABLE!r}))"]


def shown(**options: Any) -> str:
    return str(subprocess.check_output(SHOW, text=True, **options)).strip()


def test_a_program_is_told_nothing_where_nothing_is_active(store: Store) -> None:
    assert shown() == "None"


def test_a_program_is_told_the_run_of_the_process_once_it_has_one(store: Store) -> None:
    child()
    assert shown() != "None"


def test_what_the_user_says_in_the_environment_counts_more(store: Store) -> None:
    with mt.step("Outer"):
        assert shown(env={VARIABLE: "theirs"}) == "theirs"


def test_a_copy_of_our_own_environment_does_not_keep_an_old_context(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, "old")
    with mt.step("Outer"):
        assert shown(env=dict(os.environ)) != "old"


def test_a_program_of_a_coroutine_is_told(store: Store) -> None:
    async def main() -> bytes:
        program = await asyncio.create_subprocess_exec(*SHOW, stdout=subprocess.PIPE)
        return (await program.communicate())[0]

    with mt.step("Outer"):
        assert asyncio.run(main()).strip() != b"None"


def test_no_program_is_told_of_a_store_in_memory(tmp_path: Path) -> None:
    mt.init("sqlite://", strict=True)
    with mt.step("Outer"):
        assert shown() == "None"


# A process that forks inside a step.

FORK = """
import os, sys, mlmeta_track as mt
mt.init("sqlite:///forked.db")
with mt.run("nightly"), mt.step("Outer") as outer:
    child = os.fork()
    if child:
        assert os.waitpid(child, 0)[1] == 0
    else:
        with mt.step("Child"):
            pass
        mt.log_metrics({"lost": 1.0})
if child:
    print(outer.external_id)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
def test_a_forked_process_records_children_and_leaves_the_step_to_its_parent(
    tmp_path: Path,
) -> None:
    done = subprocess.run([sys.executable, "-c", FORK], capture_output=True, text=True, check=True)
    mt.init(f"sqlite:///{tmp_path / 'forked.db'}")
    store = mt.get_store()
    assert parents(store) == [done.stdout.strip()]
    assert contexts(store) == [{"Run": "nightly"}]
    [outer] = store.get_by_type(Execution, "Outer")
    assert outer.properties["state"] == "COMPLETED"
    assert "lost" not in outer.custom_properties
    assert done.stderr.count("log_metrics was called outside of a step") == 1


def test_logging_is_left_alone(store: Store, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING), mt.step("Outer"):
        in_thread()
    assert caplog.records == []
