"""``put_events``, ``put_links`` and ``put_parent_contexts``."""

from __future__ import annotations

import pytest

from mlmeta_track.domain.events import EventType
from mlmeta_track.domain.nodes import Artifact, Context, Execution
from mlmeta_track.domain.writes import (
    Association,
    Attribution,
    EventWrite,
    ParentLink,
    UpdateOptions,
)
from mlmeta_track.errors import AlreadyExistsError, InvalidArgumentError
from mlmeta_track.store.base import Store
from mlmeta_track.testing.store_cases.calls_build import (
    declare_types,
    model,
    study,
    training,
)


def _two_of_each(store: Store) -> None:
    """Make the artifacts, the executions and the contexts 1 and 2."""
    declare_types(store)
    store.put_nodes(Artifact, [model(), model()], UpdateOptions())
    store.put_nodes(Execution, [training(), training()], UpdateOptions())
    store.put_nodes(Context, [study("a"), study("b")], UpdateOptions())


def _contexts(store: Store, count: int) -> None:
    declare_types(store)
    store.put_nodes(Context, [study(f"c{i}") for i in range(count)], UpdateOptions())


def _used(artifact_id: int | None = 1, execution_id: int | None = 1) -> EventWrite:
    return EventWrite(artifact_id=artifact_id, execution_id=execution_id, type=EventType.INPUT)


def _ids(nodes: list[Artifact] | list[Execution] | list[Context]) -> list[int]:
    return [node.id for node in nodes]


class CallsLinkCases:
    """What a store does with edges that are put by themselves."""

    # Events

    def test_an_event_that_is_put_is_read_as_it_was_given(self, store: Store) -> None:
        """With its path and its time."""
        _two_of_each(store)
        given = EventWrite(
            artifact_id=2,
            execution_id=1,
            type=EventType.OUTPUT,
            path=("data", 0, "0", ""),
            milliseconds_since_epoch=7,
        )
        store.put_events([given])
        [found] = store.get_events_by_execution_ids([1])
        assert (found.artifact_id, found.type) == (2, EventType.OUTPUT)
        assert (found.path, found.milliseconds_since_epoch) == (given.path, 7)

    def test_an_event_without_a_time_is_of_now(self, store: Store) -> None:
        """Zero is a time."""
        _two_of_each(store)
        zero = EventWrite(
            artifact_id=2, execution_id=1, type=EventType.INPUT, milliseconds_since_epoch=0
        )
        store.put_events([_used(), zero])
        [now, at_zero] = store.get_events_by_execution_ids([1])
        assert (now.milliseconds_since_epoch or 0) > 1_600_000_000_000
        assert at_zero.milliseconds_since_epoch == 0

    def test_events_of_several_types_may_be_between_two_nodes(self, store: Store) -> None:
        """Each type once."""
        _two_of_each(store)
        made = EventWrite(artifact_id=1, execution_id=1, type=EventType.OUTPUT)
        store.put_events([_used(), made])
        with pytest.raises(AlreadyExistsError, match="INPUT"):
            store.put_events([_used()])

    def test_two_of_the_same_events_in_one_call_are_refused(self, store: Store) -> None:
        """And neither is made."""
        _two_of_each(store)
        with pytest.raises(AlreadyExistsError):
            store.put_events([_used(), _used()])
        assert store.get_events_by_artifact_ids([1]) == []

    @pytest.mark.parametrize(
        ("event", "named"),
        [
            (_used(artifact_id=None), "artifact_id"),
            (_used(execution_id=None), "execution_id"),
            (_used(artifact_id=99), "99"),
            (_used(execution_id=99), "99"),
            (EventWrite(artifact_id=1, execution_id=1), "type"),
            (
                EventWrite(artifact_id=1, execution_id=1, type=EventType.INPUT, path=("\0",)),
                "NUL",
            ),
        ],
    )
    def test_an_event_without_its_ends_or_its_type_is_refused(
        self, store: Store, event: EventWrite, named: str
    ) -> None:
        """And all that are given with it."""
        _two_of_each(store)
        with pytest.raises(InvalidArgumentError, match=named):
            store.put_events([_used(2, 2), event])
        assert store.get_events_by_artifact_ids([2]) == []

    # Memberships

    def test_nodes_are_put_into_contexts(self, store: Store) -> None:
        """Artifacts and executions in one call."""
        _two_of_each(store)
        store.put_links([Attribution(1, 1), Attribution(2, 1)], [Association(2, 1)])
        assert _ids(store.get_by_context(Artifact, 1)) == [1, 2]
        assert _ids(store.get_by_context(Execution, 1)) == [2]
        assert store.get_by_context(Artifact, 2) == []

    def test_a_node_is_in_a_context_once(self, store: Store) -> None:
        """Putting it there again is no error."""
        _two_of_each(store)
        for _ in range(2):
            store.put_links([Attribution(1, 1), Attribution(1, 1)], [Association(1, 1)])
        assert _ids(store.get_by_context(Artifact, 1)) == [1]
        assert _ids(store.get_contexts_of(Execution, 1)) == [1]

    @pytest.mark.parametrize(
        ("attributions", "associations"),
        [
            ([Attribution(99, 1)], []),
            ([Attribution(1, 99)], []),
            ([], [Association(99, 1)]),
            ([], [Association(1, 99)]),
            ([Attribution(0, 0)], []),
        ],
    )
    def test_a_membership_without_its_ends_is_refused(
        self, store: Store, attributions: list[Attribution], associations: list[Association]
    ) -> None:
        """And all that are given with it."""
        _two_of_each(store)
        with pytest.raises(InvalidArgumentError, match="there is no"):
            store.put_links([Attribution(2, 2), *attributions], associations)
        assert store.get_by_context(Artifact, 2) == []

    # Parents

    def test_a_context_gets_parents(self, store: Store) -> None:
        """It may have several."""
        _contexts(store, 3)
        store.put_parent_contexts([ParentLink(1, 2), ParentLink(1, 3)])
        assert _ids(store.get_parent_contexts(1)) == [2, 3]
        assert _ids(store.get_child_contexts(3)) == [1]

    def test_a_parent_that_is_there_already_is_refused(self, store: Store) -> None:
        """Unlike a membership."""
        _contexts(store, 2)
        store.put_parent_contexts([ParentLink(1, 2)])
        with pytest.raises(AlreadyExistsError, match="child of 2"):
            store.put_parent_contexts([ParentLink(1, 2)])

    @pytest.mark.parametrize(
        "links",
        [
            [ParentLink(1, 1)],
            [ParentLink(1, 2), ParentLink(2, 1)],
            [ParentLink(1, 2), ParentLink(2, 3), ParentLink(3, 1)],
        ],
        ids=["itself", "its child", "its child's child"],
    )
    def test_a_cycle_of_parents_is_refused(self, store: Store, links: list[ParentLink]) -> None:
        """However long it is."""
        _contexts(store, 3)
        with pytest.raises(InvalidArgumentError, match="cycle"):
            store.put_parent_contexts(links)
        assert store.get_parent_contexts(1) == []

    def test_two_ways_to_one_ancestor_are_no_cycle(self, store: Store) -> None:
        """A diamond is a graph without one."""
        _contexts(store, 4)
        links = [ParentLink(1, 2), ParentLink(1, 3), ParentLink(2, 4), ParentLink(3, 4)]
        store.put_parent_contexts(links)
        assert _ids(store.get_child_contexts(4)) == [2, 3]

    @pytest.mark.parametrize(
        "link", [ParentLink(None, 1), ParentLink(1, None), ParentLink(1, 99), ParentLink(99, 1)]
    )
    def test_a_parent_link_without_its_ends_is_refused(
        self, store: Store, link: ParentLink
    ) -> None:
        """The error says which."""
        _contexts(store, 1)
        with pytest.raises(InvalidArgumentError, match="_id"):
            store.put_parent_contexts([link])
