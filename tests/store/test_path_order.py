"""A path's steps are read in the order in which they were given, also where rows were deleted."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from mlmeta_track.domain.batch import Batch
from mlmeta_track.domain.events import EventType
from mlmeta_track.domain.nodes import Execution, ExecutionState
from mlmeta_track.store.connect import open_store
from mlmeta_track.store.sql import edges
from mlmeta_track.store.sql.store import SqlStore
from mlmeta_track.testing.store_cases.build import event, execution, made
from tests.servers import DatabaseServer

PATH = ("p", 0, "q", 1)


@pytest.fixture
def store(postgresql: DatabaseServer) -> Iterator[SqlStore]:
    store = open_store(postgresql.new_url())
    assert isinstance(store, SqlStore)
    yield store
    store.close()


def put(store: SqlStore, number: int) -> None:
    done = execution(f"e{number}", ExecutionState.COMPLETE)
    output = event(f"a{number}", EventType.OUTPUT, *PATH)
    store.put(Batch(execution=done, artifacts=(made(f"a{number}"),), events=(output,)))


def test_steps_that_lie_the_wrong_way_round_are_written_again(store: SqlStore) -> None:
    put(store, 1)
    rows = edges.path_rows(1, PATH)
    with store._database.write() as session:
        edges._DELETE_PATH.run(session, event_id=1)
        edges._INSERT_PATH.run_many(session, rows[::-1])
        assert edges._out_of_order(session, {1: rows}) == [1]
        edges._DELETE_PATH.run(session, event_id=1)
        edges.insert_paths(session, rows)
        assert edges._out_of_order(session, {1: rows}) == []
    assert [e.path for e in store.get_events_by_artifact_ids([1])] == [PATH]


def test_the_room_of_deleted_rows_is_used_in_order(store: SqlStore) -> None:
    for number in range(150):
        put(store, number)
    with store._database.outside() as session:
        session.cursor.execute("DELETE FROM eventpath WHERE event_id % 3 = 0")
        session.cursor.execute("VACUUM eventpath")
    for number in range(150, 300):
        put(store, number)
    new = [e.id for e in store.list_nodes(Execution) if int((e.external_id or "")[1:]) >= 150]
    assert {e.path for e in store.get_events_by_execution_ids(new)} == {PATH}
