"""What a plugin can do, hook by hook, in the order in which a step meets them.

A plugin is a module that is named in the entry-point group ``mlmeta_track`` and defines any of
these functions, marked with ``hookimpl``.  An implementation names only the arguments it needs.
Loading a plugin's module must be cheap: it must not import the library that it serves.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pluggy

if TYPE_CHECKING:
    import click

    from mlmeta_track.domain.batch import Batch
    from mlmeta_track.domain.description import Description

PROJECT = "mlmeta_track"

hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


class Instrumenting:
    """How a library comes to be tracked by itself."""

    @hookspec
    def instrumentors(self) -> Mapping[str, str | tuple[str, ...]]:  # type: ignore[empty-body]
        """Return instrumentors by the name that ``autotrack`` knows them by.

        Each is given as ``"module:Class"`` and imported when it is first switched on; or as a tuple
        of that and the libraries without which it has nothing to do, and imported when one of these
        is.
        """


class Carrying:
    """How what an engine runs elsewhere belongs to what it was sent from."""

    @hookspec(firstresult=True)
    def find_context(self) -> str | None:
        """Return the token of what the code that is running now was sent from by an engine.

        It is the text that ``context_token`` returned where the work was sent from; ``""`` if the
        work was sent from nowhere, and None if no engine of yours runs it.  It is asked often, in
        every process: look into ``sys.modules`` for the engine first.
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


class Keeping:
    """How what is only in memory is kept in a file, and read from it again."""

    @hookspec(firstresult=True)
    def save_payload(self, value: Any, folder: Path) -> str | None:
        """Write a value into a file and return the file's name, or None if you do not know it.

        It is asked for what a step made in memory, where ``capture`` is ``payload``.  The folder is
        on this machine, and empty; write one file, with the same name and bytes for equal contents.
        What goes wrong may be raised: it costs this payload and nothing else.
        """

    @hookspec(firstresult=True)
    def load_payload(self, type_name: str, path: Path) -> Any:
        """Return the value that lies in a file or folder, or None if it is none of yours.

        It is asked by ``load``, with the name of the artifact's type.  A file that should be yours
        and cannot be read raises.
        """


class Stepping:
    """What happens around a step."""

    @hookspec
    def before_step(self, step: Any) -> None:
        """Look at a step that is about to be recorded as RUNNING."""

    @hookspec
    def after_step(self, step: Any, error: BaseException | None) -> None:
        """Look at a step whose work has ended, before its end is recorded."""


class Exporting:
    """How what was recorded is told in other vocabularies."""

    @hookspec
    def export_formats(self) -> Mapping[str, str]:  # type: ignore[empty-body]
        """Return formats for ``mlmeta-track export``: a name, and ``"module:function"``.

        The function is given a ``Selection`` of ``mlmeta_track.domain.selection`` and a function
        that reads what is inside an artifact, and yields the text piece by piece.
        """

    @hookspec
    def batch_recorded(self, batch: Batch, exports: Sequence[str]) -> None:
        """Look at a batch that was recorded, where the setting ``export`` names something.

        It is called once when a step starts and once when it ends, after secrets were taken out.
        Return at once: the user's code waits.
        """


class Commanding:
    """What the command line offers."""

    @hookspec
    def register_commands(self, cli: click.Group) -> None:
        """Add commands to the ``mlmeta-track`` group."""


SPECS = (Instrumenting, Carrying, Describing, Keeping, Stepping, Exporting, Commanding)
