"""Where a library's functions stand, and how something else comes to stand there for a while."""

from __future__ import annotations

import inspect
import sys
from dataclasses import dataclass
from types import FrameType, ModuleType
from typing import Any


@dataclass(frozen=True, slots=True)
class Place:
    """A name in a module or a class, and what stands there.

    Args:
        owner: The module or class.
        name: The name in it.
        value: What stands there: a function as it is stored, so that a static method of a class is
            a ``staticmethod``.
        is_own: Whether it stands there itself, and is not a method that the class inherits.
    """

    owner: Any
    name: str
    value: Any
    is_own: bool = True

    def put(self, value: object) -> None:
        """Put something else there."""
        setattr(self.owner, self.name, value)

    def holds(self, value: object) -> bool:
        """Tell whether that very object stands there now."""
        return vars(self.owner).get(self.name) is value

    def restore(self) -> None:
        """Put back what stood there."""
        if self.is_own:
            setattr(self.owner, self.name, self.value)
        else:
            delattr(self.owner, self.name)


def find(module: ModuleType, dotted: str) -> Place | None:
    """Return where a function or method stands; None if this version has no such thing.

    Args:
        module: The module.
        dotted: ``function``, or ``Class.method``.
    """
    *path, name = dotted.split(".")
    owner: Any = module
    for part in path:
        owner = getattr(owner, part, None)
    if owner is module:
        value = getattr(module, name, None)
        return None if value is None else Place(module, name, value)
    return in_class(owner, name) if isinstance(owner, type) else None


def in_class(owner: type, name: str) -> Place | None:
    """Return where a method of a class stands, which it may inherit; None if it has none."""
    value = inspect.getattr_static(owner, name, None)
    return None if value is None else Place(owner, name, value, is_own=name in vars(owner))


def where_defined(function: Any) -> Place | None:
    """Return where a function stands in the module that defines it; None if it is not there."""
    module = sys.modules.get(str(getattr(function, "__module__", None)))
    name = getattr(function, "__name__", None)
    if module is None or not isinstance(name, str) or vars(module).get(name) is not function:
        return None
    return Place(module, name, function)


def is_function(value: object) -> bool:
    """Tell whether what stands somewhere is called as a function is: no class, no plain value."""
    if isinstance(value, (staticmethod, classmethod)):
        return True
    return callable(value) and not isinstance(value, type)


def is_method(value: object) -> bool:
    """Tell whether what stands in a class is a method, maybe one that some instances lack."""
    is_descriptor = hasattr(type(value), "__get__")
    return is_function(value) or (is_descriptor and callable(getattr(value, "__wrapped__", None)))


def is_executing(module: str) -> bool:
    """Tell whether this thread is inside the import of a module, which may lack anything yet."""
    found = sys.modules.get(module)
    frame: FrameType | None = None if found is None else sys._getframe(1)  # noqa: SLF001
    while frame is not None:
        if frame.f_code.co_name == "<module>" and frame.f_globals is vars(found):
            return True
        frame = frame.f_back
    return False
