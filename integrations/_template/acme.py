"""The imaginary library that the template serves: it stands for what pip would install."""

from __future__ import annotations

from dataclasses import dataclass
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
