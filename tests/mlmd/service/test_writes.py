"""The service's calls that write nodes, events and links."""

from __future__ import annotations

import time
from typing import Any

import pytest

from mlmeta_track.errors import (
    AlreadyExistsError,
    FailedPreconditionError,
    InvalidArgumentError,
    OutOfRangeError,
)
from mlmeta_track.mlmd.service import MetadataService
from mlmeta_track.wire import metadata_store_pb2 as pb
from mlmeta_track.wire import metadata_store_service_pb2 as calls

Pair = calls.PutExecutionRequest.ArtifactAndEvent
Edge = calls.PutLineageSubgraphRequest.EventEdge


def call(service: MetadataService, name: str, **fields: Any) -> Any:
    return getattr(service, name)(getattr(calls, f"{name}Request")(**fields))


def artifact(service: MetadataService, node_id: int) -> pb.Artifact:
    (found,) = call(service, "GetArtifactsByID", artifact_ids=[node_id]).artifacts
    assert isinstance(found, pb.Artifact)
    return found


def test_nodes_get_ids_in_the_order_of_the_call(filled: MetadataService) -> None:
    artifacts = [pb.Artifact(type_id=10), pb.Artifact(id=2, uri="v"), pb.Artifact(type_id=10)]

    assert list(call(filled, "PutArtifacts", artifacts=artifacts).artifact_ids) == [4, 2, 5]


def test_node_with_an_id_is_replaced(filled: MetadataService) -> None:
    call(filled, "PutArtifacts", artifacts=[pb.Artifact(id=2, uri="v")])

    found = artifact(filled, 2)
    assert (found.name, found.uri) == ("a2", "v")
    assert not found.properties


def test_only_the_fields_of_the_mask_are_updated(filled: MetadataService) -> None:
    request = calls.PutArtifactsRequest(artifacts=[pb.Artifact(id=2, uri="v")])
    request.update_mask.paths.append("uri")
    filled.PutArtifacts(request)

    found = artifact(filled, 2)
    assert found.uri == "v"
    assert found.properties["i"].int_value == 7


def test_mask_is_for_executions_too(filled: MetadataService) -> None:
    execution = pb.Execution(id=1, last_known_state=pb.Execution.FAILED)
    request = calls.PutExecutionsRequest(executions=[execution])
    request.update_mask.paths.append("last_known_state")
    filled.PutExecutions(request)

    (found,) = call(filled, "GetExecutionsByID", execution_ids=[1]).executions
    assert (found.last_known_state, found.external_id) == (pb.Execution.FAILED, "y1")


def test_mask_is_for_contexts_too(filled: MetadataService) -> None:
    request = calls.PutContextsRequest(contexts=[pb.Context(id=1, external_id="z9")])
    request.update_mask.paths.append("external_id")
    filled.PutContexts(request)

    (found,) = call(filled, "GetContextsByID", context_ids=[1]).contexts
    assert (found.name, found.external_id) == ("c1", "z9")


def test_update_of_what_others_updated_is_refused_if_that_is_asked_for(
    filled: MetadataService,
) -> None:
    stale = artifact(filled, 2)
    stale.last_update_time_since_epoch -= 1
    options = calls.PutArtifactsRequest.Options(abort_if_latest_updated_time_changed=True)

    with pytest.raises(FailedPreconditionError):
        call(filled, "PutArtifacts", artifacts=[stale], options=options)


def test_system_metadata_counts_as_a_change_though_nobody_stores_it(
    filled: MetadataService,
) -> None:
    before = artifact(filled, 2)
    _until_after(before.last_update_time_since_epoch)
    call(filled, "PutArtifacts", artifacts=[before])
    again = artifact(filled, 2)
    before.system_metadata.SetInParent()
    call(filled, "PutArtifacts", artifacts=[before])
    changed = artifact(filled, 2)

    assert again.last_update_time_since_epoch == before.last_update_time_since_epoch
    assert changed.last_update_time_since_epoch > before.last_update_time_since_epoch
    assert not changed.HasField("system_metadata")


def _until_after(milliseconds: int) -> None:
    while time.time_ns() // 1_000_000 <= milliseconds:
        time.sleep(0.0005)


def test_the_first_event_that_is_wrong_says_what_the_error_is(filled: MetadataService) -> None:
    there = pb.Event(artifact_id=1, execution_id=1, type=pb.Event.INPUT)
    endless = pb.Event(artifact_id=99, execution_id=1, type=pb.Event.INPUT)

    with pytest.raises(AlreadyExistsError):
        call(filled, "PutEvents", events=[there, endless])
    with pytest.raises(InvalidArgumentError):
        call(filled, "PutEvents", events=[endless, there])


def test_event_that_is_there_is_refused(filled: MetadataService) -> None:
    event = pb.Event(artifact_id=1, execution_id=1, type=pb.Event.INPUT)

    with pytest.raises(AlreadyExistsError):
        call(filled, "PutEvents", events=[event])


def test_link_without_its_ends_is_refused(filled: MetadataService) -> None:
    with pytest.raises(InvalidArgumentError):
        call(filled, "PutAttributionsAndAssociations", associations=[pb.Association()])


def test_parent_link_without_its_ends_is_refused(filled: MetadataService) -> None:
    with pytest.raises(InvalidArgumentError):
        call(filled, "PutParentContexts", parent_contexts=[pb.ParentContext(child_id=1)])


def test_execution_is_written_with_all_that_belongs_to_it(filled: MetadataService) -> None:
    answer = call(
        filled,
        "PutExecution",
        execution=pb.Execution(type_id=11),
        artifact_event_pairs=[
            Pair(artifact=pb.Artifact(type_id=10), event=pb.Event(type=pb.Event.OUTPUT)),
            Pair(event=pb.Event(artifact_id=1, type=pb.Event.INPUT)),
        ],
        contexts=[pb.Context(type_id=12, name="c3")],
    )

    assert answer == calls.PutExecutionResponse(
        execution_id=3, artifact_ids=[4, 1], context_ids=[3]
    )
    events = call(filled, "GetEventsByExecutionIDs", execution_ids=[3]).events
    assert [event.artifact_id for event in events] == [4, 1]


def test_execution_reuses_a_context_if_that_is_asked_for(filled: MetadataService) -> None:
    asked = {"execution": pb.Execution(type_id=11), "contexts": [pb.Context(type_id=12, name="c1")]}
    options = calls.PutExecutionRequest.Options(reuse_context_if_already_exist=True)

    assert list(call(filled, "PutExecution", **asked, options=options).context_ids) == [1]
    with pytest.raises(AlreadyExistsError):
        call(filled, "PutExecution", **asked)


def test_execution_reuses_an_artifact_if_that_is_asked_for(filled: MetadataService) -> None:
    pairs = [Pair(artifact=pb.Artifact(type_id=10, external_id="x1", uri="v"))]
    options = calls.PutExecutionRequest.Options(reuse_artifact_if_already_exist_by_external_id=True)

    answer = call(
        filled,
        "PutExecution",
        execution=pb.Execution(type_id=11),
        artifact_event_pairs=pairs,
        options=options,
    )

    assert list(answer.artifact_ids) == [1]


def test_context_with_an_id_is_only_linked_if_that_is_asked_for(filled: MetadataService) -> None:
    options = calls.PutExecutionRequest.Options(force_reuse_context=True)

    answer = call(
        filled,
        "PutExecution",
        execution=pb.Execution(type_id=11),
        contexts=[pb.Context(id=2)],
        options=options,
    )

    assert list(answer.context_ids) == [2]


def test_pair_of_nothing_answers_minus_one(filled: MetadataService) -> None:
    answer = call(
        filled, "PutExecution", execution=pb.Execution(type_id=11), artifact_event_pairs=[Pair()]
    )

    assert list(answer.artifact_ids) == [-1]


def test_put_execution_without_one_is_refused(filled: MetadataService) -> None:
    with pytest.raises(InvalidArgumentError, match="no execution"):
        call(filled, "PutExecution")


def test_subgraph_is_written_with_its_edges(filled: MetadataService) -> None:
    answer = call(
        filled,
        "PutLineageSubgraph",
        executions=[pb.Execution(type_id=11)],
        artifacts=[pb.Artifact(type_id=10), pb.Artifact(id=1, type_id=10)],
        contexts=[pb.Context(type_id=12, name="c3")],
        event_edges=[
            Edge(execution_index=0, artifact_index=0, event=pb.Event(type=pb.Event.OUTPUT)),
            Edge(execution_index=0, event=pb.Event(artifact_id=2, type=pb.Event.INPUT)),
        ],
    )

    assert answer == calls.PutLineageSubgraphResponse(
        execution_ids=[3], artifact_ids=[4, 1], context_ids=[3]
    )
    events = call(filled, "GetEventsByExecutionIDs", execution_ids=[3]).events
    assert [event.artifact_id for event in events] == [4, 2]


def test_subgraph_reuses_a_context_if_that_is_asked_for(filled: MetadataService) -> None:
    options = calls.PutLineageSubgraphRequest.Options(reuse_context_if_already_exist=True)
    contexts = [pb.Context(type_id=12, name="c1")]

    answer = call(filled, "PutLineageSubgraph", contexts=contexts, options=options)

    assert list(answer.context_ids) == [1]


@pytest.mark.parametrize("index", [-1, 1])
def test_edge_to_a_node_that_was_not_given_is_refused(filled: MetadataService, index: int) -> None:
    edge = Edge(execution_index=index, event=pb.Event(artifact_id=1, type=pb.Event.INPUT))

    with pytest.raises(OutOfRangeError):
        call(
            filled,
            "PutLineageSubgraph",
            executions=[pb.Execution(type_id=11)],
            event_edges=[edge],
        )


def test_edge_without_an_event_is_refused(filled: MetadataService) -> None:
    with pytest.raises(InvalidArgumentError):
        call(filled, "PutLineageSubgraph", event_edges=[Edge()])
