"""Module-level functions that act on the step, or the store, of the code that is running now."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from mlmeta_track.errors import InvalidArgumentError
from mlmeta_track.tracking import active, recorder

if TYPE_CHECKING:
    from mlmeta_track.store.base import Store
    from mlmeta_track.tracking.artifacts import Artifact
    from mlmeta_track.tracking.steps import Step

ValueT = TypeVar("ValueT")


def log_input(
    value: ValueT, artifact: Artifact | None = None, *, name: str | None = None
) -> ValueT:
    """Record that the current step uses an artifact, and return the value; see ``Step.input``."""
    step = _current_step("log_input")
    return value if step is None else step.input(value, artifact, name=name)


def log_output(
    value: ValueT, artifact: Artifact | None = None, *, name: str | None = None
) -> ValueT:
    """Record that the current step makes an artifact, and return the value; see ``Step.output``."""
    step = _current_step("log_output")
    return value if step is None else step.output(value, artifact, name=name)


def log_params(params: Mapping[str, Any]) -> None:
    """Record parameters of the current step."""
    step = _current_step("log_params")
    if step is not None:
        step.log_params(params)


def log_metrics(metrics: Mapping[str, float]) -> None:
    """Record metrics of the current step."""
    step = _current_step("log_metrics")
    if step is not None:
        step.log_metrics(metrics)


def get_store() -> Store:
    """Return the store that this process records to, to read from it.

    Raises:
        UnavailableError: It cannot be reached.
        FailedPreconditionError: It is no store of MLMD, or has another schema version.
    """
    return recorder.current().store


def flush(timeout: float | None = None) -> bool:
    """Write all that was recorded before, and say whether all of it is in the store.

    What a store that is away does not take stays in the spool.

    Args:
        timeout: How many seconds to wait at most; None waits as long as it takes.

    Raises:
        MlmetaTrackError: With ``strict`` and writing in the background, what could not be written.
    """
    return recorder.current().delivery.flush(timeout)


def _current_step(function: str) -> Step | None:
    """Return the current step; without one, say so once."""
    step = active.step.get()
    writer = recorder.current()
    if step is not None and not step.is_of_this_process:
        step = None  # It is the parent's, and this process was forked inside it.
    if step is None and not writer.settings.disabled:
        message = f"{function} was called outside of a step; call it inside one (mt.step)"
        writer.guard.report(f"follow {function}()", InvalidArgumentError(message))
    return step
