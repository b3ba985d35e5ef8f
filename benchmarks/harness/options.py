"""What a measurement is asked to do."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

GROUPS = ("ours", "floor", "mlmd", "mlflow")
"""Who can be measured: us, the least that the database can do, and each peer."""


@dataclass(frozen=True)
class Options:
    """How much is measured, of whom, and where the results go.

    Args:
        rounds: How many rounds count; one more goes before them to warm up.
        patience: Seconds after which fewer rounds must do, though not fewer than five.
        work: How many pieces of work each contender does in a round.
        groups: Who takes part, of ``GROUPS``.
        output: The folder for the JSON, and for the stores while they are written.
    """

    rounds: int
    patience: float
    work: int
    groups: tuple[str, ...]
    output: Path
