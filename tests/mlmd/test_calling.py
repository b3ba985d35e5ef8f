"""What every call of MetadataStore does: retries, pages, and what it hands back."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

from mlmeta_track.mlmd import ListOptions, MetadataStore, OrderByField, errors
from mlmeta_track.mlmd.metadata_store.metadata_store import ExtraOptions
from mlmeta_track.mlmd.proto import metadata_store_pb2 as pb
from mlmeta_track.mlmd.proto import metadata_store_service_pb2 as service_pb

Answer = Callable[[Any], Any]


class Wire:
    """A store that answers as told, and remembers what it was asked."""

    def __init__(self, *answers: Any) -> None:
        self.answers = list(answers)
        self.asked: list[tuple[str, Any]] = []

    def __call__(self, method: str, request: Any) -> Any:
        copy = type(request)()
        copy.CopyFrom(request)
        self.asked.append((method, copy))
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


def store_on(wire: Wire, tries: int = 5) -> MetadataStore:
    store = MetadataStore.__new__(MetadataStore)
    store._transport = wire
    store._max_num_retries = tries
    return store


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The pauses that were made, none of which is waited for."""
    made: list[float] = []
    monkeypatch.setattr(time, "sleep", made.append)
    return made


ABORTED = errors.AbortedError("in the way")


def test_a_call_that_was_aborted_is_tried_again(pauses: list[float]) -> None:
    wire = Wire(ABORTED, ABORTED, service_pb.PutArtifactTypeResponse(type_id=10))

    assert store_on(wire).put_artifact_type(pb.ArtifactType(name="T")) == 10
    assert len(pauses) == 2


@pytest.mark.parametrize(("tries", "made"), [(5, 5), (1, 1), (0, 1)])
def test_a_call_is_tried_so_often_and_no_more(pauses: list[float], tries: int, made: int) -> None:
    wire = Wire(*[ABORTED] * 9)

    with pytest.raises(errors.AbortedError):
        store_on(wire, tries).get_artifact_types()

    assert len(wire.asked) == made


def test_what_was_not_aborted_is_not_tried_again(pauses: list[float]) -> None:
    wire = Wire(errors.UnavailableError("down"))

    with pytest.raises(errors.UnavailableError):
        store_on(wire).get_artifact_types()

    assert pauses == []


def pages(*sizes: int) -> list[service_pb.GetArtifactsResponse]:
    made = []
    for number, size in enumerate(sizes, start=1):
        token = "" if number == len(sizes) else f"page {number + 1}"
        artifacts = [pb.Artifact(id=number)] * size
        made.append(service_pb.GetArtifactsResponse(artifacts=artifacts, next_page_token=token))
    return made


def test_all_pages_are_read() -> None:
    wire = Wire(*pages(100, 100, 3))

    assert len(store_on(wire).get_artifacts(ListOptions())) == 203
    assert [request.options.next_page_token for _, request in wire.asked] == [
        "",
        "page 2",
        "page 3",
    ]


def test_no_more_is_asked_for_than_the_limit() -> None:
    wire = Wire(*pages(100, 20, 100))

    assert len(store_on(wire).get_artifacts(ListOptions(limit=120))) == 120
    assert [request.options.max_result_size for _, request in wire.asked] == [100, 20]


def test_options_of_a_list_are_those_of_the_request() -> None:
    wire = Wire(*pages(0))
    options = ListOptions(order_by=OrderByField.UPDATE_TIME, is_asc=False, filter_query="uri = 'u'")

    store_on(wire).get_artifacts(options)

    [(_, request)] = wire.asked
    assert request.options == pb.ListOperationOptions(
        max_result_size=100,
        order_by_field=pb.ListOperationOptions.OrderByField(
            field=pb.ListOperationOptions.OrderByField.LAST_UPDATE_TIME, is_asc=False
        ),
        filter_query="uri = 'u'",
    )


def test_a_list_without_options_asks_for_none() -> None:
    wire = Wire(*pages(2))

    store_on(wire).get_artifacts()

    assert wire.asked == [("GetArtifacts", service_pb.GetArtifactsRequest())]


def test_a_negative_limit_is_refused_before_the_store_is_asked() -> None:
    wire = Wire()

    with pytest.raises(errors.InvalidArgumentError, match="-1"):
        store_on(wire).get_executions(ListOptions(limit=-1))


def test_the_executions_of_a_context_are_asked_for_newest_first() -> None:
    wire = Wire(service_pb.GetExecutionsByContextResponse())

    store_on(wire).get_executions_by_context(7)

    [(_, request)] = wire.asked
    field = request.options.order_by_field
    assert (request.context_id, field.field, field.is_asc) == (
        7,
        pb.ListOperationOptions.OrderByField.CREATE_TIME,
        False,
    )


def test_an_empty_version_is_none() -> None:
    wire = Wire(service_pb.GetArtifactTypeResponse())

    store_on(wire).get_artifact_type("T", "")

    assert not wire.asked[0][1].HasField("type_version")


def test_a_node_that_there_is_none_of_is_none() -> None:
    wire = Wire(service_pb.GetContextByTypeAndNameResponse())

    assert store_on(wire).get_context_by_type_and_name("T", "c") is None


def test_pairs_of_an_execution_may_lack_the_event_or_everything() -> None:
    wire = Wire(service_pb.PutExecutionResponse(execution_id=1))
    artifact, event = pb.Artifact(type_id=1), pb.Event(type=pb.Event.INPUT)

    store_on(wire).put_execution(
        pb.Execution(), [(artifact, event), (artifact,), (artifact, None), (), None], None
    )

    pair = service_pb.PutExecutionRequest.ArtifactAndEvent
    assert list(wire.asked[0][1].artifact_event_pairs) == [
        pair(artifact=artifact, event=event),
        pair(artifact=artifact),
        pair(artifact=artifact),
    ]


def test_an_edge_may_lack_an_end() -> None:
    wire = Wire(service_pb.PutLineageSubgraphResponse())

    store_on(wire).put_lineage_subgraph([], [], [], [(None, 0, pb.Event(execution_id=1))])

    [edge] = wire.asked[0][1].event_edges
    assert (edge.HasField("execution_index"), edge.artifact_index) == (False, 0)


def test_extra_options_are_taken_and_not_looked_at() -> None:
    wire = Wire(service_pb.GetArtifactsByIDResponse())

    assert store_on(wire).get_artifacts_by_id([1], extra_options=ExtraOptions(euc=3)) == []


def lineage_wire() -> Wire:
    graph = pb.LineageGraph(
        artifacts=[pb.Artifact(id=1)],
        executions=[pb.Execution(id=2)],
        contexts=[pb.Context(id=3)],
        events=[pb.Event(artifact_id=1, execution_id=2)],
    )
    return Wire(
        service_pb.GetLineageSubgraphResponse(lineage_subgraph=graph),
        service_pb.GetArtifactsByIDResponse(
            artifacts=[pb.Artifact(id=1, uri="u")], artifact_types=[pb.ArtifactType(id=10)]
        ),
        service_pb.GetExecutionsByIDResponse(executions=[pb.Execution(id=2, type_id=11)]),
        service_pb.GetExecutionTypesByIDResponse(execution_types=[pb.ExecutionType(id=11)]),
        service_pb.GetContextsByIDResponse(contexts=[pb.Context(id=3, type_id=12)]),
        service_pb.GetContextTypesByIDResponse(context_types=[pb.ContextType(id=12)]),
    )


def test_a_graph_has_its_nodes_whole_and_their_types() -> None:
    graph = store_on(lineage_wire()).get_lineage_subgraph(pb.LineageSubgraphQueryOptions())

    assert graph == pb.LineageGraph(
        artifact_types=[pb.ArtifactType(id=10)],
        execution_types=[pb.ExecutionType(id=11)],
        context_types=[pb.ContextType(id=12)],
        artifacts=[pb.Artifact(id=1, uri="u")],
        executions=[pb.Execution(id=2, type_id=11)],
        contexts=[pb.Context(id=3, type_id=12)],
        events=[pb.Event(artifact_id=1, execution_id=2)],
    )


def test_types_of_a_graph_are_never_asked_for_with_it() -> None:
    wire = lineage_wire()

    store_on(wire).get_lineage_subgraph(pb.LineageSubgraphQueryOptions())

    assert not [p for p in wire.asked[0][1].read_mask.paths if p.endswith("_types")]


def test_only_what_is_wanted_of_a_graph_is_fetched() -> None:
    wire = lineage_wire()

    graph = store_on(wire).get_lineage_subgraph(pb.LineageSubgraphQueryOptions(), ["events"])

    assert [method for method, _ in wire.asked] == ["GetLineageSubgraph"]
    assert [field.name for field, _ in graph.ListFields()] == ["events"]
