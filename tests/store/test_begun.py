"""What a store remembers of the executions that it has begun, and what it makes sure of."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from mlmeta_track.domain.batch import Batch
from mlmeta_track.domain.nodes import Execution, ExecutionState
from mlmeta_track.store.connect import open_store
from mlmeta_track.store.sql import begun
from mlmeta_track.store.sql.begun import Begun, BegunCache, BegunExecutions
from mlmeta_track.testing.store_cases.build import execution

RUNNING = Begun(1, 2, int(ExecutionState.RUNNING))


def test_what_was_learnt_is_known_at_once_and_to_others_when_it_is_remembered() -> None:
    cache: BegunCache = {}
    learning = BegunExecutions(cache)
    learning.note("e", RUNNING)
    assert (learning.get("e"), BegunExecutions(cache).get("e")) == (RUNNING, None)
    learning.remember()
    assert BegunExecutions(cache).get("e") == RUNNING


def test_what_has_ended_is_forgotten() -> None:
    cache: BegunCache = {"e": RUNNING}
    learning = BegunExecutions(cache)
    learning.note("e", None)
    assert learning.get("e") is None
    learning.remember()
    assert cache == {}


def test_of_many_those_that_were_begun_last_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(begun, "_MOST", 2)
    cache: BegunCache = {}
    for name in ("a", "b", "c"):
        learning = BegunExecutions(cache)
        learning.note(name, RUNNING)
        learning.remember()
    assert list(cache) == ["b", "c"]


def test_the_end_of_an_execution_that_was_deleted_meanwhile_is_written_as_a_whole(
    tmp_path: Path,
) -> None:
    path = tmp_path / "store.db"
    store = open_store(f"sqlite:///{path}")
    store.put(Batch(execution=execution(properties={"state": "RUNNING"})))
    with closing(sqlite3.connect(path)) as other:
        other.execute("DELETE FROM ExecutionProperty")
        other.execute("DELETE FROM Execution")
        other.commit()
    end = execution(state=ExecutionState.COMPLETE, properties={"state": "COMPLETED"})
    store.put(Batch(execution=end))
    [one] = store.list_nodes(Execution)
    assert (one.last_known_state, one.properties) == (
        ExecutionState.COMPLETE,
        {"state": "COMPLETED"},
    )
    store.close()


def test_properties_that_were_added_meanwhile_stay_and_those_that_are_given_are_set(
    tmp_path: Path,
) -> None:
    path = tmp_path / "store.db"
    store = open_store(f"sqlite:///{path}")
    store.put(Batch(execution=execution(custom_properties={"mine": 1})))
    with closing(sqlite3.connect(path)) as other:
        for name in ("theirs", "both"):
            other.execute(
                "INSERT INTO ExecutionProperty (execution_id, name, is_custom_property, int_value)"
                " SELECT id, ?, 1, 7 FROM Execution",
                (name,),
            )
        other.commit()
    given = {"mine": 2, "both": "ours"}
    store.put(Batch(execution=execution(state=ExecutionState.COMPLETE, custom_properties=given)))
    [one] = store.list_nodes(Execution)
    assert one.custom_properties == {"mine": 2, "theirs": 7, "both": "ours"}
    store.close()
