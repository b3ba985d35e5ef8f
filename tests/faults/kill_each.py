"""Starts a process that records, kills it at a random moment, looks at the store; many times.

``python kill_each.py URL WRITE COUNT SEED`` forks for each kill, with everything imported.
"""

from __future__ import annotations

import json
import os
import random
import signal
import sqlite3
import sys
import time
from collections import Counter
from contextlib import closing

import mlmeta_track as mt
from mlmeta_track.domain.events import EventType
from mlmeta_track.domain.nodes import Execution, ExecutionState
from mlmeta_track.store.base import Store
from mlmeta_track.store.connect import open_store
from mlmeta_track.tracking.delivery.inspecting import sync
from mlmeta_track.tracking.settings import Settings

LONGEST_SECONDS = 0.3
MOST_STEPS = 3
"""How long a process records before it is killed: so many steps, and then so many seconds at most.

Seconds alone would be no step at all on a machine that is busy.
"""
INPUTS = {EventType.DECLARED_INPUT}
WHOLE = {EventType.DECLARED_INPUT, EventType.DECLARED_OUTPUT}


def record(settings: Settings, kill: int, acknowledged: int) -> None:
    """Record steps for ever, and tell the number of each that has ended."""
    mt.init(settings.store, write=settings.write)
    number = 0
    with mt.experiment("Killed"), mt.run(f"kill {kill}"):
        os.write(acknowledged, b"\n")
        while True:
            with mt.step(f"Work {kill}") as step:
                step.input("s3://bucket/in")
                mt.log_params({"number": number})
                step.output(f"s3://bucket/{kill}/{number}")
            os.write(acknowledged, b"%d\n" % number)
            number += 1


def kill_one(settings: Settings, kill: int) -> list[int]:
    """Kill a process that records at a random moment, and return what it had acknowledged."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        try:
            record(settings, kill, writing)
        finally:
            os._exit(1)
    os.close(writing)
    with os.fdopen(reading, "rb") as told:
        assert told.readline() == b"\n", "the process that records has failed"
        steps = random.randint(0, MOST_STEPS)  # noqa: S311
        first = [told.readline() for _ in range(steps)]
        time.sleep(random.uniform(0.0, LONGEST_SECONDS))  # noqa: S311
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        return [int(line) for line in (*first, *told.read().split())]


def check_integrity(settings: Settings) -> None:
    if settings.store.startswith("sqlite"):
        path = settings.store.removeprefix("sqlite:///")
        with closing(sqlite3.connect(path)) as connection:
            assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
            assert connection.execute("PRAGMA foreign_key_check").fetchall() == []


def check(settings: Settings, store: Store, kill: int, acknowledged: list[int]) -> int:
    """Look at what a killed process has left; return how many steps it acknowledged and lost."""
    executions = store.get_by_type(Execution, f"Work {kill}")
    events: dict[int, set[EventType]] = {e.id: set() for e in executions}
    for event in store.get_events_by_execution_ids(events):
        assert event.type not in events[event.execution_id], "an event is there twice"
        events[event.execution_id].add(event.type)
    complete: list[int] = []
    for execution in executions:
        has_ended = execution.last_known_state is ExecutionState.COMPLETE
        assert has_ended or execution.last_known_state is ExecutionState.RUNNING
        assert events[execution.id] == (WHOLE if has_ended else set())
        assert ("number" in execution.custom_properties) is has_ended
        assert ("mlmeta_duration_ms" in execution.custom_properties) is has_ended
        contexts = {c.type for c in store.get_contexts_of(Execution, execution.id)}
        assert contexts == {"Experiment", "Run"}
        if has_ended:
            complete.append(int(str(execution.custom_properties["number"])))
    assert sum(e.last_known_state is ExecutionState.RUNNING for e in executions) <= 1
    assert set(Counter(complete).values()) <= {1}
    assert complete == list(range(len(complete))), "what is there is no beginning of what was done"
    lost = set(acknowledged) - set(complete)
    assert not lost or settings.write == "background", f"acknowledged and lost: {lost}"
    return len(lost)


def main(url: str, write: str, count: int, seed: int) -> None:
    random.seed(seed)
    settings = Settings(store=url, write=write)
    open_store(url).close()
    steps = lost = 0
    most_lost = 0
    store = open_store(url)
    for kill in range(count):
        acknowledged = kill_one(settings, kill)
        done = sync(settings)
        assert not done.refused
        assert all("never acknowledged" in damage for damage in done.damage), done.damage
        check_integrity(settings)
        found = check(settings, store, kill, acknowledged)
        steps, lost, most_lost = steps + len(acknowledged), lost + found, max(most_lost, found)
    store.close()
    print(json.dumps({"kills": count, "steps": steps, "lost": lost, "most_lost": most_lost}))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
