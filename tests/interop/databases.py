"""Where the stores of the two sides are, while they are asked the same."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Engine, create_engine, text

from mlmeta_track.wire import metadata_store_pb2 as pb
from tests.servers import DatabaseServer, configured

from .peers import IN_MEMORY


class InMemory:
    """Both in memory."""

    def new(self) -> tuple[pb.ConnectionConfig, pb.ConnectionConfig]:
        """The configurations of two stores that are empty: ours and the wheel's."""
        return IN_MEMORY, IN_MEMORY

    def settle(self) -> None:
        """Make good, after a call that failed, what has nothing to do with ML Metadata."""

    def close(self) -> None:
        """Let go of what this itself has opened."""


class InFiles(InMemory):
    """Each in a file of its own."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._number = 0

    def new(self) -> tuple[pb.ConnectionConfig, pb.ConnectionConfig]:
        self._number += 1
        ours, theirs = pb.ConnectionConfig(), pb.ConnectionConfig()
        ours.sqlite.filename_uri = str(self._folder / f"ours{self._number}.db")
        theirs.sqlite.filename_uri = str(self._folder / f"theirs{self._number}.db")
        return ours, theirs


class OnServer(InMemory):
    """Ours on a server, the wheel's in memory.

    A server gives no number twice, not even one that a transaction took which was then undone;
    SQLite does.  For the ids to be the same, the servers are told to do so, too.
    """

    def __init__(self, server: DatabaseServer) -> None:
        self._server = server
        self._engine: Engine | None = None

    def new(self) -> tuple[pb.ConnectionConfig, pb.ConnectionConfig]:
        self.close()
        url = self._server.new_url()
        self._engine = create_engine(url)
        return configured(url), IN_MEMORY

    def settle(self) -> None:
        assert self._engine is not None
        with self._engine.begin() as connection:
            for table in ("Type", "Artifact", "Execution", "Context"):
                connection.execute(text(self._numbering_of(table)))

    def close(self) -> None:
        if self._engine is not None:
            self._engine.dispose()

    def _numbering_of(self, table: str) -> str:
        assert self._engine is not None
        if self._engine.dialect.name == "mysql":
            # The next number is then the one after the greatest.
            return f"ALTER TABLE {table} AUTO_INCREMENT = 1"
        sequence = f"pg_get_serial_sequence('{table.lower()}', 'id')"
        last = f"setval({sequence}, max(id))"
        return f"SELECT {last} FROM {table.lower()} HAVING max(id) > 0"  # noqa: S608 - no input
