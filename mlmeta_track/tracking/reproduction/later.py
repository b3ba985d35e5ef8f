"""Facts that take their time, found by a thread while the user's code goes on."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from mlmeta_track.domain.nodes import PropertyValue

_logger = logging.getLogger("mlmeta_track")


class Later:
    """What a thread is finding out."""

    def __init__(self, find: Callable[[], dict[str, PropertyValue]]) -> None:
        """Begin to find it out.

        Args:
            find: Returns the facts as custom properties.
        """
        self._find = find
        self._found: dict[str, PropertyValue] = {}
        self._is_done = threading.Event()
        thread = threading.Thread(target=self._run, name="mlmeta-track-facts", daemon=True)
        try:
            thread.start()
        except RuntimeError:
            self._run()  # The interpreter is ending, and starts no threads any more.

    def get(self, seconds: float = 0.0) -> dict[str, PropertyValue] | None:
        """Return what was found; None if it is not found after that many seconds."""
        return self._found if self._is_done.wait(seconds) else None

    def _run(self) -> None:
        try:
            self._found = self._find()
        except Exception as error:
            # Of any kind: a run is recorded without these facts.
            _logger.debug("Could not find out about the code's version.", exc_info=error)
        finally:
            self._is_done.set()
