"""Wrapped functions that are what they wrap, down to how they are pickled and copied.

A plain wrapt wrapper cannot be pickled.  These are pickled by name, as functions are, so that
whatever is installed under that name where they arrive is what is called there.  A function that
has no name there (one that was defined in ``__main__``, sent to a process that has another) brings
itself along and runs untracked.
"""

from __future__ import annotations

import pickle
import sys
import threading
from collections.abc import Callable
from importlib import import_module
from typing import Any

import wrapt

_state = threading.local()


class BoundTracked(wrapt.BoundFunctionWrapper):  # type: ignore[type-arg]  # see Tracked
    """A tracked method bound to its instance or class."""

    def __reduce_ex__(self, protocol: Any) -> tuple[Any, ...]:
        """Be looked up again on the instance or class."""
        owner = self._self_instance
        if owner is None:
            return _reduce(self)
        return getattr, (owner, self.__name__)

    def __reduce__(self) -> tuple[Any, ...]:
        """Be looked up again on the instance or class."""
        return self.__reduce_ex__(2)

    def __copy__(self) -> BoundTracked:
        """Be the same, as functions are."""
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> BoundTracked:
        """Be the same, as functions are."""
        return self


# Without type arguments: at run time wrapt's classes take none.
class Tracked(wrapt.FunctionWrapper):  # type: ignore[type-arg]
    """A function whose calls are tracked."""

    __bound_function_wrapper__ = BoundTracked

    def __reduce_ex__(self, protocol: Any) -> tuple[Any, ...]:
        """Be found again by module and qualified name."""
        return _reduce(self)

    def __reduce__(self) -> tuple[Any, ...]:
        """Be found again by module and qualified name."""
        return _reduce(self)

    def __copy__(self) -> Tracked:
        """Be the same, as functions are."""
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Tracked:
        """Be the same, as functions are."""
        return self


def find_tracked(module: str, qualified_name: str, packed: bytes | None = None) -> Any:
    """Return what is called by that name here, or the function that was sent along.

    Args:
        module: The module that the function was defined in.
        qualified_name: Its name there, dots included.
        packed: The original function, pickled by value, for where the name means nothing.
    """
    try:
        found: Any = sys.modules.get(module) or import_module(module)
        for part in qualified_name.split("."):
            found = getattr(found, part)
    except (ImportError, AttributeError):
        return _unpack(module, qualified_name, packed)
    return found


def _reduce(wrapper: Any) -> tuple[Any, ...]:
    module, name = wrapper.__module__, wrapper.__qualname__
    has_a_name = module != "__main__" and "<" not in name
    packed = None if has_a_name else _pack(module, name, wrapper.__wrapped__)
    return find_tracked, (module, name, packed)


class _Arriving:
    """Stands for a function inside its own code, until that has arrived."""

    def __init__(self, key: tuple[str, str]) -> None:
        self._key = key

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return _arrived[self._key](*args, **kwargs)


_arrived: dict[tuple[str, str], Callable[..., Any]] = {}


def _unpack(module: str, name: str, packed: bytes | None) -> Callable[..., Any]:
    if packed is None:
        return _Arriving((module, name))
    function: Callable[..., Any] = pickle.loads(packed)  # noqa: S301 - part of a pickle already
    _arrived[module, name] = function
    return function


def _pack(module: str, name: str, function: Callable[..., Any]) -> bytes | None:
    """Pickle a function by value, with what is at hand for that; None if it cannot be done."""
    packing: set[tuple[str, str]] = _state.__dict__.setdefault("packing", set())
    if (module, name) in packing:
        return None  # The function refers to itself: its code is on the way already.
    packing.add((module, name))
    try:
        return _dump(function)
    except Exception:  # noqa: BLE001 - a function may hold anything; then the name must do
        return None
    finally:
        packing.discard((module, name))


def _dump(function: Callable[..., Any]) -> bytes | None:
    try:
        cloudpickle = import_module("cloudpickle")
    except ImportError:
        # With ``recurse`` dill takes the globals that are used, not all of ``__main__``.
        return bytes(import_module("dill").dumps(function, recurse=True))
    return bytes(cloudpickle.dumps(function))
