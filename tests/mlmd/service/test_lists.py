"""The service's calls that list nodes."""

from __future__ import annotations

from typing import Any

import pytest

from mlmeta_track.domain.listing import Joins
from mlmeta_track.errors import InvalidArgumentError
from mlmeta_track.mlmd.service import MetadataService
from mlmeta_track.wire import metadata_store_pb2 as pb
from mlmeta_track.wire import metadata_store_service_pb2 as calls

KINDS = ["Artifact", "Execution", "Context"]
Options = pb.ListOperationOptions


def call(service: MetadataService, name: str, **fields: Any) -> Any:
    return getattr(service, name)(getattr(calls, f"{name}Request")(**fields))


def listed(service: MetadataService, name: str, **fields: Any) -> list[int]:
    answer = call(service, name, **fields)
    (nodes,) = [value for field, value in answer.ListFields() if field.name != "next_page_token"]
    return [node.id for node in nodes]


@pytest.fixture
def many(filled: MetadataService) -> MetadataService:
    """The service with 120 artifacts, of which ten are in the context c2, besides a1."""
    more = [pb.Artifact(type_id=10) for _ in range(117)]
    ids = call(filled, "PutArtifacts", artifacts=more).artifact_ids
    links = [pb.Attribution(artifact_id=i, context_id=2) for i in ids[:10]]
    call(filled, "PutAttributionsAndAssociations", attributions=links)
    return filled


def test_list_without_options_has_all_nodes(many: MetadataService) -> None:
    assert listed(many, "GetArtifacts") == list(range(1, 121))


@pytest.mark.parametrize("kind", KINDS)
def test_list_of_each_kind_has_its_nodes(filled: MetadataService, kind: str) -> None:
    assert listed(filled, f"Get{kind}s")[:2] == [1, 2]
    assert listed(filled, f"Get{kind}s", options=Options())[:2] == [1, 2]


@pytest.mark.parametrize(
    ("kind", "type_name"), [("Artifact", "AT"), ("Execution", "ET"), ("Context", "CT")]
)
def test_list_of_a_type_has_its_nodes(filled: MetadataService, kind: str, type_name: str) -> None:
    name = f"Get{kind}sByType"
    assert listed(filled, name, type_name=type_name)[:2] == [1, 2]
    assert listed(filled, name, type_name=type_name, options=Options())[:2] == [1, 2]


def test_list_of_another_version_of_a_type_has_its_nodes_alone(filled: MetadataService) -> None:
    call(filled, "PutArtifactType", artifact_type=pb.ArtifactType(name="AT", version="2"))
    call(filled, "PutArtifacts", artifacts=[pb.Artifact(type_id=13)])

    asked = {"type_name": "AT", "type_version": "2"}
    assert listed(filled, "GetArtifactsByType", **asked) == [4]
    assert listed(filled, "GetArtifactsByType", **asked, options=Options()) == [4]


@pytest.mark.parametrize("asked", [{}, {"options": Options()}])
def test_list_of_a_type_that_is_not_there_is_empty(
    filled: MetadataService, asked: dict[str, Any]
) -> None:
    assert not call(filled, "GetExecutionsByType", type_name="none", **asked).executions


@pytest.mark.parametrize("asked", [{}, {"options": Options()}])
def test_list_of_a_context_has_its_nodes(filled: MetadataService, asked: dict[str, Any]) -> None:
    assert listed(filled, "GetArtifactsByContext", context_id=1, **asked) == [1]
    assert listed(filled, "GetExecutionsByContext", context_id=1, **asked) == [1]


@pytest.mark.parametrize("asked", [{}, {"options": Options()}])
def test_list_of_a_context_that_is_not_there_is_empty(
    filled: MetadataService, asked: dict[str, Any]
) -> None:
    assert not call(filled, "GetArtifactsByContext", context_id=99, **asked).artifacts


@pytest.mark.parametrize(
    ("name", "where"),
    [
        ("GetArtifactsByType", {"type_name": "none"}),
        ("GetArtifactsByType", {"type_name": "mlmd.Dataset"}),
        ("GetExecutionsByContext", {"context_id": 99}),
    ],
)
def test_options_of_a_list_of_nothing_are_not_looked_at(
    filled: MetadataService, name: str, where: dict[str, Any]
) -> None:
    options = Options(max_result_size=0, filter_query="nowhere = 1")
    options.next_page_token = "!!"  # noqa: S105 - of a page

    assert not call(filled, name, **where, options=options).ListFields()


def test_page_has_20_nodes_unless_told_otherwise(many: MetadataService) -> None:
    assert listed(many, "GetArtifacts", options=Options()) == list(range(1, 21))


def test_page_has_101_nodes_at_most(many: MetadataService) -> None:
    assert len(listed(many, "GetArtifacts", options=Options(max_result_size=500))) == 101


@pytest.mark.parametrize("size", [0, -1])
def test_page_without_nodes_is_refused(filled: MetadataService, size: int) -> None:
    with pytest.raises(InvalidArgumentError, match="max_result_size"):
        call(filled, "GetArtifacts", options=Options(max_result_size=size))


def test_order_that_is_unspecified_is_refused(filled: MetadataService) -> None:
    order = Options.OrderByField(field=Options.OrderByField.FIELD_UNSPECIFIED)

    with pytest.raises(InvalidArgumentError, match="order_by_field"):
        call(filled, "GetArtifacts", options=Options(order_by_field=order))


def test_token_that_is_none_is_refused(filled: MetadataService) -> None:
    options = Options()
    options.next_page_token = "*"  # noqa: S105 - a page's

    with pytest.raises(InvalidArgumentError, match="next_page_token"):
        call(filled, "GetArtifacts", options=options)


@pytest.mark.parametrize("field", ["ID", "CREATE_TIME", "LAST_UPDATE_TIME"])
@pytest.mark.parametrize("ascending", [True, False])
def test_pages_have_every_node_once(many: MetadataService, field: str, ascending: bool) -> None:
    order = Options.OrderByField(field=field, is_asc=ascending)
    asked = Options(max_result_size=7, order_by_field=order)
    found: list[int] = []
    for _ in range(18):
        answer = call(many, "GetArtifacts", options=asked)
        found += [node.id for node in answer.artifacts]
        if not answer.HasField("next_page_token"):
            break
        asked.next_page_token = answer.next_page_token

    assert found == list(range(1, 121) if ascending else range(120, 0, -1))


def test_pages_of_a_context_have_its_nodes(many: MetadataService) -> None:
    asked = Options(max_result_size=10)
    first = call(many, "GetArtifactsByContext", context_id=2, options=asked)
    asked.next_page_token = first.next_page_token
    second = call(many, "GetArtifactsByContext", context_id=2, options=asked)

    assert [node.id for node in first.artifacts] == [1, *range(4, 13)]
    assert [node.id for node in second.artifacts] == [13]
    assert not second.HasField("next_page_token")


def test_pages_of_a_type_end_with_an_empty_token(filled: MetadataService) -> None:
    answer = call(filled, "GetContextsByType", type_name="CT", options=Options())

    assert answer.HasField("next_page_token")
    assert not answer.next_page_token


def test_page_has_the_nodes_that_the_filter_takes(filled: MetadataService) -> None:
    asked = Options(filter_query="uri = 'u1' AND name IS NULL")

    assert listed(filled, "GetArtifacts", options=asked) == [3]


def test_filter_that_is_none_is_refused(filled: MetadataService) -> None:
    with pytest.raises(InvalidArgumentError, match="Invalid `filter_query`"):
        call(filled, "GetContexts", options=Options(filter_query="name ="))


def test_filter_means_by_missing_neighbours_what_the_service_was_told(
    filled: MetadataService,
) -> None:
    asked = Options(filter_query="properties.i.int_value = 7 OR id = 3")
    outer = MetadataService(filled._store, joins=Joins.OUTER)

    assert listed(filled, "GetArtifacts", options=asked) == [2]
    assert listed(outer, "GetArtifacts", options=asked) == [2, 3]
