"""The promise of ``Store``, kept by a SQLite file."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from mlmeta_track.store.base import Store
from mlmeta_track.store.connect import open_store
from mlmeta_track.store.sql.engine import Database
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


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="nothing tells the open files")
def test_closed_beside_a_reader_no_connection_stays_open(tmp_path: Path) -> None:
    path = tmp_path / "metadata.db"
    database = Database(f"sqlite:///{path}", on_open=lambda: None, create=True)
    with database.read():
        database.close()
    assert str(path) not in {os.path.realpath(fd) for fd in Path("/proc/self/fd").iterdir()}
