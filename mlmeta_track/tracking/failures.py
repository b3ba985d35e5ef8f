"""How a step ended: the state and the facts that an exception leaves behind."""

from __future__ import annotations

import sys
import traceback

from mlmeta_track.domain.nodes import ExecutionState, PropertyValue
from mlmeta_track.tracking.capture import cut, cut_front

LONGEST_TRACEBACK = 16_384
"""Of a longer traceback (characters) the end is kept, where the error is."""


def end_state(error: BaseException | None) -> ExecutionState:
    """Return the state of a step whose work ended with that exception, or with none."""
    if error is None or (isinstance(error, SystemExit) and error.code in (None, 0)):
        return ExecutionState.COMPLETE
    return ExecutionState.CANCELED if _was_stopped(error) else ExecutionState.FAILED


def _was_stopped(error: BaseException) -> bool:
    """Tell whether the work was stopped from outside rather than failing of itself."""
    # asyncio is slow to import, and without it nothing can have been cancelled by it.
    asyncio = sys.modules.get("asyncio")
    cancelled = () if asyncio is None else (asyncio.CancelledError,)
    return isinstance(error, (KeyboardInterrupt, GeneratorExit, *cancelled))


def facts(error: BaseException) -> dict[str, PropertyValue]:
    """Return type, message and traceback of an exception as custom properties."""
    kind = type(error)
    module = "" if kind.__module__ == "builtins" else f"{kind.__module__}."
    return {
        "mlmeta_error_type": f"{module}{kind.__qualname__}",
        "mlmeta_error_message": cut(_message(error)),
        "mlmeta_traceback": _traceback(error),
    }


def _message(error: BaseException) -> str:
    try:
        return str(error)
    except Exception as broken:  # noqa: BLE001 - an exception's own __str__ may raise anything
        return f"(its text cannot be had: {type(broken).__name__})"


def _traceback(error: BaseException) -> str:
    try:
        text = "".join(traceback.format_exception(error))
    except Exception as broken:  # noqa: BLE001 - formatting calls the exception's own __str__
        return f"(it cannot be formatted: {type(broken).__name__})"
    return cut_front(text, LONGEST_TRACEBACK)
