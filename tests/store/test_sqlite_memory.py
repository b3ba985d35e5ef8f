"""The promise of ``Store``, kept by SQLite in memory."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from mlmeta_track.domain.nodes import Context
from mlmeta_track.store.base import Store
from mlmeta_track.store.connect import open_store
from mlmeta_track.testing.store_cases.build import start_of_step
from mlmeta_track.testing.store_suite import StoreSuite


class TestSqliteMemory(StoreSuite):
    @pytest.fixture
    def store(self) -> Iterator[Store]:
        store = open_store("sqlite://")
        yield store
        store.close()

    def test_two_stores_in_memory_are_two(self, store: Store) -> None:
        other = open_store("sqlite://")
        store.put(start_of_step())
        assert other.list_nodes(Context) == []
        other.close()

    def test_memory_ends_with_close(self, store: Store) -> None:
        store.put(start_of_step())
        store.close()
        assert store.list_nodes(Context) == []
        store.put(start_of_step())
        assert len(store.list_nodes(Context)) == 2
