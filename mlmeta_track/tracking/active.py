"""Which step, run and experiment the code that is running now belongs to."""

from __future__ import annotations

from contextvars import ContextVar, Token
from types import TracebackType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mlmeta_track.tracking.recorder import Recorder
    from mlmeta_track.tracking.runs import Experiment, Run
    from mlmeta_track.tracking.steps import Step

step: ContextVar[Step | None] = ContextVar("mlmeta_track_step", default=None)
run: ContextVar[Run | None] = ContextVar("mlmeta_track_run", default=None)
experiment: ContextVar[Experiment | None] = ContextVar("mlmeta_track_experiment", default=None)
parent: ContextVar[str | None] = ContextVar("mlmeta_track_parent", default=None)
"""The external id of an execution in another process; "" is none, None that nobody has said."""
recorder: ContextVar[Recorder | None] = ContextVar("mlmeta_track_recorder", default=None)
"""Where it is recorded, if that is not where the process records."""
_held_off: ContextVar[bool] = ContextVar("mlmeta_track_held_off", default=False)


_everywhere: list[object] = []  # what holds it off in all threads


def is_held_off() -> bool:
    """Tell whether automatic tracking is held off here, as it is inside a tracked call."""
    return _held_off.get() or bool(_everywhere)


class Scope:
    """A ``with`` block in which context variables have other values; may be entered again.

    Several threads, tasks or contexts may be inside at the same time.
    """

    __slots__ = ("_entries", "_values")

    def __init__(self, *values: tuple[ContextVar[Any], Any]) -> None:
        """Prepare to set each variable to its value."""
        self._values = values
        self._entries: list[list[Token[Any]]] = []

    def __enter__(self) -> None:
        """Set the variables."""
        self._entries.append([variable.set(value) for variable, value in self._values])

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Give the variables their earlier values again."""
        for entry in reversed(tuple(self._entries)):
            if _leave(entry):
                self._entries.remove(entry)
                return
        # Left in another context than entered, as a coroutine may be that is closed by the garbage
        # collector: that context never saw our values.
        self._entries.pop()


def _leave(entry: list[Token[Any]]) -> bool:
    """Undo what was set; False if that was in another context."""
    try:
        for token in reversed(entry):
            token.var.reset(token)
    except ValueError:
        return False
    return True


Values = tuple[Any, ...]
"""What code belongs to: the values of the variables that say so."""

_BELONGING: tuple[ContextVar[Any], ...] = (step, run, experiment, parent, recorder)
NOTHING: Values = (None,) * len(_BELONGING)


def here() -> Values:
    """Return what the code that is running now belongs to."""
    # Spelled out, for every call asks: the order is that of `_BELONGING`.
    return (step.get(), run.get(), experiment.get(), parent.get(), recorder.get())


def belonging(values: Values) -> Scope:
    """Return a ``with`` block whose code belongs to what other code did."""
    return Scope(*zip(_BELONGING, values, strict=True))


def belong(values: Values) -> None:
    """Let all that follows in this context belong to what other code did."""
    for variable, value in zip(_BELONGING, values, strict=True):
        variable.set(value)


class Suppress:
    """Hold automatic tracking off: ``with mt.suppress(): ...``.

    Library calls inside the block are not recorded by themselves; steps of your own are.  It holds
    for the code in the block and for what runs in its context: coroutines and their tasks,
    ``asyncio.to_thread``.  A thread starts with a context of its own, so that what the block starts
    in threads, as Beam's runners do, needs ``all_threads``.

    Args:
        all_threads: Hold it off in every thread of this process, until the block is left.
    """

    def __init__(self, *, all_threads: bool = False) -> None:
        """Prepare to hold it off; nothing happens before the block is entered."""
        self._scope = Scope((_held_off, True))
        self._all_threads = all_threads

    def __enter__(self) -> None:
        """Hold it off."""
        self._scope.__enter__()
        if self._all_threads:
            _everywhere.append(self)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Let it go on as before."""
        if self._all_threads:
            _everywhere.remove(self)
        self._scope.__exit__(kind, error, traceback)


def inside(current: Step, *, holds_off: bool = False) -> Scope:
    """Return a ``with`` block whose code belongs to a step.

    With ``holds_off``, automatic tracking is held off in it: what a tracked library function calls
    of its own library is not the user's call.
    """
    return Scope((step, current), (_held_off, True)) if holds_off else Scope((step, current))
