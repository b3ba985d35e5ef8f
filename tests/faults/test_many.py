"""Many threads and processes that record into one store: all there once, each under its parent."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from mlmeta_track.domain.nodes import Context, Execution, ExecutionState
from mlmeta_track.store.connect import open_store

SCRIPT = Path(__file__).with_name("many.py")
SIZES = [
    pytest.param((4, 2, 10), id="small"),
    pytest.param((16, 8, 500), id="full", marks=[pytest.mark.long, pytest.mark.timeout(1_800)]),
]


@pytest.fixture(params=["sqlite", "postgresql", "mariadb"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a store that does not exist yet."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'many.db'}"
    return str(request.getfixturevalue(request.param).new_url())


@pytest.mark.parametrize("size", SIZES)
def test_every_step_is_there_once_under_its_own_parent(
    url: str, size: tuple[int, int, int]
) -> None:
    threads, processes, steps = size
    done = subprocess.run(
        [sys.executable, str(SCRIPT), url, *map(str, size)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.stderr, done.returncode) == ("", 0)
    parents = json.loads(done.stdout)
    assert len(parents) == threads + processes

    store = open_store(url)
    children = store.get_by_type(Execution, "Child")
    assert {e.last_known_state for e in children} == {ExecutionState.COMPLETE}
    done_once = Counter(
        (e.custom_properties["parent"], e.custom_properties["number"]) for e in children
    )
    assert done_once == Counter((name, number) for name in parents for number in range(steps))
    under = {
        (e.custom_properties["parent"], e.custom_properties["mlmeta_parent_execution"])
        for e in children
    }
    assert under == set(parents.items())
    [run] = store.get_by_type(Context, "Run")
    assert len(store.get_by_context(Execution, run.id)) == len(children) + len(parents)
    store.close()
