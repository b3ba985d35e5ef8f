"""Several processes that record, and what they must have left when all is over."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from mlmeta_track.domain.events import EventType
from mlmeta_track.domain.nodes import Artifact, Execution, ExecutionState
from mlmeta_track.store.connect import open_store
from mlmeta_track.tracking.delivery.inspecting import inspect, sync
from mlmeta_track.tracking.settings import Settings

WORKER = Path(__file__).with_name("worker.py")


@dataclass
class Told:
    """What the workers told: the longest delay of a step, and the most steps that were slow."""

    longest: float = 0.0
    slow: int = 0
    warnings: int = 0


@contextlib.contextmanager
def working(url: str, workers: int, steps: int, seconds: float) -> Iterator[Told]:
    """Run workers, once all of them have begun; in the end wait for them."""
    processes = [
        subprocess.Popen(
            [sys.executable, str(WORKER), url, str(number), str(steps), str(seconds)],
            # Not buffered: who reads the first line here must leave the second in the pipe, where a
            # quick worker may have put it by then.
            bufsize=0,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        for number in range(workers)
    ]
    told = Told()
    try:
        for process in processes:
            assert process.stdout is not None
            assert process.stdout.readline().strip() == b"begins", process.communicate()[1]
        yield told
        for process in processes:
            out, err = (part.decode() for part in process.communicate(timeout=600))
            assert process.returncode == 0, err
            assert "Traceback" not in err
            assert "Your code goes on without this record" not in err
            one = json.loads(out)
            told.longest = max(told.longest, one["longest"])
            told.slow = max(told.slow, one["slow"])
            told.warnings = max(told.warnings, err.count("What is recorded waits in the spool"))
    finally:
        for process in processes:
            process.kill()
            process.communicate()


def all_is_there_once(url: str, workers: int, steps: int) -> int:
    """Bring what waits to the store, see that every step is there, and tell how much waited."""
    done = sync(Settings(store=url))
    assert (done.damage, done.refused) == ([], [])
    waiting, _ = inspect(Settings(store=url))
    assert waiting is not None
    assert (waiting.records, waiting.is_sound) == (0, True)
    store = open_store(url)
    executions = store.get_by_type(Execution, "Work")
    found = Counter(
        (e.custom_properties["worker"], e.custom_properties["number"]) for e in executions
    )
    assert found == Counter((w, n) for w in range(workers) for n in range(steps))
    assert {e.last_known_state for e in executions} == {ExecutionState.COMPLETE}
    events = store.get_events_by_execution_ids(e.id for e in executions)
    kinds = Counter(event.type for event in events)
    both = (EventType.DECLARED_INPUT, EventType.DECLARED_OUTPUT)
    assert kinds == dict.fromkeys(both, workers * steps)
    assert len(store.list_nodes(Artifact)) == workers * steps + 1
    store.close()
    return done.landed
