"""Many processes on one file."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import textwrap
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from mlmeta_track.domain.nodes import Artifact, Context, Execution, ExecutionState
from mlmeta_track.domain.types import ArtifactType, ContextType, ExecutionType
from mlmeta_track.store.base import Store
from mlmeta_track.store.connect import open_store
from mlmeta_track.store.sql.store import SqlStore
from mlmeta_track.testing.store_cases.build import start_of_step

# Each process says that it is ready, and begins when it is told where to write, so that all begin
# at once; it may be told several times.
WRITER = """
    import sys
    import mlmeta_track.store.sql.store
    from mlmeta_track.store.connect import open_store
    from mlmeta_track.testing.store_cases.build import end_of_step, start_of_step
    name, steps = sys.argv[1], int(sys.argv[2])
    print("ready", flush=True)
    for line in sys.stdin:
        store = open_store(line.strip())
        for number in range(steps):
            store.put(start_of_step(f"e{name}-{number}"))
            store.put(end_of_step(f"e{name}-{number}", f"s{name}-{number}"))
        store.close()
        print("done", flush=True)
"""


class Writers:
    """Processes that write steps, all beginning at the same moment."""

    def __init__(self, stack: ExitStack, processes: int, steps: int) -> None:
        command = [sys.executable, "-c", textwrap.dedent(WRITER)]
        self._processes = [
            stack.enter_context(
                subprocess.Popen(
                    [*command, str(number), str(steps)],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.PIPE,
                    text=True,
                )
            )
            for number in range(processes)
        ]
        self._wait_for("ready")

    def write(self, url: str) -> None:
        for process in self._processes:
            assert process.stdin is not None
            process.stdin.write(f"{url}\n")
            process.stdin.flush()
        self._wait_for("done")

    def _wait_for(self, word: str) -> None:
        for process in self._processes:
            assert process.stdout is not None
            said = process.stdout.readline()
            if said != f"{word}\n":
                raise AssertionError(process.communicate()[1])


@pytest.fixture
def start() -> Iterator[Callable[[int, int], Writers]]:
    """Return a function that starts processes that write some steps each."""
    with ExitStack() as stack:
        yield lambda processes, steps: Writers(stack, processes, steps)


def check(store: Store, steps: int) -> None:
    """Check that nothing was lost and nothing doubled."""
    executions = store.list_nodes(Execution)
    assert len(executions) == steps
    assert {e.last_known_state for e in executions} == {ExecutionState.COMPLETE}
    assert len(store.get_by_type(Artifact, "DataSet")) == 1
    assert len(store.get_by_type(Artifact, "Schema")) == steps
    assert sorted(c.name for c in store.list_nodes(Context)) == ["Demo", "run 1"]
    types = [
        *store.get_types(ArtifactType),
        *store.get_types(ExecutionType),
        *store.get_types(ContextType),
    ]
    assert set(Counter(found.name for found in types).values()) == {1}
    events = store.get_events_by_execution_ids([e.id for e in executions])
    assert len(events) == 2 * steps


def test_processes_that_create_one_store_at_once_end_with_one(
    tmp_path: Path, start: Callable[[int, int], Writers]
) -> None:
    writers = start(6, 1)
    for attempt in range(12):
        url = f"sqlite:///{tmp_path / f'store{attempt}.db'}"
        writers.write(url)
        store = open_store(url)
        check(store, steps=6)
        simple = [t.id for t in store.get_types(ArtifactType) if t.name.startswith("mlmd.")]
        assert simple == [1, 2, 3, 4]
        store.close()


def test_eight_processes_write_two_thousand_steps(
    tmp_path: Path, start: Callable[[int, int], Writers]
) -> None:
    url = f"sqlite:///{tmp_path / 'store.db'}"
    start(8, 250).write(url)
    store = open_store(url)
    check(store, steps=2000)
    store.close()


def test_processes_write_to_a_file_without_a_write_ahead_log(
    tmp_path: Path, start: Callable[[int, int], Writers]
) -> None:
    path = tmp_path / "store.db"
    open_store(f"sqlite:///{path}").close()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode = DELETE")
    start(4, 15).write(f"sqlite:///{path}")
    store = open_store(f"sqlite:///{path}")
    check(store, steps=60)
    store.close()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
@pytest.mark.filterwarnings("ignore:.*multi-threaded:DeprecationWarning")
def test_a_fork_waits_until_no_thread_writes_but_not_for_ever(
    store_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # SQLite has locks of its own: were one held while it is forked, the child would wait for ever.
    store = SqlStore(store_url)
    holds, goes_on, has_ended = threading.Event(), threading.Event(), threading.Event()

    def write() -> None:
        with store._database.write():
            holds.set()
            goes_on.wait(30)
            has_ended.set()

    def fork() -> bool:
        """Fork, and say whether the thread had ended its write by then."""
        child = os.fork()
        if child == 0:
            os._exit(has_ended.is_set())
        return bool(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))

    thread = threading.Thread(target=write)
    thread.start()
    assert holds.wait(10)
    monkeypatch.setattr("mlmeta_track.store.sql.engine._PAUSE_FOR_FORK_SECONDS", 0.1)
    assert not fork()
    monkeypatch.setattr("mlmeta_track.store.sql.engine._PAUSE_FOR_FORK_SECONDS", 30.0)
    threading.Timer(0.2, goes_on.set).start()
    assert fork()
    thread.join()
    store.put(start_of_step())
    store.close()
