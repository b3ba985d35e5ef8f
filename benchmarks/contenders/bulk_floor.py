"""The floor: the rows of many artifacts, written with ``sqlite3`` alone, in one transaction."""

from __future__ import annotations

import platform
import sqlite3
import sys
import time

from answering import answer, count_rows

from mlmeta_track.store.connect import open_store

_FILE = "metadata.db"
_LIVE = None
_ARTIFACT = """INSERT INTO Artifact (id, type_id, uri, state, name, external_id,
    create_time_since_epoch, last_update_time_since_epoch) VALUES (?, 1, ?, ?, NULL, NULL, ?, ?)"""
_PROPERTY = """INSERT INTO ArtifactProperty (artifact_id, name, is_custom_property,
    int_value, string_value) VALUES (?, ?, 0, ?, ?)"""


class Floor:
    """Two ``executemany``, with ids that are counted here."""

    def __init__(self, count: str) -> None:
        """Make a store of ours, with its tables, indexes and pragmas, and take it over."""
        open_store(f"sqlite:///{_FILE}").close()
        self._count = int(count)
        self._connection = sqlite3.connect(_FILE, isolation_level=None)
        self._connection.execute("PRAGMA synchronous = NORMAL")

    def do(self, number: int) -> None:
        """Write artifacts that no other call writes."""
        now = time.time_ns() // 1_000_000
        first = number * self._count + 1
        ids = range(first, first + self._count)
        self._connection.execute("BEGIN IMMEDIATE")
        self._connection.executemany(
            _ARTIFACT, ((i, f"s3://bucket/{number}/{i}.csv", _LIVE, now, now) for i in ids)
        )
        self._connection.executemany(
            _PROPERTY,
            (
                row
                for i in ids
                for row in (
                    (i, "name", None, "Chicago Taxi dataset"),
                    (i, "split", None, "train"),
                    (i, "version", i, None),
                )
            ),
        )
        self._connection.execute("COMMIT")

    def rows(self) -> dict[str, int]:
        """Return how many rows the store has, by table."""
        return count_rows(self._connection)

    @staticmethod
    def versions() -> dict[str, str]:
        """Return the versions of what it stands on."""
        return {"python": platform.python_version(), "sqlite": sqlite3.sqlite_version}


if __name__ == "__main__":
    answer(Floor(*sys.argv[1:]))
