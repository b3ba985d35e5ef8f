"""The thread that says that this process is alive, and hears of signals however busy the rest is.

One thread a process, from its first step on.  It sleeps but for one look every ``BEAT_SECONDS``,
and writes only if a step is under way then.
"""

from __future__ import annotations

import contextlib
import logging
import socket
import threading
import time
from collections.abc import Callable
from typing import Final

from mlmeta_track.tracking.leases import under_way
from mlmeta_track.tracking.leases.quiet import at_work

BEAT_SECONDS: Final = 30.0
"""How often a process says that it is alive, while it has steps under way."""

_MOST_BYTES = 4_096

_logger = logging.getLogger("mlmeta_track")


class Keeper:
    """The thread of one process, and the socket through which it hears."""

    def __init__(self, hear: Callable[[bytes], object]) -> None:
        """Start it.

        Args:
            hear: Is given the bytes that came through the socket.

        Raises:
            OSError: There are no file descriptors left.
            RuntimeError: The interpreter is ending, and starts no threads any more.
        """
        self._hear = hear
        self._ear, self.mouth = socket.socketpair()
        self.mouth.settimeout(0)
        thread = threading.Thread(target=self._run, name="mlmeta-track-lease", daemon=True)
        try:
            thread.start()
        except RuntimeError:
            self.close()
            raise

    def tell(self, word: bytes) -> None:
        """Have the thread hear a word; may be called from a signal handler."""
        # Where the socket is full, there is enough to be heard.
        with contextlib.suppress(BlockingIOError):
            self.mouth.send(word)

    def close(self) -> None:
        """Close the socket, in a child that has it from its parent."""
        self._ear.close()
        self.mouth.close()

    def _run(self) -> None:
        beat_at = time.monotonic() + BEAT_SECONDS
        while True:
            self._ear.settimeout(max(beat_at - time.monotonic(), 0.0) or 0.001)
            try:
                word = self._ear.recv(_MOST_BYTES)
            except TimeoutError:
                beat()
                beat_at = time.monotonic() + BEAT_SECONDS
            else:
                if not word:
                    self._ear.close()
                    return
                self._hear(word)


def beat() -> None:
    """Say in each run that has steps under way here that this process is alive."""
    for step in under_way.one_of_each_run():
        try:
            with at_work():
                step.beat()
        except Exception as error:
            # Of any kind: no record is lost by it, and a lease has room for many that fail.
            _logger.debug("Could not say that this process is alive.", exc_info=error)
