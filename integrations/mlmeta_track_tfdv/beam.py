"""Beam pipelines of the user's that use TFDV's PTransforms, recorded when they run.

A pipeline that is built and never run is not recorded.  When one is run, its graph is read; how it
ended is known when somebody waits for it, as the end of a ``with`` block does.  Each application of
a transform is one execution.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from functools import partial
from types import FrameType
from typing import Any
from weakref import WeakKeyDictionary

from mlmeta_track.domain.nodes import ExecutionState
from mlmeta_track.tracking.instrument import (
    TrackedFunction,
    guarded,
    is_held_off,
    is_silent_package,
)
from mlmeta_track_tfdv.beam_graph import applied_in
from mlmeta_track_tfdv.beam_steps import PipelineRun

Track = Callable[[type, TrackedFunction], None]
"""Wraps a method of a class, as a row of that name says, until tracking is switched off."""

_FINAL: Mapping[str, ExecutionState] = {
    "DONE": ExecutionState.COMPLETE,
    "DRAINED": ExecutionState.COMPLETE,
    "FAILED": ExecutionState.FAILED,
    "CANCELLED": ExecutionState.CANCELED,
    "UPDATED": ExecutionState.CANCELED,  # Another job goes on in its place.
}
"""The states in which nothing happens to a pipeline any more, in Beam's words."""

_WAITING = ("wait_until_finish", "cancel")
_PASSED = frozenset({"apache_beam", "mlmeta_track", "mlmeta_track_tfdv", "wrapt"})
_RESULTS = "apache_beam.runners.runner"

# While a pipeline runs, Beam may run a copy of it, or parts: that is the same run.
_inside: ContextVar[bool] = ContextVar("mlmeta_track_tfdv_pipeline", default=False)


class PipelineRuns:
    """The runs of pipelines that are going on."""

    def __init__(self, track: Track) -> None:
        """Know of none.

        Args:
            track: Wraps the methods by which one waits for the end of a run.
        """
        self._track = track
        self._by_result: WeakKeyDictionary[Any, PipelineRun] = WeakKeyDictionary()
        self.rows = (
            TrackedFunction(name="Pipeline.run", module="apache_beam.pipeline", around=self.run),
        )
        """What is wrapped of Beam."""

    def run(self, wrapped: Any, pipeline: Any, args: Any, kwargs: Any) -> Any:
        """Run a pipeline, and record that if it uses TFDV and the user runs it."""
        run = _begun(pipeline)
        if run is None:
            return wrapped(*args, **kwargs)
        token = _inside.set(True)
        try:
            result = wrapped(*args, **kwargs)
        except BaseException as error:
            run.end(error=error)
            raise
        finally:
            _inside.reset(token)
        self._await(run, result)
        return result

    def wait(self, wrapped: Any, result: Any, args: Any, kwargs: Any) -> Any:
        """Wait for a run's end, or cancel it, and record how it ended if it has."""
        try:
            returned = wrapped(*args, **kwargs)
        except BaseException as error:
            # Asking a service takes time, which nobody has who interrupts.
            ask = partial(getattr, result, "state") if isinstance(error, Exception) else None
            self._end(result, ask or partial(_known_state, result), error)
            raise
        self._end(result, lambda: returned if returned in _FINAL else _known_state(result))
        return returned

    def _await(self, run: PipelineRun, result: Any) -> None:
        with guarded("record the end of a pipeline"):
            state = _known_state(result)
            if state in _FINAL:
                run.end(_FINAL[state], state, result)
                return
            self._by_result[result] = run
            for name in _WAITING:
                self._track(type(result), TrackedFunction(name=name, around=self.wait))

    def _end(self, result: Any, ask: Callable[[], Any], error: BaseException | None = None) -> None:
        try:
            with guarded("record the end of a pipeline"):
                run = self._by_result.get(result)
                state = "" if run is None else str(ask())
                if run is not None and state in _FINAL:
                    del self._by_result[result]
                    run.end(_FINAL[state], state, result, error=error)
        except Exception:
            # In strict mode what was lost is raised, but never in place of the user's exception.
            if error is None:
                raise


def _begun(pipeline: Any) -> PipelineRun | None:
    """Record that a pipeline begins to run; None if it is not to be recorded."""
    if _inside.get() or is_held_off() or not _is_run_by_user():
        return None
    with guarded("record the run of a pipeline"):
        run = PipelineRun(pipeline, applied_in(pipeline))
        return run if run.start() else None
    return None


def _is_run_by_user() -> bool:
    """Tell whether it is the user who runs a pipeline, and no library that records that itself."""
    frame: FrameType | None = sys._getframe(1)  # noqa: SLF001 - there is no other way to ask
    while frame is not None:
        package = str(frame.f_globals.get("__name__")).partition(".")[0]
        if package not in _PASSED:
            return not is_silent_package(package)
        frame = frame.f_back
    return True


def _known_state(result: Any) -> Any:
    """Return a run's state as it is known here, without asking the service that runs it."""
    base = getattr(sys.modules.get(_RESULTS), "PipelineResult", None)
    is_asked = base is None or getattr(type(result), "state", None) is not base.state
    return None if is_asked else result.state
