"""``put_execution``: an execution with its artifacts, events and contexts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from mlmeta_track.domain.events import EventType
from mlmeta_track.domain.nodes import Artifact, Context, Execution
from mlmeta_track.domain.writes import (
    ArtifactAndEvent,
    ArtifactWrite,
    ContextWrite,
    EventWrite,
    ExecutionWrite,
    PutExecutionIds,
    PutExecutionOptions,
)
from mlmeta_track.errors import AlreadyExistsError, InvalidArgumentError, NotFoundError
from mlmeta_track.store.base import Store
from mlmeta_track.testing.store_cases.calls_build import (
    as_read,
    declare_types,
    let_time_pass,
    model,
    put_node,
    stored,
    study,
    training,
)

_USED = EventWrite(type=EventType.INPUT)
_MADE = EventWrite(type=EventType.OUTPUT)


def _put(
    store: Store,
    execution: ExecutionWrite,
    pairs: Sequence[ArtifactAndEvent] = (),
    contexts: Sequence[ContextWrite] = (),
    **options: Any,
) -> PutExecutionIds:
    return store.put_execution(execution, pairs, contexts, PutExecutionOptions(**options))


def _nothing_was_written(store: Store) -> bool:
    return store.list_nodes(Artifact) == [] and store.list_nodes(Execution) == []


class CallsExecutionCases:
    """What a store does with an execution and all that belongs to it."""

    def test_an_execution_is_put_with_all_that_belongs_to_it(self, store: Store) -> None:
        """Its artifacts, the events between them, and contexts for all of them."""
        declare_types(store)
        put = _put(store, training(), [(model(), _USED), (model(), _MADE)], [study("a")])
        assert put == PutExecutionIds(1, [1, 2], [1])
        events = store.get_events_by_execution_ids([1])
        assert [(e.artifact_id, e.type) for e in events] == [
            (1, EventType.INPUT),
            (2, EventType.OUTPUT),
        ]
        assert [a.id for a in store.get_by_context(Artifact, 1)] == [1, 2]
        assert [e.id for e in store.get_by_context(Execution, 1)] == [1]

    def test_an_execution_may_be_put_by_itself(self, store: Store) -> None:
        """Nothing else is needed."""
        declare_types(store)
        assert _put(store, training()) == PutExecutionIds(1, [], [])

    def test_an_execution_and_artifacts_that_exist_are_updated(self, store: Store) -> None:
        """Whole, as ``put_nodes`` does without a mask."""
        declare_types(store)
        _put(store, training(properties={"int": 1}), [(model(uri="/a"), _USED)])
        _put(store, ExecutionWrite(id=1), [(ArtifactWrite(id=1, uri="/b"), _MADE)])
        assert stored(store, Execution, 1).properties == {}
        assert stored(store, Artifact, 1).uri == "/b"

    def test_an_event_may_name_its_artifact_by_id(self, store: Store) -> None:
        """Then no artifact is given; the reply has its id."""
        declare_types(store)
        put_node(store, Artifact, model())
        event = EventWrite(artifact_id=1, type=EventType.INPUT)
        assert _put(store, training(), [(None, event)], [study()]).artifact_ids == [1]
        assert [a.id for a in store.get_by_context(Artifact, 1)] == [1]

    def test_an_artifact_may_be_given_without_an_event(self, store: Store) -> None:
        """It is written, and belongs to the contexts."""
        declare_types(store)
        assert _put(store, training(), [(model(), None)], [study()]).artifact_ids == [1]
        assert store.get_events_by_execution_ids([1]) == []
        assert [a.id for a in store.get_by_context(Artifact, 1)] == [1]

    def test_a_pair_of_nothing_has_the_id_minus_one(self, store: Store) -> None:
        """It belongs to no context."""
        declare_types(store)
        put = _put(store, training(), [(None, None), (model(), None)], [study()])
        assert put.artifact_ids == [-1, 1]
        assert [a.id for a in store.get_by_context(Artifact, 1)] == [1]

    def test_an_artifact_may_be_given_twice(self, store: Store) -> None:
        """With different types of events; it is linked once."""
        declare_types(store)
        put_node(store, Artifact, model())
        pairs = [(ArtifactWrite(id=1), _USED), (ArtifactWrite(id=1), _MADE)]
        assert _put(store, training(), pairs, [study()]).artifact_ids == [1, 1]
        assert len(store.get_events_by_artifact_ids([1])) == 2
        assert [a.id for a in store.get_by_context(Artifact, 1)] == [1]

    def test_the_same_event_twice_is_refused(self, store: Store) -> None:
        """Nothing is written."""
        declare_types(store)
        event = EventWrite(artifact_id=1, type=EventType.INPUT)
        with pytest.raises(AlreadyExistsError):
            _put(store, training(), [(None, event), (None, event)])
        assert _nothing_was_written(store)

    def test_an_event_may_name_the_ends_it_is_given_with(self, store: Store) -> None:
        """They are the same."""
        declare_types(store)
        _put(store, training(), [(model(), None)])
        event = EventWrite(artifact_id=1, execution_id=1, type=EventType.INPUT)
        _put(store, ExecutionWrite(id=1), [(ArtifactWrite(id=1), event)])
        assert len(store.get_events_by_execution_ids([1])) == 1

    @pytest.mark.parametrize(
        "pair",
        [
            (model(), EventWrite(execution_id=99, type=EventType.INPUT)),
            (model(), EventWrite(artifact_id=99, type=EventType.INPUT)),
            (None, _USED),
            (model(), EventWrite()),
        ],
        ids=["another execution", "another artifact", "no artifact", "no type"],
    )
    def test_an_event_that_does_not_fit_is_refused(
        self, store: Store, pair: ArtifactAndEvent
    ) -> None:
        """Nothing is written."""
        declare_types(store)
        with pytest.raises(InvalidArgumentError, match="event"):
            _put(store, training(), [pair])
        assert _nothing_was_written(store)

    @pytest.mark.parametrize(
        "execution", [ExecutionWrite(), ExecutionWrite(id=99)], ids=["no type", "unknown id"]
    )
    def test_a_bad_execution_is_refused(self, store: Store, execution: ExecutionWrite) -> None:
        """Its artifacts are not written either."""
        declare_types(store)
        with pytest.raises(InvalidArgumentError):
            _put(store, execution, [(model(), _USED)])
        assert _nothing_was_written(store)

    # Times

    def test_the_time_of_an_execution_can_be_made_to_move(self, store: Store) -> None:
        """Without the option it stays, if nothing changes."""
        declare_types(store)
        before = stored(store, Execution, _put(store, training()).execution_id)
        let_time_pass()
        given = ExecutionWrite(id=before.id, type=before.type)
        _put(store, given)
        assert stored(store, Execution, before.id) == before
        _put(store, given, force_update_time=True)
        after = stored(store, Execution, before.id)
        assert after.last_update_time_since_epoch > before.last_update_time_since_epoch

    # Contexts

    @pytest.mark.parametrize(
        "context",
        [ContextWrite(name="a"), study(None), ContextWrite(id=1), ContextWrite(id=1, name="a")],
        ids=["no type", "no name", "only an id", "an id and no type"],
    )
    def test_a_context_has_a_type_and_a_name(self, store: Store, context: ContextWrite) -> None:
        """Also one that exists."""
        declare_types(store)
        put_node(store, Context, study("a"))
        with pytest.raises(InvalidArgumentError, match="Context is missing"):
            _put(store, training(), [], [context])
        assert _nothing_was_written(store)

    def test_a_context_that_exists_is_refused_without_its_id(self, store: Store) -> None:
        """Unless it is to be reused."""
        declare_types(store)
        put_node(store, Context, study("a"))
        with pytest.raises(AlreadyExistsError, match="'a'"):
            _put(store, training(), [], [study("a")])

    def test_a_context_that_exists_is_reused_as_it_is(self, store: Store) -> None:
        """It is found by its type and name, and not updated."""
        declare_types(store)
        put_node(store, Context, study("a", properties={"int": 1}))
        given = [study("a", properties={"int": 2}), study("b")]
        put = _put(store, training(), [], given, reuse_context_if_already_exist=True)
        assert put.context_ids == [1, 2]
        assert stored(store, Context, 1).properties == {"int": 1}
        assert [e.id for e in store.get_by_context(Execution, 1)] == [1]

    def test_a_context_with_an_id_is_updated_also_where_contexts_are_reused(
        self, store: Store
    ) -> None:
        """The id says which it is."""
        declare_types(store)
        context_id = put_node(store, Context, study("a"))
        given = as_read(stored(store, Context, context_id), name="b")
        assert isinstance(given, ContextWrite)
        _put(store, training(), [], [given], reuse_context_if_already_exist=True)
        assert stored(store, Context, context_id).name == "b"

    def test_a_context_with_an_id_can_be_linked_without_an_update(self, store: Store) -> None:
        """Neither its type nor its name is needed then."""
        declare_types(store)
        context_id = put_node(store, Context, study("a", properties={"int": 1}))
        before = stored(store, Context, context_id)
        _put(store, training(), [], [ContextWrite(id=context_id)], force_reuse_context=True)
        assert stored(store, Context, context_id) == before
        assert [e.id for e in store.get_by_context(Execution, context_id)] == [1]

    def test_a_context_that_is_to_be_linked_must_be_there(self, store: Store) -> None:
        """One without an id is made as ever."""
        declare_types(store)
        put = _put(store, training(), [], [study("a")], force_reuse_context=True)
        assert put.context_ids == [1]
        with pytest.raises(NotFoundError, match="99"):
            _put(store, training(), [], [ContextWrite(id=99)], force_reuse_context=True)

    # Artifacts that exist

    def test_an_artifact_is_reused_by_its_external_id(self, store: Store) -> None:
        """It is updated with what is given."""
        declare_types(store)
        put_node(store, Artifact, model(external_id="x", uri="/a"))
        pairs = [(model(external_id="x", uri="/b"), _USED)]
        put = _put(store, training(), pairs, reuse_artifact_if_already_exist_by_external_id=True)
        assert put.artifact_ids == [1]
        assert stored(store, Artifact, 1).uri == "/b"

    def test_an_artifact_is_made_if_there_is_none_to_be_reused(self, store: Store) -> None:
        """The next of the same external id is the same."""
        declare_types(store)
        pairs = [(model(external_id="x"), _USED), (model(external_id="x", uri="/b"), _MADE)]
        put = _put(store, training(), pairs, reuse_artifact_if_already_exist_by_external_id=True)
        assert put.artifact_ids == [1, 1]
        assert stored(store, Artifact, 1).uri == "/b"

    def test_an_event_may_name_the_artifact_that_is_reused(self, store: Store) -> None:
        """It is known only after it was found."""
        declare_types(store)
        put_node(store, Artifact, model(external_id="x"))
        event = EventWrite(artifact_id=1, type=EventType.INPUT)
        pairs = [(model(external_id="x"), event)]
        put = _put(store, training(), pairs, reuse_artifact_if_already_exist_by_external_id=True)
        assert put.artifact_ids == [1]

    def test_an_artifact_that_exists_is_refused_otherwise(self, store: Store) -> None:
        """Its external id is taken."""
        declare_types(store)
        put_node(store, Artifact, model(external_id="x"))
        with pytest.raises(AlreadyExistsError, match="'x'"):
            _put(store, training(), [(model(external_id="x"), _USED)])
        assert store.list_nodes(Execution) == []
