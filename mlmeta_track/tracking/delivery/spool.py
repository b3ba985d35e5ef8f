"""The spool of one store: records that wait in local files until the store takes them."""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Final, TypeAlias

from mlmeta_track.domain.batch import Batch
from mlmeta_track.errors import ResourceExhaustedError, UnavailableError
from mlmeta_track.tracking.delivery import segments
from mlmeta_track.tracking.delivery.encoding import encode
from mlmeta_track.tracking.delivery.places import STORE_FILE
from mlmeta_track.tracking.identity import new_id

Item: TypeAlias = "tuple[Batch, str]"
"""A batch, and what it is to record."""

MEGABYTE: Final = 2**20

_SEGMENT_BYTES = MEGABYTE
_COUNTED_EVERY = 64


class Spool:
    """Appends the records of this process; what waits is read by ``replaying``.

    Threads may append at once.  Each process has files of its own, so that its records stay in
    order and it waits for no other process.
    """

    def __init__(self, folder: Path, place: str, limit_mb: float) -> None:
        """Know where it is; nothing is written before there is a record.

        Args:
            folder: The folder of the store's spool.
            place: What tells the store from others, for those who look into the folder.
            limit_mb: How large the files of all processes together may grow (MiB, and about).
        """
        self.folder = folder
        self._place = place
        self._limit = limit_mb * MEGABYTE
        self._limit_mb = limit_mb
        self.forget()

    def forget(self) -> None:
        """Leave what waits to the process that wrote it: this one was just forked."""
        self.process = new_id()
        self._number = 0
        self._segment: Path | None = None
        self._next_record = 0
        self._size = 0
        self._room = 0.0
        self._uncounted = 0
        self._lock = threading.RLock()

    def append(self, items: Sequence[Item]) -> None:
        """Append batches, all or none, so that they outlast the end of this process or machine.

        Raises:
            ResourceExhaustedError: The spool is full.
            UnavailableError: Its folder cannot be written to.
        """
        encoded = [encode(batch, task) for batch, task in items]
        with self._lock:
            try:
                self._take_room(sum(map(len, encoded)))
                self._append(encoded)
            except OSError as error:
                message = (
                    f"The spool {self.folder} cannot be written: {error}. Make room or give the"
                    " rights, or name another folder by the setting spool_dir."
                )
                raise UnavailableError(message) from error

    def waiting(self) -> list[Path]:
        """Return the segments of this process that wait."""
        return segments.segments(self.folder, self.process) if self._number else []

    def all_waiting(self) -> list[Path]:
        """Return the segments of all processes that wait."""
        return segments.segments(self.folder)

    def _append(self, encoded: Sequence[bytes]) -> None:
        if self._segment is not None and self._size < _SEGMENT_BYTES:
            # It is gone if all of it has landed in the meantime.
            with contextlib.suppress(segments.SegmentGoneError):
                self._append_to(self._segment, encoded, new=False)
                return
        self._prepare_folder()
        while True:
            self._number += 1
            self._next_record = 0
            self._segment = self.folder / f"{self.process}-{self._number:08d}{segments.SUFFIX}"
            # Somebody may have seen it empty, and removed it.
            with contextlib.suppress(segments.SegmentGoneError):
                self._append_to(self._segment, encoded, new=True)
                return

    def _append_to(self, segment: Path, encoded: Sequence[bytes], *, new: bool) -> None:
        first = self._next_record
        lines = [segments.line_of(first + i, record) for i, record in enumerate(encoded)]
        self._size = segments.append(segment, lines, new=new)
        self._next_record = first + len(lines)

    def _prepare_folder(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        told = self.folder / STORE_FILE
        if not told.exists():
            told.write_text(f"{self._place}\n", encoding="utf-8", errors="replace")

    def _take_room(self, size: int) -> None:
        """Raise ``ResourceExhaustedError`` if so many bytes more are too many."""
        self._uncounted += 1
        if self._room < size or self._uncounted >= _COUNTED_EVERY:
            self._room = self._limit - folder_size(self.folder)
            self._uncounted = 0
        if self._room < size:
            message = (
                f"The spool {self.folder} is full: it may have {self._limit_mb:g} MiB. Have it"
                " written to the store by mlmeta-track sync, or raise the setting spool_mb."
            )
            raise ResourceExhaustedError(message)
        self._room -= size


def folder_size(folder: Path) -> int:
    """Return how large the files in a folder are (bytes)."""
    total = 0
    with contextlib.suppress(FileNotFoundError), os.scandir(folder) as entries:
        for entry in entries:
            with contextlib.suppress(FileNotFoundError):
                total += entry.stat().st_size
    return total
