"""The thread that tries, again and again, to bring what waits to the store."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from enum import Enum
from typing import Final

LINGER_SECONDS: Final = 0.02
"""How long records are gathered before they are written together."""

FIRST_PAUSE_SECONDS: Final = 0.2
LONGEST_PAUSE_SECONDS: Final = 30.0
"""How long it waits before the store is tried again: twice as long each time."""

_BUSY_SECONDS = 0.1


class Attempt(Enum):
    """How an attempt ended: all is written, another process is at it, or the store is away."""

    DONE = "done"
    BUSY = "busy"
    AWAY = "away"


class CatchUp:
    """Attempts in a thread of their own, which starts when it is first needed."""

    def __init__(self, attempt: Callable[[], Attempt], afterwards: Callable[[], None]) -> None:
        """Prepare; nothing is attempted before ``wake``.

        Args:
            attempt: Writes what waits; it does not raise.
            afterwards: Is called when all is written, and nobody waits for it; neither does it.
        """
        self._attempt = attempt
        self._afterwards = afterwards
        self.forget()

    def forget(self) -> None:
        """Leave the thread to the parent process: this one was just forked."""
        self._condition = threading.Condition()
        self._thread: threading.Thread | None = None
        self._wanted = False
        self._stopped = False
        self._asked = self._answered = 0
        self._outcome = Attempt.DONE

    def wake(self) -> None:
        """Say that something waits."""
        if self._wanted:
            return
        with self._condition:
            self._wanted = True
            self._ensure_thread()
            self._condition.notify_all()

    def hurry(self, timeout: float | None) -> bool:
        """Have an attempt made at once, and say whether all was written by it.

        Args:
            timeout: How many seconds to wait at most; None waits as long as the attempt takes.
        """
        deadline = None if timeout is None else time.monotonic() + timeout
        while True:
            outcome = self._ask(deadline)
            if outcome is not Attempt.BUSY:
                return outcome is Attempt.DONE
            if deadline is not None and time.monotonic() > deadline:
                return False
            time.sleep(_BUSY_SECONDS)

    def stop(self) -> None:
        """Make no further attempt."""
        with self._condition:
            self._stopped = True
            self._condition.notify_all()

    def _ask(self, deadline: float | None) -> Attempt:
        with self._condition:
            self._asked += 1
            mine = self._asked
            if not self._ensure_thread():
                return Attempt.AWAY
            self._condition.notify_all()
            left = None if deadline is None else max(0.0, deadline - time.monotonic())
            if not self._condition.wait_for(lambda: self._answered >= mine, left):
                return Attempt.AWAY
            return self._outcome

    def _ensure_thread(self) -> bool:
        if self._stopped:
            return False
        if self._thread is None or not self._thread.is_alive():
            thread = threading.Thread(target=self._run, name="mlmeta-track-spool", daemon=True)
            try:
                thread.start()
            except RuntimeError:
                return False  # the interpreter is ending: another process will go on with it
            self._thread = thread
        return True

    def _run(self) -> None:
        pause = FIRST_PAUSE_SECONDS
        outcome = Attempt.DONE
        while True:
            with self._condition:
                if outcome is Attempt.DONE:
                    self._condition.wait_for(lambda: self._wanted or self._is_called())
                else:
                    seconds = pause if outcome is Attempt.AWAY else _BUSY_SECONDS
                    self._condition.wait_for(self._is_called, seconds)
                self._condition.wait_for(self._is_called, LINGER_SECONDS)
                if self._stopped:
                    return
                self._wanted = False
                asked = self._asked
            outcome = self._attempt()
            away = outcome is Attempt.AWAY
            pause = min(pause * 2, LONGEST_PAUSE_SECONDS) if away else FIRST_PAUSE_SECONDS
            with self._condition:
                self._answered, self._outcome = asked, outcome
                self._condition.notify_all()
            if outcome is Attempt.DONE:
                self._afterwards()

    def _is_called(self) -> bool:
        return self._stopped or self._asked > self._answered
