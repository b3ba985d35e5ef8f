"""The floor: the page's ids by a query written for this filter, then the nodes and properties.

Three statements that ``sqlite3`` keeps prepared; their rows become no objects.
"""

from __future__ import annotations

import platform
import sqlite3
import sys
from typing import Any

from answering import answer, must_be

_NODES = """SELECT a.*, t.name FROM Artifact a LEFT JOIN Type t ON t.id = a.type_id
    WHERE a.id IN ({marks}) ORDER BY a.id"""
_PROPERTIES = "SELECT * FROM ArtifactProperty WHERE artifact_id IN ({marks})"


class Floor:
    """Pages read without anything between them and SQLite."""

    def __init__(self, path: str, sql: str, size: str, expected: str) -> None:
        """Open the store and see that the page is the one that is expected."""
        self._connection = sqlite3.connect(path)
        self._ids = f"{sql} LIMIT {size}"
        must_be([row[0] for row in self._page()[0]], expected)

    def do(self, _: int) -> None:
        """Read the page."""
        self._page()

    def rows(self) -> dict[str, int]:
        """Return how many artifacts the page has, and how many properties."""
        nodes, properties = self._page()
        return {"Artifact": len(nodes), "ArtifactProperty": len(properties)}

    @staticmethod
    def versions() -> dict[str, str]:
        """Return the versions of what it stands on."""
        return {"python": platform.python_version(), "sqlite": sqlite3.sqlite_version}

    def _page(self) -> tuple[list[Any], list[Any]]:
        run = self._connection.execute
        ids = [row[0] for row in run(self._ids)]
        marks = ", ".join("?" * len(ids))
        nodes = run(_NODES.format(marks=marks), ids).fetchall()
        return nodes, run(_PROPERTIES.format(marks=marks), ids).fetchall()


if __name__ == "__main__":
    answer(Floor(*sys.argv[1:]))
