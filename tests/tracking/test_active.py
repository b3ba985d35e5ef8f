"""Automatic tracking can be held off for a while."""

from __future__ import annotations

import asyncio
import importlib
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, ClassVar

import pytest

import mlmeta_track as mt
from mlmeta_track.domain.nodes import Execution
from mlmeta_track.store.base import Store
from mlmeta_track.tracking.instrument import Instrumentor, TrackedFunction


class Fake(Instrumentor):
    prefix: ClassVar[str] = "fake"
    module: ClassVar[str] = "fake_suppressed"
    distribution: ClassVar[str] = "fake_suppressed"
    supported: ClassVar[tuple[str, str]] = ("1", "2")
    functions: ClassVar[tuple[TrackedFunction, ...]] = (TrackedFunction(name="work"),)


@pytest.fixture
def work(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A tracked function."""
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "fake_suppressed.py").write_text("def work(): return 'done'\n")
    module = importlib.import_module("fake_suppressed")
    instrumentor = Fake()
    instrumentor.instrument()
    yield module.work
    instrumentor.uninstrument()


def recorded(store: Store) -> list[str]:
    return [execution.type for execution in store.list_nodes(Execution)]


def in_a_thread(function: Any) -> None:
    thread = threading.Thread(target=function)
    thread.start()
    thread.join()


def test_calls_inside_are_not_recorded_and_after_it_they_are(store: Store, work: Any) -> None:
    with mt.suppress():
        assert work() == "done"
        with mt.suppress():
            work()
        work()
    assert recorded(store) == []
    work()
    assert recorded(store) == ["fake.work"]


def test_it_ends_with_an_exception_too(store: Store, work: Any) -> None:
    with pytest.raises(ValueError, match="theirs"), mt.suppress(all_threads=True):
        raise ValueError("theirs")
    work()
    in_a_thread(work)
    assert recorded(store) == ["fake.work"] * 2


def test_a_block_may_be_entered_again(store: Store, work: Any) -> None:
    suppressed = mt.suppress(all_threads=True)
    with suppressed, suppressed:
        in_a_thread(work)
    with suppressed:
        in_a_thread(work)
    assert recorded(store) == []
    in_a_thread(work)
    assert recorded(store) == ["fake.work"]


def test_steps_of_the_users_are_recorded_inside(store: Store, work: Any) -> None:
    with mt.suppress(), mt.step("Mine"):
        work()
    assert recorded(store) == ["Mine"]


def test_tasks_and_threads_with_its_context_are_held_off(store: Store, work: Any) -> None:
    async def main() -> None:
        with mt.suppress():
            task = asyncio.create_task(asyncio.sleep(0))
            await asyncio.gather(task, asyncio.to_thread(work))

    asyncio.run(main())
    assert recorded(store) == []


def test_threads_of_others_are_recorded(store: Store, work: Any) -> None:
    with mt.suppress():
        in_a_thread(work)
    assert recorded(store) == ["fake.work"]


def test_all_threads_are_held_off_where_that_is_asked_for(store: Store, work: Any) -> None:
    with ThreadPoolExecutor(2) as pool:
        pool.submit(work).result()
        with mt.suppress(all_threads=True):
            pool.submit(work).result()
            in_a_thread(work)
        pool.submit(work).result()
    assert recorded(store) == ["fake.work"] * 2
