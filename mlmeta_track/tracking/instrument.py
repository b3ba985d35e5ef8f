"""Tracking that needs no word in the pipeline: libraries whose functions record their own calls.

An integration lists the functions of one library in an ``Instrumentor``; ``autotrack`` switches it
on and ``untrack`` off.  The library is not imported for that: its functions are wrapped when the
user imports it.
"""

from __future__ import annotations

import logging
import re
import sys
import threading
import weakref
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from types import ModuleType
from typing import Any, ClassVar

import wrapt

from mlmeta_track.errors import InvalidArgumentError
from mlmeta_track.plugins import hooks
from mlmeta_track.tracking import recorder
from mlmeta_track.tracking.active import inside, is_held_off
from mlmeta_track.tracking.capture import describe, describe_path, items
from mlmeta_track.tracking.context import patches
from mlmeta_track.tracking.files import describe as describe_files
from mlmeta_track.tracking.files import with_size
from mlmeta_track.tracking.isolation import Guard
from mlmeta_track.tracking.libraries import callers, early, places
from mlmeta_track.tracking.libraries.callers import is_silent_package
from mlmeta_track.tracking.libraries.carrying import (
    CONTEXT,
    attached,
    carried,
    carrying,
    token_to_carry,
)
from mlmeta_track.tracking.libraries.deferred import Deferred
from mlmeta_track.tracking.libraries.families import Family
from mlmeta_track.tracking.libraries.places import Place
from mlmeta_track.tracking.libraries.recording import LibraryCall, Recording, guarded, new_step
from mlmeta_track.tracking.libraries.table import TrackedFamily, TrackedFunction
from mlmeta_track.tracking.redaction.rules import in_force
from mlmeta_track.tracking.redaction.texts import clean
from mlmeta_track.tracking.wrappers import TrackedInPlace, tracker_of

__all__ = [
    "CONTEXT",
    "Instrumentor",
    "LibraryCall",
    "TrackedFamily",
    "TrackedFunction",
    "attached",
    "autotrack",
    "carried",
    "carrying",
    "describe",
    "describe_files",
    "describe_path",
    "guarded",
    "inside",
    "is_held_off",
    "is_silent_package",
    "items",
    "new_step",
    "token_to_carry",
    "untrack",
    "with_size",
    "without_secrets",
]

_logger = logging.getLogger("mlmeta_track")
# Never strict: a mistake of ours must not come out of the user's import statement.
_guard = Guard()
_MOST_TOLD = 5


@dataclass(frozen=True, slots=True)
class _Installed:
    """A wrapper, and the place where it was put."""

    place: Place
    wrapper: TrackedInPlace


def without_secrets(text: str) -> str:
    """Return text as it may be written; what is cut is to be cleaned before, not after."""
    return clean(text, in_force())


class Instrumentor:
    """The base of integrations that track a library's functions by themselves.

    A subclass names the module and lists its functions.  Switching on and off may be repeated, and
    switching off restores the very objects that the library had.  A version outside ``supported``
    is named once in a warning and left alone.  What the library calls of itself is never recorded,
    in whatever thread it does.
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
    families: ClassVar[tuple[TrackedFamily, ...]] = ()
    """Classes that have methods that are tracked in whatever derives from them."""
    silent_callers: ClassVar[tuple[str, ...]] = ()
    """Packages whose own calls of the library are not recorded: they record them themselves."""

    def __init__(self) -> None:
        """Be switched off."""
        self._lock = threading.RLock()
        self._is_on = False
        self._registered: set[str] = set()
        self._warned = False
        self._installed: list[_Installed] = []
        self._told: set[str] = set()
        self._requested: set[str] = set()
        self._families: dict[str, Family] = {}
        self._owners: weakref.WeakSet[type] = weakref.WeakSet()

    def instrument(self) -> None:
        """Switch on: wrap the functions now, or as soon as the library is imported."""
        self._await_import()
        callers.silence(self.module, *self.silent_callers)
        with self._lock:
            self._is_on = True
            first, known = len(self._installed), set(self._registered)
            # What is being imported further up is not all there yet: it is looked at when it is,
            # for who waits for one library switches on again when the next has come.
            ready = [name for name in self.modules() if not places.is_executing(name)]
            self._registered.update(ready)
        # Not under the lock, which an import that is going on in another thread may wait for.
        for name in ready:
            if name not in known:
                # Fires at once if the module is there already.
                wrapt.register_post_import_hook(self._on_import, name)
            elif name in sys.modules:
                self._on_import(sys.modules[name])
        self._find_early(self._installed[first:])

    def uninstrument(self) -> None:
        """Switch off: give the library its own functions back."""
        with self._lock:
            self._is_on = False
            for installed in reversed(self._installed):
                # Somebody may have wrapped ours in the meantime: theirs stays, and ours rests.
                if installed.place.holds(installed.wrapper):
                    installed.place.restore()
            gone, self._installed = self._installed, []
            self._requested.clear()
            self._leave_families()
        with _guard(f"give {self.module} its functions back"):
            if gone:
                early.replace(early.exchange((one.wrapper, one.place.value) for one in gone))

    def modules(self) -> list[str]:
        """Return the modules that functions are tracked in, the library's first."""
        named = [row.module for row in self.functions if row.module is not None]
        named += [family.module for family in self.families]
        return list(dict.fromkeys([self.module, *named]))

    def rows(self, module: ModuleType) -> Iterable[TrackedFunction]:
        """Return what is tracked in a module that has just been imported."""
        name = module.__name__
        return [row for row in self.functions if (row.module or self.module) == name]

    def on_request(self) -> list[str]:
        """Return the execution types that are recorded only where ``autotrack`` is told to."""
        methods = [row for family in self.families for row in family.methods]
        return [self._type_name(row) for row in (*self.functions, *methods) if row.on_request]

    def request(self, type_names: Iterable[str]) -> None:
        """Record executions of these types as well, from the next time it is switched on."""
        self._requested.update(type_names)

    def _type_name(self, row: TrackedFunction) -> str:
        return row.type_name or f"{self.prefix}.{row.name}"

    def _is_wanted(self, row: TrackedFunction) -> bool:
        return not row.on_request or self._type_name(row) in self._requested

    def _await_import(self) -> None:
        """Wait for another thread that is importing the library just now."""
        if self.module in sys.modules:
            with _guard(f"track {self.module}"):
                import_module(self.module)

    def _on_import(self, module: ModuleType) -> None:
        with _guard(f"track {self.module}"), self._lock:
            if self._is_on and self._supports_installed():
                for function in filter(self._is_wanted, self.rows(module)):
                    self._wrap(module, function)
                for family in self.families:
                    if family.module == module.__name__:
                        self._watch(module, family)

    def _watch(self, module: ModuleType, tracked: TrackedFamily) -> None:
        if tracked.base not in self._families:
            base, *beside = [getattr(module, name) for name in (tracked.base, *tracked.beside)]
            self._families[tracked.base] = Family(
                base, tuple(beside), lambda derived: self._look(derived, tracked)
            )
        self._families[tracked.base].watch()

    def _look(self, derived: type, tracked: TrackedFamily) -> None:
        """Track a class's methods where they are defined: in it, or in what it derives from."""
        with _guard(f"track the methods of {derived.__qualname__}"), self._lock:
            for row in filter(self._is_wanted, tracked.methods) if self._is_on else ():
                owners = (base for base in derived.__mro__ if row.name in vars(base))
                owner = next(owners, None)
                if owner is not None:
                    self._wrap_method(owner, row)

    def _wrap_method(self, owner: type, row: TrackedFunction) -> None:
        method = vars(owner)[row.name]
        if not places.is_method(method) or self._is_in(method):
            return
        recording = Recording(self._type_name(row), row, method, self)
        place = f"{owner.__qualname__}.{row.name}"
        setattr(owner, row.name, TrackedInPlace(method, recording, owner.__module__, place))
        self._owners.add(owner)

    def _leave_families(self) -> None:
        for family in self._families.values():
            family.leave()
        for owner in list(self._owners):
            for name, method in list(vars(owner).items()):
                tracker = tracker_of(method)
                if isinstance(tracker, Recording) and tracker.switch is self:
                    setattr(owner, name, method.__wrapped__)
        self._owners.clear()

    def _wrap(self, module: ModuleType, tracked: TrackedFunction) -> None:
        self._wrap_at(places.find(module, tracked.name), module.__name__, tracked)

    def wrap_method(self, owner: type, tracked: TrackedFunction) -> None:
        """Track a method of a class that nobody knew of before, maybe one defined in a function.

        Args:
            owner: The class.
            tracked: The row; its name is the method's alone.
        """
        with self._lock:
            if self._is_on:
                row = replace(tracked, name=f"{owner.__qualname__}.{tracked.name}")
                self._wrap_at(places.in_class(owner, tracked.name), owner.__module__, row)

    def _wrap_at(self, place: Place | None, module: str, tracked: TrackedFunction) -> None:
        if place is None or not places.is_function(place.value) or self._is_in(place.value):
            return  # Another version of the library has no such function, or it is tracked already.
        recording = Recording(f"{self.prefix}.{tracked.name}", tracked, place.value, self)
        wrapper = TrackedInPlace(place.value, recording, module, tracked.name)
        for one in self._places_of(place):
            one.put(wrapper)
            self._installed.append(_Installed(one, wrapper))

    def _places_of(self, place: Place) -> list[Place]:
        """Return the public place of a function, and the one in the module that defines it."""
        inner = None if isinstance(place.owner, type) else places.where_defined(place.value)
        if inner is None or inner.owner is place.owner:
            return [place]
        is_library = callers.package(inner.owner.__name__) == callers.package(self.module)
        return [place, inner] if is_library else [place]

    def _find_early(self, installed: list[_Installed]) -> None:
        """Track what was imported by name before; only a library that was there can have been."""
        if not installed:
            return
        with _guard(f"find what was imported from {self.module}"):
            wanted = early.exchange((one.place.value, one.wrapper) for one in installed)
            self._tell(early.replace(wanted), logging.WARNING)
            if _logger.isEnabledFor(logging.INFO):  # It takes long for what few want to know.
                self._tell(early.in_installed(wanted), logging.INFO)

    def _tell(self, kept: list[str], level: int) -> None:
        new = [place for place in kept if place not in self._told]
        self._told.update(new)
        if new:
            shown = ", ".join(new[:_MOST_TOLD]) + (", …" if len(new) > _MOST_TOLD else "")
            _logger.log(
                level,
                "Calls of %s are not recorded where its functions were kept before autotrack()"
                " was called: in %s. Call autotrack() before that.",
                self.module,
                shown,
            )

    def _is_in(self, function: Any) -> bool:
        """Tell whether a function is tracked by this, maybe under somebody else's wrapper."""
        layer = function
        while layer is not None:
            recording = tracker_of(layer)
            if isinstance(recording, Recording) and recording.switch is self:
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


@dataclass(frozen=True, slots=True)
class _Offer:
    """An integration: where its instrumentor is, and the libraries without which it can wait."""

    place: str
    libraries: tuple[str, ...] = ()


_instrumentors: dict[str, Instrumentor] = {}
_lock = threading.RLock()


def autotrack(*names: str) -> None:
    """Record the calls of libraries' functions by themselves.

    Nothing is imported for that; a library that is imported later is tracked from then on.  Calling
    it again changes nothing.

    Args:
        names: Integrations to switch on, such as ``"tfdv"``; every installed one if none is given.
            Some record certain calls on request only: name the execution type for that, such as
            ``"sklearn.predict"``.

    Raises:
        InvalidArgumentError: No installed integration has such a name, or records such executions
            on request.
    """
    requests = _requests(names)
    if not requests and recorder.is_there():
        patches.install()  # `untrack` may have removed them
    offered = _offered()
    for name in _chosen(tuple(requests) if names else ()):
        with _guard(f"switch on the integration {name!r}"):
            is_new = name not in _instrumentors and not requests.get(name)
            if not (is_new and _deferred.wait(name, offered[name].libraries)):
                _switch_on(name, requests.get(name, ()))


def untrack(*names: str) -> None:
    """Switch automatic tracking off again; the libraries get their own functions back.

    Args:
        names: Integrations to switch off; every one if none is given, and then work in other
            threads and processes no longer belongs to the step that it was started from, until
            ``autotrack()`` or ``init()``.

    Raises:
        InvalidArgumentError: No installed integration has such a name.
    """
    for name in _chosen(names):
        _deferred.forget(name)
        if name in _instrumentors:  # What was never loaded is off.
            _instrumentors[name].uninstrument()
    if not names:
        patches.remove()
    recorder.release()


def autotrack_named(names: Iterable[str]) -> None:
    """Switch on what a setting names: integrations, or ``all``."""
    wanted = list(names)
    if wanted:
        autotrack(*(() if "all" in wanted else wanted))


def available() -> dict[str, str]:
    """Return the installed integrations by name, each as ``"module:Class"``."""
    return {name: offer.place for name, offer in _offered().items()}


def _offered() -> dict[str, _Offer]:
    found: dict[str, _Offer] = {}
    for named in hooks.call("instrumentors"):
        with _guard("read what a plugin's hook instrumentors returned"):
            for name, offer in named.items():
                place, *libraries = (offer,) if isinstance(offer, str) else offer
                found[str(name)] = _Offer(str(place), tuple(map(str, libraries)))
    return found


def _switch_on(name: str, requests: Iterable[str] = ()) -> None:
    instrumentor = _loaded(name, available()[name])
    instrumentor.request(requests)
    instrumentor.instrument()


def _switch_on_late(name: str) -> None:
    """Switch on in the user's import statement."""
    with _guard(f"switch on the integration {name!r}"):
        _switch_on(name)


_deferred = Deferred(_switch_on_late)


def _requests(names: tuple[str, ...]) -> dict[str, list[str]]:
    """Return the integrations that are named, each with what is requested of it beside."""
    installed = available()
    requests: dict[str, list[str]] = {}
    for name in names:
        integration = name if name in installed else name.partition(".")[0]
        if integration == name or integration not in installed:
            requests.setdefault(name, [])
            continue
        known = _loaded(integration, installed[integration]).on_request()
        if name not in known:
            choice = ", ".join(known) or "nothing"
            message = f"{integration!r} does not record {name!r} on request, but: {choice}."
            raise InvalidArgumentError(message)
        requests.setdefault(integration, []).append(name)
    return requests


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
