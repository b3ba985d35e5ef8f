"""Putting executions with their events and contexts: once, however often it is tried."""

from __future__ import annotations

import dataclasses
import time
from typing import Any

import pytest

from mlmeta_track.domain.batch import Batch
from mlmeta_track.domain.events import EventType
from mlmeta_track.domain.nodes import Artifact, Context, Execution, ExecutionState
from mlmeta_track.domain.types import ArtifactType, ExecutionType
from mlmeta_track.errors import AlreadyExistsError, InvalidArgumentError
from mlmeta_track.store.base import Store
from mlmeta_track.testing.store_cases.build import (
    context,
    demo,
    end_of_step,
    event,
    execution,
    made,
    put_artifact,
    start_of_step,
    used,
)


def contents(store: Store) -> dict[str, Any]:
    """Return everything in a store, to compare it before and after."""
    executions = store.list_nodes(Execution)
    contexts = store.list_nodes(Context)
    return {
        "artifacts": store.list_nodes(Artifact),
        "executions": executions,
        "contexts": contexts,
        "events": store.get_events_by_execution_ids([node.id for node in executions]),
        "artifacts of": {c.id: store.get_by_context(Artifact, c.id) for c in contexts},
        "executions of": {c.id: store.get_by_context(Execution, c.id) for c in contexts},
        "parents of": {c.id: store.get_parent_contexts(c.id) for c in contexts},
        "types": [*store.get_types(ArtifactType), *store.get_types(ExecutionType)],
    }


def wait_for_the_next_millisecond() -> None:
    """Let the clock of the store move on, so that a new time is another time."""
    begin = time.time_ns() // 1_000_000
    while time.time_ns() // 1_000_000 <= begin + 1:
        time.sleep(0.0005)


class ExecutionCases:
    """What a store does with a step's batches."""

    def test_a_step_is_recorded_as_a_whole(self, store: Store) -> None:
        """The walkthrough's twelve steps in two batches."""
        started = store.put(start_of_step())
        ended = store.put(end_of_step())
        assert ended.execution_id == started.execution_id
        assert started.execution_id is not None
        [run] = store.get_by_id(Execution, [started.execution_id])
        assert run.type == "Data Validation"
        assert run.external_id == "e"
        assert run.last_known_state is ExecutionState.COMPLETE
        assert run.properties == {"state": "COMPLETED"}
        assert run.custom_properties == {"mlmeta_duration_ms": 12}
        data, schema = store.list_nodes(Artifact)
        assert started.artifacts["d"].id == data.id
        assert ended.artifacts["s"].id == schema.id
        assert data.properties == {"name": "taxi", "split": "train", "version": 1}
        assert (data.uri, data.fingerprint) == ("/data/d", "sha256:d")
        events = store.get_events_by_execution_ids([run.id])
        assert [(e.artifact_id, e.type, e.path) for e in events] == [
            (data.id, EventType.DECLARED_INPUT, ("train",)),
            (schema.id, EventType.DECLARED_OUTPUT, ("out", 0)),
        ]
        assert [e.milliseconds_since_epoch for e in events] == [7, 7]
        experiment_id = started.contexts[("Experiment", "Demo")]
        run_id = started.contexts[("Run", "run 1")]
        for context_id in (experiment_id, run_id):
            assert store.get_by_context(Artifact, context_id) == [data, schema]
            assert store.get_by_context(Execution, context_id) == [run]
        assert [c.id for c in store.get_parent_contexts(run_id)] == [experiment_id]
        assert [c.id for c in store.get_child_contexts(experiment_id)] == [run_id]
        assert [c.id for c in store.get_contexts_of(Artifact, data.id)] == [experiment_id, run_id]
        assert [c.id for c in store.get_contexts_of(Execution, run.id)] == [experiment_id, run_id]

    @pytest.mark.parametrize("batch", [start_of_step(), end_of_step()], ids=["start", "end"])
    def test_the_same_batch_twice_is_the_same_as_once(self, store: Store, batch: Batch) -> None:
        """Nothing changes, not even a time, and the ids are the same."""
        first = store.put(batch)
        before = contents(store)
        wait_for_the_next_millisecond()
        assert store.put(batch) == first
        assert contents(store) == before

    def test_a_batch_that_comes_late_does_not_turn_back_the_state(self, store: Store) -> None:
        """The start is put again, as from a spool, after the end has landed."""
        store.put(start_of_step())
        store.put(end_of_step())
        before = contents(store)
        store.put(start_of_step())
        assert contents(store) == before

    def test_the_start_may_land_after_the_end(self, store: Store) -> None:
        """The inputs are still recorded, and the execution stays complete."""
        store.put(end_of_step())
        store.put(start_of_step())
        [run] = store.list_nodes(Execution)
        assert run.last_known_state is ExecutionState.COMPLETE
        assert run.properties == {"state": "COMPLETED"}
        types = {e.type for e in store.get_events_by_execution_ids([run.id])}
        assert types == {EventType.DECLARED_INPUT, EventType.DECLARED_OUTPUT}

    def test_a_later_state_sets_properties_and_leaves_the_others(self, store: Store) -> None:
        """Properties that are not given stay, those given are set, whatever their type was."""
        store.put(Batch(execution=execution(custom_properties={"kept": 1, "changed": 1})))
        store.put(
            Batch(
                execution=execution(
                    state=ExecutionState.FAILED,
                    properties={"state": "FAILED"},
                    custom_properties={"changed": "now text", "new": True},
                )
            )
        )
        [run] = store.list_nodes(Execution)
        assert run.last_known_state is ExecutionState.FAILED
        assert run.properties == {"state": "FAILED"}
        assert run.custom_properties == {"kept": 1, "changed": "now text", "new": True}

    def test_the_end_takes_the_place_of_one_that_another_has_written_meanwhile(
        self, store: Store, second_store: Store
    ) -> None:
        """As when a process was taken for dead, and was not."""
        store.put(Batch(execution=execution()))
        canceled = execution(
            state=ExecutionState.CANCELED,
            properties={"state": "CANCELED"},
            custom_properties={"by": "another"},
        )
        second_store.put(Batch(execution=canceled))
        complete = execution(state=ExecutionState.COMPLETE, properties={"state": "COMPLETED"})
        store.put(Batch(execution=complete))
        [one] = store.list_nodes(Execution)
        assert one.last_known_state is ExecutionState.COMPLETE
        assert one.properties == {"state": "COMPLETED"}
        assert one.custom_properties == {"by": "another"}

    def test_a_declared_and_a_custom_property_may_share_a_name(self, store: Store) -> None:
        """Changing one leaves the other, which MLMD itself gets wrong."""
        put = execution(properties={"state": "a"}, custom_properties={"state": "b"})
        store.put(Batch(execution=put))
        store.put(
            Batch(execution=execution(state=ExecutionState.FAILED, properties={"state": "c"}))
        )
        [run] = store.list_nodes(Execution)
        assert (run.properties, run.custom_properties) == ({"state": "c"}, {"state": "b"})

    def test_times_are_set_and_move_only_with_a_change(self, store: Store) -> None:
        """They are milliseconds since the epoch."""
        begin = time.time_ns() // 1_000_000
        store.put(start_of_step())
        [run] = store.list_nodes(Execution)
        assert begin <= run.create_time_since_epoch <= time.time_ns() // 1_000_000
        assert run.last_update_time_since_epoch == run.create_time_since_epoch
        wait_for_the_next_millisecond()
        store.put(end_of_step())
        [ended] = store.list_nodes(Execution)
        assert ended.create_time_since_epoch == run.create_time_since_epoch
        assert ended.last_update_time_since_epoch > run.last_update_time_since_epoch

    def test_an_artifact_is_used_and_made_by_one_execution(self, store: Store) -> None:
        """Events are unique by artifact, execution and type; the first path counts."""
        batch = Batch(
            execution=execution(),
            artifacts=(used("x", fingerprint="x"),),
            events=(
                event("x", EventType.INPUT, "first"),
                event("x", EventType.INPUT, "second"),
                event("x", EventType.OUTPUT),
            ),
        )
        result = store.put(batch)
        assert store.put(batch) == result
        events = store.get_events_by_artifact_ids([result.artifacts["x"].id])
        assert [(e.type, e.path) for e in events] == [
            (EventType.INPUT, ("first",)),
            (EventType.OUTPUT, ()),
        ]

    def test_a_context_is_made_once_and_its_given_properties_are_set(self, store: Store) -> None:
        """Properties that are not given are left alone; the time moves only with a change."""
        store.put(Batch(contexts=(demo("first"),)))
        [before] = store.list_nodes(Context)
        wait_for_the_next_millisecond()
        store.put(Batch(contexts=(demo("first"),)))
        assert store.list_nodes(Context) == [before]
        more = dataclasses.replace(demo("second"), custom_properties={"owner": "me"})
        store.put(Batch(contexts=(more,)))
        store.put(Batch(contexts=(dataclasses.replace(demo(), properties={}),)))
        [after] = store.list_nodes(Context)
        assert after.id == before.id
        assert (after.properties, after.custom_properties) == ({"note": "second"}, {"owner": "me"})
        assert after.last_update_time_since_epoch > before.last_update_time_since_epoch

    def test_contexts_of_one_name_and_two_types_are_two(self, store: Store) -> None:
        """A context's identity is its type and its name."""
        result = store.put(Batch(contexts=(demo(name="x"), context("x"))))
        assert len(set(result.contexts.values())) == 2

    def test_a_batch_without_an_execution_writes_the_rest(self, store: Store) -> None:
        """Artifacts are attributed to its contexts."""
        result = store.put(Batch(artifacts=(made("s"),), contexts=(demo(),)))
        assert result.execution_id is None
        [context_id] = result.contexts.values()
        assert [a.id for a in store.get_by_context(Artifact, context_id)] == [
            result.artifacts["s"].id
        ]

    def test_an_empty_batch_is_nothing(self, store: Store) -> None:
        """It has no ids to return."""
        result = store.put(Batch())
        assert (result.execution_id, result.artifacts, result.contexts) == (None, {}, {})

    def test_a_made_artifact_is_written_once_and_left_alone(self, store: Store) -> None:
        """What is put under its external id again changes nothing."""
        first = put_artifact(store, made("s", uri="/a", properties={"name": "one"}))
        before = store.list_nodes(Artifact)
        again = put_artifact(store, made("s", uri="/b", properties={"name": "two", "version": 2}))
        assert again == first
        assert store.list_nodes(Artifact) == before

    def test_an_external_id_belongs_to_one_type(self, store: Store) -> None:
        """The same external id under another type is an error, not another node."""
        store.put(Batch(execution=execution("x"), artifacts=(made("y"),)))
        with pytest.raises(AlreadyExistsError, match=r"'x'.*another type"):
            store.put(Batch(execution=execution("x", kind=ExecutionType("Other"))))
        with pytest.raises(AlreadyExistsError, match=r"'y'.*another type"):
            store.put(Batch(artifacts=(made("y", ArtifactType("Other")),)))

    @pytest.mark.parametrize(
        "batch",
        [
            Batch(events=(event("a", EventType.INPUT),), artifacts=(made("a"),)),
            Batch(execution=execution(), events=(event("a", EventType.INPUT),)),
            Batch(
                execution=execution(),
                artifacts=(made("a"),),
                events=(event("a", EventType.UNKNOWN),),
            ),
            Batch(contexts=(context("a"),), parents=((("Run", "a"), ("Run", "a")),)),
            Batch(contexts=(context("a"),), parents=((("Run", "a"), ("Run", "b")),)),
            Batch(contexts=(context(""),)),
            Batch(execution=execution("")),
            Batch(artifacts=(made("\ud800"),)),
            Batch(artifacts=(made("a", uri="nul\0"),)),
        ],
        ids=[
            "events without an execution",
            "an event of no artifact",
            "an event without a type",
            "its own parent",
            "a parent that is not there",
            "a context without a name",
            "an execution without an external id",
            "a lone surrogate",
            "a NUL",
        ],
    )
    def test_a_batch_that_cannot_be_written_is_refused_whole(
        self, store: Store, batch: Batch
    ) -> None:
        """It raises ``InvalidArgumentError`` and nothing is written."""
        before = contents(store)
        with pytest.raises(InvalidArgumentError):
            store.put(batch)
        assert contents(store) == before
