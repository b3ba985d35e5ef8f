"""What a decorated function's arguments and results are: artifacts, parameters, or neither."""

from __future__ import annotations

import inspect
from collections import ChainMap
from collections.abc import Callable, Iterable, Iterator, Mapping, MutableMapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from os import PathLike
from types import FrameType, FunctionType, MethodType, UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from mlmeta_track.domain.description import Description
from mlmeta_track.domain.events import EventPath
from mlmeta_track.domain.nodes import PropertyValue
from mlmeta_track.errors import DeclarationError
from mlmeta_track.tracking import capture
from mlmeta_track.tracking.artifacts import Artifact, Input, Output
from mlmeta_track.tracking.steps import Step

RETURN = "return"
"""The key under which a return value stands in annotations and in event paths."""

# In these a marker may stand deeper: ``list[Annotated[str, Input(DataSet)]] | None``.
_HOLDERS = frozenset({Union, UnionType, list, tuple, dict, Sequence, Iterable, Mapping})


MODEL = "mlmd.Model"
"""What the types of models are based on."""


@dataclass(frozen=True, slots=True)
class SmallData:
    """An argument that a plugin knows as data, with the place of its event."""

    value: object
    path: EventPath
    description: Description


def label(function: object) -> str:
    """Return what to call a function, whatever kind of callable it is."""
    if isinstance(function, partial):
        return label(function.func)
    return str(getattr(function, "__qualname__", type(function).__qualname__))


def underlying(function: Any) -> Any:
    """Return the function in which a callable's code and annotations stand."""
    if isinstance(function, partial):
        return underlying(function.func)
    if isinstance(function, (FunctionType, MethodType)):
        return function
    return getattr(type(function), "__call__", function)  # noqa: B004 - not to see whether there is


class Declarations:
    """Which arguments of a function are declared as artifacts, by annotation or beside it."""

    def __init__(
        self, function: Any, given: Mapping[str, Input], frame: FrameType | None = None
    ) -> None:
        """Read a function's declarations.

        Args:
            function: The function, free of ``classmethod`` or ``staticmethod``.
            given: Markers by argument name that are given beside the function.
            frame: Where it is decorated; annotations in text form may use the names there.

        Raises:
            DeclarationError: A marker stands on an argument that does not exist, or cannot be read.
        """
        # What does not bind has no ``self`` or ``cls``, or has been given it.
        self._binds = hasattr(type(function), "__get__") and not isinstance(function, MethodType)
        self._signature = _signature(function)
        self._several = self._name_of(inspect.Parameter.VAR_POSITIONAL)
        self._rest = self._name_of(inspect.Parameter.VAR_KEYWORD)
        self._simple = self._names_by_position()
        self._check(label(function), given)
        self._by_name = {**_annotated(function, frame), **given}

    def __getstate__(self) -> dict[str, Any]:
        """Leave defaults behind: they may be anything, and the function brings its own."""
        state = {**vars(self)}
        state.pop("_signature_without_first", None)
        if self._signature is not None:
            empty = inspect.Parameter.empty
            parameters = self._signature.parameters.values()
            state["_signature"] = inspect.Signature(
                [p if p.default is empty else p.replace(default=...) for p in parameters]
            )
        return state

    def _check(self, name: str, given: Mapping[str, Input]) -> None:
        """Raise unless what is declared beside the function are arguments of its."""
        if self._signature is None or self._rest is not None:
            return
        for argument, marker in given.items():
            is_output = isinstance(marker, Output)
            if argument in self._signature.parameters or (argument == RETURN and is_output):
                continue
            message = (
                f"{name}: {marker!r} is declared for the argument {argument!r}, which"
                f" {name}{self._signature} does not have."
            )
            raise DeclarationError(message)

    def _name_of(self, kind: object) -> str | None:
        """Return the name of ``*args`` or ``**kwargs``, if the function has it."""
        parameters = [] if self._signature is None else self._signature.parameters.values()
        return next((p.name for p in parameters if p.kind is kind), None)

    def _names_by_position(self) -> tuple[str, ...]:
        """Return the arguments' names if all may be given by position; none if not, or if any."""
        parameters = [] if self._signature is None else self._signature.parameters.values()
        by_position = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
        all_are = all(p.kind in by_position for p in parameters)
        return tuple(p.name for p in parameters) if all_are else ()

    @cached_property
    def _signature_without_first(self) -> inspect.Signature:
        assert self._signature is not None  # noqa: S101 - the caller has looked
        parameters = list(self._signature.parameters.values())
        if not parameters or parameters[0].kind is inspect.Parameter.VAR_POSITIONAL:
            return self._signature  # ``self`` is one of ``*args``
        return self._signature.replace(parameters=parameters[1:])

    def bind(
        self, args: tuple[Any, ...], kwargs: Mapping[str, Any], *, bound: bool
    ) -> dict[str, Any] | None:
        """Return a call's arguments by name, defaults included; None if they do not fit.

        Args:
            args: The positional arguments.
            kwargs: The keyword arguments.
            bound: Whether the first parameter (``self`` or ``cls``) is bound, and not among them.
        """
        if self._signature is None:
            return dict(kwargs)
        if self._simple and not bound and not kwargs and len(args) == len(self._simple):
            return dict(zip(self._simple, args, strict=True))
        skips_first = bound and self._binds
        signature = self._signature_without_first if skips_first else self._signature
        try:
            fitting = signature.bind(*args, **kwargs)
        except TypeError:
            return None
        fitting.apply_defaults()
        return self._flattened(fitting.arguments)

    def _flattened(self, arguments: dict[str, Any]) -> dict[str, Any]:
        """Put the items of ``**kwargs`` beside the others, and leave out empty ``*args``."""
        if self._several is not None and not arguments[self._several]:
            del arguments[self._several]
        if self._rest is not None:
            for name, value in arguments.pop(self._rest).items():
                # An item may be called like an argument that is positional only.
                arguments[f"{self._rest}.{name}" if name in arguments else name] = value
        return arguments

    def marker(self, name: str) -> Input | None:
        """Return what is declared of an argument, or of what is returned; None if nothing is."""
        marker = self._by_name.get(name)
        if marker is None and self._rest in self._by_name:
            is_item = self._signature is None or name not in self._signature.parameters
            return self._by_name[self._rest] if is_item else None
        return marker

    def markers(self, arguments: Mapping[str, Any]) -> dict[str, Input]:
        """Return what is declared of a call's arguments and of what it returns, by name."""
        found = {name: self.marker(name) for name in arguments}
        found[RETURN] = self._by_name.get(RETURN)
        return {name: marker for name, marker in found.items() if marker is not None}

    def record_arguments(
        self, step: Step, arguments: Mapping[str, Any], small: list[SmallData] | None = None
    ) -> None:
        """Tell a step what its arguments are.

        Args:
            step: The step.
            arguments: The arguments by name.
            small: Gets what became a parameter, and is data only if the step makes a model.
        """
        small = [] if small is None else small
        parameters: dict[str, PropertyValue] = {}
        for name, value in arguments.items():
            marker = self.marker(name)
            plain = capture.parameter(value) if marker is None else None
            if plain is not None:
                parameters[capture.key(name)] = plain
                continue
            with step.guard(f"record the argument {name!r} of the step {step.name!r}"):
                if marker is None:
                    small.extend(_record_undeclared(step, name, value))
                else:
                    _record_declared(step, name, value, marker)
        step.log_params(parameters)

    def record_results(
        self,
        step: Step,
        arguments: Mapping[str, Any],
        result: object,
        small: Iterable[SmallData] = (),
    ) -> None:
        """Tell a step what it made: what it returned, and arguments that it wrote to."""
        for name, value in arguments.items() if self._by_name else ():
            marker = self.marker(name)
            if isinstance(marker, Output):
                with step.guard(f"record the argument {name!r} of the step {step.name!r}"):
                    _record_made(step, name, value, marker)
        with step.guard(f"record the result of the step {step.name!r}"):
            if _record_returned(step, result, self._by_name.get(RETURN)):
                for one in small:
                    step.use(one.value, one.path, description=one.description)


def _record_declared(step: Step, name: str, value: object, marker: Input) -> None:
    """Record inputs, and the paths that outputs will lie at."""
    for place, item in capture.items(value):
        path: EventPath = (capture.key(name), *place)
        if _is_left_out(item):
            continue
        if isinstance(marker, Output):
            if isinstance(item, (str, PathLike)):
                step.promise(item, path, declared=marker.artifact)
        else:
            description = capture.describe(item, marker.artifact)
            if description is not None:
                step.use(item, path, description=description, event_type=marker.event_type)


def _record_made(step: Step, name: str, value: object, marker: Output) -> None:
    """Record the outputs that are no paths, but objects that the step has filled."""
    for place, item in capture.items(value):
        if _is_left_out(item) or isinstance(item, (str, PathLike)):
            continue
        description = capture.describe(item, marker.artifact)
        if description is not None:
            path: EventPath = (capture.key(name), *place)
            step.make(item, path, description, event_type=marker.event_type)


def _record_returned(step: Step, result: object, marker: Input | None) -> bool:
    """Record what a step returned, and tell whether a model is in it."""
    has_model = False
    for place, item in capture.items(result):
        if _is_left_out(item):
            continue
        description = capture.describe(item, None if marker is None else marker.artifact)
        if description is None:
            continue
        has_model |= description.type.base_type == MODEL
        path: EventPath = (RETURN, *place)
        if marker is None:
            step.make(item, path, description)
        else:
            step.make(item, path, description, event_type=marker.event_type)
    return has_model


def _is_left_out(value: object) -> bool:
    """Tell whether an argument says that there is no such thing; "" is no path either."""
    return value is None or (type(value) in (str, bytes) and not value)


def _record_undeclared(step: Step, name: str, value: object) -> Iterable[SmallData]:
    """Record an argument that is data, if it is; return it where it is too small for that."""
    path = capture.key(name)
    found = [
        SmallData(item, (path, *place), description)
        for place, item in capture.items(value)
        if (description := capture.describe(item)) is not None
    ]
    if any(
        one.description.plain is None or step.knows(one.value, one.description) for one in found
    ):
        for one in found:
            step.use(one.value, one.path, description=one.description)
        return ()
    plain = [one.description.plain for one in found]
    if found:
        step.log_params({path: plain[0] if found[0].path == (path,) else plain})
    return found


def _is_data(step: Step, one: SmallData) -> bool:
    return one.description.plain is None or step.knows(one.value, one.description)


def _signature(function: Callable[..., Any]) -> inspect.Signature | None:
    """Return a function's signature without annotations, which may be anything."""
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):
        return None  # Some functions written in C do not tell theirs.
    empty = inspect.Parameter.empty
    parameters = [p.replace(annotation=empty) for p in signature.parameters.values()]
    return inspect.Signature(parameters)


def _annotated(function: Any, frame: FrameType | None) -> dict[str, Input]:
    """Return the markers among a function's annotations, by argument name."""
    markers: dict[str, Input] = {}
    holder = underlying(function)
    if isinstance(getattr(function, "__wrapped__", None), FunctionType):
        holder = function.__wrapped__  # such as functools.cache has around it
    for name, annotation in getattr(holder, "__annotations__", {}).items():
        evaluated = _evaluated(holder, name, annotation, frame)
        found = list(_markers_in(evaluated, f"{label(function)}: the annotation of {name!r}"))
        if not found:
            continue
        if len(found) > 1 or (name == RETURN and not isinstance(found[0], Output)):
            wanted = "one mt.Output" if name == RETURN else "one mt.Input or mt.Output"
            message = f"{label(function)}: {name!r} is declared as {found!r}; give it {wanted}."
            raise DeclarationError(message)
        markers[name] = found[0]
    return markers


def _markers_in(annotation: object, where: str) -> Iterator[Input]:
    """Yield the markers in an annotation; raise at what was surely meant to be one."""
    if isinstance(annotation, Input):
        message = f"{where} is {annotation!r}; write Annotated[str, mt.{annotation!r}]."
        raise DeclarationError(message)
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        yield from _markers_in(arguments[0], where)
        for extra in arguments[1:]:
            _refuse_unmarked(extra, where)
            if isinstance(extra, Input):
                yield extra
    elif origin in _HOLDERS:
        for argument in arguments:
            yield from _markers_in(argument, where)


def _refuse_unmarked(extra: object, where: str) -> None:
    kind = extra if isinstance(extra, type) else type(extra)
    if issubclass(kind, Artifact) or (kind is extra and issubclass(kind, Input)):
        name = kind.__name__ if issubclass(kind, Artifact) else "DataSet"
        message = f"{where} holds {extra!r}; write mt.Input({name}) or mt.Output({name})."
        raise DeclarationError(message)


def _evaluated(function: Any, name: str, annotation: object, frame: FrameType | None) -> object:
    """Return an annotation, evaluated if it is text; text that cannot be ours may stay text."""
    if not isinstance(annotation, str):
        return annotation
    names: dict[str, Any] = getattr(function, "__globals__", {})
    try:
        # Annotations are the user's own code, in text form only for `from __future__`.
        return eval(annotation, names, _local_names(frame, names))  # noqa: S307
    except DeclarationError:
        raise
    except Exception as error:
        if "Input(" not in annotation and "Output(" not in annotation:
            return annotation
        message = (
            f"{label(function)}: the annotation of {name!r} cannot be read:"
            f" {type(error).__name__}: {error}. Define what it names before the function."
        )
        raise DeclarationError(message) from error


def _local_names(frame: FrameType | None, names: Mapping[str, Any]) -> MutableMapping[str, Any]:
    """Return what a function's annotations may name beside its globals.

    A class body sees the names of the function that it stands in.
    """
    scopes: list[dict[str, Any]] = []
    while frame is not None and frame.f_globals is names and frame.f_locals is not names:
        scopes.append(frame.f_locals)
        if frame.f_code.co_flags & inspect.CO_OPTIMIZED:  # a function's
            break
        frame = frame.f_back
    return ChainMap(*scopes)
