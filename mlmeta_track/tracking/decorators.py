"""``step``: one object that is a decorator for functions and a ``with`` block for scripts."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Mapping
from importlib import import_module
from types import FrameType, TracebackType
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar, cast, overload

from mlmeta_track.errors import DeclarationError
from mlmeta_track.tracking import active, calls, recorder
from mlmeta_track.tracking.arguments import Declarations, SmallData, label, underlying
from mlmeta_track.tracking.artifacts import Input, Output
from mlmeta_track.tracking.calls import Call
from mlmeta_track.tracking.libraries import cloudpickles
from mlmeta_track.tracking.recorder import Recorder
from mlmeta_track.tracking.runs import LONGEST_NAME, checked_name
from mlmeta_track.tracking.steps import Step
from mlmeta_track.tracking.wrappers import Tracked, tracker_of

if TYPE_CHECKING:
    from mlmeta_track.tracking.reuse.attempts import Attempt, Cache

# The type as a whole, rather than a ParamSpec, also keeps overloads.
FunctionT = TypeVar("FunctionT", bound=Callable[..., Any])


@overload
def step(
    function: FunctionT,
    /,
    *,
    inputs: Mapping[str, Input] | None = None,
    outputs: Mapping[str, Output] | None = None,
    cache: bool = False,
) -> FunctionT: ...


@overload
def step(
    name: str | None = None,
    /,
    *,
    inputs: Mapping[str, Input] | None = None,
    outputs: Mapping[str, Output] | None = None,
    cache: bool = False,
) -> StepDefinition: ...


def step(
    target: Any = None,
    /,
    *,
    inputs: Mapping[str, Input] | None = None,
    outputs: Mapping[str, Output] | None = None,
    cache: bool = False,
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
        cache: Do not run a function again whose code, arguments and inputs are what they were in an
            earlier execution, but return what that one returned.

    Raises:
        DeclarationError: The name, an annotation or a marker cannot be used, or the function is one
            that cannot be cached: a generator.
    """
    markers = _markers(inputs, outputs)
    if not isinstance(cast("object", cache), bool):
        message = f"cache must be True or False, not {cache!r}."
        raise DeclarationError(message)
    if target is None or isinstance(target, str):
        return StepDefinition(target, markers, cache=cache)
    return StepDefinition(None, markers, cache=cache)._decorate(target, sys._getframe(1))  # noqa: SLF001


class StepDefinition:
    """What ``step("name")`` returns: it decorates a function, or opens a ``with`` block."""

    def __init__(
        self, name: str | None, markers: Mapping[str, Input], *, cache: bool = False
    ) -> None:
        """Define a step of the execution type of that name."""
        self._is_cached = cache
        self._name = None if name is None else checked_name("A step", name)
        self._markers = markers
        self._open: list[tuple[Step, active.Scope]] = []

    def __call__(self, function: FunctionT) -> FunctionT:
        """Decorate a function."""
        # Annotations in text form may name what is local there.
        decorated = self._decorate(function, sys._getframe(1))  # noqa: SLF001
        return cast("FunctionT", decorated)

    def __enter__(self) -> Step:
        """Start the step of a ``with`` block."""
        if self._name is None:
            message = "A with block needs the step's name: `with mt.step('Data Validation'):`."
            raise DeclarationError(message)
        if self._markers:
            message = (
                f"with mt.step({self._name!r}): inputs and outputs are for functions; in the block"
                " call step.input and step.output."
            )
            raise DeclarationError(message)
        if self._is_cached:
            message = (
                f"with mt.step({self._name!r}, cache=True): a block cannot be skipped; make it a"
                " function, and decorate that."
            )
            raise DeclarationError(message)
        opened = Step(self._name, recorder.current())
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
        opened, scope = self._leave()
        scope.__exit__(None, None, None)
        opened.finish(error)

    def _leave(self) -> tuple[Step, active.Scope]:
        """Return the block that ends; blocks of one definition may be open in several threads."""
        current = active.step.get()
        opened = tuple(self._open)
        ending = next((block for block in opened if block[0] is current), opened[-1])
        self._open.remove(ending)
        return ending

    def _decorate(self, function: Any, frame: FrameType) -> Any:
        is_descriptor = isinstance(function, (classmethod, staticmethod))
        plain = function.__func__ if is_descriptor else function
        if isinstance(plain, type) or not callable(plain):
            message = f"step decorates functions and methods; {function!r} is neither."
            raise DeclarationError(message)
        if isinstance(tracker_of(plain), _Recording):
            message = f"{label(plain)} is a step already; decorate it once."
            raise DeclarationError(message)
        name = self._name or label(plain).rpartition("<locals>.")[2][:LONGEST_NAME]
        declarations = Declarations(plain, self._markers, frame)
        recording = _recording_of(plain)
        if self._is_cached and recording not in (_Recording, _RecordingCoroutine):
            message = (
                f"{label(plain)} is a generator, and cannot be cached: what it yields is not kept."
                " Return a list, or leave cache=True away."
            )
            raise DeclarationError(message)
        cache = _reuse().Cache(name, label(plain)) if self._is_cached else None
        return Tracked(function, recording(name, declarations, cache))


def _reuse() -> Any:
    """Return what cached steps need: the others, which most are, need not wait for it."""
    return import_module("mlmeta_track.tracking.reuse.attempts")


def _markers(
    inputs: Mapping[str, Input] | None, outputs: Mapping[str, Output] | None
) -> dict[str, Input]:
    """Return the markers that are given beside a function, by argument name."""
    markers: dict[str, Input] = {}
    for word, given, kind in (("inputs", inputs, Input), ("outputs", outputs, Output)):
        if given is not None and not isinstance(cast("object", given), Mapping):
            message = f"{word} must map arguments' names to mt.{kind.__name__}, not be {given!r}."
            raise DeclarationError(message)
        for argument, marker in (given or {}).items():
            is_output = isinstance(marker, Output)  # which is an Input as well
            fits = isinstance(cast("object", marker), Input) and is_output is (kind is Output)
            if not fits or argument in markers:
                message = (
                    f"{word}: {argument!r} is declared as {marker!r}; give each argument one"
                    f" mt.{kind.__name__}, such as mt.{kind.__name__}(DataSet)."
                )
                raise DeclarationError(message)
            markers[argument] = marker
    return markers


class _Recording:
    """How the calls of one decorated function are recorded: a plain one's."""

    def __init__(self, name: str, declarations: Declarations, cache: Cache | None = None) -> None:
        self._name = name
        self._declarations = declarations
        self._cache = cache
        self._task = f"prepare the step {name!r}"

    def call(self, wrapped: Any, instance: Any, args: Any, kwargs: Any) -> Any:
        """Call the function inside a step."""
        writer = recorder.current()
        if writer.settings.disabled:
            return wrapped(*args, **kwargs)
        call = self._prepare(writer, wrapped, instance, args, kwargs)
        if call is None:
            return wrapped(*args, **kwargs)
        return calls.run(call, wrapped, args, kwargs)

    def _prepare(
        self, writer: Recorder, wrapped: Any, instance: Any, args: Any, kwargs: Any
    ) -> Call | None:
        """Return a call to be recorded; None if the arguments do not fit, as will be seen."""
        declared = self._declarations
        with writer.guard(self._task):
            arguments = declared.bind(args, kwargs, bound=instance is not None)
            if arguments is not None:
                small: list[SmallData] = []
                return Call(
                    self._name,
                    writer,
                    lambda step: declared.record_arguments(step, arguments, small),
                    lambda step, result: declared.record_results(step, arguments, result, small),
                    attempt=self._attempt(writer, wrapped, arguments),
                )
        return None

    def _attempt(
        self, writer: Recorder, wrapped: Any, arguments: Mapping[str, Any]
    ) -> Attempt | None:
        if self._cache is None:
            return None
        markers = self._declarations.markers(arguments)
        attempt: Attempt = _reuse().Attempt(self._cache, writer, wrapped, arguments, markers)
        return attempt


class _RecordingLater(_Recording):
    """The same for a function whose work is done after it has returned."""

    _drive: ClassVar[Callable[..., Any]]

    def call(self, wrapped: Any, instance: Any, args: Any, kwargs: Any) -> Any:
        """Return what does the work inside a step."""
        writer = recorder.current()
        if writer.settings.disabled:
            return wrapped(*args, **kwargs)
        call = self._prepare(writer, wrapped, instance, args, kwargs)
        if call is None:
            return wrapped(*args, **kwargs)
        driven = self._drive(call, wrapped, args, kwargs)
        driven.__name__ = getattr(wrapped, "__name__", driven.__name__)
        driven.__qualname__ = getattr(wrapped, "__qualname__", driven.__qualname__)
        return driven


class _RecordingCoroutine(_RecordingLater):
    _drive = staticmethod(calls.drive_coroutine)


class _RecordingGenerator(_RecordingLater):
    _drive = staticmethod(calls.drive_generator)


class _RecordingAwaitableGenerator(_RecordingLater):
    _drive = staticmethod(calls.drive_awaitable_generator)


class _RecordingAsyncGenerator(_RecordingLater):
    _drive = staticmethod(calls.drive_async_generator)


def _recording_of(function: Callable[..., Any]) -> type[_Recording]:
    """Return the kind of recording that fits a function, by when its work is done."""
    code_holder = underlying(function)
    if inspect.isasyncgenfunction(code_holder):
        return _RecordingAsyncGenerator
    if inspect.iscoroutinefunction(code_holder):
        return _RecordingCoroutine
    if inspect.isgeneratorfunction(code_holder):
        flags = code_holder.__code__.co_flags
        is_awaitable = flags & inspect.CO_ITERABLE_COROUTINE
        return _RecordingAwaitableGenerator if is_awaitable else _RecordingGenerator
    return _Recording


# Tracked functions of scripts and notebooks are sent as what they are.
cloudpickles.watch()
