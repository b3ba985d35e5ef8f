from __future__ import annotations

import json
from typing import Any

import pytest
from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.struct_pb2 import Struct

from mlmeta_track.domain.events import Event, EventType
from mlmeta_track.domain.nodes import (
    Artifact,
    ArtifactState,
    Context,
    Execution,
    ExecutionState,
    PropertyValue,
    ProtoValue,
    StructValue,
)
from mlmeta_track.domain.types import (
    SIMPLE_TYPES,
    ArtifactType,
    ContextType,
    ExecutionType,
    NodeType,
    PropertyType,
)
from mlmeta_track.errors import InternalError, InvalidArgumentError
from mlmeta_track.wire import convert
from mlmeta_track.wire import metadata_store_pb2 as pb

STRUCT = Struct()
STRUCT.update({"a": [1, "x", None]})
PROTO = AnyMessage(type_url="type.googleapis.com/x.Y", value=b"\x08\x01")


@pytest.mark.parametrize(
    "value",
    [
        2**63 - 1,
        0.1234567890123,
        "text",
        True,
        False,
        StructValue(STRUCT.SerializeToString(deterministic=True)),
        ProtoValue(PROTO.SerializeToString(deterministic=True)),
    ],
)
def test_value_comes_back_as_it_went(value: PropertyValue) -> None:
    again = convert.value_from_message("x", convert.value_to_message(value))

    assert again == value
    assert type(again) is type(value)


def test_value_that_holds_nothing_is_refused_by_name() -> None:
    with pytest.raises(InvalidArgumentError, match="'split' has no value"):
        convert.artifact_from_message(pb.Artifact(properties={"split": pb.Value()}))


def test_struct_that_cannot_be_read_is_the_store_s_fault() -> None:
    with pytest.raises(InternalError, match=r"is no .*Struct"):
        convert.value_to_message(StructValue(b"\xff\xff"))


def test_field_that_is_not_set_is_none() -> None:
    found = convert.artifact_from_message(pb.Artifact(type_id=10))

    assert (found.id, found.name, found.uri, found.external_id, found.state) == (None,) * 5


def test_field_that_is_set_to_its_default_is_set() -> None:
    message = pb.Artifact(name="", uri="", state=pb.Artifact.UNKNOWN)

    found = convert.artifact_from_message(message)

    assert (found.name, found.uri, found.state) == ("", "", ArtifactState.UNKNOWN)


def test_artifact_is_a_message_with_all_its_fields() -> None:
    artifact = Artifact(
        id=3,
        type="DataSet",
        type_id=10,
        name="day 1",
        external_id="e",
        uri="data.csv",
        state=ArtifactState.LIVE,
        properties={"split": "train"},
        custom_properties={"rows": 5},
        create_time_since_epoch=1,
        last_update_time_since_epoch=2,
    )

    assert convert.artifact_to_message(artifact) == pb.Artifact(
        id=3,
        type="DataSet",
        type_id=10,
        name="day 1",
        external_id="e",
        uri="data.csv",
        state=pb.Artifact.LIVE,
        properties={"split": pb.Value(string_value="train")},
        custom_properties={"rows": pb.Value(int_value=5)},
        create_time_since_epoch=1,
        last_update_time_since_epoch=2,
    )


def test_state_that_the_store_has_not_is_not_set() -> None:
    message = convert.execution_to_message(Execution(id=1, type="T", type_id=10))

    assert not message.HasField("last_known_state")


def test_execution_state_comes_back_as_it_went() -> None:
    node = Execution(id=1, type="T", type_id=10, last_known_state=ExecutionState.CACHED)

    found = convert.execution_from_message(convert.execution_to_message(node))

    assert found.last_known_state is ExecutionState.CACHED


def test_context_comes_back_with_its_name() -> None:
    node = Context(id=1, type="Experiment", type_id=10, name="a")

    assert convert.context_from_message(convert.context_to_message(node)).name == "a"


@pytest.mark.parametrize("path", [(), ("key",), (0, "key", 7)])
def test_event_path_comes_back_in_order(path: tuple[str | int, ...]) -> None:
    event = Event(artifact_id=1, execution_id=2, type=EventType.OUTPUT, path=path)

    message = convert.event_to_message(event)

    assert convert.event_from_message(message).path == path
    assert message.HasField("path") is bool(path)


def test_event_step_that_holds_nothing_is_left_out() -> None:
    message = pb.Event()
    message.path.steps.add()
    message.path.steps.add(key="k")

    assert convert.event_from_message(message).path == ("k",)


@pytest.mark.parametrize(
    "declared",
    [
        ArtifactType("A", {"n": PropertyType.INT}, version="1", base_type="mlmd.Dataset", id=10),
        ContextType("C", external_id="x", description="what"),
        ExecutionType(
            "E",
            base_type="mlmd.Train",
            input_type='{"any":{}}',
            output_type='{"dict":{"properties":{"a":{"simple":{"name":"A"}}},'
            '"noneTypeNotRequired":true}}',
        ),
    ],
)
def test_type_comes_back_as_it_went(declared: NodeType) -> None:
    back: dict[type[NodeType], Any] = {
        ArtifactType: convert.artifact_type_from_message,
        ExecutionType: convert.execution_type_from_message,
        ContextType: convert.context_type_from_message,
    }

    assert back[type(declared)](convert.type_to_message(declared)) == declared


@pytest.mark.parametrize("simple", SIMPLE_TYPES, ids=lambda simple: simple.name)
def test_every_simple_type_can_be_a_base_type(simple: NodeType) -> None:
    message = convert.type_to_message(type(simple)("T", base_type=simple.name))
    back = (
        convert.artifact_type_from_message(message)
        if isinstance(simple, ArtifactType)
        else convert.execution_type_from_message(message)
    )

    assert back.base_type == simple.name


@pytest.mark.parametrize(
    "stored",
    [
        ArtifactType("A", base_type="Mine"),
        ArtifactType("A", base_type="mlmd.Train"),
        ContextType("C", base_type="mlmd.Dataset"),
    ],
)
def test_base_type_that_messages_cannot_name_is_the_store_s_fault(stored: NodeType) -> None:
    with pytest.raises(InternalError, match="is based on"):
        convert.type_to_message(stored)


def test_empty_version_is_no_version() -> None:
    assert convert.artifact_type_from_message(pb.ArtifactType(name="A", version="")).version is None


def test_base_type_that_is_unset_is_no_name() -> None:
    message = pb.ContextType(name="C", base_type=pb.ContextType.UNSET)

    assert convert.context_type_from_message(message).base_type == ""


def test_input_type_that_is_none_is_the_store_s_fault() -> None:
    with pytest.raises(InternalError, match="input or output type"):
        convert.type_to_message(ExecutionType("E", input_type=json.dumps({"what": 1})))
