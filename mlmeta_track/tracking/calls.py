"""One recorded call: it begins, the user's code runs inside it, it succeeds or fails.

The drivers run what a call returns when the work is done later: a coroutine or a generator.  They
hold the step active only while the user's code runs, never between two items, and pass values and
exceptions in both directions as the original would.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Coroutine, Generator
from contextlib import nullcontext
from typing import Any

from mlmeta_track.tracking import active
from mlmeta_track.tracking.recorder import Recorder
from mlmeta_track.tracking.steps import Step


class Call:
    """The recording of one call, which never raises unless it is strict."""

    __slots__ = (
        "_describe_result",
        "_describe_start",
        "_holds_off",
        "_name",
        "_recorder",
        "scope",
        "step",
    )

    def __init__(
        self,
        name: str,
        recorder: Recorder,
        describe_start: Callable[[Step], object],
        describe_result: Callable[[Step, Any], object],
        *,
        holds_off: bool = False,
    ) -> None:
        """Prepare to record; nothing happens before ``begin``.

        Args:
            name: The execution type's name.
            recorder: Where the step is recorded.
            describe_start: Tells a new step what is known before the work.
            describe_result: Tells the step what the work returned.
            holds_off: Whether automatic tracking is held off inside the call.
        """
        self._name = name
        self._recorder = recorder
        self._describe_start = describe_start
        self._describe_result = describe_result
        self._holds_off = holds_off
        self.step: Step | None = None
        self.scope: active.Scope | nullcontext[None] = nullcontext()

    def begin(self) -> None:
        """Open the step; should that fail, the call runs without one."""
        guard = self._recorder.guard
        with guard(f"prepare the step {self._name!r}"):
            step = Step(self._name, self._recorder)
            with guard(f"describe the inputs of the step {self._name!r}"):
                self._describe_start(step)
            step.start()
            self.scope = active.inside(step, holds_off=self._holds_off)
            self.step = step

    def succeed(self, result: object) -> None:
        """Record the result, and that the step is complete."""
        if self.step is not None:
            with self.step.guard(f"describe the outputs of the step {self._name!r}"):
                self._describe_result(self.step, result)
            self.step.finish()

    def fail(self, error: BaseException) -> None:
        """Record the exception that ended the work."""
        if self.step is not None:
            self.step.finish(error)


def run(call: Call, function: Callable[..., Any], args: Any, kwargs: Any) -> Any:
    """Run a plain function inside a call."""
    call.begin()
    try:
        with call.scope:
            result = function(*args, **kwargs)
    except BaseException as error:
        call.fail(error)
        raise
    call.succeed(result)
    return result


async def drive_coroutine(coroutine: Coroutine[Any, Any, Any], call: Call) -> Any:
    """Await a coroutine inside a call."""
    call.begin()
    try:
        with call.scope:
            result = await coroutine
    except BaseException as error:
        call.fail(error)
        raise
    call.succeed(result)
    return result


def drive_generator(generator: Generator[Any, Any, Any], call: Call) -> Generator[Any, Any, Any]:
    """Run a generator inside a call, from its first item to its end."""
    call.begin()
    resume: Callable[..., Any] = generator.send
    sent: Any = None
    while True:
        try:
            with call.scope:
                item = resume(sent)
        except StopIteration as stop:
            call.succeed(stop.value)
            return stop.value
        except BaseException as error:
            call.fail(error)
            raise
        try:
            resume, sent = generator.send, (yield item)
        except GeneratorExit as closed:
            with call.scope:
                generator.close()
            call.fail(closed)
            raise
        except BaseException as error:  # noqa: BLE001 - it is the generator's to handle
            resume, sent = generator.throw, error


async def drive_async_generator(
    generator: AsyncGenerator[Any, Any], call: Call
) -> AsyncGenerator[Any, Any]:
    """Run an async generator inside a call, from its first item to its end."""
    call.begin()
    resume: Callable[..., Any] = generator.asend
    sent: Any = None
    while True:
        try:
            with call.scope:
                item = await resume(sent)
        except StopAsyncIteration:
            call.succeed(None)
            return
        except BaseException as error:
            call.fail(error)
            raise
        try:
            resume, sent = generator.asend, (yield item)
        except GeneratorExit as closed:
            with call.scope:
                await generator.aclose()
            call.fail(closed)
            raise
        except BaseException as error:  # noqa: BLE001 - it is the generator's to handle
            resume, sent = generator.athrow, error
