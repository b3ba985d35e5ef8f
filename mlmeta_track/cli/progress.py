"""What a command is at, for whoever waits: a line on the terminal once it takes over a second."""

from __future__ import annotations

import shutil
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TextIO

from mlmeta_track.cli.output import duration_text

DELAY_SECONDS = 1.0
"""Who has answered by then shows nothing."""

_EVERY_SECONDS = 0.2
_BAR = 24  # characters
_CLEARED = "\r\x1b[K"


@dataclass
class Progress:
    """How far a command has come; ``total`` is 0 where nobody knows it."""

    what: str
    done: int = 0
    total: int = 0

    def told(self, what: str, done: int, total: int = 0) -> None:
        """Take note of what is done.

        Args:
            what: What is being done, such as "write events".
            done: How much of it is done.
            total: How much there is; 0 if nobody knows.
        """
        self.what, self.done, self.total = what, done, total

    def line(self, seconds: float) -> str:
        """Return the line that says so, after so long."""
        parts = [self.what]
        if self.total:
            share = min(self.done / self.total, 1.0)
            filled = round(share * _BAR)
            parts.append(f"[{'#' * filled}{'-' * (_BAR - filled)}] {share:4.0%}")
            parts.append(f"{self.done:,} of {self.total:,}")
        elif self.done:
            parts.append(f"{self.done:,}")
        return "  ".join((*parts, duration_text(seconds * 1000)))


@contextmanager
def progress(what: str) -> Iterator[Progress]:
    """Show on the terminal what a block is at, while it is; what it prints itself comes after.

    Args:
        what: What is being done, until it is told otherwise.
    """
    shown = Progress(what)
    stream = sys.stderr
    if not stream.isatty():
        yield shown
        return
    ended = threading.Event()
    drawing = threading.Thread(target=_draw, args=(shown, stream, ended), daemon=True)
    drawing.start()
    try:
        yield shown
    finally:
        ended.set()
        drawing.join()


def _draw(shown: Progress, stream: TextIO, ended: threading.Event) -> None:
    began = time.monotonic()
    if ended.wait(DELAY_SECONDS):
        return
    while True:
        room = shutil.get_terminal_size().columns - 1
        stream.write(f"{_CLEARED}{shown.line(time.monotonic() - began)[:room]}")
        stream.flush()
        if ended.wait(_EVERY_SECONDS):
            break
    stream.write(_CLEARED)
    stream.flush()
