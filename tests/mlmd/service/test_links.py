"""The service's calls that read events, and the contexts of nodes."""

from __future__ import annotations

from typing import Any

import pytest

from mlmeta_track.errors import InvalidArgumentError, NotFoundError
from mlmeta_track.mlmd.service import MetadataService
from mlmeta_track.wire import metadata_store_pb2 as pb
from mlmeta_track.wire import metadata_store_service_pb2 as calls


def call(service: MetadataService, name: str, **fields: Any) -> Any:
    return getattr(service, name)(getattr(calls, f"{name}Request")(**fields))


def test_event_is_read_with_its_path(filled: MetadataService) -> None:
    (found,) = call(filled, "GetEventsByArtifactIDs", artifact_ids=[1]).events

    assert found == pb.Event(
        artifact_id=1,
        execution_id=1,
        type=pb.Event.INPUT,
        path=pb.Event.Path(steps=[pb.Event.Path.Step(key="k"), pb.Event.Path.Step(index=0)]),
        milliseconds_since_epoch=5,
    )


def test_event_without_a_time_has_that_of_its_writing(filled: MetadataService) -> None:
    (found,) = call(filled, "GetEventsByExecutionIDs", execution_ids=[2]).events

    assert found.milliseconds_since_epoch > 5
    assert not found.HasField("path")


def test_events_of_executions_come_once_in_order(filled: MetadataService) -> None:
    answer = call(filled, "GetEventsByExecutionIDs", execution_ids=[2, 1, 1, 99])

    assert [(e.artifact_id, e.execution_id) for e in answer.events] == [(1, 1), (2, 1), (2, 2)]


@pytest.mark.parametrize("name", ["GetEventsByExecutionIDs", "GetEventsByArtifactIDs"])
def test_events_of_nothing_are_none(filled: MetadataService, name: str) -> None:
    assert not call(filled, name).events


def test_contexts_of_an_artifact_are_found(filled: MetadataService) -> None:
    answer = call(filled, "GetContextsByArtifact", artifact_id=1)

    assert [(c.id, c.name) for c in answer.contexts] == [(1, "c1"), (2, "c2")]


def test_contexts_of_an_execution_are_found(filled: MetadataService) -> None:
    answer = call(filled, "GetContextsByExecution", execution_id=1)

    assert [c.id for c in answer.contexts] == [1]


def test_artifact_without_contexts_is_refused(filled: MetadataService) -> None:
    with pytest.raises(NotFoundError, match="artifact with the id 2"):
        call(filled, "GetContextsByArtifact", artifact_id=2)


def test_execution_without_contexts_is_refused(filled: MetadataService) -> None:
    with pytest.raises(NotFoundError, match="execution with the id 0"):
        call(filled, "GetContextsByExecution")


def test_parents_of_a_context_are_found(filled: MetadataService) -> None:
    assert [c.id for c in call(filled, "GetParentContextsByContext", context_id=2).contexts] == [1]


def test_children_of_a_context_are_found(filled: MetadataService) -> None:
    answer = call(filled, "GetChildrenContextsByContext", context_id=1)

    assert [c.id for c in answer.contexts] == [2]


def test_context_that_is_not_there_has_no_children(filled: MetadataService) -> None:
    assert not call(filled, "GetChildrenContextsByContext", context_id=99).contexts


def test_parents_come_by_child_and_only_where_there_are_some(filled: MetadataService) -> None:
    answer = call(filled, "GetParentContextsByContexts", context_ids=[2, 1, 2, 99])

    found = {child: [c.id for c in it.parent_contexts] for child, it in answer.contexts.items()}
    assert found == {2: [1]}


def test_children_come_by_parent_and_only_where_there_are_some(filled: MetadataService) -> None:
    answer = call(filled, "GetChildrenContextsByContexts", context_ids=[2, 1])

    found = {parent: [c.id for c in it.children_contexts] for parent, it in answer.contexts.items()}
    assert found == {1: [2]}


@pytest.mark.parametrize("name", ["GetParentContextsByContexts", "GetChildrenContextsByContexts"])
def test_relatives_of_no_contexts_are_refused(filled: MetadataService, name: str) -> None:
    with pytest.raises(InvalidArgumentError, match="no context_ids"):
        call(filled, name)
