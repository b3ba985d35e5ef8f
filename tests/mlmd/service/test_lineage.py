"""The service's walk through lineage."""

from __future__ import annotations

from typing import Any

import pytest

from mlmeta_track.errors import InvalidArgumentError, NotFoundError, UnimplementedError
from mlmeta_track.mlmd.service import MetadataService
from mlmeta_track.wire import metadata_store_pb2 as pb
from mlmeta_track.wire import metadata_store_service_pb2 as calls

Query = pb.LineageSubgraphQueryOptions
FROM_A1 = {"starting_artifacts": Query.StartingNodes(filter_query="id = 1")}
ALL_FIELDS = {
    "artifacts",
    "executions",
    "contexts",
    "events",
    "attributions",
    "associations",
    "artifact_types",
    "execution_types",
    "context_types",
}


def walk(service: MetadataService, *mask: str, **options: Any) -> pb.LineageGraph:
    request = calls.GetLineageSubgraphRequest(lineage_subgraph_query_options=Query(**options))
    request.read_mask.paths.extend(mask)
    return service.GetLineageSubgraph(request).lineage_subgraph


def test_walk_reaches_the_ids_of_nodes(filled: MetadataService) -> None:
    graph = walk(filled, **FROM_A1)

    assert sorted(node.id for node in graph.artifacts) == [1, 2]
    assert sorted(node.id for node in graph.executions) == [1, 2]
    assert sorted(node.id for node in graph.contexts) == [1, 2]
    assert not graph.artifacts[0].HasField("type_id")


def test_walk_reaches_the_edges(filled: MetadataService) -> None:
    graph = walk(filled, **FROM_A1)

    assert [(e.artifact_id, e.execution_id) for e in graph.events] == [(1, 1), (2, 1), (2, 2)]
    assert {(a.artifact_id, a.context_id) for a in graph.attributions} == {(1, 1), (1, 2)}
    assert {(a.execution_id, a.context_id) for a in graph.associations} == {(1, 1)}


def test_walk_starts_from_executions(filled: MetadataService) -> None:
    start = Query.StartingNodes(filter_query="id = 2")
    graph = walk(filled, starting_executions=start, direction=Query.UPSTREAM, max_num_hops=1)

    assert [node.id for node in graph.executions] == [2]
    assert [node.id for node in graph.artifacts] == [2]


def test_walk_of_no_hops_stays_where_it_starts(filled: MetadataService) -> None:
    graph = walk(filled, max_num_hops=0, **FROM_A1)

    assert [node.id for node in graph.artifacts] == [1]
    assert not graph.executions


def test_walk_ends_at_ending_nodes(filled: MetadataService) -> None:
    ending = Query.EndingNodes(filter_query="id = 2")
    graph = walk(filled, ending_artifacts=ending, **FROM_A1)

    assert [node.id for node in graph.artifacts] == [1]
    assert [node.id for node in graph.executions] == [1]


def test_ending_nodes_are_there_if_they_are_asked_for(filled: MetadataService) -> None:
    ending = Query.EndingNodes(filter_query="id = 2", include_ending_nodes=True)
    graph = walk(filled, ending_artifacts=ending, **FROM_A1)

    assert sorted(node.id for node in graph.artifacts) == [1, 2]


def test_walk_ends_at_every_node_if_the_filter_of_ending_nodes_is_empty(
    filled: MetadataService,
) -> None:
    graph = walk(filled, ending_executions=Query.EndingNodes(filter_query=""), **FROM_A1)

    assert [node.id for node in graph.artifacts] == [1]
    assert not graph.executions


def test_walk_does_not_end_at_ending_nodes_without_a_filter(filled: MetadataService) -> None:
    assert walk(filled, ending_executions=Query.EndingNodes(), **FROM_A1) == walk(filled, **FROM_A1)


def test_walk_without_a_mask_has_all_fields(filled: MetadataService) -> None:
    graph = walk(filled, **FROM_A1)

    assert {field.name for field, _ in graph.ListFields()} == ALL_FIELDS


@pytest.mark.parametrize("name", sorted(ALL_FIELDS))
def test_walk_with_a_mask_has_the_fields_it_names(filled: MetadataService, name: str) -> None:
    graph = walk(filled, name, "nonsense", "artifacts.id", **FROM_A1)

    assert [field.name for field, _ in graph.ListFields()] == [name]


def test_mask_of_unknown_fields_alone_leaves_nothing(filled: MetadataService) -> None:
    assert walk(filled, "nonsense", **FROM_A1) == pb.LineageGraph()


def test_types_are_all_there_are_without_base_and_external_id(filled: MetadataService) -> None:
    graph = walk(filled, **FROM_A1)

    assert [t.id for t in graph.artifact_types] == [1, 2, 3, 4, 10]
    assert [t.id for t in graph.execution_types] == [5, 6, 7, 8, 9, 11]
    assert graph.execution_types[5].input_type.HasField("any")
    assert graph.artifact_types[4] == pb.ArtifactType(id=10, name="AT", properties={"i": pb.INT})


def test_walk_that_starts_nowhere_is_refused(filled: MetadataService) -> None:
    start = Query.StartingNodes(filter_query="id = 99")

    with pytest.raises(NotFoundError):
        walk(filled, starting_executions=start)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"starting_artifacts": Query.StartingNodes()},
        {"starting_executions": Query.StartingNodes(filter_query="")},
        {"max_num_hops": -1, **FROM_A1},
        {"starting_artifacts": Query.StartingNodes(filter_query="id =")},
    ],
)
def test_walk_that_makes_no_sense_is_refused(
    filled: MetadataService, options: dict[str, Any]
) -> None:
    with pytest.raises(InvalidArgumentError):
        walk(filled, **options)


def test_lineage_graph_is_not_implemented(service: MetadataService) -> None:
    with pytest.raises(UnimplementedError):
        service.GetLineageGraph(calls.GetLineageGraphRequest())
