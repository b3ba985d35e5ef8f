"""The first page of a filter, asked of ml_metadata."""

from __future__ import annotations

import sys
from importlib.metadata import version
from typing import Any

from answering import answer, must_be
from ml_metadata.metadata_store import metadata_store
from ml_metadata.proto import metadata_store_pb2 as pb


class Mlmd:
    """Pages in the order of ids, as ours are."""

    def __init__(self, path: str, text: str, size: str, expected: str) -> None:
        """Open the store and see that the page is the one that is expected."""
        config = pb.ConnectionConfig()
        config.sqlite.filename_uri = path
        config.sqlite.connection_mode = pb.SqliteMetadataSourceConfig.READWRITE
        self._store = metadata_store.MetadataStore(config)
        self._options = metadata_store.ListOptions(
            limit=int(size),
            order_by=metadata_store.OrderByField.ID,
            is_asc=True,
            filter_query=text,
        )
        must_be([artifact.id for artifact in self._page()], expected)

    def do(self, _: int) -> None:
        """Ask for the page."""
        self._page()

    def rows(self) -> dict[str, int]:
        """Return how many artifacts the page has, and how many properties."""
        page = self._page()
        properties = sum(len(one.properties) + len(one.custom_properties) for one in page)
        return {"Artifact": len(page), "ArtifactProperty": properties}

    @staticmethod
    def versions() -> dict[str, str]:
        """Return the versions of what it stands on."""
        return {"ml_metadata": version("ml-metadata")}

    def _page(self) -> list[Any]:
        return self._store.get_artifacts(self._options)


if __name__ == "__main__":
    answer(Mlmd(*sys.argv[1:]))
