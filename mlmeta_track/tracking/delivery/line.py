"""One process's records on their way, in order: to the store, or to the spool while it is away."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Final

from mlmeta_track.domain.batch import Batch, PutResult
from mlmeta_track.errors import MlmetaTrackError, UnavailableError
from mlmeta_track.tracking.delivery.catching_up import Attempt, CatchUp
from mlmeta_track.tracking.delivery.replaying import (
    GROUP,
    Replayed,
    is_the_batchs_fault,
    replay,
)
from mlmeta_track.tracking.delivery.spool import Item, Spool

if TYPE_CHECKING:
    from mlmeta_track.store.base import Store

WAITS: Final = PutResult()
"""The result of a batch that is safe, and not in the store yet: nothing is known of its ids."""

_logger = logging.getLogger("mlmeta_track")


class Line:
    """The order in which records are written.

    As long as one waits in the spool, all that follow go there too, without asking the store: so
    the user's code waits for a store that is away once, and no record overtakes another.  The
    catching up happens in a thread; when nothing waits any more, records go straight to the store.
    """

    def __init__(
        self,
        store: Callable[[], Store],
        spool: Spool | None,
        *,
        spools_all: bool = False,
        takes_turns: bool = True,
        told: Callable[[Exception], object] = lambda _: None,
    ) -> None:
        """Prepare; nothing is opened.

        Args:
            store: Returns the store, opening it if need be.
            spool: Where records wait; None if what is not taken is an error.
            spools_all: Whether all records go by way of the spool.
            takes_turns: Whether threads write one after the other, as a database has them do, so
                that only one of them meets a database that is away.
            told: Is told why the store is away, whenever it is.
        """
        self._store = store
        self._spool = spool
        self._spools_all = spools_all and spool is not None
        self._takes_turns = takes_turns
        self._is_behind = self._spools_all
        self._has_warned = False
        self._has_looked = False
        self._others_wait = False
        self._told = told
        self._catch_up = CatchUp(self._attempt, self._help_others)
        self._new_locks()

    def forget(self) -> None:
        """Leave what waits to the parent process: this one was just forked."""
        self._new_locks()
        self._catch_up.forget()
        if self._spool is not None:
            self._spool.forget()

    def _new_locks(self) -> None:
        self._order = threading.RLock()
        turn: AbstractContextManager[object] = nullcontext()
        self._turn = self._order if self._takes_turns else turn

    @property
    def is_behind(self) -> bool:
        """Whether something of this process may wait in the spool."""
        return self._is_behind

    def put(self, batch: Batch, task: str) -> PutResult:
        """Write one batch, or have it wait in the spool.

        Raises:
            MlmetaTrackError: It cannot be written, and cannot wait.
        """
        with self._turn:
            if not self._is_behind:
                try:
                    result = self._store().put(batch)
                except Exception as error:
                    if self._spool is None or is_the_batchs_fault(error):
                        raise
                    return self._wait(self._spool, [(batch, task)], error)
                self.look_for_others()
                return result
            assert self._spool is not None  # noqa: S101 - else nothing is ever behind
            return self._wait(self._spool, [(batch, task)])

    def put_many(self, items: Sequence[Item]) -> list[PutResult | Exception]:
        """Write batches together; return for each what came of it."""
        with self._turn:
            if not self._is_behind:
                try:
                    results = self._store().put_many([batch for batch, _ in items])
                except Exception:  # noqa: BLE001 - each will say for itself what is wrong
                    return self._put_each(items)
                self.look_for_others()
                return [*results]
            return self._put_each(items)

    def _put_each(self, items: Sequence[Item]) -> list[PutResult | Exception]:
        outcomes: list[PutResult | Exception] = []
        for i, (batch, task) in enumerate(items):
            if self._is_behind:  # the rest waits together
                return [*outcomes, *self._wait_all(items[i:])]
            try:
                outcomes.append(self.put(batch, task))
            except Exception as error:  # noqa: BLE001 - it is for the caller to say
                outcomes.append(error)
        return outcomes

    def _wait_all(self, items: Sequence[Item]) -> list[PutResult | Exception]:
        assert self._spool is not None  # noqa: S101 - else nothing is ever behind
        try:
            return [self._wait(self._spool, items)] * len(items)
        except Exception:  # noqa: BLE001 - one may be too large, or impossible to encode
            outcomes: list[PutResult | Exception] = []
            for item in items:
                try:
                    outcomes.append(self._wait(self._spool, [item]))
                except Exception as error:  # noqa: BLE001 - it is for the caller to say
                    outcomes.append(error)
            return outcomes

    def save(self, items: Sequence[Item]) -> None:
        """Have batches wait without waiting for a writer that is stuck: the process ends.

        Raises:
            MlmetaTrackError: They cannot wait.
        """
        if self._spool is None:
            message = "The store in memory ends with the process."
            raise UnavailableError(message)
        self._spool.append(items)

    def settle(self, timeout: float | None) -> bool:
        """Try at once to bring what waits to the store, and say whether nothing waits any more."""
        if not self._is_behind or (self._spool is not None and not self._spool.waiting()):
            return True
        return self._catch_up.hurry(timeout)

    def stop(self) -> None:
        """Leave what waits to another process."""
        self._catch_up.stop()

    def fall_behind(self, error: Exception, task: str) -> None:
        """Take note that the store is away, and say so once.

        Raises:
            Exception: The error, if nothing can wait for the store.
        """
        if self._spool is None:
            raise error
        with self._order:
            self._is_behind = True
        self._told(error)
        level = logging.INFO if self._has_warned else logging.WARNING
        self._has_warned = True
        _logger.log(
            level,
            "Could not %s: %s: %s. What is recorded waits in the spool %s, and is written when the"
            " store takes it again, or by: mlmeta-track sync.",
            task,
            type(error).__name__,
            str(error).rstrip("."),
            self._spool.folder,
        )
        self._catch_up.wake()

    def _wait(
        self, spool: Spool, items: Sequence[Item], error: Exception | None = None
    ) -> PutResult:
        with self._order:
            # First what is to wait: if it cannot, the caller says that it is lost.
            try:
                spool.append(items)
            except MlmetaTrackError as full:
                if error is None:
                    raise
                self._is_behind = True
                self._catch_up.wake()
                message = f"{error} And {full}"
                raise type(full)(message) from error
            if error is not None:
                self.fall_behind(error, items[0][1])
            self._is_behind = True
        self._catch_up.wake()
        return WAITS

    def look_for_others(self) -> None:
        """See once whether other processes have left something; then it is written as well."""
        if self._has_looked or self._spool is None:
            return
        self._has_looked = True
        if self._spool.all_waiting():
            self._others_wait = True
            self._catch_up.wake()

    def bring_others(self) -> bool:
        """Write what other processes have left, and say whether it was our turn to do so.

        Raises:
            MlmetaTrackError: The store does not take it now.
            OSError: The spool cannot be read or written.
        """
        if self._spool is None or not self._spool.all_waiting():
            return True
        done = Replayed()
        try:
            return replay(self._store(), self._spool.folder, done)
        finally:
            tell(done, was_behind=False)

    # In the thread that catches up

    def _attempt(self) -> Attempt:
        """Write what waits of this process, as far as the store takes it."""
        assert self._spool is not None  # noqa: S101 - else nothing is ever behind
        done = Replayed()
        was_behind = self._is_behind and not self._spools_all
        try:
            outcome = self._replay_own(self._spool, done)
        except Exception as error:
            _logger.debug("What waits in %s cannot be written.", self._spool.folder, exc_info=error)
            outcome = Attempt.AWAY
        self._others_wait |= was_behind and outcome is Attempt.DONE
        tell(done, was_behind=was_behind and outcome is Attempt.DONE)
        return outcome

    def _help_others(self) -> None:
        """Write what other processes have left, for they may have ended."""
        if not self._others_wait or self._spool is None:
            return
        self._others_wait = False
        try:
            self.bring_others()
        except Exception as error:
            _logger.debug("What waits in %s cannot be written.", self._spool.folder, exc_info=error)

    def _replay_own(self, spool: Spool, done: Replayed) -> Attempt:
        while True:
            begin = done.landed
            if not replay(self._store(), spool.folder, done, process=spool.process):
                return Attempt.BUSY
            if done.landed - begin <= GROUP:
                break
        if self._spools_all:
            return Attempt.DONE
        # What is recorded meanwhile has to wait for the few that are left.
        with self._order:
            if not replay(self._store(), spool.folder, done, process=spool.process):
                return Attempt.BUSY
            self._is_behind = bool(spool.waiting())
        return Attempt.AWAY if self._is_behind else Attempt.DONE


def tell(done: Replayed, *, was_behind: bool) -> None:
    """Log what a replay did."""
    if was_behind:
        _logger.info("The store is back: %d records that waited are written.", done.landed)
    for place in done.damage:
        _logger.warning(
            "Of what waited for the store a part is damaged and was left out: %s", place
        )
    for place in done.refused:
        _logger.warning("Of what waited for the store it refused a part: %s", place)


def within(deadline: float | None) -> float | None:
    """Return how many seconds are left, or None for no end."""
    return None if deadline is None else max(0.0, deadline - time.monotonic())
