"""A server in this process, over a store in memory."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from mlmeta_track.server import MetadataServer, serving
from mlmeta_track.store.base import Store
from mlmeta_track.store.connect import open_store


@pytest.fixture
def memory() -> Iterator[Store]:
    """An empty store in memory; its first own type gets the id 10."""
    store = open_store("sqlite://")
    yield store
    store.close()


@pytest.fixture
def server(memory: Store) -> Iterator[MetadataServer]:
    """A server of that store at a free port."""
    with serving(memory) as server:
        yield server
