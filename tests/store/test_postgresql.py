"""The promise of ``Store``, kept by PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from mlmeta_track.store.base import Store
from mlmeta_track.store.connect import open_store
from mlmeta_track.testing.store_suite import StoreSuite
from tests.servers import DatabaseServer


class TestPostgresql(StoreSuite):
    @pytest.fixture
    def url(self, postgresql: DatabaseServer) -> str:
        return postgresql.new_url()

    @pytest.fixture
    def store(self, url: str) -> Iterator[Store]:
        store = open_store(url)
        yield store
        store.close()

    @pytest.fixture
    def second_store(self, url: str) -> Iterator[Store]:
        second = open_store(url)
        yield second
        second.close()
