"""The guard between our errors and the user's code: tracking may lose a record, never a run."""

from __future__ import annotations

import logging
from types import TracebackType

from mlmeta_track.errors import MlmetaTrackError
from mlmeta_track.tracking.redaction import logs
from mlmeta_track.tracking.redaction.rules import in_force
from mlmeta_track.tracking.redaction.texts import clean

_logger = logging.getLogger("mlmeta_track")
logs.protect_ours()


class Guard:
    """Keeps every error of ours away from the user's code.

    The first failure is logged as a warning that says what was lost; further ones are counted in
    ``failures`` and logged at level DEBUG.  With ``strict``, a failure is raised as a
    ``MlmetaTrackError`` instead.
    """

    def __init__(self, *, strict: bool = False) -> None:
        """Guard, or with ``strict`` let everything through."""
        self.strict = strict
        self.failures = 0

    def __call__(self, task: str) -> _Guarded:
        """Return a ``with`` block for a task of ours, such as ``"record the step 'train'"``."""
        return _Guarded(self, task)

    def report(self, task: str, error: Exception) -> None:
        """Say that a task of ours failed, or raise it if strict."""
        if self.strict:
            if isinstance(error, MlmetaTrackError):
                raise error
            message = clean(f"Could not {task}: {type(error).__name__}: {error}", in_force())
            raise MlmetaTrackError(message) from error
        self.failures += 1
        if self.failures == 1:
            _logger.warning(
                "Could not %s: %s: %s. Your code goes on without this record; further losses of"
                " this process are only counted. Raise them instead with strict=True.",
                task,
                type(error).__name__,
                str(error).rstrip("."),
            )
        _logger.debug("Could not %s.", task, exc_info=error)


class _Guarded:
    """One guarded block; a class, because it stands around every step."""

    __slots__ = ("_guard", "_task")

    def __init__(self, guard: Guard, task: str) -> None:
        self._guard = guard
        self._task = task

    def __enter__(self) -> None:
        pass

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> bool:
        # KeyboardInterrupt and its like are the user's, also when they meet our code.
        if not isinstance(error, Exception):
            return False
        self._guard.report(self._task, error)
        return True
