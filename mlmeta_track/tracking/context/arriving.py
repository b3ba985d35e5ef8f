"""Context that an engine brings along: found when the code that it runs records something."""

from __future__ import annotations

from contextvars import ContextVar
from typing import Final

from mlmeta_track.plugins import hooks
from mlmeta_track.tracking.context.attaching import Attach, leave
from mlmeta_track.tracking.isolation import Guard

_UNKNOWN: Final = None
_NOTHING: Final = ""
_arrived: ContextVar[str] = ContextVar("mlmeta_track_arrived", default=_NOTHING)
# Never strict: what an engine hands over is not what the code that runs has asked for.
_guard = Guard()


def arrive() -> None:
    """Let the code that is running now belong to what it was sent from, if an engine knows that.

    It lasts until the same thread, or another task in it, runs what was sent from elsewhere.
    """
    with _guard("find the context that an engine has brought"):
        token: str | None = hooks.call("find_context")
        if token is _UNKNOWN or token == _arrived.get():
            return
        _arrived.set(token)
        leave()
        if token != _NOTHING:
            Attach(token).__enter__()
