"""The service's calls that read nodes by what they are known by."""

from __future__ import annotations

from typing import Any

import pytest

from mlmeta_track.errors import InvalidArgumentError, NotFoundError
from mlmeta_track.mlmd.service import MetadataService
from mlmeta_track.wire import metadata_store_pb2 as pb
from mlmeta_track.wire import metadata_store_service_pb2 as calls
from mlmeta_track.wire.service import METHODS

KINDS = ["Artifact", "Execution", "Context"]


def call(service: MetadataService, name: str, **fields: Any) -> Any:
    return getattr(service, name)(getattr(calls, f"{name}Request")(**fields))


@pytest.mark.parametrize("name", METHODS)
def test_every_method_of_the_service_is_there(name: str) -> None:
    assert callable(getattr(MetadataService, name))


def test_no_two_parts_of_the_service_share_a_name() -> None:
    parts = MetadataService.__bases__
    names = [name for part in parts for name in vars(part) if not name.startswith("__")]

    assert len(parts) > 1
    assert sorted(names) == sorted(set(names))


@pytest.mark.parametrize("kind", KINDS)
def test_nodes_by_id_come_once_in_order_without_the_unknown(
    filled: MetadataService, kind: str
) -> None:
    answer = call(filled, f"Get{kind}sByID", **{f"{kind.lower()}_ids": [2, 1, 1, 99, 0, -1]})

    assert [node.id for node in getattr(answer, f"{kind.lower()}s")] == [1, 2]


def test_artifact_is_read_as_it_was_written(filled: MetadataService) -> None:
    (found,) = call(filled, "GetArtifactsByID", artifact_ids=[2]).artifacts

    assert found.last_update_time_since_epoch == found.create_time_since_epoch
    found.ClearField("create_time_since_epoch")
    found.ClearField("last_update_time_since_epoch")
    properties = {"i": pb.Value(int_value=7)}
    assert found == pb.Artifact(
        id=2, type_id=10, type="AT", name="a2", uri="u2", properties=properties
    )


def test_types_of_artifacts_come_if_they_are_asked_for(filled: MetadataService) -> None:
    answer = call(filled, "GetArtifactsByID", artifact_ids=[1, 2, 3], populate_artifact_types=True)

    assert list(answer.artifact_types) == [
        pb.ArtifactType(id=10, name="AT", external_id="at", properties={"i": pb.INT})
    ]


def test_types_of_no_artifacts_are_none(filled: MetadataService) -> None:
    answer = call(filled, "GetArtifactsByID", artifact_ids=[99], populate_artifact_types=True)

    assert answer == calls.GetArtifactsByIDResponse()


def test_types_of_artifacts_do_not_come_unasked(filled: MetadataService) -> None:
    assert not call(filled, "GetArtifactsByID", artifact_ids=[1]).artifact_types


@pytest.mark.parametrize(
    ("kind", "external_id"), [("Artifact", "x1"), ("Execution", "y1"), ("Context", "z1")]
)
def test_nodes_are_found_by_external_id(
    filled: MetadataService, kind: str, external_id: str
) -> None:
    answer = call(filled, f"Get{kind}sByExternalIds", external_ids=[external_id, "no", external_id])

    assert [node.id for node in getattr(answer, f"{kind.lower()}s")] == [1]


@pytest.mark.parametrize("kind", KINDS)
def test_no_node_by_external_id_is_refused(filled: MetadataService, kind: str) -> None:
    with pytest.raises(NotFoundError, match="'no'"):
        call(filled, f"Get{kind}sByExternalIds", external_ids=["no"])


@pytest.mark.parametrize("kind", KINDS)
def test_empty_external_id_of_a_node_is_refused(filled: MetadataService, kind: str) -> None:
    with pytest.raises(InvalidArgumentError, match="empty"):
        call(filled, f"Get{kind}sByExternalIds", external_ids=["x1", ""])


def test_no_external_ids_are_no_nodes(filled: MetadataService) -> None:
    assert not call(filled, "GetArtifactsByExternalIds").artifacts


@pytest.mark.parametrize(
    ("kind", "type_name", "name"),
    [("Artifact", "AT", "a1"), ("Execution", "ET", "e1"), ("Context", "CT", "c1")],
)
def test_node_is_found_by_type_and_name(
    filled: MetadataService, kind: str, type_name: str, name: str
) -> None:
    asked = {"type_name": type_name, "type_version": "", f"{kind.lower()}_name": name}
    answer = call(filled, f"Get{kind}ByTypeAndName", **asked)

    assert getattr(answer, kind.lower()).id == 1


@pytest.mark.parametrize("kind", KINDS)
def test_node_that_is_not_there_by_type_and_name_is_not_set(
    filled: MetadataService, kind: str
) -> None:
    answer = call(filled, f"Get{kind}ByTypeAndName", type_name="none")

    assert not answer.HasField(kind.lower())


def test_node_of_another_version_of_its_type_is_not_set(filled: MetadataService) -> None:
    answer = call(
        filled, "GetContextByTypeAndName", type_name="CT", type_version="2", context_name="c1"
    )

    assert not answer.HasField("context")


def test_artifacts_by_uri_are_those_of_each_uri_once(filled: MetadataService) -> None:
    answer = call(filled, "GetArtifactsByURI", uris=["u2", "u1", "u2", "none"])

    assert [artifact.id for artifact in answer.artifacts] == [2, 1, 3]


def test_artifacts_by_no_uri_are_none(filled: MetadataService) -> None:
    assert not call(filled, "GetArtifactsByURI").artifacts


def test_request_of_an_old_client_for_a_uri_is_refused(filled: MetadataService) -> None:
    request = calls.GetArtifactsByURIRequest.FromString(b"\x0a\x02u1")

    with pytest.raises(InvalidArgumentError, match=r"before 0\.21"):
        filled.GetArtifactsByURI(request)
