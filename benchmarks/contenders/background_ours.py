"""Steps written in the background: what they cost the user's thread, and how many there can be."""

from __future__ import annotations

import json
import os
import sqlite3
import statistics
import sys
import time
from contextlib import closing
from pathlib import Path
from typing import Any

from step_ours import FILE, validate

import mlmeta_track as mt

_WARM_UP = 200
_PAGE = os.sysconf("SC_PAGE_SIZE")


def measure(seconds: float, steps_a_second: int) -> dict[str, Any]:
    """Return what was measured in two phases of so many seconds each."""
    mt.init(store=f"sqlite:///{FILE}", write="background", strict=True)
    done = _steps(0, _WARM_UP)
    mt.flush()
    costs = _paced(done, seconds, steps_a_second)
    done += len(costs)
    mt.flush()
    sustained = _as_many_as_possible(done, seconds)
    done += sustained["steps"]
    return {
        "paced": {
            "steps_a_second": steps_a_second,
            "median": statistics.median(costs),
            "p99": statistics.quantiles(costs, n=100)[98],
            "processor_a_step": sustained["processor"] / sustained["steps"],
        },
        "sustained": sustained,
        "written": _written() == done,
    }


def _steps(first: int, count: int) -> int:
    for number in range(first, first + count):
        validate(f"s3://bucket/data-{number}.csv", f"s3://bucket/schema-{number}.pbtxt")
    return first + count


def _paced(first: int, seconds: float, steps_a_second: int) -> list[float]:
    """Record steps at a steady rate; return what each took of the user's thread."""
    costs = []
    begun = time.perf_counter()
    for i in range(int(seconds * steps_a_second)):
        time.sleep(max(0.0, begun + i / steps_a_second - time.perf_counter()))
        started = time.perf_counter()
        _steps(first + i, 1)
        costs.append(time.perf_counter() - started)
    return costs


def _as_many_as_possible(first: int, seconds: float) -> dict[str, Any]:
    """Record steps without a pause, until all are written."""
    memory = [_memory()]
    begun, processor = time.perf_counter(), time.process_time()
    done = first
    while time.perf_counter() < begun + seconds:
        done = _steps(done, 100)
        memory.append(_memory())
    mt.flush()
    took = time.perf_counter() - begun
    half = len(memory) // 2
    return {
        "steps": done - first,
        "steps_a_second": (done - first) / took,
        "processor": time.process_time() - processor,
        "memory_at_half": max(memory[: half + 1]),
        "memory_at_end": max(memory[half:]),
    }


def _memory() -> int:
    """Return how many bytes of memory this process has."""
    return int(Path("/proc/self/statm").read_text("ascii").split()[1]) * _PAGE


def _written() -> int:
    with closing(sqlite3.connect(FILE)) as connection:
        query = "SELECT COUNT(*) FROM Execution WHERE last_known_state = 3"
        return int(connection.execute(query).fetchone()[0])


if __name__ == "__main__":
    print(json.dumps(measure(float(sys.argv[1]), int(sys.argv[2]))))
