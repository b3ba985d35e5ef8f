"""Classes of one kind, those that are there and those that come later.

A class tells those that it derives from when it is made: that is where a watched base looks at it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

_HOOK = "__init_subclass__"


class Family:
    """A class and all that derive from it."""

    def __init__(self, base: type, beside: tuple[type, ...], look: Callable[[type], None]) -> None:
        """Watch nothing yet.

        Args:
            base: The class that the others derive from.
            beside: Classes that such classes often derive from first.
            look: Is shown each class, once it is complete; it must not raise.
        """
        self._base = base
        self._entrances = (base, *beside)
        self._look = look
        self._depth = threading.local()
        self._hooks: list[_Hook] = []

    def watch(self) -> None:
        """Look at all classes that are there, and from now on at each that is made."""
        if not self._hooks:
            self._hooks = [self._hooked(entrance) for entrance in self._entrances]
        for derived in _derived(self._base):
            self._look(derived)

    def leave(self) -> None:
        """Watch no longer; the classes get back what they had."""
        for hook in reversed(self._hooks):
            hook.restore()
        self._hooks = []

    def _hooked(self, owner: Any) -> _Hook:
        original = vars(owner).get(_HOOK)

        def init_subclass(cls: Any, /, **kwargs: Any) -> None:
            self._enter(1)
            try:
                if original is None:
                    super(owner, cls).__init_subclass__(**kwargs)
                else:
                    original.__get__(None, cls)(**kwargs)
            finally:
                self._enter(-1)
            # Not before the outermost is done: it may put something else into the class.
            if self._enter(0) == 0 and issubclass(cls, self._base):
                self._look(cls)

        hook: Any = classmethod(init_subclass)
        setattr(owner, _HOOK, hook)
        return _Hook(owner, original, hook)

    def _enter(self, levels: int) -> int:
        depth: int = getattr(self._depth, "value", 0) + levels
        self._depth.value = depth
        return depth


@dataclass(frozen=True, slots=True)
class _Hook:
    owner: type
    original: Any
    hook: Any

    def restore(self) -> None:
        # Somebody may have put another there in the meantime: theirs stays, and calls ours, which
        # shows classes to who no longer wants to see them.
        if vars(self.owner).get(_HOOK) is not self.hook:
            return
        if self.original is None:
            delattr(self.owner, _HOOK)
        else:
            setattr(self.owner, _HOOK, self.original)


def _derived(base: type) -> Iterator[type]:
    """Yield all classes that derive from a class, each once."""
    seen: set[type] = set()
    waiting = [base]
    while waiting:
        found: list[type] = type.__subclasses__(waiting.pop())
        for derived in found:
            if derived not in seen:
                seen.add(derived)
                waiting.append(derived)
                yield derived
