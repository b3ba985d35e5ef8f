"""What a decorated function's arguments and results are: artifacts, parameters, or neither."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from os import PathLike
from typing import Annotated, Any, get_args, get_origin

from mlmeta_track.domain.events import EventPath
from mlmeta_track.errors import DeclarationError
from mlmeta_track.tracking import capture
from mlmeta_track.tracking.artifacts import Input, Output
from mlmeta_track.tracking.steps import Step

RETURN = "return"
"""The key under which a return value stands in annotations and in event paths."""


class Declarations:
    """Which arguments of a function are declared as artifacts, by annotation or beside it."""

    def __init__(
        self,
        function: Callable[..., Any],
        given: Mapping[str, Input],
        local_names: Mapping[str, Any],
    ) -> None:
        """Read a function's declarations.

        Args:
            function: The function itself, free of descriptors.
            given: Markers by argument name that are given beside the function.
            local_names: Names that annotations in text form may use, beside the module's.

        Raises:
            DeclarationError: A marker stands on an argument that does not exist, or cannot be read.
        """
        self._signature = _signature(function)
        self._by_name = {**_annotated(function, local_names), **given}
        self._check(function)

    def _check(self, function: Callable[..., Any]) -> None:
        if self._signature is None:
            return
        parameters = self._signature.parameters
        for name, marker in self._by_name.items():
            if name in parameters or (name == RETURN and isinstance(marker, Output)):
                continue
            message = (
                f"{function.__qualname__}: {marker!r} is declared for the argument {name!r}, which"
                f" {function.__name__}{self._signature} does not have."
            )
            raise DeclarationError(message)

    def bind(
        self, args: tuple[Any, ...], kwargs: Mapping[str, Any], *, skip_first: bool
    ) -> dict[str, Any] | None:
        """Return a call's arguments by name, defaults included; None if they do not fit.

        Args:
            args: The positional arguments.
            kwargs: The keyword arguments.
            skip_first: Whether the first parameter (``self`` or ``cls``) is bound already.
        """
        if self._signature is None:
            return dict(kwargs)
        signature = self._signature_without_first if skip_first else self._signature
        try:
            bound = signature.bind(*args, **kwargs)
        except TypeError:
            return None
        bound.apply_defaults()
        return dict(self._flattened(bound))

    @property
    def _signature_without_first(self) -> inspect.Signature:
        assert self._signature is not None  # noqa: S101 - the caller has looked
        parameters = list(self._signature.parameters.values())[1:]
        return self._signature.replace(parameters=parameters)

    @staticmethod
    def _flattened(bound: inspect.BoundArguments) -> Iterator[tuple[str, Any]]:
        for name, value in bound.arguments.items():
            if bound.signature.parameters[name].kind is inspect.Parameter.VAR_KEYWORD:
                yield from value.items()
            else:
                yield name, value

    def record_arguments(self, step: Step, arguments: Mapping[str, Any]) -> None:
        """Tell a step what its arguments are."""
        for name, value in arguments.items():
            with step.guard(f"record the argument {name!r} of the step {step.name!r}"):
                marker = self._by_name.get(name)
                if marker is None:
                    _record_undeclared(step, name, value)
                elif value is not None:
                    _record_declared(step, name, value, marker)

    def record_result(self, step: Step, result: object) -> None:
        """Tell a step what it returned."""
        with step.guard(f"record the result of the step {step.name!r}"):
            marker = self._by_name.get(RETURN)
            for place, item in capture.items(result):
                description = capture.describe(item, None if marker is None else marker.artifact)
                if description is None or item is None:
                    continue
                path: EventPath = (RETURN, *place)
                if marker is None:
                    step.make(item, path, description)
                else:
                    step.make(item, path, description, event_type=marker.event_type)


def _record_declared(step: Step, name: str, value: object, marker: Input) -> None:
    for place, item in capture.items(value):
        path: EventPath = (name, *place)
        if isinstance(marker, Output) and isinstance(item, (str, PathLike)):
            step.promise(item, path, declared=marker.artifact)
            continue
        description = capture.describe(item, marker.artifact)
        if description is None:
            continue
        if isinstance(marker, Output):
            step.make(item, path, description, event_type=marker.event_type)
        else:
            step.use(item, path, description=description, event_type=marker.event_type)


def _record_undeclared(step: Step, name: str, value: object) -> None:
    plain = capture.parameter(value)
    if plain is not None:
        step.log_params({name: value})
        return
    for place, item in capture.items(value):
        description = capture.describe(item)
        if description is not None:
            step.use(item, (name, *place), description=description)


def _signature(function: Callable[..., Any]) -> inspect.Signature | None:
    try:
        return inspect.signature(function)
    except (TypeError, ValueError):
        return None  # Some functions written in C do not tell theirs.


def _annotated(function: Callable[..., Any], local_names: Mapping[str, Any]) -> dict[str, Input]:
    """Return the markers among a function's annotations, by argument name."""
    markers: dict[str, Input] = {}
    for name, annotation in getattr(function, "__annotations__", {}).items():
        marker = _marker(_evaluated(function, name, annotation, local_names))
        if marker is None:
            continue
        if name == RETURN and not isinstance(marker, Output):
            message = f"{function.__qualname__}: the return value has {marker!r}; use Output."
            raise DeclarationError(message)
        markers[name] = marker
    return markers


def _marker(annotation: object) -> Input | None:
    if get_origin(annotation) is not Annotated:
        return None
    markers = (extra for extra in get_args(annotation)[1:] if isinstance(extra, Input))
    return next(markers, None)


def _evaluated(
    function: Callable[..., Any], name: str, annotation: object, local_names: Mapping[str, Any]
) -> object:
    """Return an annotation, evaluated if it is text; text that cannot be ours may stay text."""
    if not isinstance(annotation, str):
        return annotation
    try:
        # Annotations are the user's own code, in text form only for `from __future__`.
        return eval(annotation, getattr(function, "__globals__", {}), dict(local_names))  # noqa: S307
    except DeclarationError:
        raise
    except Exception as error:
        if "Input(" not in annotation and "Output(" not in annotation:
            return annotation
        message = (
            f"{function.__qualname__}: the annotation of {name!r} cannot be read:"
            f" {type(error).__name__}: {error}. Define what it names before the function."
        )
        raise DeclarationError(message) from error
