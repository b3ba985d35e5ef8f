"""Functions that take along what they belong to: into another thread, or another process.

Where one runs, it is called as it would be alone, and its exceptions have no frame of ours.
"""

from __future__ import annotations

import os
import pickle
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from mlmeta_track.tracking import active, recorder, surroundings
from mlmeta_track.tracking.context.attaching import belonging, token_here
from mlmeta_track.tracking.context.stores import public_store
from mlmeta_track.tracking.isolation import Guard
from mlmeta_track.tracking.recorder import Recorder
from mlmeta_track.tracking.settings import Settings
from mlmeta_track.tracking.tokens import Token

_REMEMBERED = 256
# Never strict: a mistake of ours must not come out of the user's function.
_guard = Guard()


@dataclass(frozen=True, slots=True)
class Parcel:
    """What is sent to a process of the same user: its settings may hold a password.

    Args:
        token: What the function belongs to.
        settings: Those of the process that has sent it.
        sender: That process.
    """

    token: Token
    settings: Settings
    sender: int


class Carried:
    """A function, and what it belongs to."""

    __slots__ = ("_around", "_function", "_parcel")

    def __init__(
        self,
        function: Callable[..., Any],
        around: AbstractContextManager[None] | None,
        parcel: bytes = b"",
    ) -> None:
        """Take a function along.

        Args:
            function: The function.
            around: What it is called inside; None is what the parcel says.
            parcel: A pickled ``Parcel``, if it goes to another process.
        """
        self._function = function
        self._around = around
        self._parcel = parcel

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call the function."""
        around = unpacked(self._parcel) if self._around is None else self._around
        try:
            with around:
                return self._function(*args, **kwargs)
        except BaseException as error:
            error.__traceback__ = error.__traceback__ and error.__traceback__.tb_next
            raise

    def __reduce__(self) -> tuple[Any, ...]:
        """Go to another process."""
        return Carried, (self._function, None, self._parcel)


def within_process(function: Callable[..., Any], values: active.Values) -> Carried:
    """Return a function that belongs to what other code of this process does."""
    return Carried(function, active.belonging(values))


def to_another_process(function: Callable[..., Any], writer: Recorder) -> Carried:
    """Return a function that takes along what the code that is running now belongs to."""
    parcel = Parcel(token_here(writer), writer.settings, os.getpid())
    return Carried(function, None, pickle.dumps(parcel))


@lru_cache(maxsize=_REMEMBERED)
def unpacked(parcel: bytes) -> AbstractContextManager[None]:
    """Return a ``with`` block whose steps belong to what a parcel says."""
    with _guard("find what a function belongs to"):
        sent: Parcel = pickle.loads(parcel)  # noqa: S301 - it came together with the function
        writer = _recorder_of(sent)
        return belonging(sent.token, None if writer is recorder.of_process() else writer)
    return nullcontext()


def _recorder_of(sent: Parcel) -> Recorder:
    """Return the recorder that a process has set up for itself, or one with the sender's settings.

    A process that records nothing yet records from then on as the sender does.
    """
    if recorder.is_set_up_here():
        writer = recorder.of_process()
        surroundings.tell_of_store(sent.token, writer)
        return writer
    writer = recorder.for_settings(sent.settings)
    if public_store(sent.settings.store) is None and sent.sender != os.getpid():
        surroundings.tell_once(
            f"Process {sent.sender} records to a store in its own memory: what other processes"
            " record for it is lost. Name a store on a file or a server."
        )
    recorder.install_if_none(writer)
    return writer
