"""Wrapped functions that are what they wrap, down to how they are pickled and copied.

A plain wrapt wrapper cannot be pickled.  These are pickled by name, as functions are, so that
whatever is installed under that name where they arrive is what is called there.  What no name leads
to is pickled together with what it wraps, which pickles, or does not, as it would alone.
"""

from __future__ import annotations

import copy
import pkgutil
import sys
from importlib import import_module
from types import FrameType, FunctionType, MethodType
from typing import Any, Protocol

import wrapt


class Tracker(Protocol):
    """What tracks the calls of one function."""

    def call(self, wrapped: Any, instance: Any, args: Any, kwargs: Any) -> Any:
        """Call the function and return what it returns.

        Args:
            wrapped: The function, bound if it is a method.
            instance: The instance or class that it is bound to; None if it is not.
            args: The positional arguments.
            kwargs: The keyword arguments.
        """


class BoundTracked(wrapt.BoundFunctionWrapper):  # type: ignore[type-arg]  # see Tracked
    """A tracked method bound to its instance or class, or a static method taken from its class."""

    def __reduce_ex__(self, protocol: Any) -> tuple[Any, ...]:
        """Be looked up again on the instance or class."""
        return _reduce(self, protocol)

    def __reduce__(self) -> tuple[Any, ...]:
        """Be looked up again on the instance or class."""
        return self.__reduce_ex__(2)

    def __copy__(self) -> BoundTracked:
        """Be the same, as functions are."""
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> BoundTracked:
        """Belong to a copy of the instance, as methods do; else be the same."""
        method = self.__wrapped__
        if type(method) is not MethodType:
            return self
        owner = copy.deepcopy(method.__self__, memo)
        if owner is method.__self__:
            return self
        bound: BoundTracked = self._self_parent.__get__(owner, type(owner))
        return bound


# Without type arguments: at run time wrapt's classes take none.
class Tracked(wrapt.FunctionWrapper):  # type: ignore[type-arg]
    """A function whose calls are tracked."""

    __bound_function_wrapper__ = BoundTracked

    def __init__(self, function: Any, tracker: Tracker) -> None:
        """Wrap a function, or the descriptor around one, and let a tracker make its calls."""
        # The bound method, for calling the tracker itself would cost another level of recursion.
        super().__init__(function, tracker.call)

    def __reduce_ex__(self, protocol: Any) -> tuple[Any, ...]:
        """Be found again by module and qualified name."""
        return _reduce(self, protocol)

    def __reduce__(self) -> tuple[Any, ...]:
        """Be found again by module and qualified name."""
        return self.__reduce_ex__(2)

    def __setstate__(self, function: FunctionType) -> None:
        """Wrap the function that has arrived."""
        self.__wrapped__ = function

    def __copy__(self) -> Tracked:
        """Be the same, as functions are."""
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Tracked:
        """Be the same, as functions are."""
        return self


class BoundInPlace(BoundTracked):
    """A library's tracked method, taken from an instance or from its class."""

    def __reduce_ex__(self, protocol: Any) -> tuple[Any, ...]:
        """Be looked up again on the instance or class, as methods are; else by the name."""
        if type(self.__wrapped__) is MethodType:
            return tuple(self.__wrapped__.__reduce_ex__(protocol))
        parent: TrackedInPlace = self._self_parent
        return parent.__reduce_ex__(protocol)


class TrackedInPlace(Tracked):
    """A library's function that is tracked under its public name, which others may not know it by.

    Where it is sent, it is what that name leads to there.  Nothing of this package is sent with it,
    so it arrives where this package is not installed, too.
    """

    __bound_function_wrapper__ = BoundInPlace

    def __init__(self, function: Any, tracker: Tracker, module: str, name: str) -> None:
        """Wrap a function that stands at a name in a module."""
        super().__init__(function, tracker)
        self._self_place = f"{module}:{name}"

    def __reduce_ex__(self, protocol: Any) -> tuple[Any, ...]:
        """Be found again by its public name."""
        if self._self_place.startswith("__main__:") and _is_dill(sys._getframe(1)):  # noqa: SLF001
            # With a class of ``__main__`` its methods are sent by value, and this as it was.
            return copy.copy, (self.__wrapped__,)
        return pkgutil.resolve_name, (self._self_place,)


def tracker_of(function: Any) -> Tracker | None:
    """Return what tracks a function's calls, or None if nothing does."""
    if issubclass(type(function), (Tracked, BoundTracked)):
        tracker: Tracker = function._self_wrapper.__self__  # noqa: SLF001 - wrapt's name for it
        return tracker
    return None


def find_function(module: str, qualified_name: str) -> Any:
    """Return the function of that name, tracked or not.

    Args:
        module: The module that it was defined in.
        qualified_name: Its name there, dots included.

    Raises:
        ImportError: There is no such module here.
        AttributeError: It has nothing of that name.
    """
    found: Any = sys.modules.get(module) or import_module(module)
    for part in qualified_name.split("."):
        found = getattr(found, part)
    return found


def _reduce(wrapper: Any, protocol: Any) -> tuple[Any, ...]:
    wrapped = wrapper.__wrapped__
    if type(wrapped) is MethodType:
        return tuple(wrapped.__reduce_ex__(protocol))
    module, name = getattr(wrapped, "__module__", None), getattr(wrapped, "__qualname__", None)
    # Where they arrive, another script is ``__main__``; so dill sends what is in it by value.
    stays_behind = module == "__main__" and _is_dill(sys._getframe(2))  # noqa: SLF001
    if not stays_behind and _leads_to(module, name, wrapper):
        return find_function, (module, name)
    if type(wrapped) is FunctionType:
        # The wrapper goes before the function, whose globals may hold the wrapper again.
        return arriving, (tracker_of(wrapper),), wrapped
    return arriving, (tracker_of(wrapper), wrapped)


def _leads_to(module: object, name: object, wrapper: Any) -> bool:
    """Tell whether a name leads to a wrapped function, tracked."""
    if not isinstance(module, str) or not isinstance(name, str) or module not in sys.modules:
        return False
    try:
        found = find_function(module, name)
    except AttributeError:
        return False
    # What is taken from a class is bound anew each time.
    is_tracked = tracker_of(found) is tracker_of(wrapper)
    return is_tracked and found.__wrapped__ is wrapper.__wrapped__


def _is_dill(caller: FrameType) -> bool:
    """Tell whether it is dill that pickles; its pickler is written in Python and so has a frame."""
    pickler = caller.f_locals.get("self")
    return any(base.__module__.partition(".")[0] == "dill" for base in type(pickler).__mro__)


def arriving(tracker: Tracker, wrapped: Any = None) -> Tracked:
    """Return a wrapper, maybe one that will be given its function by ``__setstate__``."""
    return Tracked(arriving if wrapped is None else wrapped, tracker)
