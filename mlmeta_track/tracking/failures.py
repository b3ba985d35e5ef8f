"""How a step ended: the state and the facts that an exception leaves behind."""

from __future__ import annotations

import os
import re
import sys
import traceback

from mlmeta_track.domain.nodes import ExecutionState, PropertyValue
from mlmeta_track.tracking.capture import cut, cut_front

LONGEST_TRACEBACK = 16_384
"""Of a longer traceback (characters) the end is kept, where the error is."""

_OURS = re.compile(r"mlmeta_track(_\w+)?")


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
        told = traceback.TracebackException.from_exception(error, compact=True)
        _leave_out_ours(told)
        text = "".join(told.format())
    except Exception as broken:  # noqa: BLE001 - formatting calls the exception's own __str__
        return f"(it cannot be formatted: {type(broken).__name__})"
    return cut_front(text, LONGEST_TRACEBACK)


def _leave_out_ours(told: traceback.TracebackException) -> None:
    """Leave our own frames out, which say nothing of what failed, in all that led to the error."""
    folders = _our_folders()
    waiting: list[traceback.TracebackException | None] = [told]
    while waiting:
        one = waiting.pop()
        if one is not None:
            waiting += [one.__cause__, one.__context__, *(getattr(one, "exceptions", None) or ())]
            theirs = [frame for frame in one.stack if not frame.filename.startswith(folders)]
            one.stack[:] = theirs or one.stack  # What we raise ourselves has nothing else.


def _our_folders() -> tuple[str, ...]:
    """Return the folders of this package and of the integrations that are in use."""
    names = [name for name in list(sys.modules) if _OURS.fullmatch(name)]
    files = [getattr(sys.modules.get(name), "__file__", None) for name in names]
    return tuple(os.path.join(os.path.dirname(file), "") for file in files if file)  # noqa: PTH118, PTH120
