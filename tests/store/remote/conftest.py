"""A server of a store in memory that can be meddled with, and a client of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from mlmeta_track.server import serving
from mlmeta_track.store.base import Store
from mlmeta_track.store.connect import open_store
from mlmeta_track.store.sql.store import SqlStore


class MeddledStore(SqlStore):
    """A store in which something happens once, just before or just after a call of a method."""

    def __init__(self) -> None:
        super().__init__("sqlite://")
        self.calls: list[str] = []
        self._before: dict[str, Callable[[], object]] = {}
        self._after: dict[str, Callable[[], object]] = {}

    def before(self, method: str, work: Callable[[], object]) -> None:
        self._before[method] = work

    def after(self, method: str, work: Callable[[], object]) -> None:
        self._after[method] = work

    def __getattribute__(self, name: str) -> Any:
        found = super().__getattribute__(name)
        if not name.startswith(("put", "get", "list")) or not callable(found):
            return found

        def call(*args: Any, **options: Any) -> Any:
            self.calls.append(name)
            if (work := self._before.pop(name, None)) is not None:
                work()
            result = found(*args, **options)
            if (work := self._after.pop(name, None)) is not None:
                work()
            return result

        return call


@pytest.fixture
def served() -> Iterator[MeddledStore]:
    """The store that is served."""
    store = MeddledStore()
    yield store
    store.close()


@pytest.fixture
def address(served: MeddledStore) -> Iterator[str]:
    """Where its server is."""
    with serving(served) as server:
        yield server.address


@pytest.fixture
def store(address: str) -> Iterator[Store]:
    """A client of that server."""
    store = open_store(f"grpc://{address}")
    yield store
    store.close()
