"""Make a large store, the same one every time: pipelines that ran for years.

    python benchmarks/big_store.py sqlite:////tmp/big.db --events 1000000

Twenty experiments have runs in turn.  A run has ten steps that make five artifacts, has fifty
events, and uses the model of the run before it, so that lineage is as deep as an experiment is
long.  Its steps take five minutes each; the last run ended a day before ``--now``.  A step in fifty
FAILED.  A million events are 20,000 runs, 200,000 executions and 100,000 artifacts.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from mlmeta_track.domain.events import EventType
from mlmeta_track.domain.nodes import FINGERPRINT, ArtifactState, ExecutionState
from mlmeta_track.domain.types import (
    DATASET,
    EXPERIMENT,
    RUN,
    ArtifactType,
    ExecutionType,
    NodeType,
    PropertyType,
)
from mlmeta_track.store.sql.calls import put_types
from mlmeta_track.store.sql.engine import Database

EXPERIMENTS = 20
STEPS = (
    *("Ingest", "Statistics", "Infer", "Validate", "Transform"),
    *("Train", "Evaluate", "Bless", "Compare", "Report"),
)
MADE = {0: 0, 1: 1, 2: 2, 4: 3, 5: 4}
"""Which of a run's artifacts each step makes, by their numbers."""

ARTIFACT_TYPES = (
    DATASET,
    ArtifactType("ExampleStatistics", {"span": PropertyType.INT}, base_type="mlmd.Statistics"),
    ArtifactType("Schema", {"name": PropertyType.STRING, "version": PropertyType.INT}),
    ArtifactType("Examples", {"split_names": PropertyType.STRING}, base_type="mlmd.Dataset"),
    ArtifactType("Model", {"name": PropertyType.STRING}, base_type="mlmd.Model"),
)
EXECUTION_TYPES = tuple(ExecutionType(name, {"state": PropertyType.STRING}) for name in STEPS)
EVENTS_OF_A_RUN = 50
RUNS_AT_ONCE = 500
MINUTE = 60_000
DAY = 24 * 60 * MINUTE

NOW = 1_767_225_600_000
EVENTS, FEW_EVENTS = 1_000_000, 10_000
FEW_ROUNDS = 2

Rows: TypeAlias = "dict[str, list[tuple[Any, ...]]]"

COLUMNS = {
    "Context": "id type_id name create_time_since_epoch last_update_time_since_epoch",
    "ContextProperty": "context_id name is_custom_property string_value",
    "ParentContext": "context_id parent_context_id",
    "Artifact": "id type_id uri state external_id create_time_since_epoch"
    " last_update_time_since_epoch",
    "ArtifactProperty": "artifact_id name is_custom_property int_value string_value",
    "Execution": "id type_id last_known_state external_id create_time_since_epoch"
    " last_update_time_since_epoch",
    "ExecutionProperty": "execution_id name is_custom_property int_value double_value string_value",
    "Event": "id artifact_id execution_id type milliseconds_since_epoch",
    "EventPath": "event_id is_index_step step_index step_key",
    "Association": "context_id execution_id",
    "Attribution": "context_id artifact_id",
}


@dataclass(frozen=True)
class Size:
    """How large a store is."""

    events: int
    now: int

    @property
    def runs(self) -> int:
        """How many runs it has."""
        return max(1, self.events // EVENTS_OF_A_RUN)


def events(rounds: int) -> int:
    """Return how many events a measurement's store has: few where it is only seen to run."""
    return FEW_EVENTS if rounds <= FEW_ROUNDS else EVENTS


def kept(folder: Path, n_events: int) -> Path:
    """Return the store of that size in a folder, which is made if it is not there."""
    path = (folder / f"events-{n_events}.db").resolve()
    if not path.exists():
        print(f"bench: makes a store of {n_events:,} events, once", file=sys.stderr, flush=True)
        folder.mkdir(parents=True, exist_ok=True)
        unfinished = path.with_suffix(".unfinished")
        unfinished.unlink(missing_ok=True)
        make(f"sqlite:///{unfinished}", Size(n_events, NOW))
        unfinished.replace(path)
    return path


def make(url: str, size: Size) -> None:
    """Fill a new store.

    Args:
        url: Where it is to be; a database's URL.
        size: How large.
    """
    database = Database(url, on_open=lambda: None, create=True)
    kinds: tuple[NodeType, ...] = (*ARTIFACT_TYPES, *EXECUTION_TYPES, EXPERIMENT, RUN)
    ids = database.writing(
        lambda session: put_types(session, kinds, can_add_fields=True, can_omit_fields=True)
    )
    for rows in _parts(size, ids):
        with database.write() as session:
            for table, some in rows.items():
                columns = COLUMNS[table].split()
                mark = "?" if session.dialect.name == "sqlite" else "%s"
                name = table.lower() if session.dialect.name == "postgresql" else table
                marks = ", ".join([mark] * len(columns))
                text = f"INSERT INTO {name} ({', '.join(columns)}) VALUES ({marks})"  # noqa: S608 - names of ours
                session.cursor.executemany(text, some)
    _move_on(database)
    database.close()


def _move_on(database: Database) -> None:
    """Have PostgreSQL give the ids after those that were given here."""
    with database.outside() as session:
        if session.dialect.name != "postgresql":
            return
        for table in ("context", "artifact", "execution", "event"):
            session.cursor.execute(
                f"SELECT setval('{table}_id_seq', (SELECT MAX(id) FROM {table}))"  # noqa: S608
            )


def _parts(size: Size, type_ids: Sequence[int]) -> Iterator[Rows]:
    """Give the rows of some hundred runs at a time."""
    began = size.now - DAY - size.runs * len(STEPS) * 5 * MINUTE
    rows: Rows = {table: [] for table in COLUMNS}
    experiment_type, run_type = type_ids[-2:]
    for i in range(EXPERIMENTS):
        rows["Context"].append(
            (i + 1, experiment_type, f"Experiment {i + 1}", began, size.now - DAY)
        )
        rows["ContextProperty"].append((i + 1, "note", False, "One of many."))
    for run in range(size.runs):
        _add_run(rows, run, began + run * len(STEPS) * 5 * MINUTE, type_ids, run_type)
        if run % RUNS_AT_ONCE == RUNS_AT_ONCE - 1:
            yield rows
            rows = {table: [] for table in COLUMNS}
    yield rows


def _add_run(rows: Rows, run: int, began: int, type_ids: Sequence[int], run_type: int) -> None:
    context, experiment = EXPERIMENTS + run + 1, run % EXPERIMENTS + 1
    end = began + len(STEPS) * 5 * MINUTE
    rows["Context"].append((context, run_type, f"pipeline.py {run}", began, end))
    rows["ParentContext"].append((context, experiment))
    for name, value in (
        ("mlmeta_command_line", f"pipeline.py --span {run}"),
        ("mlmeta_git_commit", f"{run * 2654435761 % 2**64:016x}"),
        ("mlmeta_python", "3.11.9"),
    ):
        rows["ContextProperty"].append((context, name, True, value))
    for number in range(len(ARTIFACT_TYPES)):
        _add_artifact(rows, run, number, began + 5 * MINUTE * number, type_ids[number])
        rows["Attribution"] += [(one, _artifact(run, number)) for one in (context, experiment)]
    for step in range(len(STEPS)):
        _add_step(rows, run, step, began + 5 * MINUTE * step, type_ids)
        rows["Association"] += [(one, _execution(run, step)) for one in (context, experiment)]


def _artifact(run: int, number: int) -> int:
    return run * len(ARTIFACT_TYPES) + number + 1


def _execution(run: int, step: int) -> int:
    return run * len(STEPS) + step + 1


def _add_artifact(rows: Rows, run: int, number: int, when: int, type_id: int) -> None:
    one, declared = _artifact(run, number), ARTIFACT_TYPES[number]
    uri, state = f"/data/{declared.name}/{run}", int(ArtifactState.LIVE)
    rows["Artifact"].append((one, type_id, uri, state, f"artifact-{one}", when, when))
    for name, kind in declared.properties.items():
        value = (run, None) if kind is PropertyType.INT else (None, f"{name} {run % 100}")
        rows["ArtifactProperty"].append((one, name, False, *value))
    digest = f"sha256:{one * 11400714819323198485 % 2**64:016x}"
    rows["ArtifactProperty"].append((one, FINGERPRINT, True, None, digest))
    rows["ArtifactProperty"].append((one, "rows", True, 1000 + run, None))


def _add_step(rows: Rows, run: int, step: int, when: int, type_ids: Sequence[int]) -> None:
    one, end = _execution(run, step), when + 4 * MINUTE
    failed = one % 50 == 0
    state = ExecutionState.FAILED if failed else ExecutionState.COMPLETE
    type_id = type_ids[len(ARTIFACT_TYPES) + step]
    rows["Execution"].append((one, type_id, int(state), f"execution-{one}", when, end))
    for name, custom, number, double, text in (
        ("state", False, None, None, "FAILED" if failed else "COMPLETED"),
        ("mlmeta_duration_ms", True, 4 * MINUTE, None, None),
        ("learning_rate", True, None, 1 / (run % 97 + 1), None),
        ("epochs", True, run % 40, None, None),
    ):
        rows["ExecutionProperty"].append((one, name, custom, number, double, text))
    for index, artifact in enumerate(_inputs(run, step)):
        _add_event(rows, artifact, one, EventType.INPUT, when, ("inputs", index))
    if step in MADE:
        made = _artifact(run, MADE[step])
        _add_event(rows, made, one, EventType.OUTPUT, end, ("return", 0))


def _inputs(run: int, step: int) -> list[int]:
    """Return what a step uses: what its run has made so far, and models from before."""
    made = [_artifact(run, number) for of_step, number in MADE.items() if of_step < step]
    before = [run - EXPERIMENTS * back for back in range(1, 5) if run >= EXPERIMENTS * back]
    models = [_artifact(one, len(ARTIFACT_TYPES) - 1) for one in before]
    if step == 0:
        return models[:1]
    # Forty-five in all; with the five that are made, fifty events.
    return made + models[: _MODELS[step]]


_MODELS = (1, 2, 2, 1, 1, 1, 1, 1, 1, 1)


def _add_event(  # noqa: PLR0913, PLR0917 - a row has them all
    rows: Rows, artifact: int, execution: int, kind: EventType, when: int, path: tuple[str, int]
) -> None:
    one = rows["Event"][-1][0] + 1 if rows["Event"] else _first_event(execution)
    rows["Event"].append((one, artifact, execution, int(kind), when))
    rows["EventPath"].append((one, False, None, path[0]))
    rows["EventPath"].append((one, True, path[1], None))


def _first_event(execution: int) -> int:
    """Return an id above those of the events of all executions before."""
    return (execution - 1) // len(STEPS) * EVENTS_OF_A_RUN + 1


def main() -> None:
    """Make the store that the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("url")
    parser.add_argument("--events", type=int, default=EVENTS)
    parser.add_argument("--now", type=int, default=NOW, help="milliseconds")
    options = parser.parse_args()
    began = time.monotonic()
    make(options.url, Size(options.events, options.now))
    print(f"{options.events:,} events in {time.monotonic() - began:.1f} s")


if __name__ == "__main__":
    main()
