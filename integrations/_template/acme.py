"""The imaginary library that the template serves: it stands for what pip would install."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path


@dataclass
class Table:
    """Some lines of text."""

    lines: list[str]


def read_table(path: str) -> Table:
    """Read a table from a file."""
    return Table(Path(path).read_text(encoding="utf-8").splitlines())


def clean(table: Table, drop: str = "") -> Table:
    """Return a table without the lines that equal ``drop``."""
    if not table.lines:
        message = "there is nothing to clean"
        raise ValueError(message)
    return Table([line for line in table.lines if line != drop])


def write_table(table: Table, path: str) -> None:
    """Write a table to a file."""
    Path(path).write_text("\n".join(table.lines), encoding="utf-8")


@dataclass
class LineCounter:
    """Learns how often lines occur; made empty, and filled by its own method."""

    counts: dict[str, int] = field(default_factory=dict)

    def fit(self, table: Table, least: int = 1) -> LineCounter:
        """Count the lines of a table that occur at least so often."""
        counted = Counter(table.lines)
        self.counts = {line: count for line, count in counted.items() if count >= least}
        return self
