"""The steps that are under way in this process, so that they can be ended when it ends."""

from __future__ import annotations

import time
from collections.abc import Hashable
from typing import Final, Protocol

_LOOK_SECONDS: Final = 0.01

SIGNALED: Final = "SIGTERM"
EXITED: Final = "process exit"
ABANDONED: Final = "abandoned"
"""What stands in ``mlmeta_error_type`` where it is no exception that ended a step."""


class UnderWay(Protocol):
    """What is told of the end of its process: a step."""

    @property
    def lease(self) -> Hashable:
        """The run that it belongs to; all steps of one have one heartbeat."""

    def beat(self) -> None:
        """Say in its run that this process is alive."""

    def break_off(self, kind: str, message: str) -> None:
        """End it, as canceled, unless it has come to its own end."""


_steps: dict[int, UnderWay] = {}


def add(step: UnderWay) -> None:
    """Take note that a step has begun."""
    _steps[id(step)] = step


def remove(step: UnderWay) -> None:
    """Take note that a step has ended, and that its end is written."""
    _steps.pop(id(step), None)


def one_of_each_run() -> list[UnderWay]:
    """Return a step of each run that has some under way."""
    return list({step.lease: step for step in _all()}.values())


def break_off_all(kind: str, message: str) -> None:
    """End all that is under way, the inner steps before those around them."""
    for step in reversed(_all()):
        step.break_off(kind, message)


def wait_for_ends(seconds: float) -> None:
    """Wait until the ends that others are just writing are written."""
    deadline = time.monotonic() + seconds
    while _steps and time.monotonic() < deadline:
        time.sleep(_LOOK_SECONDS)


def forget() -> None:
    """Leave everything to the parent process: this one was just forked."""
    _steps.clear()


def _all() -> list[UnderWay]:
    return list(_steps.values())
