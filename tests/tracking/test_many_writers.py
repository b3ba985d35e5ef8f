"""Many processes and threads that record into one file: nothing lost, nothing doubled."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import mlmeta_track as mt
from mlmeta_track.domain.nodes import Artifact, Context, Execution, ExecutionState
from mlmeta_track.domain.types import ArtifactType, ContextType, ExecutionType
from mlmeta_track.store.base import Store
from mlmeta_track.store.connect import open_store

PROCESSES = 8
STEPS = 250
THREADS = 16

WORKER = """
import sys
from typing import Annotated
import mlmeta_track as mt

class DataSet(mt.Artifact):
    name: str

class Part(mt.Artifact):
    worker: int
    number: int

@mt.step("Convert")
def convert(data: Annotated[str, mt.Input(DataSet, name="all")], worker: int, number: int,
            out: Annotated[str, mt.Output(Part)]) -> int:
    return number

worker, steps = int(sys.argv[2]), int(sys.argv[3])
sys.stdin.read()  # All begin when the last of them is ready.
mt.init(sys.argv[1], experiment="Many", strict=True)
for number in range(steps):
    assert convert("s3://bucket/all.csv", worker, number, f"s3://out/{worker}/{number}") == number
"""


def run_workers(url: str) -> None:
    workers = [
        subprocess.Popen(
            [sys.executable, "-c", WORKER, url, str(worker), str(STEPS)],
            stdin=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for worker in range(PROCESSES)
    ]
    for worker in workers:
        assert worker.stdin is not None
        worker.stdin.close()
        worker.stdin = None
    errors = [worker.communicate()[1] for worker in workers]
    assert errors == [""] * PROCESSES
    assert [worker.returncode for worker in workers] == [0] * PROCESSES


def test_eight_processes_of_250_steps_are_2000_executions_and_every_type_once(
    tmp_path: Path,
) -> None:
    url = f"sqlite:///{tmp_path / 'many.db'}"
    run_workers(url)
    store = open_store(url)

    executions = store.get_by_type(Execution, "Convert")
    done = Counter(
        (e.custom_properties["worker"], e.custom_properties["number"]) for e in executions
    )
    assert done == Counter(
        (worker, number) for worker in range(PROCESSES) for number in range(STEPS)
    )
    assert {e.last_known_state for e in executions} == {ExecutionState.COMPLETE}

    assert len(store.get_by_type(Artifact, "Part")) == PROCESSES * STEPS
    [dataset] = store.get_by_type(Artifact, "DataSet")
    assert len(store.get_events_by_artifact_ids([dataset.id])) == PROCESSES * STEPS

    [experiment] = store.get_by_type(Context, "Experiment")
    assert len(store.get_child_contexts(experiment.id)) == PROCESSES
    types = [
        *store.get_types(ArtifactType),
        *store.get_types(ExecutionType),
        *store.get_types(ContextType),
    ]
    assert set(Counter((t.kind, t.name) for t in types).values()) == {1}


def test_threads_keep_their_own_steps(store: Store) -> None:
    def work(number: int) -> None:
        with mt.step("Outer") as outer:
            mt.log_params({"number": number})
            with mt.step("Inner"):
                mt.log_params({"number": number})
                assert outer.external_id

    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(work, range(100)))

    numbers = {
        e.external_id: e.custom_properties["number"] for e in store.get_by_type(Execution, "Outer")
    }
    assert sorted(map(int, map(str, numbers.values()))) == list(range(100))
    for inner in store.get_by_type(Execution, "Inner"):
        parent = str(inner.custom_properties["mlmeta_parent_execution"])
        assert numbers[parent] == inner.custom_properties["number"]
