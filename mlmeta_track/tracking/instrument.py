"""Tracking that needs no word in the pipeline: libraries whose functions record their own calls.

An integration lists the functions of one library in an ``Instrumentor``; ``autotrack`` switches it
on and ``untrack`` off.  The library is not imported for that: its functions are wrapped when the
user imports it.
"""

from __future__ import annotations

import inspect
import logging
import re
import sys
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from types import ModuleType
from typing import Any, ClassVar

import wrapt

from mlmeta_track.domain.types import DATASET, ArtifactType
from mlmeta_track.errors import InvalidArgumentError
from mlmeta_track.plugins import hooks
from mlmeta_track.tracking import active, calls, capture, recorder
from mlmeta_track.tracking.calls import Call
from mlmeta_track.tracking.isolation import Guard
from mlmeta_track.tracking.steps import Step, Used
from mlmeta_track.tracking.wrappers import TrackedInPlace, tracker_of

_logger = logging.getLogger("mlmeta_track")
# Never strict: a mistake of ours must not come out of the user's import statement.
_guard = Guard()


@dataclass(frozen=True, kw_only=True)
class TrackedFunction:
    """One function of a library: which of its arguments are artifacts, and what it makes.

    All other arguments that are scalars, or plain lists of them, are recorded as parameters.

    Args:
        name: The function's public name in the library's module.
        inputs: Arguments that hold artifacts in memory, with the keys of their event paths.
        data: Arguments that are paths or URIs of data, with the keys of their event paths.
        data_type: The artifact type of what ``data`` names.
        returns: The key under which the returned artifact is recorded; None if it returns none.
        loads_from: The argument that is the path from which the returned artifact was loaded: then
            it is the artifact that was written there, and no new one.
        writes: The argument, one of ``inputs``, that is an artifact in memory, and the one that is
            the path it is written to.
        saved_to: The argument that is the path at which the returned artifact is saved as well.
        unrecorded: Arguments that are not worth recording.
    """

    name: str
    inputs: Mapping[str, str] = field(default_factory=dict)
    data: Mapping[str, str] = field(default_factory=dict)
    data_type: ArtifactType = DATASET
    returns: str | None = None
    loads_from: str | None = None
    writes: tuple[str, str] | None = None
    saved_to: str | None = None
    unrecorded: frozenset[str] = frozenset()


class Instrumentor:
    """The base of integrations that track a library's functions by themselves.

    A subclass names the module and lists its functions.  Switching on and off may be repeated, and
    switching off restores the very objects that the module had.  A version outside ``supported`` is
    named once in a warning and left alone.
    """

    prefix: ClassVar[str]
    """What execution types begin with: ``tfdv`` for ``tfdv.infer_schema``."""
    module: ClassVar[str]
    """The module whose public functions are tracked."""
    distribution: ClassVar[str]
    """The name of the distribution that the module comes in."""
    supported: ClassVar[tuple[str, str]]
    """The first supported version, and the first that no longer is."""
    functions: ClassVar[tuple[TrackedFunction, ...]]
    """What is tracked."""

    def __init__(self) -> None:
        """Be switched off."""
        self._lock = threading.RLock()
        self._is_on = False
        self._is_registered = False
        self._warned = False
        self._originals: dict[str, tuple[object, object]] = {}

    def instrument(self) -> None:
        """Switch on: wrap the functions now, or as soon as the library is imported."""
        self._await_import()
        with self._lock:
            self._is_on = True
            is_first, self._is_registered = not self._is_registered, True
        if is_first:
            # Fires at once if the module is there already.
            wrapt.register_post_import_hook(self._on_import, self.module)
        elif self.module in sys.modules:
            self._on_import(sys.modules[self.module])

    def uninstrument(self) -> None:
        """Switch off: give the module its own functions back."""
        with self._lock:
            self._is_on = False
            module = sys.modules.get(self.module)
            for name, (wrapper, original) in self._originals.items():
                # Somebody may have wrapped ours in the meantime: theirs stays, and ours rests.
                if getattr(module, name, None) is wrapper:
                    setattr(module, name, original)
            self._originals.clear()

    def _await_import(self) -> None:
        """Wait for another thread that is importing the library just now."""
        if self.module in sys.modules:
            with _guard(f"track {self.module}"):
                import_module(self.module)

    def _on_import(self, module: ModuleType) -> None:
        with _guard(f"track {self.module}"), self._lock:
            if self._is_on and self._supports_installed():
                for function in self.functions:
                    self._wrap(module, function)

    def _wrap(self, module: ModuleType, tracked: TrackedFunction) -> None:
        original = getattr(module, tracked.name, None)
        if not callable(original) or isinstance(original, type) or self._is_in(original):
            return  # Another version of the library has no such function, or it is tracked already.
        recording = _Recording(f"{self.prefix}.{tracked.name}", tracked, original, self)
        wrapper = TrackedInPlace(original, recording, self.module, tracked.name)
        setattr(module, tracked.name, wrapper)
        self._originals[tracked.name] = (wrapper, original)

    def _is_in(self, function: Any) -> bool:
        """Tell whether a function is tracked by this, maybe under somebody else's wrapper."""
        layer = function
        while layer is not None:
            recording = tracker_of(layer)
            if isinstance(recording, _Recording) and recording.instrumentor is self:
                return True
            layer = getattr(layer, "__wrapped__", None)
        return False

    @property
    def is_on(self) -> bool:
        """Whether calls are recorded."""
        return self._is_on

    def _supports_installed(self) -> bool:
        try:
            installed = version(self.distribution)
        except PackageNotFoundError:
            return True  # A build without metadata: its functions are looked at one by one.
        first, end = self.supported
        if _numbers(first) <= _numbers(installed) < _numbers(end):
            return True
        if not self._warned:
            self._warned = True
            _logger.warning(
                "%s %s is not tracked: this integration knows versions from %s up to, but not"
                " including, %s.",
                self.distribution,
                installed,
                first,
                end,
            )
        return False


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", text)[:3])


class _Recording:
    """How the calls of one library function are recorded."""

    def __init__(
        self, type_name: str, tracked: TrackedFunction, original: Any, instrumentor: Instrumentor
    ) -> None:
        self._type_name = type_name
        self._tracked = tracked
        self._original = original
        self.instrumentor = instrumentor

    @cached_property
    def _signature(self) -> inspect.Signature:
        return inspect.signature(self._original)

    def call(self, wrapped: Any, instance: Any, args: Any, kwargs: Any) -> Any:  # noqa: ARG002
        """Call the function inside a step of its own, unless the library calls itself."""
        writer = recorder.current()
        if active.is_held_off() or writer.settings.disabled or not self.instrumentor.is_on:
            return wrapped(*args, **kwargs)
        arguments = self._bind(args, kwargs)
        if arguments is None:
            return wrapped(*args, **kwargs)
        call = _LibraryCall(self._tracked, arguments)
        recorded = Call(
            self._type_name, writer, call.describe_start, call.describe_result, holds_off=True
        )
        return calls.run(recorded, wrapped, args, kwargs)

    def _bind(self, args: Any, kwargs: Any) -> Mapping[str, Any] | None:
        """Return the arguments by name; None if they do not fit, as the function will say."""
        try:
            bound = self._signature.bind(*args, **kwargs)
        except TypeError:
            return None
        except ValueError:
            return dict(kwargs)  # Some functions written in C do not tell their signature.
        bound.apply_defaults()
        return bound.arguments


class _LibraryCall:
    """One call of a library function, described by its row in the table."""

    def __init__(self, tracked: TrackedFunction, arguments: Mapping[str, Any]) -> None:
        self._tracked = tracked
        self._arguments = arguments
        self._written: Used | None = None

    def describe_start(self, step: Step) -> None:
        """Tell the step its inputs and parameters."""
        tracked = self._tracked
        for name, key in tracked.data.items():
            self._use_data(step, self._arguments.get(name), key)
        for name, key in tracked.inputs.items():
            used = self._use(step, self._arguments.get(name), key)
            if tracked.writes is not None and name == tracked.writes[0]:
                self._written = used
        artifacts = {*tracked.data, *tracked.inputs, *tracked.unrecorded, *(tracked.writes or ())}
        artifacts |= {tracked.loads_from or "", tracked.saved_to or ""}
        given = {k: v for k, v in self._arguments.items() if k not in artifacts and v is not None}
        step.log_params(given)

    def describe_result(self, step: Step, result: Any) -> None:
        """Tell the step what the function made, loaded or wrote."""
        tracked = self._tracked
        if tracked.writes is not None and self._written is not None:
            _, path_name = tracked.writes
            step.place(self._written, self._arguments[path_name], (path_name,))
        description = None if tracked.returns is None else capture.describe(result)
        if description is None or tracked.returns is None:
            return
        path = (tracked.returns,)
        if tracked.loads_from is not None:
            loaded = capture.at_path(description, self._arguments[tracked.loads_from])
            step.use(result, path, description=loaded)
            return
        saved_to = tracked.saved_to and self._arguments.get(tracked.saved_to)
        step.make(result, path, capture.at_path(description, saved_to) if saved_to else description)

    @staticmethod
    def _use(step: Step, value: Any, key: str) -> Used | None:
        description = None if value is None else capture.describe(value)
        if description is None:
            return None
        return step.use(value, (key,), description=description)

    def _use_data(self, step: Step, value: Any, key: str) -> None:
        for place, item in capture.items(value):
            if isinstance(item, str):
                description = capture.describe_path(item, self._tracked.data_type)
                step.use(item, (key, *place), description=description)


_instrumentors: dict[str, Instrumentor] = {}
_lock = threading.RLock()


def autotrack(*names: str) -> None:
    """Record the calls of libraries' functions by themselves.

    Nothing is imported for that; a library that is imported later is tracked from then on.  Calling
    it again changes nothing.

    Args:
        names: Integrations to switch on, such as ``"tfdv"``; every installed one if none is given.

    Raises:
        InvalidArgumentError: No installed integration has such a name.
    """
    for name, place in _chosen(names).items():
        with _guard(f"switch on the integration {name!r}"):
            _loaded(name, place).instrument()


def untrack(*names: str) -> None:
    """Switch automatic tracking off again; the libraries get their own functions back.

    Args:
        names: Integrations to switch off; every one if none is given.

    Raises:
        InvalidArgumentError: No installed integration has such a name.
    """
    for name in _chosen(names):
        if name in _instrumentors:  # What was never loaded is off.
            _instrumentors[name].uninstrument()


def autotrack_named(names: Iterable[str]) -> None:
    """Switch on what a setting names: integrations, or ``all``."""
    wanted = list(names)
    if wanted:
        autotrack(*(() if "all" in wanted else wanted))


def available() -> dict[str, str]:
    """Return the installed integrations by name, each as ``"module:Class"``."""
    found: dict[str, str] = {}
    for named in hooks.call("instrumentors"):
        with _guard("read what a plugin's hook instrumentors returned"):
            found |= {str(name): str(place) for name, place in named.items()}
    return found


def _chosen(names: tuple[str, ...]) -> dict[str, str]:
    installed = available()
    for name in names:
        if name not in installed:
            known = ", ".join(sorted(installed)) or "none"
            message = (
                f"There is no integration {name!r}; installed are: {known}. An integration comes"
                f" with its extra: pip install 'mlmeta-track[{name}]'."
            )
            raise InvalidArgumentError(message)
    return {name: installed[name] for name in (names or installed)}


def _loaded(name: str, place: str) -> Instrumentor:
    with _lock:
        if name not in _instrumentors:
            module, _, class_name = place.partition(":")
            factory: Callable[[], Instrumentor] = getattr(import_module(module), class_name)
            _instrumentors[name] = factory()
        return _instrumentors[name]
