"""``put_lineage_subgraph``: nodes and the events between them, by their places in the call."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from mlmeta_track.domain.events import EventType
from mlmeta_track.domain.nodes import Artifact, Context, Execution
from mlmeta_track.domain.writes import (
    ArtifactWrite,
    ContextWrite,
    EventEdge,
    EventWrite,
    ExecutionWrite,
    PutSubgraphIds,
    PutSubgraphOptions,
)
from mlmeta_track.errors import (
    AlreadyExistsError,
    InvalidArgumentError,
    NotFoundError,
    OutOfRangeError,
)
from mlmeta_track.store.base import Store
from mlmeta_track.testing.store_cases.calls_build import (
    MODEL_ID,
    STUDY_ID,
    TRAINING_ID,
    declare_types,
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
    executions: Sequence[ExecutionWrite] = (),
    artifacts: Sequence[ArtifactWrite] = (),
    contexts: Sequence[ContextWrite] = (),
    edges: Sequence[EventEdge] = (),
    **options: Any,
) -> PutSubgraphIds:
    return store.put_lineage_subgraph(
        executions, artifacts, contexts, edges, PutSubgraphOptions(**options)
    )


def _edge(
    execution_index: int | None, artifact_index: int | None, event: EventWrite | None = _USED
) -> EventEdge:
    return EventEdge(execution_index=execution_index, artifact_index=artifact_index, event=event)


class CallsSubgraphCases:
    """What a store does with many nodes and the events between them."""

    def test_a_subgraph_is_put_in_one_call(self, store: Store) -> None:
        """The events name their ends by index."""
        declare_types(store)
        edges = [_edge(0, 0), _edge(0, 1, _MADE), _edge(1, 1)]
        put = _put(store, [training(), training()], [model(), model()], [], edges)
        assert put == PutSubgraphIds([1, 2], [1, 2], [])
        events = store.get_events_by_execution_ids([1, 2])
        assert [(e.execution_id, e.artifact_id, e.type) for e in events] == [
            (1, 1, EventType.INPUT),
            (1, 2, EventType.OUTPUT),
            (2, 2, EventType.INPUT),
        ]

    def test_all_nodes_belong_to_all_contexts(self, store: Store) -> None:
        """Whether there are events or not."""
        declare_types(store)
        _put(store, [training()], [model(), model()], [study("a"), study("b")])
        for context_id in (1, 2):
            assert [a.id for a in store.get_by_context(Artifact, context_id)] == [1, 2]
            assert [e.id for e in store.get_by_context(Execution, context_id)] == [1]

    def test_a_call_without_anything_writes_nothing(self, store: Store) -> None:
        """It is no error."""
        assert _put(store) == PutSubgraphIds([], [], [])

    def test_an_event_may_name_its_ends_by_id(self, store: Store) -> None:
        """Then the nodes need not be in the call."""
        declare_types(store)
        _put(store, [training()], [model()])
        event = EventWrite(artifact_id=1, execution_id=1, type=EventType.INPUT)
        _put(store, edges=[_edge(None, None, event)])
        assert len(store.get_events_by_execution_ids([1])) == 1

    def test_an_event_may_name_its_ends_by_index_and_id(self, store: Store) -> None:
        """If they agree."""
        declare_types(store)
        _put(store, [training()], [model()])
        event = EventWrite(artifact_id=1, execution_id=1, type=EventType.INPUT)
        executions = [ExecutionWrite(id=1, type_id=TRAINING_ID)]
        artifacts = [ArtifactWrite(id=1, type_id=MODEL_ID)]
        _put(store, executions, artifacts, [], [_edge(0, 0, event)])
        assert len(store.get_events_by_execution_ids([1])) == 1

    @pytest.mark.parametrize("edge", [_edge(1, 0), _edge(-1, 0), _edge(0, 1), _edge(0, -1)])
    def test_an_index_that_points_at_nothing_is_out_of_range(
        self, store: Store, edge: EventEdge
    ) -> None:
        """Nothing is written."""
        declare_types(store)
        with pytest.raises(OutOfRangeError, match="_index"):
            _put(store, [training()], [model()], [], [edge])
        assert store.list_nodes(Artifact) == []

    @pytest.mark.parametrize(
        "edge",
        [
            _edge(0, 0, None),
            _edge(None, 0),
            _edge(0, None),
            _edge(0, 0, EventWrite(execution_id=1, type=EventType.INPUT)),
            _edge(0, 0, EventWrite(artifact_id=1, type=EventType.INPUT)),
            _edge(0, 0, EventWrite()),
        ],
        ids=[
            "no event",
            "no execution",
            "no artifact",
            "other execution",
            "other artifact",
            "type",
        ],
    )
    def test_an_edge_that_does_not_fit_is_refused(self, store: Store, edge: EventEdge) -> None:
        """Nothing is written."""
        declare_types(store)
        with pytest.raises(InvalidArgumentError, match="event"):
            _put(store, [training()], [model()], [], [edge])
        assert store.list_nodes(Artifact) == []

    def test_the_same_event_twice_in_a_subgraph_is_refused(self, store: Store) -> None:
        """Nothing is written."""
        declare_types(store)
        with pytest.raises(AlreadyExistsError):
            _put(store, [training()], [model()], [], [_edge(0, 0), _edge(0, 0)])
        assert store.list_nodes(Artifact) == []

    # Nodes

    def test_nodes_of_a_subgraph_that_exist_are_updated(self, store: Store) -> None:
        """Whole."""
        declare_types(store)
        _put(store, [training(properties={"int": 1})], [model(uri="/a")], [study("a")])
        _put(
            store,
            [ExecutionWrite(id=1, type_id=TRAINING_ID)],
            [ArtifactWrite(id=1, type_id=MODEL_ID, uri="/b")],
            [ContextWrite(id=1, type_id=STUDY_ID, name="b")],
        )
        assert stored(store, Execution, 1).properties == {}
        assert stored(store, Artifact, 1).uri == "/b"
        assert stored(store, Context, 1).name == "b"

    def test_every_node_of_a_subgraph_has_its_type(self, store: Store) -> None:
        """Also one that exists."""
        declare_types(store)
        _put(store, [training()], [model()], [study("a")])
        with pytest.raises(InvalidArgumentError, match="type_id"):
            _put(store, executions=[ExecutionWrite(id=1)])
        with pytest.raises(InvalidArgumentError, match="type_id"):
            _put(store, artifacts=[ArtifactWrite(id=1)])
        with pytest.raises(InvalidArgumentError, match="type_id"):
            _put(store, contexts=[ContextWrite(id=1, name="a")])

    def test_a_type_that_is_not_there_is_not_found(self, store: Store) -> None:
        """Before anything is written."""
        declare_types(store)
        with pytest.raises(NotFoundError, match="99"):
            _put(store, [ExecutionWrite(type_id=99)], [model()], [study("a")])
        assert store.list_nodes(Context) == []

    def test_properties_are_checked_before_anything_else_is_refused(self, store: Store) -> None:
        """A name that is taken comes to light only when it is written."""
        declare_types(store)
        put_node(store, Context, study("a"))
        with pytest.raises(InvalidArgumentError, match="'nothing'"):
            _put(store, [], [model(properties={"nothing": 1})], [study("a")])

    def test_a_context_of_a_subgraph_has_a_name(self, store: Store) -> None:
        """It is known by it."""
        declare_types(store)
        with pytest.raises(InvalidArgumentError, match="name"):
            _put(store, contexts=[study(None)])

    # What exists

    def test_a_context_that_exists_is_refused_in_a_subgraph(self, store: Store) -> None:
        """Unless it is to be reused."""
        declare_types(store)
        put_node(store, Context, study("a"))
        with pytest.raises(AlreadyExistsError, match="'a'"):
            _put(store, [training()], [], [study("a")])
        assert store.list_nodes(Execution) == []

    def test_a_subgraph_reuses_contexts_as_they_are(self, store: Store) -> None:
        """They get the nodes, and no update."""
        declare_types(store)
        put_node(store, Context, study("a", properties={"int": 1}))
        given = [study("a", properties={"int": 2}), study("b")]
        put = _put(store, [training()], [], given, reuse_context_if_already_exist=True)
        assert put.context_ids == [1, 2]
        assert stored(store, Context, 1).properties == {"int": 1}
        assert [e.id for e in store.get_by_context(Execution, 1)] == [1]

    def test_properties_of_a_context_that_is_reused_are_checked(self, store: Store) -> None:
        """Though they are not written."""
        declare_types(store)
        put_node(store, Context, study("a"))
        given = [study("a", properties={"nothing": 1})]
        with pytest.raises(InvalidArgumentError, match="'nothing'"):
            _put(store, contexts=given, reuse_context_if_already_exist=True)

    def test_a_subgraph_reuses_artifacts_by_their_external_ids(self, store: Store) -> None:
        """They are updated."""
        declare_types(store)
        put_node(store, Artifact, model(external_id="x", uri="/a"))
        given = [model(external_id="y"), model(external_id="x", uri="/b"), model(external_id=None)]
        put = _put(store, [], given, reuse_artifact_if_already_exist_by_external_id=True)
        assert put.artifact_ids == [2, 1, 3]
        assert stored(store, Artifact, 1).uri == "/b"

    def test_a_subgraph_reuses_only_what_was_there_before(self, store: Store) -> None:
        """Two new artifacts of the same external id are refused."""
        declare_types(store)
        given = [model(external_id="x"), model(external_id="x")]
        with pytest.raises(AlreadyExistsError, match="'x'"):
            _put(store, [], given, reuse_artifact_if_already_exist_by_external_id=True)
