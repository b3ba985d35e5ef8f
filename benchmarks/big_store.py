"""Makes a large store on a SQLite file: pipelines of a hundred steps each, no two the same.

``python benchmarks/big_store.py FILE [EVENTS]`` writes EVENTS events (a million unless given), a
tenth as many artifacts and executions, and a run for every hundred of these.  The same numbers give
the same store.  Step number n of a pipeline makes one artifact out of the up to nine before it, so
that lineage is a hundred steps deep.
"""

from __future__ import annotations

import hashlib
import sqlite3
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mlmeta_track.domain.types import EXPERIMENT, RUN, ArtifactType, ExecutionType, PropertyType
from mlmeta_track.store.base import Store
from mlmeta_track.store.connect import open_store

EVENTS = 1_000_000
STEPS = 100
"""How many steps a pipeline has, each of which makes one artifact."""

USED = 9
"""How many artifacts a step uses at most: those that were made just before it."""

PIPELINES_OF_AN_EXPERIMENT = 20
BEGAN = 1_700_000_000_000  # ms since the epoch
STEP_MS = 60_000

ARTIFACT_TYPES = (
    ArtifactType(
        "DataSet",
        {"name": PropertyType.STRING, "split": PropertyType.STRING, "version": PropertyType.INT},
    ),
    ArtifactType("ExampleStatistics", {"split": PropertyType.STRING}),
    ArtifactType("Schema", {"name": PropertyType.STRING, "version": PropertyType.INT}),
    ArtifactType("Model", {"name": PropertyType.STRING}),
)
EXECUTION_TYPES = tuple(
    ExecutionType(name, {"state": PropertyType.STRING})
    for name in ("Split", "Statistics", "Infer", "Train")
)


@dataclass(frozen=True, slots=True)
class Ids:
    """The ids of the types, in the order of the tables above."""

    artifacts: tuple[int, ...]
    executions: tuple[int, ...]
    run: int
    experiment: int


def main(path: str, events: int = EVENTS) -> None:
    """Make the store, and say how long it took."""
    began = time.perf_counter()
    make(Path(path), events)
    seconds = time.perf_counter() - began
    print(
        f"{path}: about {events:,} events in {seconds:.0f} s, {Path(path).stat().st_size:,} bytes"
    )


def make(path: Path, events: int) -> None:
    """Make a store of about so many events in a file that does not exist yet."""
    store = open_store(f"sqlite:///{path.absolute()}")
    ids = _types(store)
    store.close()
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA synchronous = OFF")  # a file that is lost is made again
        connection.execute("BEGIN")
        for table, columns, rows in _tables(ids, events // (STEPS * (USED + 1)) or 1):
            marks = ", ".join("?" * len(columns.split(",")))
            connection.executemany(f"INSERT INTO {table} ({columns}) VALUES ({marks})", rows)  # noqa: S608
        connection.execute("COMMIT")
        connection.execute("ANALYZE")


def _types(store: Store) -> Ids:
    made = {
        name: store.put_types(types, can_add_fields=True, can_omit_fields=True)
        for name, types in (
            ("artifacts", ARTIFACT_TYPES),
            ("executions", EXECUTION_TYPES),
            ("contexts", (RUN, EXPERIMENT)),
        )
    }
    run, experiment = made["contexts"]
    return Ids(tuple(made["artifacts"]), tuple(made["executions"]), run, experiment)


def _tables(ids: Ids, pipelines: int) -> Iterator[tuple[str, str, Iterator[tuple[Any, ...]]]]:
    """Yield the rows of each table."""
    numbers = range(1, pipelines * STEPS + 1)
    experiments = -(-pipelines // PIPELINES_OF_AN_EXPERIMENT)
    times = "create_time_since_epoch, last_update_time_since_epoch"
    yield (
        "Artifact",
        f"id, type_id, uri, state, external_id, {times}",
        (
            (
                n,
                _of(ids.artifacts, n),
                f"/data/{_pipeline(n)}/{n}.bin",
                2,
                f"artifact-{n}",
                _at(n),
                _at(n),
            )
            for n in numbers
        ),
    )
    yield (
        "Execution",
        f"id, type_id, last_known_state, external_id, {times}",
        (
            (n, _of(ids.executions, n), _state(n), f"execution-{n}", _at(n), _at(n) + 1000)
            for n in numbers
        ),
    )
    yield (
        "Context",
        f"id, type_id, name, {times}",
        (
            *(
                (p, ids.run, f"pipeline {p}", _at(p * STEPS), _at(p * STEPS))
                for p in range(1, pipelines + 1)
            ),
            *(
                (pipelines + e, ids.experiment, f"experiment {e}", BEGAN, BEGAN)
                for e in range(1, experiments + 1)
            ),
        ).__iter__(),
    )
    yield (
        "ArtifactProperty",
        "artifact_id, name, is_custom_property, int_value, string_value, double_value",
        (row for n in numbers for row in _artifact_properties(n)),
    )
    yield (
        "ExecutionProperty",
        "execution_id, name, is_custom_property, int_value, string_value, double_value",
        (row for n in numbers for row in _execution_properties(n)),
    )
    yield (
        "Event",
        "id, artifact_id, execution_id, type, milliseconds_since_epoch",
        (
            (number, artifact, n, kind, _at(n))
            for number, (n, artifact, kind) in enumerate(_events(numbers), start=1)
        ),
    )
    yield (
        "EventPath",
        "event_id, is_index_step, step_key",
        (
            (number, 0, "out" if kind == _OUTPUT else "in")
            for number, (_, _, kind) in enumerate(_events(numbers), start=1)
        ),
    )
    yield "Attribution", "context_id, artifact_id", ((_pipeline(n), n) for n in numbers)
    yield "Association", "context_id, execution_id", ((_pipeline(n), n) for n in numbers)
    yield (
        "ParentContext",
        "context_id, parent_context_id",
        ((p, pipelines + -(-p // PIPELINES_OF_AN_EXPERIMENT)) for p in range(1, pipelines + 1)),
    )


_INPUT, _OUTPUT = 3, 4
_COMPLETE, _FAILED = 3, 4


def _events(numbers: range) -> Iterator[tuple[int, int, int]]:
    for n in numbers:
        first = (n - 1) // STEPS * STEPS + 1
        for used in range(max(first, n - USED), n):
            yield n, used, _INPUT
        yield n, n, _OUTPUT


def _of(types: tuple[int, ...], number: int) -> int:
    return types[number % len(types)]


def _pipeline(number: int) -> int:
    return (number - 1) // STEPS + 1


def _at(number: int) -> int:
    return BEGAN + number * STEP_MS


def _state(number: int) -> int:
    return _FAILED if number % 97 == 0 else _COMPLETE


def _artifact_properties(n: int) -> Iterator[tuple[Any, ...]]:
    digest = hashlib.sha256(str(n).encode()).hexdigest()
    yield n, "split", False, None, "train" if n % 5 else "eval", None
    yield n, "name", False, None, f"artifact {n}", None
    yield n, "mlmeta_fingerprint", True, None, f"sha256:{digest}", None
    yield n, "examples", True, n % 20_000, None, None
    yield n, "quality", True, None, None, (n % 1000) / 1000


def _execution_properties(n: int) -> Iterator[tuple[Any, ...]]:
    yield n, "state", False, None, "FAILED" if _state(n) == _FAILED else "COMPLETED", None
    yield n, "rate", True, None, None, (n % 10) / 10
    yield n, "mlmeta_duration_ms", True, None, None, 1000.0


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else EVENTS)  # noqa: PLR2004
