"""Fifty threads and eight processes create the same at once, on every database."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from mlmeta_track.store.connect import open_store
from tests.store.writing import Processes, at_once, check

THREADS = [f"thread {number}" for number in range(50)]
PROCESSES = [f"process {number}" for number in range(8)]


@pytest.fixture(scope="module")
def processes() -> Iterator[Processes]:
    with ExitStack() as stack:
        yield Processes(stack, PROCESSES)


@pytest.fixture(params=["sqlite", "postgresql", "mariadb"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a store that is not there yet."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'store.db'}"
    new_url: str = request.getfixturevalue(request.param).new_url()
    return new_url


def test_they_write_into_one_store(url: str, processes: Processes) -> None:
    store = open_store(url)
    processes.begin(url)
    at_once((store, who) for who in THREADS)
    processes.wait_for("done")
    check(store, [*THREADS, *PROCESSES], PROCESSES)
    store.close()


def test_they_all_create_the_store_itself(url: str, processes: Processes) -> None:
    processes.begin(url)
    at_once((url, who) for who in THREADS)
    processes.wait_for("done")
    store = open_store(url)
    check(store, [*THREADS, *PROCESSES], [*THREADS, *PROCESSES])
    store.close()
