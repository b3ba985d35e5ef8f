"""Who takes part in a comparison."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Contender:
    """One row of a comparison: a program that does the work in a process of its own.

    Args:
        group: Whose it is, of ``options.GROUPS``; it decides on the environment.
        label: What it is called in tables.
        place: What it writes to; ratios are taken among contenders of one place.
        program: Its file below ``benchmarks/contenders/``.
        arguments: What the program is told besides.
        adds: How many rows one piece of work must add, by table.
    """

    group: str
    label: str
    place: str
    program: str
    arguments: tuple[str, ...] = ()
    adds: Mapping[str, int] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The contender's name in messages."""
        return f"{self.label} ({self.place})"
