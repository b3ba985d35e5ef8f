"""Several threads and several handles on one database."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from mlmeta_track.domain.nodes import Artifact, Context, Execution, ExecutionState
from mlmeta_track.domain.types import ArtifactType, ContextType, ExecutionType
from mlmeta_track.store.base import Store
from mlmeta_track.testing.store_cases.build import end_of_step, put_step, start_of_step

_THREADS = 8
_STEPS = 10


def at_once(tasks: list[Callable[[], None]]) -> None:
    """Run tasks in threads that all begin at the same moment."""
    barrier = threading.Barrier(len(tasks))

    def run(task: Callable[[], None]) -> None:
        barrier.wait()
        task()

    with ThreadPoolExecutor(len(tasks)) as pool:
        for future in [pool.submit(run, task) for task in tasks]:
            future.result()


def write_steps(store: Store, writer: int) -> None:
    """Write steps that share their types, their contexts and their input."""
    for number in range(_STEPS):
        store.put(start_of_step(f"e{writer}-{number}"))
        store.put(end_of_step(f"e{writer}-{number}", f"s{writer}-{number}"))


def check_steps(store: Store, writers: int) -> None:
    """Check that nothing was lost and nothing doubled."""
    executions = store.list_nodes(Execution)
    assert len(executions) == writers * _STEPS
    assert {e.last_known_state for e in executions} == {ExecutionState.COMPLETE}
    assert len(store.get_by_type(Artifact, "DataSet")) == 1
    assert len(store.get_by_type(Artifact, "Schema")) == writers * _STEPS
    assert sorted(c.name for c in store.list_nodes(Context)) == ["Demo", "run 1"]
    types = [
        *store.get_types(ArtifactType),
        *store.get_types(ExecutionType),
        *store.get_types(ContextType),
    ]
    assert set(Counter(found.name for found in types).values()) == {1}
    events = store.get_events_by_execution_ids([e.id for e in executions])
    assert len(events) == 2 * len(executions)


class ConcurrencyCases:
    """What a store does under many hands."""

    def test_many_threads_write_at_once(self, store: Store) -> None:
        """Types and contexts are made once."""
        at_once([lambda n=number: write_steps(store, n) for number in range(_THREADS)])  # type: ignore[misc]
        check_steps(store, _THREADS)

    def test_two_handles_write_at_once(self, store: Store, second_store: Store) -> None:
        """As two processes do."""
        at_once([lambda: write_steps(store, 1), lambda: write_steps(second_store, 2)])
        check_steps(store, 2)
        check_steps(second_store, 2)

    def test_readers_see_whole_batches_while_others_write(self, store: Store) -> None:
        """An execution never comes without its event."""
        done = threading.Event()

        def read() -> None:
            while not done.is_set():
                for run in store.list_nodes(Execution, limit=3, newest_first=True):
                    assert len(store.get_events_by_execution_ids([run.id])) == 1

        def write() -> None:
            try:
                for number in range(_STEPS * 3):
                    put_step(store, f"e{number}", outputs=(f"a{number}",))
            finally:
                done.set()

        at_once([write, read, read])

    def test_a_closed_store_opens_again(self, store: Store) -> None:
        """A later call opens the connections anew; closing twice is no error."""
        store.put(start_of_step())
        store.close()
        store.close()
        store.put(end_of_step())
        [run] = store.list_nodes(Execution)
        assert run.last_known_state is ExecutionState.COMPLETE
