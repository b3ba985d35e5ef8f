"""What a plugin can do, hook by hook, in the order in which a step meets them.

A plugin is a module that is named in the entry-point group ``mlmeta_track`` and defines any of
these functions, marked with ``hookimpl``.  An implementation names only the arguments it needs.
Loading a plugin's module must be cheap: it must not import the library that it serves.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import pluggy

if TYPE_CHECKING:
    import click

    from mlmeta_track.domain.description import Description

PROJECT = "mlmeta_track"

hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


class Instrumenting:
    """How a library comes to be tracked by itself."""

    @hookspec
    def instrumentors(self) -> Mapping[str, str]:  # type: ignore[empty-body]
        """Return instrumentors by the name that ``autotrack`` knows them by.

        Each is given as ``"module:Class"`` and imported when it is first switched on.
        """


class Describing:
    """How Python values become artifacts."""

    @hookspec(firstresult=True)
    def describe_artifact(self, value: Any) -> Description | None:
        """Say which artifact a value is, or return None if it is none that you know.

        It is asked for every argument and result of a tracked step that is not a scalar: decide by
        ``type(value)``, for ``isinstance`` would load a lazy object, and without importing
        anything.
        """

    @hookspec(firstresult=True)
    def fingerprint(self, value: Any) -> str | None:
        """Return text that is equal for equal contents, in every process, or None.

        It is asked when a description came without a fingerprint.
        """


class Stepping:
    """What happens around a step."""

    @hookspec
    def before_step(self, step: Any) -> None:
        """Look at a step that is about to be recorded as RUNNING."""

    @hookspec
    def after_step(self, step: Any, error: BaseException | None) -> None:
        """Look at a step whose work has ended, before its end is recorded."""


class Commanding:
    """What the command line offers."""

    @hookspec
    def register_commands(self, cli: click.Group) -> None:
        """Add commands to the ``mlmeta-track`` group."""


SPECS = (Instrumenting, Describing, Stepping, Commanding)
