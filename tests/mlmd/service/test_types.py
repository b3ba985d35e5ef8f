"""The service's calls for types."""

from __future__ import annotations

from typing import Any

import pytest

from mlmeta_track.errors import (
    InternalError,
    InvalidArgumentError,
    NotFoundError,
    UnimplementedError,
)
from mlmeta_track.mlmd.service import MetadataService
from mlmeta_track.wire import metadata_store_pb2 as pb
from mlmeta_track.wire import metadata_store_service_pb2 as calls

DATASET, MODEL = pb.ArtifactType.DATASET, pb.ArtifactType.MODEL
KINDS = ["Artifact", "Execution", "Context"]


def call(service: MetadataService, name: str, **fields: Any) -> Any:
    return getattr(service, name)(getattr(calls, f"{name}Request")(**fields))


@pytest.mark.parametrize("kind", KINDS)
def test_the_first_type_of_a_store_has_the_id_10(service: MetadataService, kind: str) -> None:
    declared = getattr(pb, f"{kind}Type")(name="T")

    answer = call(service, f"Put{kind}Type", **{f"{kind.lower()}_type": declared})

    assert answer.type_id == 10


def test_put_types_answers_the_ids_by_kind(filled: MetadataService) -> None:
    answer = call(
        filled,
        "PutTypes",
        artifact_types=[pb.ArtifactType(name="A"), pb.ArtifactType(name="B")],
        execution_types=[pb.ExecutionType(name="A")],
        context_types=[pb.ContextType(name="A"), pb.ContextType(name="CT")],
    )

    assert list(answer.artifact_type_ids) == [13, 14]
    assert list(answer.execution_type_ids) == [15]
    assert list(answer.context_type_ids) == [16, 12]


def test_put_types_with_one_that_is_refused_makes_none(filled: MetadataService) -> None:
    with pytest.raises(InvalidArgumentError):
        call(filled, "PutTypes", artifact_types=[pb.ArtifactType(name="A"), pb.ArtifactType()])

    assert [t.name for t in call(filled, "GetArtifactTypes").artifact_types] == ["AT"]


def test_type_of_the_name_that_exists_keeps_its_id(filled: MetadataService) -> None:
    declared = pb.ArtifactType(name="AT", properties={"i": pb.INT})

    assert call(filled, "PutArtifactType", artifact_type=declared).type_id == 10


def test_simple_types_cannot_be_based_on_each_other_in_a_circle(filled: MetadataService) -> None:
    model = pb.ArtifactType(name="mlmd.Model", base_type=pb.ArtifactType.DATASET)
    call(filled, "PutArtifactType", artifact_type=model)

    for base in (pb.ArtifactType.DATASET, pb.ArtifactType.MODEL):
        data_set = pb.ArtifactType(name="mlmd.Dataset", base_type=base)
        with pytest.raises(InvalidArgumentError, match="cycle"):
            call(filled, "PutArtifactType", artifact_type=data_set)


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ({"properties": {"new": pb.UNKNOWN}}, InvalidArgumentError),
        ({"properties": {}}, InternalError),
    ],
)
def test_properties_are_looked_at_before_the_external_id_and_that_before_the_base(
    filled: MetadataService, fields: dict[str, Any], error: type[Exception]
) -> None:
    for name, external_id in (("A", "taken"), ("B", None)):
        declared = pb.ArtifactType(name=name, external_id=external_id, base_type=DATASET)
        call(filled, "PutArtifactType", artifact_type=declared)
    wrong = pb.ArtifactType(name="B", external_id="taken", base_type=MODEL, **fields)

    with pytest.raises(error):
        call(filled, "PutArtifactType", artifact_type=wrong, can_add_fields=True)


def test_fields_are_added_only_if_that_is_asked_for(filled: MetadataService) -> None:
    declared = pb.ArtifactType(name="AT", properties={"i": pb.INT, "j": pb.STRING})

    call(filled, "PutArtifactType", artifact_type=declared, can_add_fields=True)

    (found,) = call(filled, "GetArtifactTypesByID", type_ids=[10]).artifact_types
    assert dict(found.properties) == {"i": pb.INT, "j": pb.STRING}


def test_fields_may_be_left_out_if_that_is_asked_for(filled: MetadataService) -> None:
    declared = pb.ArtifactType(name="AT")

    answer = call(filled, "PutArtifactType", artifact_type=declared, can_omit_fields=True)

    assert answer.type_id == 10


def test_request_that_fields_need_not_match_is_refused(service: MetadataService) -> None:
    with pytest.raises(UnimplementedError, match="Must match all fields"):
        call(service, "PutTypes", all_fields_match=False)


def test_request_that_fields_be_deleted_is_ignored(filled: MetadataService) -> None:
    declared = pb.ContextType(name="CT")

    answer = call(filled, "PutContextType", context_type=declared, can_delete_fields=True)

    assert answer.type_id == 12


def test_request_without_a_type_is_refused(service: MetadataService) -> None:
    with pytest.raises(InvalidArgumentError):
        call(service, "PutExecutionType")


def test_type_by_name_has_all_that_was_declared(filled: MetadataService) -> None:
    answer = call(filled, "GetArtifactType", type_name="AT")

    assert answer.artifact_type == pb.ArtifactType(
        id=10,
        name="AT",
        external_id="at",
        base_type=pb.ArtifactType.DATASET,
        properties={"i": pb.INT},
    )


def test_execution_type_by_name_has_its_input_type(filled: MetadataService) -> None:
    answer = call(filled, "GetExecutionType", type_name="ET")

    assert answer.execution_type.input_type.HasField("any")
    assert not answer.execution_type.HasField("output_type")


def test_type_by_name_and_version_is_that_version(filled: MetadataService) -> None:
    call(filled, "PutContextType", context_type=pb.ContextType(name="CT", version="2"))

    assert call(filled, "GetContextType", type_name="CT").context_type.id == 12
    assert call(filled, "GetContextType", type_name="CT", type_version="").context_type.id == 12
    assert call(filled, "GetContextType", type_name="CT", type_version="2").context_type.id == 13


def test_simple_type_is_found_by_its_name(service: MetadataService) -> None:
    assert call(service, "GetExecutionType", type_name="mlmd.Train").execution_type.id == 5


@pytest.mark.parametrize("kind", KINDS)
def test_type_that_is_not_there_is_refused(filled: MetadataService, kind: str) -> None:
    with pytest.raises(NotFoundError, match="type 'XT'"):
        call(filled, f"Get{kind}Type", type_name="XT")


def test_type_of_another_kind_is_not_there(filled: MetadataService) -> None:
    with pytest.raises(NotFoundError):
        call(filled, "GetContextType", type_name="AT")


def test_all_types_leave_out_the_simple_ones_and_external_ids(filled: MetadataService) -> None:
    artifact_types = call(filled, "GetArtifactTypes").artifact_types
    execution_types = call(filled, "GetExecutionTypes").execution_types
    context_types = call(filled, "GetContextTypes").context_types

    found = [*artifact_types, *execution_types, *context_types]
    assert [(t.id, t.HasField("external_id")) for t in found] == [
        (10, False),
        (11, False),
        (12, False),
    ]


def test_all_types_have_their_base(filled: MetadataService) -> None:
    (found,) = call(filled, "GetArtifactTypes").artifact_types

    assert found.base_type == pb.ArtifactType.DATASET


def test_all_types_leave_out_any_with_the_name_of_a_simple_one(service: MetadataService) -> None:
    call(service, "PutArtifactType", artifact_type=pb.ArtifactType(name="mlmd.Train"))
    call(service, "PutContextType", context_type=pb.ContextType(name="mlmd.Train"))

    assert list(call(service, "GetArtifactTypes").artifact_types) == []
    assert [t.id for t in call(service, "GetContextTypes").context_types] == [11]


def test_types_by_id_come_as_asked_for_without_the_unknown(filled: MetadataService) -> None:
    answer = call(filled, "GetArtifactTypesByID", type_ids=[10, 1, 99, 11, 10])

    assert [t.id for t in answer.artifact_types] == [10, 1, 10]


def test_types_by_external_id_are_without_their_base(filled: MetadataService) -> None:
    ids = ["at", "at", "et", "no"]
    artifacts = call(filled, "GetArtifactTypesByExternalIds", external_ids=ids).artifact_types
    executions = call(filled, "GetExecutionTypesByExternalIds", external_ids=ids).execution_types

    assert list(artifacts) == [
        pb.ArtifactType(id=10, name="AT", external_id="at", properties={"i": pb.INT})
    ]
    assert list(executions) == [pb.ExecutionType(id=11, name="ET", external_id="et")]


def test_context_types_are_found_by_external_id(filled: MetadataService) -> None:
    answer = call(filled, "GetContextTypesByExternalIds", external_ids=["ct"])

    assert [t.id for t in answer.context_types] == [12]


@pytest.mark.parametrize("kind", KINDS)
def test_no_type_by_external_id_is_refused(filled: MetadataService, kind: str) -> None:
    with pytest.raises(NotFoundError, match="'no'"):
        call(filled, f"Get{kind}TypesByExternalIds", external_ids=["no"])


@pytest.mark.parametrize("kind", KINDS)
def test_empty_external_id_of_a_type_is_refused(filled: MetadataService, kind: str) -> None:
    with pytest.raises(InvalidArgumentError, match="empty"):
        call(filled, f"Get{kind}TypesByExternalIds", external_ids=["at", ""])


def test_no_external_ids_are_no_types(filled: MetadataService) -> None:
    assert list(call(filled, "GetContextTypesByExternalIds").context_types) == []
