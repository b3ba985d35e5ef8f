"""Many artifacts at once, through our look-alike of ml_metadata: the same program as the peer's."""

from __future__ import annotations

import sqlite3
import sys
from contextlib import closing
from importlib.metadata import version
from pathlib import Path

from answering import answer, count_rows
from bulk_mlmd import FILE, Bulk

from mlmeta_track.mlmd.metadata_store import metadata_store
from mlmeta_track.mlmd.proto import metadata_store_pb2


class Ours(Bulk):
    """The look-alike."""

    def __init__(self, count: str) -> None:
        """Open a new store."""
        super().__init__(metadata_store, metadata_store_pb2, int(count))

    def rows(self) -> dict[str, int]:
        """Return how many rows the store has, by table."""
        with closing(sqlite3.connect(Path(FILE))) as connection:
            return count_rows(connection)

    @staticmethod
    def versions() -> dict[str, str]:
        """Return the versions of what it stands on."""
        return {"mlmeta_track": version("mlmeta-track"), "sqlalchemy": version("sqlalchemy")}


if __name__ == "__main__":
    answer(Ours(*sys.argv[1:]))
