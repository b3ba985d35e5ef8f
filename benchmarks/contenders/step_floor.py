"""The floor: the rows of one of our steps, written with ``sqlite3`` alone.

The tables, the indexes, the types and the context are those of a store that we made; the pragmas
are ours.  Two transactions, as a step has a start and an end; statements that ``sqlite3`` has
prepared from the second step on; no look-up, and ids as the inserts give them back.  Nothing that
records a step in these tables can be much faster.
"""

from __future__ import annotations

import platform
import sqlite3
import sys
import time

from answering import answer, count_rows
from step_ours import FILE, Ours

import mlmeta_track as mt

_DECLARED_OUTPUT, _DECLARED_INPUT = 1, 2
_LIVE, _RUNNING, _COMPLETE = 2, 2, 3

_ARTIFACT = """INSERT INTO Artifact (type_id, uri, state, name, external_id,
    create_time_since_epoch, last_update_time_since_epoch) VALUES (?, ?, ?, ?, ?, ?, ?)"""
_ARTIFACT_PROPERTY = """INSERT INTO ArtifactProperty (artifact_id, name, is_custom_property,
    int_value, string_value) VALUES (?, ?, ?, ?, ?)"""
_EXECUTION = """INSERT INTO Execution (type_id, last_known_state, name, external_id,
    create_time_since_epoch, last_update_time_since_epoch) VALUES (?, ?, ?, ?, ?, ?)"""
_EXECUTION_PROPERTY = """INSERT INTO ExecutionProperty (execution_id, name, is_custom_property,
    double_value, string_value) VALUES (?, ?, ?, ?, ?)"""
_EVENT = """INSERT INTO Event (artifact_id, execution_id, type, milliseconds_since_epoch)
    VALUES (?, ?, ?, ?)"""
_EVENT_PATH = "INSERT INTO EventPath (event_id, is_index_step, step_key) VALUES (?, ?, ?)"
_ASSOCIATION = "INSERT INTO Association (context_id, execution_id) VALUES (?, ?)"
_ATTRIBUTION = "INSERT INTO Attribution (context_id, artifact_id) VALUES (?, ?)"
_END = "UPDATE Execution SET last_known_state = ?, last_update_time_since_epoch = ? WHERE id = ?"
_END_STATE = """UPDATE ExecutionProperty SET string_value = ?
    WHERE execution_id = ? AND name = ? AND is_custom_property = ?"""
_PROCESS = "host/1b56b018763d/7c9b34e1edf5/4026531836/27599/4356102"  # as long as a real one


class Floor:
    """Steps written without anything between them and SQLite."""

    def __init__(self, place: str) -> None:
        """Make a store with one step of ours in it, and take it over."""
        Ours("decorator", "file" if place == "memory" else place).do(0)
        mt.get_store().close()
        self._connection = sqlite3.connect(FILE, isolation_level=None)
        if place == "memory":
            memory = sqlite3.connect(":memory:", isolation_level=None)
            self._connection.backup(memory)
            self._connection.close()
            self._connection = memory
        elif place == "file":
            self._connection.execute("PRAGMA synchronous = NORMAL")
        self._data_set, self._schema = self._id_of("DataSet"), self._id_of("Schema")
        self._validation = self._id_of("Data Validation")
        (self._context,) = self._connection.execute("SELECT id FROM Context").fetchone()

    def do(self, number: int) -> None:
        """Write the rows of a step with an input and an output that no other has."""
        number += 1
        run = self._connection.execute
        run("BEGIN IMMEDIATE")
        execution = self._start(number)
        data_set = self._add_artifact(
            self._data_set, f"s3://bucket/data-{number}.csv", f"source-{number:040}"
        )
        self._connection.executemany(
            _ARTIFACT_PROPERTY,
            (
                (data_set, "name", False, None, "Chicago Taxi dataset"),
                (data_set, "split", False, None, "train"),
                (data_set, "version", False, 1, None),
            ),
        )
        self._add_event(data_set, execution, _DECLARED_INPUT, "train")
        run("COMMIT")
        run("BEGIN IMMEDIATE")
        self._end(execution)
        schema = self._add_artifact(
            self._schema, f"s3://bucket/schema-{number}.pbtxt", f"schema-{number:029}"
        )
        self._connection.executemany(
            _ARTIFACT_PROPERTY,
            (
                (schema, "name", False, None, "Chicago Taxi Schema"),
                (schema, "version", False, 1, None),
            ),
        )
        self._add_event(schema, execution, _DECLARED_OUTPUT, "schema")
        run("COMMIT")

    def rows(self) -> dict[str, int]:
        """Return how many rows the store has, by table."""
        return count_rows(self._connection)

    @staticmethod
    def versions() -> dict[str, str]:
        """Return the versions of what it stands on."""
        return {"python": platform.python_version(), "sqlite": sqlite3.sqlite_version}

    def _id_of(self, type_name: str) -> int:
        query = "SELECT id FROM Type WHERE name = ?"
        return int(self._connection.execute(query, (type_name,)).fetchone()[0])

    def _start(self, number: int) -> int:
        now = _now()
        run = self._connection.execute
        values = (self._validation, _RUNNING, None, f"execution-{number:026}", now, now)
        execution = _new_id(run(_EXECUTION, values))
        run(_EXECUTION_PROPERTY, (execution, "state", False, None, "RUNNING"))
        run(_EXECUTION_PROPERTY, (execution, "mlmeta_process", True, None, _PROCESS))
        run(_ASSOCIATION, (self._context, execution))
        return execution

    def _end(self, execution: int) -> None:
        run = self._connection.execute
        run(_END, (_COMPLETE, _now(), execution))
        run(_END_STATE, ("COMPLETED", execution, "state", False))
        run(_EXECUTION_PROPERTY, (execution, "mlmeta_duration_ms", True, 0.25, None))

    def _add_artifact(self, type_id: int, uri: str, external_id: str) -> int:
        now = _now()
        run = self._connection.execute
        artifact = _new_id(run(_ARTIFACT, (type_id, uri, _LIVE, None, external_id, now, now)))
        run(_ATTRIBUTION, (self._context, artifact))
        return artifact

    def _add_event(self, artifact: int, execution: int, event_type: int, key: str) -> None:
        run = self._connection.execute
        event = _new_id(run(_EVENT, (artifact, execution, event_type, _now())))
        run(_EVENT_PATH, (event, False, key))


def _new_id(cursor: sqlite3.Cursor) -> int:
    assert cursor.lastrowid is not None  # noqa: S101 - the cursor has just inserted
    return cursor.lastrowid


def _now() -> int:
    return time.time_ns() // 1_000_000


if __name__ == "__main__":
    answer(Floor(*sys.argv[1:]))
