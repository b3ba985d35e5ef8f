"""Functions that take their context along to wherever an engine calls them.

What arrives there is a function of Python's own, pickled by value: it looks for this package, and
works without it as the function in it does.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from contextvars import copy_context
from typing import Any, Final, TypeVar, cast

from mlmeta_track.tracking import recorder
from mlmeta_track.tracking.context.arriving import arrive
from mlmeta_track.tracking.context.attaching import Attach, context_token
from mlmeta_track.tracking.isolation import Guard

FunctionT = TypeVar("FunctionT", bound=Callable[..., Any])

CONTEXT: Final = "_mlmeta_track_context"
"""The keyword under which what ``carrying`` returns is given a token."""
# Never strict: a token that cannot be used is not the fault of the code that runs with it.
_guard = Guard()


def carried(function: FunctionT) -> FunctionT:
    """Return a function that belongs, wherever it is called, to what this call belongs to.

    ::

        results = executor.map(carried(evaluate), models)

    It can be sent with cloudpickle, as engines do, also to processes without this package.

    Args:
        function: A function; it may be a generator function or a coroutine function.
    """
    token = token_to_carry()
    return function if token is None else carrying(function, token)


def token_to_carry() -> str | None:
    """Return the token of what the code that is running now belongs to; None if there is none.

    There is none where recording is disabled, and where it fails, which the guard has said.
    """
    writer = recorder.current()
    if not writer.settings.disabled:
        with writer.guard("tell what is to be carried along"):
            return context_token()
    return None


@contextmanager
def attached(token: str) -> Iterator[None]:
    """Return a ``with`` block that belongs to what a token names; to nothing new if that fails."""
    with ExitStack() as stack:
        with _guard("attach the context that came with a function"):
            stack.enter_context(Attach(token))
        yield


def carrying(function: FunctionT, token: str | None = None) -> FunctionT:
    """Return a function that belongs to what the token names that it is called with.

    Args:
        function: The function.
        token: The token of calls that give none under the keyword ``CONTEXT``.
    """
    for fits, carrier in _CARRIERS:
        if fits(function):
            carrying_one: Any = functools.wraps(function)(carrier(function, token, _scope()))
            return cast("FunctionT", carrying_one)
    raise AssertionError  # the last one fits all


# Everything that the functions below use they get as arguments: what they took from this module,
# they would need it for where they arrive.


def _scope() -> Callable[[str | None], AbstractContextManager[None]]:
    def scope(token: str | None) -> AbstractContextManager[None]:
        if token is None:
            return nullcontext()
        try:
            from mlmeta_track.tracking.libraries.carrying import attached  # noqa: PLC0415
        except ImportError:
            return nullcontext()  # Not installed there, or an older version.
        return attached(token)

    return scope


def _plain(function: Any, token: str | None, scope: Any) -> Any:
    keyword = CONTEXT

    def call(*args: Any, **kwargs: Any) -> Any:
        with scope(kwargs.pop(keyword, token)):
            return function(*args, **kwargs)

    return call


def _coroutine(function: Any, token: str | None, scope: Any) -> Any:
    keyword = CONTEXT

    async def call(*args: Any, **kwargs: Any) -> Any:
        with scope(kwargs.pop(keyword, token)):
            return await function(*args, **kwargs)

    return call


def _async_generator(function: Any, token: str | None, scope: Any) -> Any:
    keyword = CONTEXT

    async def call(*args: Any, **kwargs: Any) -> Any:
        with scope(kwargs.pop(keyword, token)):
            async for item in function(*args, **kwargs):
                yield item

    return call


def _generator(function: Any, token: str | None, scope: Any) -> Any:
    keyword = CONTEXT

    def call(*args: Any, **kwargs: Any) -> Any:
        # A context of its own: what runs between two items must not see ours.
        context = copy_context()
        opened = scope(kwargs.pop(keyword, token))
        context.run(opened.__enter__)
        items = context.run(function, *args, **kwargs)
        try:
            while True:
                try:
                    item = context.run(next, items)
                except StopIteration as stop:
                    return stop.value
                yield item
        finally:
            context.run(items.close)
            context.run(opened.__exit__, None, None, None)

    return call


_CARRIERS: tuple[tuple[Callable[[Any], bool], Callable[[Any, str | None, Any], Any]], ...] = (
    (inspect.isasyncgenfunction, _async_generator),
    (inspect.iscoroutinefunction, _coroutine),
    (inspect.isgeneratorfunction, _generator),
    (callable, _plain),
)

# The other way of bringing a context along: the engine does, and is asked.
recorder.arrivals.append(arrive)
