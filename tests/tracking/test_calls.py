"""When a call begins, when it ends, and what is current in between."""

from __future__ import annotations

import asyncio
import contextvars
import functools
import gc
import inspect
import logging
import sys
import threading
import weakref
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager, nullcontext
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import mlmeta_track as mt
from mlmeta_track.domain.nodes import Execution, ExecutionState
from mlmeta_track.store.base import Store
from mlmeta_track.tracking import active


def states(store: Store) -> list[str]:
    """The states of all executions, oldest first."""
    executions = store.list_nodes(Execution)
    return [ExecutionState(e.last_known_state or 0).name for e in executions]


def by_type(store: Store) -> dict[str, Execution]:
    return {execution.type: execution for execution in store.list_nodes(Execution)}


def parents(store: Store) -> dict[str, str | None]:
    """The name of each step's parent, by the step's name."""
    executions = store.list_nodes(Execution)
    names = {e.external_id: e.type for e in executions}
    found = {e.type: e.custom_properties.get("mlmeta_parent_execution") for e in executions}
    return {name: names[str(parent)] if parent else None for name, parent in found.items()}


def current() -> str | None:
    step = active.step.get()
    return step.name if step else None


# Generators.


@mt.step("Count")
def count(n: int) -> Generator[int, Any, str]:
    yield from range(n)
    return "done"


def test_a_generator_is_running_between_items_and_complete_at_its_end(store: Store) -> None:
    generator = count(1)
    next(generator)
    assert states(store) == ["RUNNING"]
    with pytest.raises(StopIteration, match="done"):
        next(generator)
    assert states(store) == ["COMPLETE"]


def test_a_generator_that_was_never_started_is_not_recorded(store: Store) -> None:
    count(3)
    assert states(store) == []


def test_a_generator_closed_before_its_start_is_not_recorded(store: Store) -> None:
    count(3).close()
    assert states(store) == []


def test_a_generator_closed_early_is_canceled(store: Store) -> None:
    generator = count(3)
    next(generator)
    generator.close()
    assert states(store) == ["CANCELED"]


def test_a_generator_dropped_early_is_canceled(store: Store) -> None:
    generator = count(3)
    next(generator)
    del generator
    gc.collect()
    assert states(store) == ["CANCELED"]


def test_a_generator_that_ends_quietly_when_closed_is_canceled(store: Store) -> None:
    @mt.step
    def quiet() -> Iterator[int]:
        try:
            yield 1
        except GeneratorExit:
            return

    generator = quiet()
    next(generator)
    generator.close()  # type: ignore[attr-defined]
    assert states(store) == ["CANCELED"]


def test_a_generator_that_raises_has_failed(store: Store) -> None:
    error = ValueError()

    @mt.step
    def fail() -> Iterator[int]:
        yield 1
        raise error

    with pytest.raises(ValueError) as raised:  # noqa: PT011 - any will do
        list(fail())
    assert raised.value is error
    assert states(store) == ["FAILED"]


def test_a_generator_is_current_only_while_it_works(store: Store) -> None:
    @mt.step("Work")
    def work() -> Iterator[str | None]:
        for _ in range(2):
            yield current()

    assert [(inside, current()) for inside in work()] == [("Work", None)] * 2


def test_parameters_logged_between_items_are_not_the_generators(store: Store) -> None:
    with mt.step("Outer"):
        for item in count(1):
            mt.log_params({"item": item})
    recorded = by_type(store)
    assert recorded["Outer"].custom_properties["item"] == 0
    assert "item" not in recorded["Count"].custom_properties


def test_two_interleaved_generators_keep_their_own_steps(store: Store) -> None:
    def work() -> Iterator[str | None]:
        yield current()
        with mt.step(f"In {current()}"):
            yield current()
        yield current()

    first, second = mt.step("First")(work)(), mt.step("Second")(work)()
    seen = [*zip(first, second, strict=True)]
    assert seen == [("First", "Second"), ("In First", "In Second"), ("First", "Second")]


def test_a_generator_belongs_to_where_it_is_started(store: Store) -> None:
    with mt.step("Made"):
        generator = count(1)
    with mt.step("Started"):
        next(generator)
    generator.close()
    assert parents(store)["Count"] == "Started"


def test_delegating_to_a_tracked_generator_nests_the_steps(store: Store) -> None:
    @mt.step("Outer")
    def outer() -> Generator[int, Any, str]:
        return (yield from count(2))

    assert list(outer()) == [0, 1]
    assert parents(store) == {"Outer": None, "Count": "Outer"}


def test_a_generator_may_be_continued_in_other_threads(store: Store) -> None:
    generator = count(3)
    with ThreadPoolExecutor(1) as pool:
        items = [next(generator), pool.submit(next, generator).result(), next(generator)]
    generator.close()
    assert items == [0, 1, 2]
    assert active.step.get() is None


def test_a_generator_keeps_no_item_alive(store: Store) -> None:
    class Item:
        pass

    @mt.step
    def make() -> Iterator[Item]:
        yield Item()
        yield Item()

    generator = make()
    alive = weakref.ref(next(generator))
    assert alive() is None


def test_a_generator_keeps_no_thrown_exception_alive(store: Store) -> None:
    @mt.step
    def swallow() -> Iterator[int]:
        for i in range(3):
            try:
                yield i
            except KeyError:
                continue

    class OwnError(KeyError):
        pass

    generator = swallow()
    next(generator)
    alive = weakref.ref(throw_new(generator, OwnError))
    assert alive() is None


def throw_new(generator: Any, kind: type[Exception]) -> Exception:
    error = kind()
    generator.throw(error)
    return error.with_traceback(None)


# A generator that answers to all that can be done to it; and what can be done.


def answering(log: list[str]) -> Generator[Any, Any, Any]:
    """Say what comes in; end, raise, swallow or stay when told to."""
    answer: Any = None
    stubborn = False
    while True:
        try:
            received = yield answer
        except (ValueError, GeneratorExit) as error:
            log.append(f"{type(error).__name__} {error.args} {error.__context__!r}")
            if error.args == ("other",):
                raise KeyError from error
            if error.args == ("end",):
                return "ended"
            if error.args != ("go on",) and not stubborn:
                raise
            answer, stubborn = "swallowed", False
        else:
            log.append(repr(received))
            answer, stubborn = received, received == "be stubborn"
            if received == "end":
                return "ended"


async def answering_async(log: list[str]) -> AsyncGenerator[Any, Any]:
    """Do the same, asynchronously."""
    generator = answering(log)
    answer = next(generator)
    while True:
        await asyncio.sleep(0)
        try:
            received = yield answer
        except BaseException as error:
            answer = functools.partial(generator.throw, error)
        else:
            answer = functools.partial(generator.send, received)
        try:
            answer = answer()
        except StopIteration:
            return


CLOSE = ("close", None)  # twice at the end, for it may be refused once
ACTIONS = st.one_of(
    st.tuples(st.just("next"), st.none()),
    st.tuples(st.just("send"), st.sampled_from([None, 1, "be stubborn", "end"])),
    st.tuples(
        st.just("throw"),
        st.sampled_from(
            [
                (kind, word)
                for kind in (ValueError, GeneratorExit, OSError)
                for word in ("raise", "other", "end", "go on")
            ]
        ),
    ),
    st.just(CLOSE),
)


def act(generator: Any, action: tuple[str, Any]) -> object:
    name, argument = action
    if name == "next":
        return next(generator)
    if name == "close":
        return generator.close()
    if name == "send":
        return generator.send(argument)
    kind, word = argument
    try:
        raise LookupError
    except LookupError:
        return generator.throw(kind(word))


def history(make: Callable[..., Any], actions: list[tuple[str, Any]]) -> list[str]:
    """Return all that is to be seen of a generator, from outside and inside."""
    log: list[str] = []
    generator = make(log)
    for action in (*actions, CLOSE, CLOSE):
        try:
            log.append(f"{action} gives {act(generator, action)!r}")
        except BaseException as error:
            log.append(
                f"{action} raises {error!r}, {error.__cause__!r}, {error.__context__!r},"
                f" {getattr(error, 'value', None)!r}"
            )
    log.append(inspect.getgeneratorstate(generator))
    return log


SETTINGS = settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=150
)


@pytest.fixture
def memory() -> Store:
    mt.init("sqlite://", strict=True)
    return mt.get_store()


@SETTINGS
@given(actions=st.lists(ACTIONS, max_size=6))
def test_whatever_is_done_to_a_generator_it_answers_as_the_original(
    memory: Store, actions: list[tuple[str, Any]]
) -> None:
    assert history(mt.step(answering), actions) == history(answering, actions)


async def act_async(generator: Any, action: tuple[str, Any]) -> object:
    name, argument = action
    if name == "next":
        return await anext(generator)
    if name == "close":
        return await generator.aclose()
    if name == "send":
        return await generator.asend(argument)
    kind, word = argument
    try:
        raise LookupError
    except LookupError:
        return await generator.athrow(kind(word))


async def history_async(make: Callable[..., Any], actions: list[tuple[str, Any]]) -> list[str]:
    log: list[str] = []
    generator = make(log)
    for action in (*actions, CLOSE, CLOSE):
        try:
            log.append(f"{action} gives {await act_async(generator, action)!r}")
        except BaseException as error:
            log.append(f"{action} raises {error!r}, {error.__cause__!r}, {error.__context__!r}")
    return log


def leaves_nothing_behind(actions: list[tuple[str, Any]]) -> bool:
    """Tell whether a generator can be closed in the end.

    One that refuses to be closed is beyond reach from then on (Python takes it for closed), so it
    must not refuse a second time: the garbage collector would complain of it, tracked or not.
    """
    closing = [
        i
        for i, (name, argument) in enumerate(actions)
        if name == "close" or (name == "throw" and argument[0] is GeneratorExit)
    ]
    return not closing or ("send", "be stubborn") not in actions[closing[0] :]


@SETTINGS
@given(actions=st.lists(ACTIONS, max_size=6).filter(leaves_nothing_behind))
def test_whatever_is_done_to_an_async_generator_it_answers_as_the_original(
    memory: Store, actions: list[tuple[str, Any]]
) -> None:
    tracked = asyncio.run(history_async(mt.step(answering_async), actions))
    assert tracked == asyncio.run(history_async(answering_async, actions))


@pytest.mark.parametrize("error", [None, ValueError("inside")], ids=repr)
def test_a_context_manager_may_be_made_of_a_tracked_generator(
    store: Store, error: Exception | None
) -> None:
    @contextmanager
    @mt.step("Manager")
    def manager() -> Iterator[str | None]:
        yield current()

    with pytest.raises(ValueError, match="inside") if error else nullcontext(), manager() as name:
        assert (name, current()) == ("Manager", None)
        if error:
            raise error
    assert states(store) == ["FAILED" if error else "COMPLETE"]


def test_an_async_context_manager_may_be_made_of_a_tracked_generator(store: Store) -> None:
    @asynccontextmanager
    @mt.step("Manager")
    async def manager() -> AsyncIterator[str | None]:
        yield current()

    async def main() -> None:
        async with manager() as name:
            assert (name, current()) == ("Manager", None)

    asyncio.run(main())
    assert states(store) == ["COMPLETE"]


# Coroutines.


@mt.step("Leaf")
async def leaf(seen: list[str | None]) -> int:
    await asyncio.sleep(0)
    seen.append(current())
    return 7


def test_a_coroutine_is_recorded_when_it_has_been_awaited(store: Store) -> None:
    coroutine = leaf([])
    assert states(store) == []
    assert asyncio.run(coroutine) == 7
    assert states(store) == ["COMPLETE"]


def test_a_coroutine_is_running_while_it_waits(store: Store) -> None:
    async def main() -> None:
        task = asyncio.create_task(leaf([]))
        await asyncio.sleep(0)
        assert states(store) == ["RUNNING"]
        await task

    asyncio.run(main())


def test_a_canceled_coroutine_is_canceled(store: Store) -> None:
    @mt.step
    async def wait() -> None:
        await asyncio.Event().wait()

    async def main() -> None:
        task = asyncio.create_task(wait())
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(main())
    assert states(store) == ["CANCELED"]


def test_a_coroutine_that_times_out_is_canceled(store: Store) -> None:
    @mt.step
    async def wait() -> None:
        await asyncio.Event().wait()

    async def main() -> None:
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(wait(), 0.01)

    asyncio.run(main())
    assert states(store) == ["CANCELED"]


def test_one_coroutine_that_is_never_awaited_is_complained_of_once(store: Store) -> None:
    with pytest.warns(RuntimeWarning) as complaints:
        leaf([])  # type: ignore[unused-coroutine]
    assert [str(c.message) for c in complaints] == ["coroutine 'leaf' was never awaited"]
    assert states(store) == []


def test_a_coroutine_closed_before_it_is_awaited_leaves_no_complaint(store: Store) -> None:
    leaf([]).close()
    gc.collect()
    assert states(store) == []


def test_gathered_steps_have_the_right_parents(store: Store) -> None:
    seen: list[str | None] = []

    @mt.step("Branch")
    async def branch() -> None:
        with mt.step("Block"):
            await asyncio.gather(leaf(seen), leaf(seen))

    @mt.step("Root")
    async def root() -> None:
        await asyncio.gather(branch(), leaf(seen))

    asyncio.run(root())
    assert seen == ["Leaf"] * 3
    executions = store.list_nodes(Execution)
    names = {e.external_id: e.type for e in executions}
    above = sorted(
        (e.type, names.get(str(e.custom_properties.get("mlmeta_parent_execution")), ""))
        for e in executions
    )
    assert above == [
        ("Block", "Branch"),
        ("Branch", "Root"),
        ("Leaf", "Block"),
        ("Leaf", "Block"),
        ("Leaf", "Root"),
        ("Root", ""),
    ]


def test_after_a_coroutine_the_outer_step_is_current_again(store: Store) -> None:
    async def main() -> None:
        with mt.step("Outer"):
            await leaf([])
            assert current() == "Outer"
        assert current() is None

    asyncio.run(main())


def test_a_task_started_inside_a_step_may_outlive_it(store: Store) -> None:
    async def main() -> None:
        with mt.step("Outer"):
            task = asyncio.create_task(leaf([]))
        await task

    asyncio.run(main())
    assert parents(store) == {"Outer": None, "Leaf": "Outer"}
    assert states(store) == ["COMPLETE", "COMPLETE"]


# Async generators.


@mt.step("Count")
async def count_async(n: int) -> AsyncIterator[int]:
    for i in range(n):
        await asyncio.sleep(0)
        yield i


def test_an_async_generator_is_running_between_items_and_complete_at_its_end(
    store: Store,
) -> None:
    async def main() -> list[str]:
        found = []
        async for _ in count_async(2):
            found += states(store)
            assert current() is None
        return found

    assert asyncio.run(main()) == ["RUNNING", "RUNNING"]
    assert states(store) == ["COMPLETE"]


def test_an_async_generator_that_is_left_early_is_canceled(store: Store) -> None:
    async def main() -> None:
        async for _ in count_async(3):
            break

    asyncio.run(main())
    gc.collect()
    assert states(store) == ["CANCELED"]


def test_an_async_generator_that_was_never_started_is_not_recorded(store: Store) -> None:
    count_async(3)
    gc.collect()
    assert states(store) == []


def test_interleaved_async_generators_keep_their_own_steps(store: Store) -> None:
    async def work() -> AsyncIterator[str | None]:
        for _ in range(3):
            await asyncio.sleep(0)
            yield current()

    async def collect(name: str) -> list[str | None]:
        return [item async for item in mt.step(name)(work)()]

    async def main() -> tuple[list[str | None], list[str | None]]:
        return await asyncio.gather(collect("First"), collect("Second"))

    first, second = asyncio.run(main())
    assert (first, second) == (["First"] * 3, ["Second"] * 3)


@pytest.mark.parametrize("tracked", [False, True])
def test_an_event_loop_that_ends_closes_an_async_generator_without_a_complaint(
    store: Store, caplog: pytest.LogCaptureFixture, tracked: bool
) -> None:
    closed = []

    async def work() -> AsyncIterator[int]:
        try:
            yield 1
        finally:
            await asyncio.sleep(0.01)
            closed.append("closed")

    kept: list[Any] = []

    async def main() -> None:
        generator = (mt.step(work) if tracked else work)()
        kept.append(generator)
        await anext(generator)

    asyncio.run(main())
    assert closed == ["closed"]
    assert [record.message for record in caplog.records if record.name == "asyncio"] == []
    assert states(store) == (["CANCELED"] if tracked else [])


def test_the_event_loops_hooks_are_in_place_after_an_async_generator_began(store: Store) -> None:
    async def main() -> None:
        before = sys.get_asyncgen_hooks()
        async for _ in count_async(1):
            assert sys.get_asyncgen_hooks() == before

    asyncio.run(main())


# Context variables of the user's.

variable: contextvars.ContextVar[int] = contextvars.ContextVar("variable", default=0)


def test_a_context_variable_set_in_a_function_stays_set(store: Store) -> None:
    @mt.step
    def change() -> None:
        variable.set(1)

    context = contextvars.copy_context()
    context.run(change)
    assert context[variable] == 1


def test_a_context_variable_set_in_a_coroutine_stays_set(store: Store) -> None:
    @mt.step
    async def change() -> None:
        variable.set(1)

    async def main() -> int:
        await change()
        return variable.get()

    assert asyncio.run(main()) == 1


def test_a_context_variable_set_in_a_generator_is_seen_between_items(store: Store) -> None:
    @mt.step
    def change() -> Iterator[int]:
        for i in (1, 2):
            variable.set(i)
            yield i

    def main() -> list[tuple[int, int]]:
        return [(i, variable.get()) for i in change()]

    assert contextvars.copy_context().run(main) == [(1, 1), (2, 2)]


def test_a_context_variable_set_between_items_is_seen_in_the_generator(store: Store) -> None:
    @mt.step
    def read() -> Iterator[int]:
        for _ in range(2):
            yield variable.get()

    def main() -> list[int]:
        found = []
        generator = read()
        for i in (1, 2):
            variable.set(i)
            found.append(next(generator))
        return found

    assert contextvars.copy_context().run(main) == [1, 2]


# Threads, and what the calls leave behind.


def test_threads_have_their_own_current_steps(store: Store) -> None:
    seen: dict[str, str | None] = {}
    together = threading.Barrier(4)

    def work(name: str) -> None:
        together.wait()
        seen[name] = current()

    with ThreadPoolExecutor(4) as pool:
        for name in "abcd":
            pool.submit(mt.step(f"Step {name}")(work), name)
    assert seen == {name: f"Step {name}" for name in "abcd"}


def test_an_exception_is_freed_when_the_caller_drops_it(store: Store) -> None:
    class OwnError(Exception):
        pass

    @mt.step
    def fail() -> None:
        raise OwnError

    def caught() -> weakref.ref[OwnError]:
        try:
            fail()
        except OwnError as error:
            return weakref.ref(error)
        raise AssertionError

    gc.disable()
    try:
        assert caught()() is None
    finally:
        gc.enable()


def test_arguments_and_result_are_freed_when_the_caller_drops_them(store: Store) -> None:
    class Big:
        pass

    @mt.step
    def work(big: Big) -> Big:
        return Big()

    argument = Big()
    result = work(argument)
    alive = [weakref.ref(argument), weakref.ref(result)]
    gc.disable()
    try:
        del argument, result
        assert [reference() for reference in alive] == [None, None]
    finally:
        gc.enable()


@pytest.mark.parametrize(
    ("place", "recorded"),
    [
        ("arguments.Declarations.bind", []),
        ("capture.parameter", ["COMPLETE"]),
        ("capture.items", ["COMPLETE"]),
        ("calls.Step", []),
    ],
)
def test_an_error_of_ours_does_not_reach_the_caller(
    store_url: str,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    place: str,
    recorded: list[str],
) -> None:
    mt.init(store_url)

    def broken(*_: Any, **__: Any) -> None:
        raise RuntimeError("broken inside")

    monkeypatch.setattr(f"mlmeta_track.tracking.{place}", broken)
    assert list(count(2)) == [0, 1]
    assert states(mt.get_store()) == recorded
    assert [r.levelname for r in caplog.records if r.levelno >= logging.WARNING] == ["WARNING"]
