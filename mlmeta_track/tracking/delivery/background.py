"""Records that a thread writes while the user's code goes on."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import Final, TypeAlias

from mlmeta_track.domain.batch import Batch, PutResult
from mlmeta_track.tracking.delivery.catching_up import LINGER_SECONDS

GROUP: Final = 100
"""How many batches are written in one transaction."""

MOST_WAITING: Final = 2_000
"""How many batches wait in memory; whoever has one more helps to write them."""

Entry: TypeAlias = "tuple[Batch, str, Callable[[PutResult], object] | None]"
"""A batch, what it is to record, and who wants to know what came of it."""


class Background:
    """A bounded queue of batches and the thread that writes them, many in one transaction."""

    def __init__(self, write: Callable[[Sequence[Entry]], None]) -> None:
        """Prepare; the thread starts with the first batch.

        Args:
            write: Writes batches in their order; it does not raise.
        """
        self._write = write
        self.forget()

    def forget(self) -> None:
        """Leave what waits to the parent process: this one was just forked."""
        self._waiting: deque[Entry] = deque()
        self._in_flight: Sequence[Entry] = ()
        self._writing = threading.RLock()
        self._awake = threading.Event()
        self._hurry = threading.Event()
        self._thread: threading.Thread | None = None
        self._start_lock = threading.Lock()

    def put(self, entry: Entry) -> None:
        """Queue a batch; if too many wait, help to write them first."""
        while len(self._waiting) >= MOST_WAITING:
            self._write_group()
        self._waiting.append(entry)
        if not self._awake.is_set():
            self._awake.set()
            if self._thread is None:
                self._start()

    def flush(self, timeout: float | None) -> bool:
        """Write all that waits, and say whether that could be done in time."""
        deadline = None if timeout is None else time.monotonic() + timeout
        self._hurry.set()
        try:
            while self._waiting or self._in_flight:
                left = -1 if deadline is None else max(0.0, deadline - time.monotonic())
                if not self._writing.acquire(timeout=left):
                    return False
                try:
                    self._write_group()
                finally:
                    self._writing.release()
        finally:
            self._hurry.clear()
        return True

    def rest(self) -> list[Entry]:
        """Return what is not known to be written, for a process that ends; it is in order."""
        left = [*self._in_flight, *self._waiting]
        self._waiting.clear()
        return left

    def _start(self) -> None:
        with self._start_lock:
            if self._thread is not None:
                return
            thread = threading.Thread(target=self._run, name="mlmeta-track-writer", daemon=True)
            try:
                thread.start()
            except RuntimeError:
                self.flush(None)  # the interpreter is ending, and starts no threads any more
                return
            self._thread = thread

    def _run(self) -> None:
        while True:
            self._awake.wait()
            self._hurry.wait(LINGER_SECONDS)
            self._awake.clear()
            while self._waiting:
                self._write_group()

    def _write_group(self) -> None:
        with self._writing:
            group: list[Entry] = []
            while self._waiting and len(group) < GROUP:
                group.append(self._waiting.popleft())
                self._in_flight = group
            if group:
                self._write(group)
            self._in_flight = ()
