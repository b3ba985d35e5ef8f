"""Locks on files between processes, which a forked child neither holds nor hinders."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

if sys.platform == "win32":
    import msvcrt

    # Beyond what is ever written: a locked range could not be read by others.
    _LOCKED_BYTE = 2**40

    def _lock(descriptor: int, *, wait: bool) -> None:
        os.lseek(descriptor, _LOCKED_BYTE, os.SEEK_SET)
        msvcrt.locking(descriptor, msvcrt.LK_LOCK if wait else msvcrt.LK_NBLCK, 1)

else:
    import fcntl

    def _lock(descriptor: int, *, wait: bool) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))


_held: set[int] = set()


@contextmanager
def locked(path: str, flags: int = 0, *, wait: bool = True) -> Iterator[int]:
    """Hold the lock of a file, and give its descriptor.

    Args:
        path: The file.
        flags: More flags to open it with than those for reading and writing.
        wait: Whether to wait for who holds it.

    Raises:
        BlockingIOError: Another holds it, and is not to be waited for.
        OSError: It cannot be opened.
    """
    descriptor = os.open(path, os.O_RDWR | getattr(os, "O_BINARY", 0) | flags, 0o600)
    _held.add(descriptor)
    try:
        try:
            _lock(descriptor, wait=wait)
        except BlockingIOError:
            raise
        except OSError as error:
            if wait:
                raise
            raise BlockingIOError(*error.args) from error
        yield descriptor
    finally:
        if descriptor in _held:  # it is not in a child that was forked in here
            _held.discard(descriptor)
            os.close(descriptor)


def _forget_all() -> None:
    """Close the child's copies, by which a lock would outlive the parent's hold of it."""
    for descriptor in list(_held):
        _held.discard(descriptor)
        os.close(descriptor)


if sys.platform != "win32":
    os.register_at_fork(after_in_child=_forget_all)
