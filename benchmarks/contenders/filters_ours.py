"""The first page of a filter, asked of our store."""

from __future__ import annotations

import sys
from importlib.metadata import version

from answering import answer, must_be

from mlmeta_track.domain.listing import Joins, ListQuery
from mlmeta_track.domain.nodes import Artifact
from mlmeta_track.store.connect import open_store


class Ours:
    """Pages with ML Metadata's meaning of a filter, which is to be compared with."""

    def __init__(self, path: str, text: str, size: str, expected: str) -> None:
        """Open the store and see that the page is the one that is expected."""
        self._store = open_store(f"sqlite:///{path}", create=False)
        self._query = ListQuery(limit=int(size), filter=text, joins=Joins.INNER)
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
        return {"mlmeta_track": version("mlmeta-track"), "sqlalchemy": version("sqlalchemy")}

    def _page(self) -> list[Artifact]:
        return self._store.list_page(Artifact, self._query).nodes


if __name__ == "__main__":
    answer(Ours(*sys.argv[1:]))
