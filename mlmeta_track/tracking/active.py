"""Which step, run and experiment the code that is running now belongs to."""

from __future__ import annotations

from contextvars import ContextVar, Token
from types import TracebackType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mlmeta_track.tracking.runs import Experiment, Run
    from mlmeta_track.tracking.steps import Step

step: ContextVar[Step | None] = ContextVar("mlmeta_track_step", default=None)
run: ContextVar[Run | None] = ContextVar("mlmeta_track_run", default=None)
experiment: ContextVar[Experiment | None] = ContextVar("mlmeta_track_experiment", default=None)
_held_off: ContextVar[bool] = ContextVar("mlmeta_track_held_off", default=False)


def is_held_off() -> bool:
    """Tell whether automatic tracking is held off here, as it is inside a tracked call."""
    return _held_off.get()


class Scope:
    """A ``with`` block in which context variables have other values; may be entered again."""

    __slots__ = ("_tokens", "_values")

    def __init__(self, *values: tuple[ContextVar[Any], Any]) -> None:
        """Prepare to set each variable to its value."""
        self._values = values
        self._tokens: list[Token[Any]] = []

    def __enter__(self) -> None:
        """Set the variables."""
        self._tokens.extend(variable.set(value) for variable, value in self._values)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Give the variables their earlier values again."""
        for variable, _ in reversed(self._values):
            try:
                variable.reset(self._tokens.pop())
            except ValueError:
                # Left in another context than entered, as a coroutine may be that is closed by
                # the garbage collector: that context never saw our value.
                continue


def inside(current: Step, *, holds_off: bool = False) -> Scope:
    """Return a ``with`` block whose code belongs to a step.

    With ``holds_off``, automatic tracking is held off in it: what a tracked library function calls
    of its own library is not the user's call.
    """
    return Scope((step, current), (_held_off, True)) if holds_off else Scope((step, current))
