"""The promise of ``Store``, kept by a SQLite file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from mlmeta_track.store.base import Store
from mlmeta_track.store.connect import open_store
from mlmeta_track.testing.store_suite import StoreSuite


class TestSqliteFile(StoreSuite):
    @pytest.fixture
    def store(self, tmp_path: Path) -> Iterator[Store]:
        store = open_store(f"sqlite:///{tmp_path / 'store.db'}")
        yield store
        store.close()

    @pytest.fixture
    def second_store(self, store: Store) -> Iterator[Store]:
        second = open_store(store.url)
        yield second
        second.close()
