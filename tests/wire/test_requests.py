"""What a client sends is what a server reads, and what it answers is what a client reads."""

from __future__ import annotations

from typing import Any

import pytest

from mlmeta_track.domain.events import Event, EventType
from mlmeta_track.domain.nodes import (
    Artifact,
    ArtifactState,
    Context,
    Execution,
    ExecutionState,
    ProtoValue,
    StructValue,
)
from mlmeta_track.domain.types import ArtifactType, ExecutionType, PropertyType
from mlmeta_track.domain.writes import (
    ArtifactWrite,
    ContextWrite,
    EventEdge,
    EventWrite,
    ExecutionWrite,
)
from mlmeta_track.errors import InvalidArgumentError
from mlmeta_track.wire import convert, replies, requests

_NODE: dict[str, Any] = {
    "id": 1,
    "type_id": 10,
    "type": "T",
    "name": "n",
    "external_id": "x",
    "properties": {"i": 2**63 - 1, "d": 0.1, "s": "é", "b": True},
    "custom_properties": {"struct": StructValue(b""), "proto": ProtoValue(b"")},
    "create_time_since_epoch": 5,
    "last_update_time_since_epoch": 6,
}


@pytest.mark.parametrize(
    ("node", "read"),
    [
        (ArtifactWrite(**_NODE, uri="", state=ArtifactState.UNKNOWN), "artifact_from_message"),
        (ArtifactWrite(), "artifact_from_message"),
        (
            ExecutionWrite(**_NODE, last_known_state=ExecutionState.RUNNING),
            "execution_from_message",
        ),
        (ContextWrite(**_NODE), "context_from_message"),
    ],
)
def test_a_node_is_read_by_a_server_as_it_was_sent(node: Any, read: str) -> None:
    assert getattr(convert, read)(requests.node_request(node)) == node


@pytest.mark.parametrize(
    "event",
    [
        EventWrite(),
        EventWrite(
            artifact_id=1,
            execution_id=2,
            type=EventType.INPUT,
            path=("a", 0, ""),
            milliseconds_since_epoch=0,
        ),
    ],
)
def test_an_event_is_read_by_a_server_as_it_was_sent(event: EventWrite) -> None:
    assert convert.event_from_message(requests.event_request(event)) == event


def test_what_an_edge_does_not_name_is_not_set() -> None:
    message = requests.edge_request(EventEdge(artifact_index=0))
    assert message.HasField("artifact_index")
    assert not message.HasField("execution_index")
    assert not message.HasField("event")


@pytest.mark.parametrize("base_type", [None, "", "mlmd.Model"])
def test_a_type_is_read_by_a_server_as_it_was_sent(base_type: str | None) -> None:
    declared = ArtifactType("T", {"p": PropertyType.INT}, version="1", base_type=base_type)
    assert convert.artifact_type_from_message(requests.type_request(declared)) == declared


@pytest.mark.parametrize(
    ("node", "named"),
    [
        (ArtifactWrite(uri="\ud800"), "artifact"),
        (ContextWrite(name="\ud800"), "context"),
        (ExecutionWrite(id=2**63), "execution"),
        (ArtifactWrite(properties={"culprit": ProtoValue(b"\xff")}), "'culprit'"),
        (ArtifactWrite(custom_properties={"culprit": 2**63}), "'culprit'"),
        (ArtifactWrite(custom_properties={"\ud800": 1}), "property"),
    ],
)
def test_what_no_message_holds_is_refused_by_name(node: Any, named: str) -> None:
    with pytest.raises(InvalidArgumentError, match=named):
        requests.node_request(node)


@pytest.mark.parametrize(
    "declared",
    [
        ArtifactType("T", base_type="mlmd.Train"),
        ExecutionType("T", input_type="no JSON"),
        ArtifactType("\ud800"),
    ],
)
def test_a_type_that_no_message_holds_is_refused(declared: ArtifactType) -> None:
    with pytest.raises(InvalidArgumentError, match="type"):
        requests.type_request(declared)


@pytest.mark.parametrize(
    ("node", "send", "read"),
    [
        (
            Artifact(**_NODE, uri="/u", state=ArtifactState.LIVE),
            "artifact_to_message",
            replies.artifact_reply,
        ),
        (Artifact(id=1, type="T", type_id=10), "artifact_to_message", replies.artifact_reply),
        (
            Execution(**_NODE, last_known_state=ExecutionState.FAILED),
            "execution_to_message",
            replies.execution_reply,
        ),
        (Execution(id=1, type="T", type_id=10), "execution_to_message", replies.execution_reply),
        (Context(**_NODE), "context_to_message", replies.context_reply),
    ],
)
def test_a_node_is_read_by_a_client_as_the_server_has_it(node: Any, send: str, read: Any) -> None:
    assert read(getattr(convert, send)(node)) == node


def test_an_event_is_read_by_a_client_without_its_id() -> None:
    event = Event(artifact_id=1, execution_id=2, type=EventType.OUTPUT, path=("a", 0), id=7)
    found = replies.event_reply(convert.event_to_message(event))
    assert found == Event(artifact_id=1, execution_id=2, type=EventType.OUTPUT, path=("a", 0))
