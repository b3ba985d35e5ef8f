"""Who calls: a tracked library's own code, whose calls are none of the user's, or anybody else."""

from __future__ import annotations

import sys
from types import FrameType

_OURS = "mlmeta_track_"  # what integrations do with a library, they do for us
_silent: set[str] = set()


def package(module: str) -> str:
    """Return the top-level package of a module's dotted name."""
    return module.partition(".")[0]


def silence(*modules: str) -> None:
    """Let the calls that these modules' packages make of tracked functions go unrecorded."""
    _silent.update(map(package, modules))


def is_silent_package(name: str) -> bool:
    """Tell whether a package is a tracked library, records its calls itself, or is one of ours."""
    return name in _silent or name.startswith(_OURS)


def is_silent(depth: int) -> bool:
    """Tell whether a tracked function is called by a package whose calls go unrecorded.

    It is the caller's own frame that counts, so the answer is the same in every thread.

    Args:
        depth: How many frames of ours there are between this and the wrapper.
    """
    frame: FrameType | None = sys._getframe(depth + 1)  # noqa: SLF001 - there is no other way to ask
    while frame is not None:
        name = package(str(frame.f_globals.get("__name__")))
        if name != "wrapt":  # which has frames of its own where it is not compiled
            return is_silent_package(name)
        frame = frame.f_back
    return False
