"""``step``: one object that is a decorator for functions and a ``with`` block for scripts."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any, ParamSpec, TypeVar, cast, overload

from mlmeta_track.errors import DeclarationError
from mlmeta_track.tracking import active, calls, recorder
from mlmeta_track.tracking.arguments import Declarations
from mlmeta_track.tracking.artifacts import Input, Output
from mlmeta_track.tracking.calls import Call
from mlmeta_track.tracking.recorder import Recorder
from mlmeta_track.tracking.steps import Step
from mlmeta_track.tracking.wrappers import Tracked

P = ParamSpec("P")
R = TypeVar("R")

_LONGEST_NAME = 255


@overload
def step(function: Callable[P, R], /) -> Callable[P, R]: ...


@overload
def step(
    name: str | None = None,
    /,
    *,
    inputs: Mapping[str, Input] | None = None,
    outputs: Mapping[str, Output] | None = None,
) -> StepDefinition: ...


def step(
    target: Any = None,
    /,
    *,
    inputs: Mapping[str, Input] | None = None,
    outputs: Mapping[str, Output] | None = None,
) -> Any:
    """Record calls of a function, or the work in a ``with`` block, as executions.

    ::

        @mt.step("Data Validation")
        def infer(train: Annotated[str, mt.Input(DataSet, split="train")]) -> None: ...

        @mt.step
        def clean(df: pd.DataFrame) -> pd.DataFrame: ...

        with mt.step("Data Validation") as step:
            step.input("./data.csv", DataSet(split="train"))

    Scalars among a function's arguments are recorded as parameters, what is annotated as declared
    inputs and outputs, and what plugins recognise as inputs and outputs.

    Args:
        target: The function, or the name of the execution type; a function's own name if not given.
        inputs: ``Input`` markers by argument name, for functions that cannot be annotated.
        outputs: ``Output`` markers by argument name, ``"return"`` for what the function returns.

    Raises:
        DeclarationError: The name, an annotation or a marker cannot be used.
    """
    if target is None or isinstance(target, str):
        return StepDefinition(target, {**(inputs or {}), **(outputs or {})})
    return StepDefinition(None, {})._decorate(target, sys._getframe(1).f_locals)  # noqa: SLF001


class StepDefinition:
    """What ``step("name")`` returns: it decorates a function, or opens a ``with`` block."""

    def __init__(self, name: str | None, markers: Mapping[str, Input]) -> None:
        """Define a step of the execution type of that name."""
        if name is not None and not 0 < len(name) <= _LONGEST_NAME:
            message = f"A step's name must have 1 to {_LONGEST_NAME} characters, not {name!r}."
            raise DeclarationError(message)
        for argument, marker in markers.items():
            if not isinstance(cast("object", marker), Input):
                message = f"{argument!r} is declared as {marker!r}; use mt.Input or mt.Output."
                raise DeclarationError(message)
        self._name = name
        self._markers = markers
        self._open: list[tuple[Step, active.Scope]] = []

    def __call__(self, function: Callable[P, R]) -> Callable[P, R]:
        """Decorate a function."""
        local_names = sys._getframe(1).f_locals  # noqa: SLF001 - annotations may name local classes
        return cast("Callable[P, R]", self._decorate(function, local_names))

    def __enter__(self) -> Step:
        """Start the step of a ``with`` block."""
        if self._name is None:
            message = "A with block needs the step's name: `with mt.step('Data Validation'):`."
            raise DeclarationError(message)
        writer = recorder.current()
        opened = Step(self._name, writer)
        scope = active.inside(opened)
        opened.start()
        scope.__enter__()
        self._open.append((opened, scope))
        return opened

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """End the step; the block's exception goes on its way."""
        opened, scope = self._open.pop()
        scope.__exit__(None, None, None)
        opened.finish(error)

    def _decorate(self, function: Any, local_names: Mapping[str, Any]) -> Any:
        plain = getattr(function, "__func__", function)
        if isinstance(plain, type) or not callable(plain):
            message = f"step decorates functions and methods; {function!r} is neither."
            raise DeclarationError(message)
        if isinstance(plain, Tracked):
            message = f"{plain.__qualname__} is a step already; decorate it once."
            raise DeclarationError(message)
        name = self._name or _name_of(plain)
        declarations = Declarations(plain, self._markers, local_names)
        return Tracked(function, _Recording(name, declarations).wrapper_for(plain))


def _name_of(function: Any) -> str:
    qualified = getattr(function, "__qualname__", type(function).__name__)
    return str(qualified).rpartition("<locals>.")[2]


class _Recording:
    """How the calls of one decorated function are recorded."""

    def __init__(self, name: str, declarations: Declarations) -> None:
        self._name = name
        self._declarations = declarations

    def wrapper_for(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """Return the wrapper for a function, by when its work is done."""
        if inspect.isasyncgenfunction(function):
            return self._around(calls.drive_async_generator)
        if inspect.iscoroutinefunction(function):
            return self._around(calls.drive_coroutine)
        if inspect.isgeneratorfunction(function):
            return self._around(calls.drive_generator)
        return self._call

    def _call(self, wrapped: Any, instance: Any, args: Any, kwargs: Any) -> Any:
        """Call a plain function inside a step."""
        writer = recorder.current()
        arguments = self._declarations.bind(args, kwargs, skip_first=instance is not None)
        if writer.settings.disabled or arguments is None:
            return wrapped(*args, **kwargs)
        return calls.run(self._prepare(writer, arguments), wrapped, args, kwargs)

    def _around(self, drive: Callable[[Any, Call], Any]) -> Callable[..., Any]:
        """Return a wrapper for functions whose work is done after they have returned."""

        def wrapper(wrapped: Any, instance: Any, args: Any, kwargs: Any) -> Any:
            writer = recorder.current()
            arguments = self._declarations.bind(args, kwargs, skip_first=instance is not None)
            if writer.settings.disabled or arguments is None:
                return wrapped(*args, **kwargs)
            driven = drive(wrapped(*args, **kwargs), self._prepare(writer, arguments))
            driven.__name__, driven.__qualname__ = wrapped.__name__, wrapped.__qualname__
            return driven

        return wrapper

    def _prepare(self, writer: Recorder, arguments: Mapping[str, Any]) -> Call:
        return Call(
            self._name,
            writer,
            lambda step: self._declarations.record_arguments(step, arguments),
            self._declarations.record_result,
        )
