"""The way out of tracking: every batch is written now, written soon, or waits in the spool."""

from __future__ import annotations

import atexit
import logging
import os
import sys
import time
import weakref
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final

from mlmeta_track.domain.batch import Batch, PutResult
from mlmeta_track.errors import MlmetaTrackError
from mlmeta_track.tracking.delivery.background import Background, Entry
from mlmeta_track.tracking.delivery.line import WAITS, Line, within
from mlmeta_track.tracking.delivery.places import store_folder, store_place
from mlmeta_track.tracking.delivery.spool import Spool
from mlmeta_track.tracking.isolation import Guard
from mlmeta_track.tracking.settings import BACKGROUND, DIRECT, JOURNAL, Settings

if TYPE_CHECKING:
    from mlmeta_track.store.base import Store

EXIT_SECONDS: Final = 5.0
"""How long a process that ends waits for a store that is away; what is left goes to the spool."""

_EXIT_PRIORITY = 5

_logger = logging.getLogger("mlmeta_track")


class Delivery:
    """Writes the batches of one recorder as its settings say."""

    def __init__(self, settings: Settings, guard: Guard, store: Callable[[], Store]) -> None:
        """Prepare; nothing is opened or written.

        Args:
            settings: ``write`` says how, ``spool_dir`` and ``spool_mb`` where records wait.
            guard: Is told of records that are lost.
            store: Returns the store, opening it if need be.
        """
        self._guard = guard
        self._errors: list[MlmetaTrackError] = []
        self._line = Line(
            store,
            _spool(settings),
            spools_all=settings.write == JOURNAL,
            takes_turns=not settings.store.startswith("grpc"),
            told=self._note_away if settings.strict else _nobody,
        )
        self._is_watched = False
        is_later = settings.write == BACKGROUND
        self._background = Background(self._write) if is_later else None
        self._queue = self._background
        _deliveries.add(self)

    @property
    def is_settled(self) -> bool:
        """Whether all is written at once, so that the store has what was put before."""
        return self._queue is None and not self._line.is_behind

    def put(
        self, batch: Batch, task: str, landed: Callable[[PutResult], object] | None = None
    ) -> PutResult:
        """Write a batch, or take care that it will be.

        Args:
            batch: The batch.
            task: What it is to record, for messages.
            landed: Is told what came of it, if it is written later in this process.

        Returns:
            What the store made of it; nothing yet, if it is written later.

        Raises:
            MlmetaTrackError: It can never be written, or can neither be written nor wait.
        """
        if not self._is_watched:
            _watch_exit()
            self._is_watched = True
        if self._queue is not None:
            self._queue.put((batch, task, landed))
            return WAITS
        return self._line.put(batch, task)

    def store_is_away(self, error: Exception, task: str) -> None:
        """Take note that the store could not be opened.

        Raises:
            Exception: The error, if nothing can wait for the store.
        """
        self._line.fall_behind(error, task)

    def look_for_others(self) -> None:
        """See whether earlier processes have left something in the spool, and have it written."""
        self._line.look_for_others()

    def flush(self, timeout: float | None = None) -> bool:
        """Write all that was put before, and say whether all of it is in the store.

        Args:
            timeout: How many seconds to wait at most.

        Raises:
            MlmetaTrackError: With ``strict``, what could not be written.
        """
        deadline = None if timeout is None else time.monotonic() + timeout
        is_written = self._background is None or self._background.flush(timeout)
        is_settled = self._line.settle(within(deadline))
        if self._errors:
            raise self._errors.pop(0)
        return is_written and is_settled

    def bring_all(self, timeout: float | None = None) -> bool:
        """Write all that was put before, and what other processes have left in the spool.

        Args:
            timeout: How many seconds to wait at most for what this process has put.

        Returns:
            Whether all of it is in the store; false if another process is at it just now.

        Raises:
            MlmetaTrackError: The store does not take what others have left now.
            OSError: The spool cannot be read or written.
        """
        return self.flush(timeout) and self._line.bring_others()

    def close(self, timeout: float = EXIT_SECONDS) -> None:
        """Write all that was put before, or have it wait in the spool; later puts are direct."""
        deadline = time.monotonic() + timeout
        background, self._queue = self._background, None
        if background is not None and not background.flush(timeout):
            self._save(background.rest())
        self._line.settle(within(deadline))
        self._line.stop()
        while self._errors:
            _logger.error("Could not write what was recorded: %s", self._errors.pop(0))

    def forget(self) -> None:
        """Leave what waits to the parent process: this one was just forked."""
        self._is_watched = False
        self._line.forget()
        if self._background is not None:
            self._background.forget()

    def _write(self, entries: Sequence[Entry]) -> None:
        """Write what was queued; what cannot be written is reported."""
        outcomes = self._line.put_many([(batch, task) for batch, task, _ in entries])
        for (_, task, landed), outcome in zip(entries, outcomes, strict=True):
            if isinstance(outcome, Exception):
                self._report(task, outcome)
            elif landed is not None:
                landed(outcome)

    def _save(self, entries: Sequence[Entry]) -> None:
        try:
            self._line.save([(batch, task) for batch, task, _ in entries])
        except Exception as error:  # noqa: BLE001 - of any kind: nothing else is left to be done
            for _, task, _ in entries:
                self._report(task, error)

    def _note_away(self, error: Exception) -> None:
        if isinstance(error, MlmetaTrackError):
            self._errors.append(error)

    def _report(self, task: str, error: Exception) -> None:
        try:
            self._guard.report(task, error)
        except MlmetaTrackError as strict:  # there is nobody here who could be told
            self._errors.append(strict)


def _nobody(_: Exception) -> None:
    """Take no note: the log tells."""


def _spool(settings: Settings) -> Spool | None:
    """Return where records wait; nowhere for a store in memory, or if the caller is to know."""
    folder, place = store_folder(settings), store_place(settings.store)
    if folder is None or place is None or settings.disabled:
        return None
    if settings.strict and settings.write == DIRECT:
        return None
    return Spool(folder, place, settings.spool_mb)


# However a process ends, short of being killed, what waits in its memory is written or spooled.

_deliveries: weakref.WeakSet[Delivery] = weakref.WeakSet()
_watched: set[int] = set()


def _close_all() -> None:
    for delivery in list(_deliveries):
        delivery.close()


def _watch_exit() -> None:
    """See to it that nothing is left in memory when this process ends, in whatever way it does.

    ``multiprocessing`` ends its workers without what is registered with ``atexit``.
    """
    if os.getpid() in _watched:
        return
    if not _watched:
        atexit.register(_close_all)
    _watched.add(os.getpid())
    process = sys.modules.get("multiprocessing.process")
    if process is not None and process.parent_process() is not None:
        from multiprocessing.util import Finalize  # noqa: PLC0415 - it is there by then

        Finalize(None, _close_all, exitpriority=_EXIT_PRIORITY)


def _forget_all() -> None:
    for delivery in list(_deliveries):
        delivery.forget()


if sys.platform != "win32":
    os.register_at_fork(after_in_child=_forget_all)
