"""Files that a store names, read for a page: whoever wrote the store may have named any."""

from __future__ import annotations

import os
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from io import FileIO
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

from mlmeta_track.errors import FailedPreconditionError
from mlmeta_track.tracking.payloads import Fetching

LARGEST = 256 * 2**20
"""Files and folders that are larger (bytes) are not read for a page."""

MOST_FILES = 1_000
DEEPEST = 8

_WEB = frozenset({"http", "https", "ftp"})
"""What a page must not be made to ask for."""

_CHUNK = 2**20
_OPENING = (
    os.O_RDONLY
    | getattr(os, "O_BINARY", 0)
    | getattr(os, "O_NONBLOCK", 0)  # a pipe that nobody writes to is opened all the same
    | getattr(os, "O_NOCTTY", 0)
)


class CarefulPayloads:
    """Gives what lies at a URI a path, as payloads do, but of a copy of what was checked.

    What is at a path can be exchanged between a look at it and the next, by a link to a device
    that never ends.  So each file is opened once; what was opened is looked at, and copied as far
    as there is room.
    """

    def __init__(self, payloads: Fetching) -> None:
        """Reach with ``payloads`` what is on no disk of this machine."""
        self._payloads = payloads

    @contextmanager
    def fetched(self, uri: str) -> Iterator[Path]:
        """Give the file or folder at a URI a path on this machine, for the time of a block.

        Raises:
            FileNotFoundError: There is none.
            FailedPreconditionError: It lies on the web, is too large, or a pipe or a device.
        """
        scheme = urlsplit(uri).scheme
        if scheme in _WEB:
            message = f"{uri} lies on the web, from where nothing is read."
            raise FailedPreconditionError(message)
        if "://" in uri and scheme != "file":
            with self._payloads.fetched(uri) as path:
                yield path
            return
        path = Path(url2pathname(urlsplit(uri).path) if scheme == "file" else uri)
        with tempfile.TemporaryDirectory() as folder:
            copy = Path(folder, path.name or "root")
            _Copying(uri).copy(path, copy, DEEPEST)
            yield copy


class _Copying:
    """One copy of a file or folder, and the room that is left for it."""

    def __init__(self, uri: str) -> None:
        self._uri = uri
        self._room = LARGEST
        self._files = MOST_FILES

    def copy(self, path: Path, target: Path, depth: int) -> None:
        if path.is_dir():
            if not depth:
                raise self._unfit()
            target.mkdir()
            with os.scandir(path) as entries:
                for entry in entries:
                    self.copy(Path(entry.path), target / entry.name, depth - 1)
            return
        self._check(path.stat())  # a device may do something when it is opened
        with FileIO(os.open(path, _OPENING), "r") as file:
            self._check(os.fstat(file.fileno()))
            self._copy_file(file, target)

    def _check(self, status: os.stat_result) -> None:
        if not stat.S_ISREG(status.st_mode) or status.st_size > self._room:
            raise self._unfit()

    def _copy_file(self, file: FileIO, target: Path) -> None:
        self._files -= 1
        if self._files < 0:
            raise self._unfit()
        with target.open("wb") as copy:
            while chunk := file.read(_CHUNK):
                self._room -= len(chunk)
                if self._room < 0:
                    raise self._unfit()
                copy.write(chunk)

    def _unfit(self) -> FailedPreconditionError:
        return FailedPreconditionError(f"{self._uri} is too large, or no file.")
