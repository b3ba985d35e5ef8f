"""The process that records a step: what it is called, and whether it is alive."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from enum import Enum
from typing import Final

from mlmeta_track.tracking.leases import machine
from mlmeta_track.tracking.leases.machine import UNKNOWN

PROCESS: Final = "mlmeta_process"
"""The custom property in which an execution names the process that records it."""

_SEPARATOR = "/"
_PARTS = 6
_DIGITS = 12


class Verdict(Enum):
    """What can be said of a process from here."""

    ALIVE = "alive"
    DEAD = "dead"
    ELSEWHERE = "elsewhere"
    """It is, or was, where this process cannot look: only its heartbeat tells."""


@dataclass(frozen=True, slots=True)
class Process:
    """A process, told from all others; ``"-"`` stands for what its machine did not tell.

    Args:
        host: The machine's name.
        machine: What tells it from others of that name.
        boot: What tells this start of the machine from earlier ones.
        namespace: Linux's pid namespace: pids are its own in each container.
        pid: The process's number.
        start: When it started, as its system measures that.
    """

    host: str
    machine: str
    boot: str
    namespace: str
    pid: int
    start: str

    def __str__(self) -> str:
        """Return the text that executions carry."""
        host = self.host.replace(_SEPARATOR, "_")
        parts = (host, self.machine, self.boot, self.namespace, str(self.pid), self.start)
        return _SEPARATOR.join(parts)

    @property
    def heartbeat(self) -> str:
        """The custom property of a run in which this process says that it is alive."""
        return f"mlmeta_heartbeat_{hashlib.sha256(str(self).encode()).hexdigest()[:_DIGITS]}"

    def seen_from_here(self) -> Verdict:
        """Say whether it is alive, as far as this process can tell; when in doubt, it cannot."""
        here = current()
        if self._is_of_the_kernel_of(here):
            # Pids are looked up where they were given; in a container they are other ones.
            return self._looked_up() if self.namespace == here.namespace else Verdict.ELSEWHERE
        return Verdict.DEAD if self._is_of_an_earlier_boot_than(here) else Verdict.ELSEWHERE

    def _is_of_the_kernel_of(self, here: Process) -> bool:
        """Tell whether both run on one machine, and in one boot of it."""
        if self.boot != here.boot:
            return False
        # Containers have names of their own, but the kernel's boot is the same in all of them.
        # Where boots have no ids, processes tell their start in absolute time.
        is_same_machine = (self.host, self.machine) == (here.host, here.machine)
        return self.boot != UNKNOWN or (self.machine != UNKNOWN and is_same_machine)

    def _is_of_an_earlier_boot_than(self, here: Process) -> bool:
        """Tell whether the machine was started anew since, so that the process is gone.

        Copies of one image, as containers and their virtual machines are, share names and ids: of
        what runs in them nothing is certain.
        """
        return (
            UNKNOWN not in {self.boot, here.boot, self.machine}
            and (self.host, self.machine) == (here.host, here.machine)
            and self.namespace == here.namespace
            and here.namespace in {machine.ROOT_NAMESPACE, UNKNOWN}
        )

    def _looked_up(self) -> Verdict:
        start = machine.start_of(self.pid)
        if start is None:
            return Verdict.DEAD
        is_another = UNKNOWN not in {start, self.start} and start != self.start
        return Verdict.DEAD if is_another else Verdict.ALIVE


_current: Process | None = None


def current() -> Process:
    """Return the process that runs this."""
    global _current  # noqa: PLW0603 - a fork makes it another one
    if _current is None or _current.pid != os.getpid():
        _current = Process(
            machine.host(),
            machine.machine(),
            machine.boot(),
            machine.namespace(),
            os.getpid(),
            machine.start_of(os.getpid()) or UNKNOWN,
        )
    return _current


def parse(text: object) -> Process | None:
    """Return the process that an execution names; None if it names none that we know to read."""
    parts = text.split(_SEPARATOR) if isinstance(text, str) else []
    if len(parts) != _PARTS or not parts[4].isascii() or not parts[4].isdigit():
        return None
    host, machine_id, boot, namespace, pid, start = parts
    return Process(host, machine_id, boot, namespace, int(pid), start)
