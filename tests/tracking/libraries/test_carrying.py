"""Functions that take their context along, and context that an engine brings."""

from __future__ import annotations

import asyncio
import inspect
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Generator, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import mlmeta_track as mt
from mlmeta_track.domain.nodes import Execution
from mlmeta_track.plugins import hookimpl, hooks
from mlmeta_track.store.base import Store
from mlmeta_track.tracking.instrument import CONTEXT, carried, carrying


@mt.step
def work(number: int) -> int:
    return number


def work_each(count: int) -> Iterator[int]:
    for number in range(count):
        yield work(number)


async def work_later(number: int) -> int:
    return work(number)


async def work_each_later(count: int) -> AsyncIterator[int]:
    for number in range(count):
        yield work(number)


def works(store: Store) -> list[tuple[object, object, list[str]]]:
    """Number, parent and contexts of what was done."""
    return [
        (
            one.custom_properties["number"],
            one.custom_properties.get("mlmeta_parent_execution"),
            [context.name for context in store.get_contexts_of(Execution, one.id or 0)],
        )
        for one in store.get_by_type(Execution, "work")
    ]


def test_a_carried_function_belongs_to_where_it_was_carried_from(store: Store) -> None:
    with mt.run("R"), mt.step("ask") as step:
        function = carried(work)
    with mt.run("other"):
        assert function(1) == 1
    assert works(store) == [(1, step.external_id, ["R"])]


def test_every_kind_of_function_stays_of_its_kind(store: Store) -> None:
    with mt.run("R"), mt.step("ask") as step:
        each, later, each_later = map(carried, (work_each, work_later, work_each_later))
    assert inspect.isgeneratorfunction(each)
    assert inspect.iscoroutinefunction(later)
    assert inspect.isasyncgenfunction(each_later)

    async def all_later() -> list[int]:
        return [await later(2), *[number async for number in each_later(2)]]

    assert list(each(2)) == [0, 1]
    assert asyncio.run(all_later()) == [2, 0, 1]
    expected = [(number, step.external_id, ["R"]) for number in (0, 1, 2, 0, 1)]
    assert works(store) == expected


def test_between_the_items_of_a_generator_its_context_does_not_count(store: Store) -> None:
    with mt.run("R"):
        each = carried(work_each)
    with mt.run("between"):
        for _ in each(1):
            work(9)
    assert [(number, names) for number, _, names in works(store)] == [(0, ["R"]), (9, ["between"])]


def test_a_generator_that_is_left_early_is_closed(store: Store) -> None:
    closed = []

    def numbers() -> Generator[int, None, None]:
        try:
            yield 1
        finally:
            closed.append(1)

    items = carried(numbers)()
    assert next(items) == 1
    items.close()
    assert closed == [1]


def test_a_token_that_is_none_costs_the_context_and_nothing_else(
    store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    with mt.run("R"):
        assert carrying(work)(1, **{CONTEXT: "no token"}) == 1
    assert works(store) == [(1, None, ["R"])]


def test_nothing_is_carried_where_recording_is_disabled(store_url: str) -> None:
    mt.init(store_url, disabled=True)
    assert carried(work_each) is work_each


class Engine:
    """A plugin of an engine that runs what a test says."""

    def __init__(self) -> None:
        self.token: str | None = None

    @hookimpl
    def find_context(self) -> str | None:
        return self.token


@contextmanager
def running(token: str | None) -> Iterator[None]:
    engine = Engine()
    engine.token = token
    hooks.register(engine, "engine")
    try:
        yield
    finally:
        hooks.unregister(name="engine")


@pytest.fixture
def token(store: Store) -> str:
    with mt.run("sent"):
        return mt.context_token()


def test_work_belongs_to_the_context_that_its_engine_knows(store: Store, token: str) -> None:
    with running(token):
        work(1)
    with running(""):
        work(2)
    (first, second) = works(store)
    assert first == (1, None, ["sent"])
    assert "sent" not in second[2]


def test_what_the_work_says_itself_counts_before_its_engine(store: Store, token: str) -> None:
    with running(token), mt.run("own"):
        work(1)
    assert works(store) == [(1, None, ["own"])]
    with running(""):
        work(2)  # so that the next tests begin with nothing


def test_an_engine_that_knows_nothing_changes_nothing(store: Store) -> None:
    with running(None), mt.run("R"):
        work(1)
    assert works(store) == [(1, None, ["R"])]


# In a process that has nothing of this package.

SENDER = """
import sys
import cloudpickle
import mlmeta_track as mt
from mlmeta_track.tracking.instrument import carried

@mt.step
def factorial(n):
    return 1 if n < 2 else n * factorial(n - 1)

def each(n):
    yield from range(n)

class Model:
    @mt.step
    def fit(self) -> "Model":
        return self

with mt.run("R"):
    sent = factorial, carried(factorial), carried(each), Model
sys.stdout.buffer.write(cloudpickle.dumps(sent))
"""

RECEIVER = """
import pickle, sys
sys.modules["mlmeta_track"] = None  # what an import of it then says is that there is none
factorial, carried, each, Model = pickle.load(sys.stdin.buffer)
model = Model()
print(factorial(5), carried(5), list(each(3)), model.fit() is model)
"""


def test_what_arrives_without_this_package_works_untracked(tmp_path: Path, store_url: str) -> None:
    pytest.importorskip("cloudpickle")
    environment = os.environ | {"MLMETA_TRACK_STORE": store_url}
    (tmp_path / "sender.py").write_text(SENDER, encoding="utf-8")
    (tmp_path / "receiver.py").write_text(RECEIVER, encoding="utf-8")
    send, receive = [[sys.executable, f"{name}.py"] for name in ("sender", "receiver")]
    sent = subprocess.run(send, env=environment, capture_output=True, check=True)
    got = subprocess.run(receive, input=sent.stdout, capture_output=True, check=False)
    assert got.stdout.decode().strip() == "120 120 [0, 1, 2] True", got.stderr.decode()
