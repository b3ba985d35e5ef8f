"""One recorded call: it begins, the user's code runs inside it, it succeeds or fails.

The drivers run what a call returns when the work is done later: a coroutine or a generator.  They
hold the step active only while the user's code runs, never between two items, and pass values and
exceptions in both directions as the original would.
"""

from __future__ import annotations

import sys
import types
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

from mlmeta_track.tracking import active
from mlmeta_track.tracking.recorder import Recorder
from mlmeta_track.tracking.steps import Step

if TYPE_CHECKING:
    from mlmeta_track.tracking.reuse.attempts import Attempt
    from mlmeta_track.tracking.reuse.earlier import Earlier


class Call:
    """The recording of one call, which never raises unless it is strict."""

    __slots__ = (
        "_attempt",
        "_called",
        "_describe_result",
        "_describe_start",
        "_holds_off",
        "_name",
        "_recorder",
        "scope",
        "step",
    )

    def __init__(  # noqa: PLR0913 - three that say what is known, two that say how
        self,
        name: str,
        recorder: Recorder,
        describe_start: Callable[[Step], object],
        describe_result: Callable[[Step, Any], object],
        *,
        holds_off: bool = False,
        attempt: Attempt | None = None,
    ) -> None:
        """Prepare to record; nothing happens before ``begin``.

        Args:
            name: The execution type's name.
            recorder: Where the step is recorded.
            describe_start: Tells a new step what is known before the work.
            describe_result: Tells the step what the work returned.
            holds_off: Whether automatic tracking is held off inside the call.
            attempt: Reuses an earlier execution of the same call, if there is one.
        """
        self._called = active.here()
        self._name = name
        self._recorder = recorder
        self._describe_start = describe_start
        self._describe_result = describe_result
        self._holds_off = holds_off
        self._attempt = attempt
        self.step: Step | None = None
        self.scope: active.Scope | nullcontext[None] = nullcontext()

    def find(self) -> Earlier | None:
        """Return an earlier execution of the same call, recorded as reused, if the step caches."""
        if self._attempt is None:
            return None
        guard = self._recorder.guard
        found: Earlier | None = None
        with guard(f"look for an earlier execution of the step {self._name!r}"):
            found = self._attempt.find()
        if found is not None:
            with guard(f"record that an execution of the step {self._name!r} is reused"):
                step = Step(self._name, self._recorder)
                with guard(f"describe the inputs of the step {self._name!r}"):
                    self._describe_start(step)
                self._attempt.reuse(step, found)
        return found

    def begin(self) -> None:
        """Open the step; should that fail, the call runs without one."""
        guard = self._recorder.guard
        with guard(f"prepare the step {self._name!r}"):
            step = Step(self._name, self._recorder)
            with guard(f"describe the inputs of the step {self._name!r}"):
                self._describe_start(step)
            if self._attempt is not None:
                self._attempt.start(step)
            step.start()
            self.scope = active.inside(step, holds_off=self._holds_off)
            self.step = step

    def begin_to_yield(self) -> None:
        """Open the step of a generator, which may be resumed in other contexts than this one.

        It belongs to what the code here does, or else to what the code did that made it.
        """
        here = active.here()
        values = self._called if here == active.NOTHING else here
        with active.belonging(values):
            self.begin()
        if self.step is not None:
            self.scope = active.belonging((self.step, *values[1:]))

    def succeed(self, result: object) -> None:
        """Record the result, and that the step is complete."""
        if self.step is not None:
            with self.step.guard(f"describe the outputs of the step {self._name!r}"):
                self._describe_result(self.step, result)
            if self._attempt is not None:
                with self.step.guard(f"keep the result of the step {self._name!r}"):
                    self._attempt.keep(self.step, result)
            self.step.finish()

    def end(self, result: object, *, was_closed: bool) -> None:
        """Record that a generator has come to its end, by itself or because it was closed."""
        if was_closed:
            self.fail(GeneratorExit())
        else:
            self.succeed(result)

    def fail(self, error: BaseException) -> None:
        """Record the exception that ended the work."""
        if self.step is not None:
            self.step.finish(error)


def run(call: Call, function: Callable[..., Any], args: Any, kwargs: Any) -> Any:
    """Run a plain function inside a call."""
    found = call.find()
    if found is not None:
        return found.value
    call.begin()
    try:
        with call.scope:
            result = function(*args, **kwargs)
    except BaseException as error:
        call.fail(error)
        raise
    call.succeed(result)
    return result


# The drivers call the function when they are started themselves: what is made by a call and then
# dropped must not leave a second object behind for Python to complain of as "never awaited".


async def drive_coroutine(
    call: Call, function: Callable[..., Awaitable[Any]], args: Any, kwargs: Any
) -> Any:
    """Await what a function returns, inside a call."""
    found = call.find()
    if found is not None:
        return found.value
    call.begin()
    try:
        with call.scope:
            result = await function(*args, **kwargs)
    except BaseException as error:
        call.fail(error)
        raise
    call.succeed(result)
    return result


def drive_generator(
    call: Call, function: Callable[..., Generator[Any, Any, Any]], args: Any, kwargs: Any
) -> Generator[Any, Any, Any]:
    """Run a generator inside a call, from its first item to its end."""
    generator = function(*args, **kwargs)
    call.begin_to_yield()
    resume: Callable[[Any], Any] = generator.send
    # What goes in and out is popped from lists, for a name here would keep it alive too long.
    received: list[Any] = [None]
    items: list[Any] = []
    was_closed = False
    while True:
        try:
            with call.scope:
                items.append(resume(received.pop()))
        except StopIteration as stop:
            call.end(stop.value, was_closed=was_closed)
            return stop.value
        except BaseException as error:
            call.fail(error)
            raise
        try:
            received.append((yield items.pop()))
            resume = generator.send
        except BaseException as error:  # noqa: BLE001 - it is the generator's to handle
            received.append(error)
            resume = generator.throw
            was_closed = isinstance(error, GeneratorExit)


drive_awaitable_generator = types.coroutine(drive_generator)
"""The same for a generator that ``types.coroutine`` has made awaitable."""


async def drive_async_generator(
    call: Call, function: Callable[..., AsyncGenerator[Any, Any]], args: Any, kwargs: Any
) -> AsyncGenerator[Any, Any]:
    """Run an async generator inside a call, from its first item to its end."""
    generator = function(*args, **kwargs)
    call.begin_to_yield()
    resume: Callable[[Any], Awaitable[Any]] = _unseen_start(generator)
    received: list[Any] = [None]
    items: list[Any] = []
    was_closed = False
    while True:
        try:
            with call.scope:
                items.append(await resume(received.pop()))
        except StopAsyncIteration:
            call.end(None, was_closed=was_closed)
            return
        except BaseException as error:
            call.fail(error)
            raise
        try:
            received.append((yield items.pop()))
            resume = generator.asend
        except BaseException as error:  # noqa: BLE001 - it is the generator's to handle
            received.append(error)
            resume = generator.athrow
            was_closed = isinstance(error, GeneratorExit)


def _unseen_start(generator: AsyncGenerator[Any, Any]) -> Callable[[Any], Awaitable[Any]]:
    """Return what starts an async generator without its event loop taking note of it.

    The loop closes the generators that it knows, all at once when it ends; it knows the driver,
    which closes the generator in its own time.
    """

    def start(value: Any) -> Awaitable[Any]:
        hooks = sys.get_asyncgen_hooks()
        sys.set_asyncgen_hooks(firstiter=None, finalizer=None)
        try:
            return generator.asend(value)
        finally:
            sys.set_asyncgen_hooks(*hooks)

    return start
