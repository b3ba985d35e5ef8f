"""Many artifacts at once, put by ml_metadata."""

from __future__ import annotations

import sqlite3
import sys
from contextlib import closing
from typing import Any

from answering import answer, count_rows

FILE = "metadata.db"


class Bulk:
    """Artifacts with three properties, put in one call."""

    def __init__(self, store_module: Any, pb: Any, count: int) -> None:
        """Open a new store with one type.

        Args:
            store_module: The module ``metadata_store``, ours or theirs.
            pb: The module ``metadata_store_pb2`` that goes with it.
            count: How many artifacts one call puts.
        """
        config = pb.ConnectionConfig()
        config.sqlite.filename_uri = FILE
        config.sqlite.connection_mode = pb.SqliteMetadataSourceConfig.READWRITE_OPENCREATE
        self._pb = pb
        self._count = count
        self._store = store_module.MetadataStore(config)
        data_set = pb.ArtifactType(name="DataSet")
        data_set.properties["name"] = data_set.properties["split"] = pb.STRING
        data_set.properties["version"] = pb.INT
        self._type_id = self._store.put_artifact_type(data_set)

    def do(self, number: int) -> None:
        """Put artifacts that no other call puts."""
        self._store.put_artifacts([self._artifact(number, i) for i in range(self._count)])

    def rows(self) -> dict[str, int]:
        """Return how many rows the store has, by table."""
        with closing(sqlite3.connect(FILE)) as connection:
            return count_rows(connection)

    def _artifact(self, number: int, i: int) -> Any:
        artifact = self._pb.Artifact(type_id=self._type_id, uri=f"s3://bucket/{number}/{i}.csv")
        artifact.properties["name"].string_value = "Chicago Taxi dataset"
        artifact.properties["split"].string_value = "train"
        artifact.properties["version"].int_value = i
        return artifact


def _main() -> None:
    from importlib.metadata import version  # noqa: PLC0415 - ours imports this file as well

    from ml_metadata.metadata_store import metadata_store  # noqa: PLC0415
    from ml_metadata.proto import metadata_store_pb2  # noqa: PLC0415

    class Mlmd(Bulk):
        @staticmethod
        def versions() -> dict[str, str]:
            return {"ml_metadata": version("ml-metadata")}

    answer(Mlmd(metadata_store, metadata_store_pb2, int(sys.argv[1])))


if __name__ == "__main__":
    _main()
