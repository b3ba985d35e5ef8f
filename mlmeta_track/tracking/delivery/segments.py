"""One file of the spool: records in lines, each with its number and a checksum of both.

A line is ``NUMBER DIGEST RECORD``.  Only the process that began a segment appends to it; anybody
may read it, and remove it when all of it has landed.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from mlmeta_track.domain.batch import Batch
from mlmeta_track.tracking.delivery.encoding import decode
from mlmeta_track.tracking.delivery.locking import locked

SUFFIX: Final = ".spool"

_LINE = re.compile(rb"(\d{1,18}) ([0-9a-f]{32}) (.*)", re.DOTALL)
_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Record:
    """A batch that waits; ``line`` is as it stands in the file, ``task`` what it was to record."""

    line: bytes
    batch: Batch
    task: str


@dataclass(frozen=True, slots=True)
class Part:
    """What was read of a segment, up to ``end`` (bytes).

    ``next_number`` is that of the record to come; ``damage`` says in words what is wrong, and
    ``rest`` is what follows the last line break.
    """

    records: tuple[Record, ...]
    damage: tuple[str, ...]
    end: int
    next_number: int
    rest: int

    @property
    def size(self) -> int:
        """How large the file was (bytes)."""
        return self.end + self.rest


class SegmentGoneError(Exception):
    """A segment was removed, because all of it has landed."""


def append(path: Path, lines: Sequence[bytes], *, new: bool) -> int:
    """Append lines to a segment so that they outlast a crash of the machine; all or none.

    Args:
        path: The segment.
        lines: What to append, each with its line break.
        new: Whether the segment begins with them.

    Returns:
        How large it is now (bytes).

    Raises:
        SegmentGoneError: It is not there any more; begin a new one.
        OSError: It cannot be written.
    """
    flags = os.O_CREAT | os.O_EXCL if new else 0
    try:
        with locked(str(path), flags) as descriptor:
            if not _is_there(path, descriptor):
                raise SegmentGoneError
            size = os.lseek(descriptor, 0, os.SEEK_END)
            try:
                _write(descriptor, b"".join(lines))
                os.fsync(descriptor)
            except BaseException:
                os.ftruncate(descriptor, size)
                raise
            if new:
                _sync_folder(path.parent)
            return size + sum(map(len, lines))
    except FileNotFoundError as error:
        if new:
            raise
        raise SegmentGoneError from error


def line_of(number: int, record: bytes) -> bytes:
    """Return the line that holds a record."""
    return b"%d %s %s\n" % (number, _digest(b"%d" % number, record), record)


def read(path: Path, after: Part | None = None) -> Part:
    """Read the records that follow what was read before.

    Records behind a damaged one are read as well, for each stands for itself; a record that is
    being written just now is left for the next time.

    Raises:
        FileNotFoundError: It was removed.
        FailedPreconditionError: A later version of this library wrote it.
    """
    begin, number = (0, 0) if after is None else (after.end, after.next_number)
    with path.open("rb") as file:
        file.seek(begin)
        content = file.read()
    whole, _, rest = content.rpartition(b"\n")
    lines = whole.split(b"\n") if len(rest) < len(content) else []
    records: list[Record] = []
    damage: list[str] = []
    for line in lines:
        found = _numbered(line)
        if found is None:
            damage.append(f"what stood as record {number} is damaged")
            number += 1
            continue
        at, record = found
        # A damaged line break makes one line of two.
        if at != number and not damage:
            damage.append(f"record {number} is missing")
        number = at + 1
        records.append(record)
    return Part(tuple(records), tuple(damage), begin + len(content) - len(rest), number, len(rest))


def take_away_if_read(path: Path, part: Part, take_away: Callable[[], object]) -> bool:
    """Take a segment away unless something was appended after what was read; say whether it was.

    Args:
        path: The segment.
        part: What was read last.
        take_away: Removes or renames it.

    Raises:
        OSError: It cannot be taken away.
    """
    with locked(str(path)) as descriptor:
        if os.fstat(descriptor).st_size != part.size:
            return False
        if os.name != "nt":
            take_away()
            return True
    take_away()  # there, nothing can be done to a file that is open
    return True


def describe(damage: Sequence[str]) -> str:
    """Return what is wrong with a segment in one sentence's part."""
    more = len(damage) - _SHOWN
    return "; ".join(damage[:_SHOWN]) + (f"; and {more} more" if more > 0 else "")


def segments(folder: Path, process: str = "") -> list[Path]:
    """Return the segments in a folder, or those of one process, in the order of their records."""
    return sorted(_segments(folder, process))


def _segments(folder: Path, process: str) -> Iterator[Path]:
    try:
        names = os.listdir(folder)  # noqa: PTH208 - it may not exist, and most often it is empty
    except OSError:
        return
    for name in names:
        if name.endswith(SUFFIX) and name.startswith(process):
            yield folder / name


def _numbered(line: bytes) -> tuple[int, Record] | None:
    """Return a line's number and record, or None if the line is damaged."""
    matched = _LINE.fullmatch(line)
    if matched is None or _digest(matched[1], matched[3]) != matched[2]:
        return None
    try:
        batch, task = decode(matched[3])
    except ValueError:
        return None
    return int(matched[1]), Record(line, batch, task)


def _digest(number: bytes, record: bytes) -> bytes:
    digest = hashlib.blake2b(b"%s %s" % (number, record), digest_size=16)
    return digest.hexdigest().encode("ascii")


def _is_there(path: Path, descriptor: int) -> bool:
    try:
        return os.path.samestat(path.stat(), os.fstat(descriptor))
    except FileNotFoundError:
        return False


def _write(descriptor: int, content: bytes) -> None:
    view = memoryview(content)
    while view:
        view = view[os.write(descriptor, view) :]


def _sync_folder(folder: Path) -> None:
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
