"""Where files lie and what is in them: URIs and content fingerprints."""

from __future__ import annotations

import hashlib
import os
import re
import stat
import time
from collections import OrderedDict
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from urllib.parse import unquote, urlsplit

from mlmeta_track.tracking.forking import ForkSafeLock

WHOLE_UP_TO = 256 * 2**20
"""Files and folders up to this size (bytes) are hashed whole; larger ones by size and samples."""

_SAMPLES = 16
_PART_OF_SAMPLE = 64  # so that the samples together are a quarter of what would be hashed whole
_CHUNK = 2**20
_MOST_FILES = 10_000
_REMEMBERED = 1_000
# A file that was written so recently may be written again without its time stamp moving.
_SETTLED_NS = 2_000_000_000

_DRIVE = re.compile(r"^/[A-Za-z]:")
_SCHEME = re.compile(r"^[A-Za-z][A-Za-z0-9+.-]+://")


def to_uri(path: str | bytes | os.PathLike[str]) -> str:
    """Return the URI under which a path is recorded.

    A local path, or a ``file:`` URI, becomes an absolute path, as TFX writes it; any other URI
    stays as it is.
    """
    text = path if type(path) is str else path_text(path)
    if text.startswith("file:"):
        text = unquote(urlsplit(text).path)
        text = text.lstrip("/") if _DRIVE.match(text) else text
    elif _SCHEME.match(text):
        return text
    return os.path.abspath(text)  # noqa: PTH100 - Path.absolute keeps "..": two URIs for one file


def path_text(path: str | bytes | os.PathLike[str]) -> str:
    """Return a path as text, as its author would write it.

    A path to a cloud's storage says what it is when it is printed; asked for the path of a file, it
    downloads that file first.
    """
    prints_itself = type(path).__str__ is not object.__str__
    return str(path) if isinstance(path, os.PathLike) and prints_itself else os.fsdecode(path)


def fingerprint_path(uri: str, *, whole_up_to: int | None = None) -> str | None:
    """Return the fingerprint of the file or folder at a URI; None if it is not on this machine.

    A file is hashed whole up to ``whole_up_to`` bytes, which is ``WHOLE_UP_TO`` if not given; of a
    larger one its size and 16 samples of 4 MiB are, and the fingerprint begins with ``sampled-``.
    A folder's is made of the names and fingerprints of its files, which are sampled if the folder
    is larger; None if it holds more than 10,000 files, or anything that is neither file nor folder.
    """
    if _SCHEME.match(uri):
        return None  # a cloud's, and no path of this machine
    whole_up_to = WHOLE_UP_TO if whole_up_to is None else whole_up_to
    try:
        status = os.stat(uri)  # noqa: PTH116 - before a Path is made, for there may be nothing
        if stat.S_ISDIR(status.st_mode):
            return _fingerprint_folder(Path(uri), whole_up_to)
        return _fingerprint_file(Path(uri), status, whole_up_to)
    except (OSError, ValueError):
        return None


def _fingerprint_file(path: Path, status: os.stat_result, whole_up_to: int) -> str:
    if not stat.S_ISREG(status.st_mode):
        message = f"{path} is a pipe or a device: reading it would wait, or take from its reader"
        raise ValueError(message)
    # The time of change besides the one of modification, which anybody may set to what it was.
    times = (status.st_mtime_ns, status.st_ctime_ns)
    identity = (str(path), status.st_dev, status.st_ino, status.st_size, *times)
    key = (*identity, status.st_size <= whole_up_to or whole_up_to)
    known = _cache.get(key)
    if known is None:
        known = _hash_file(path, status.st_size, whole_up_to)
        if time.time_ns() - max(times) > _SETTLED_NS:
            _cache.put(key, known)
    return known


def _hash_file(path: Path, size: int, whole_up_to: int) -> str:
    digest = hashlib.sha256()
    with path.open("rb", buffering=0) as file:
        if size <= whole_up_to:
            while chunk := file.read(_CHUNK):
                digest.update(chunk)
            return f"sha256:{digest.hexdigest()}"
        digest.update(str(size).encode())
        sample = max(1, whole_up_to // _PART_OF_SAMPLE)
        for i in range(_SAMPLES):
            file.seek((size - sample) * i // (_SAMPLES - 1))
            digest.update(file.read(sample))
        return f"sampled-sha256:{digest.hexdigest()}"


def _fingerprint_folder(folder: Path, whole_up_to: int) -> str | None:
    files = [(path, path.stat()) for path in islice(_files_in(folder), _MOST_FILES + 1)]
    if len(files) > _MOST_FILES:
        return None
    is_whole = sum(status.st_size for _, status in files) <= whole_up_to
    whole_up_to = whole_up_to if is_whole else whole_up_to // len(files)
    digest = hashlib.sha256()
    for path, status in files:
        relative = path.relative_to(folder).as_posix()
        line = f"{relative}\0{_fingerprint_file(path, status, whole_up_to)}\0"
        digest.update(line.encode("utf-8", "surrogateescape"))
    return f"{'' if is_whole else 'sampled-'}folder-sha256:{digest.hexdigest()}"


def _files_in(folder: Path) -> Iterator[Path]:
    """Yield a folder's files, in the same order on every machine."""
    for parent, folders, names in os.walk(folder):
        folders.sort()
        yield from (Path(parent, name) for name in sorted(names))


class _Remembered:
    """The fingerprints of the files that were hashed last."""

    def __init__(self) -> None:
        self._entries: OrderedDict[tuple[object, ...], str] = OrderedDict()
        self._lock = ForkSafeLock()

    def get(self, key: tuple[object, ...]) -> str | None:
        with self._lock:
            return self._entries.get(key)

    def put(self, key: tuple[object, ...], fingerprint: str) -> None:
        with self._lock:
            self._entries[key] = fingerprint
            while len(self._entries) > _REMEMBERED:
                self._entries.popitem(last=False)


_cache = _Remembered()
