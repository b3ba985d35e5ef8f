"""This machine as its processes see it: which one it is, since when it runs, who is alive on it.

What cannot be had is ``UNKNOWN``; who compares then knows less, and never guesses.
"""

from __future__ import annotations

import hashlib
import os
import socket
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Final

UNKNOWN: Final = "-"
"""Stands for what cannot be had on this machine."""

ROOT_NAMESPACE: Final = "4026531836"
"""The number of Linux's first pid namespace, which is the same on every machine."""

_DIGITS = 12
_PS_SECONDS = 5
# After the program's name, which may have blanks: the state, and 19 fields later the start.
_STATE, _START = 0, 19
_GONE = frozenset("ZXx")


@cache
def host() -> str:
    """Return the machine's name in its network."""
    return socket.gethostname() or UNKNOWN


@cache
def machine() -> str:
    """Return what tells this machine from others of its name, hashed: the id itself is private."""
    return _hashed(_machine_id())


@cache
def boot() -> str:
    """Return what tells this start of the machine from earlier ones."""
    return _hashed(_boot_id())


def namespace() -> str:
    """Return the number of the pid namespace, in which containers have pids of their own."""
    try:
        return str(Path("/proc/self/ns/pid").readlink()).partition("[")[2].rstrip("]") or UNKNOWN
    except OSError:
        return UNKNOWN


def start_of(pid: int) -> str | None:
    """Return when a process started, in the system's own measure.

    Returns:
        ``UNKNOWN`` if it is there and cannot be looked at, None if there is no such process.
    """
    if sys.platform == "win32":
        from mlmeta_track.tracking.leases import windows  # noqa: PLC0415 - only there

        return windows.start_of(pid)
    try:
        os.kill(pid, 0)  # asks only; /proc may hide what other users run
    except ProcessLookupError:
        return None
    except PermissionError:
        pass  # there it is, somebody else's
    return _start_in_proc(pid) if sys.platform == "linux" else start_by_ps(pid)


def _start_in_proc(pid: int) -> str | None:
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return UNKNOWN
    fields = text.rpartition(")")[2].split()
    # A process that was killed and not yet missed by its parent will do nothing any more.
    return None if fields[_STATE] in _GONE else fields[_START]


def start_by_ps(pid: int) -> str | None:
    """Return when a process started as ``ps`` tells it, where there is no ``/proc``."""
    # For a date that is the same in whatever place and language it is asked for.
    environment = {**os.environ, "LC_ALL": "C", "TZ": "UTC"}
    try:
        done = subprocess.run(  # noqa: S603 - fixed arguments, no shell
            ["ps", "-o", "stat=,lstart=", "-p", str(pid)],  # noqa: S607 - wherever it lies
            capture_output=True,
            text=True,
            timeout=_PS_SECONDS,
            check=False,
            env=environment,
        )
    except (OSError, subprocess.SubprocessError):
        return UNKNOWN
    state, _, started = done.stdout.strip().partition(" ")
    if not started:
        return None if done.returncode == 1 else UNKNOWN
    return None if state[0] in _GONE else "_".join(started.split())


def _machine_id() -> str | None:
    if sys.platform == "win32":
        from mlmeta_track.tracking.leases import windows  # noqa: PLC0415 - only there

        return windows.machine_id()
    if sys.platform == "darwin":
        return _host_uuid()
    return _text_of("/etc/machine-id") or _text_of("/var/lib/dbus/machine-id")


def _boot_id() -> str | None:
    if sys.platform == "darwin":
        return _sysctl("kern.bootsessionuuid")
    # Windows has none, and needs none: its processes tell their start in absolute time.
    return _text_of("/proc/sys/kernel/random/boot_id")


def _text_of(path: str) -> str | None:
    try:
        return Path(path).read_text(encoding="ascii").strip() or None
    except (OSError, ValueError):
        return None


def _host_uuid() -> str | None:
    import ctypes  # noqa: PLC0415 - only there

    uuid, seconds = (ctypes.c_ubyte * 16)(), (ctypes.c_long * 2)(1, 0)
    try:
        failed = ctypes.CDLL(None).gethostuuid(uuid, seconds)
    except (OSError, AttributeError):
        return None
    return None if failed else bytes(uuid).hex()


def _sysctl(name: str) -> str | None:
    try:
        done = subprocess.run(  # noqa: S603 - fixed arguments, no shell
            ["/usr/sbin/sysctl", "-n", name],
            capture_output=True,
            text=True,
            timeout=_PS_SECONDS,
            check=False,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip() or None


def _hashed(text: str | None) -> str:
    if text is None:
        return UNKNOWN
    return hashlib.sha256(f"mlmeta_track {text}".encode()).hexdigest()[:_DIGITS]
