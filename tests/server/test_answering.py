"""What a call comes back with: a response, or the status and the words of what went wrong."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

import grpc
import pytest

import mlmeta_track.errors
from mlmeta_track.errors import MlmetaTrackError
from mlmeta_track.mlmd import errors
from mlmeta_track.mlmd.proto import metadata_store_pb2 as pb
from mlmeta_track.server import MetadataServer, ServerOptions, serving
from mlmeta_track.server.answering import fit_for_header
from mlmeta_track.store.base import Store
from mlmeta_track.store.sql.store import SqlStore
from mlmeta_track.wire.service import METHODS, SERVICE
from tests.serving import client

MB = 2**20
ERRORS = [
    kind
    for kind in vars(mlmeta_track.errors).values()
    if isinstance(kind, type) and issubclass(kind, MlmetaTrackError)
]


class Failing(SqlStore):
    """A store in memory that raises when it is asked for types."""

    def __init__(self, error: Exception) -> None:
        super().__init__("sqlite://")
        self._error = error

    def get_types(self, kind: Any) -> Any:
        raise self._error


def called(server: MetadataServer, path: str, request: bytes) -> Any:
    """Return the bytes that a call answers, or the error of its status."""
    with grpc.insecure_channel(server.address) as channel:
        try:
            return channel.unary_unary(path, bytes, bytes)(request)
        except grpc.RpcError as error:
            return error


# Errors


@pytest.mark.parametrize("kind", ERRORS, ids=lambda kind: kind.__name__)
def test_an_error_of_ours_is_its_status_with_its_words(kind: type[MlmetaTrackError]) -> None:
    with serving(Failing(kind("Say it so. ✓"))) as server:
        refused = called(server, METHODS["GetArtifactTypes"].path, b"")

    assert refused.code().value[0] == kind.status_code
    assert refused.details() == "Say it so. ✓"


def test_what_was_not_foreseen_is_internal_and_logged_and_the_server_goes_on(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with serving(Failing(KeyError("private"))) as server, caplog.at_level(logging.ERROR):
        refused = called(server, METHODS["GetArtifactTypes"].path, b"")
        type_id = client(server.address).put_artifact_type(pb.ArtifactType(name="T"))

    assert refused.code() is grpc.StatusCode.INTERNAL
    assert refused.details() == (
        "GetArtifactTypes failed in a way that was not foreseen (KeyError);"
        " the server's log says more."
    )
    [record] = caplog.records
    assert "KeyError: 'private'" in str(record.exc_text)
    assert type_id == 10


def test_an_error_reaches_the_client_as_the_class_of_its_status(server: MetadataServer) -> None:
    with pytest.raises(errors.NotFoundError, match="Nothing"):
        client(server.address).get_artifact_type("Nothing")


def test_a_message_too_long_for_a_status_loses_its_middle(server: MetadataServer) -> None:
    with pytest.raises(errors.NotFoundError, match=r"^Nothing has.* … ") as raised:
        client(server.address).get_artifacts_by_external_ids(["ü" * 100] * 1000)

    assert str(raised.value).endswith("].")


@pytest.mark.parametrize("character", ["x", "ü", "東", "🚕", "\ud800"])
def test_what_is_left_of_a_long_message_fits_a_header(character: str) -> None:
    left = fit_for_header(character * 100_000)

    assert len(left.encode()) < 2000
    assert fit_for_header("short ü") == "short ü"


# Requests


def test_what_is_no_message_is_an_invalid_argument(server: MetadataServer) -> None:
    refused = called(server, METHODS["PutArtifacts"].path, b"\xff\xff\xff")

    assert refused.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert "no PutArtifactsRequest" in refused.details()


def test_a_message_nested_too_deep_is_an_invalid_argument(server: MetadataServer) -> None:
    data = b""
    for _ in range(10_000):  # a list of lists of lists …
        data = _field(4, _field(1, data))

    refused = called(server, METHODS["PutExecutionType"].path, _field(1, _field(4, data)))

    assert refused.code() is grpc.StatusCode.INVALID_ARGUMENT


def _field(number: int, data: bytes) -> bytes:
    return bytes([number << 3 | 2]) + _varint(len(data)) + data


def _varint(number: int) -> bytes:
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    return bytes([*out, number])


def test_a_request_for_one_uri_as_of_old_is_an_invalid_argument(server: MetadataServer) -> None:
    refused = called(server, METHODS["GetArtifactsByURI"].path, b"\x0a\x01u")

    assert refused.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert "uris" in refused.details()


def test_a_method_that_is_none_is_unimplemented(server: MetadataServer) -> None:
    refused = called(server, f"/{SERVICE}/DeleteArtifacts", b"")

    assert refused.code() is grpc.StatusCode.UNIMPLEMENTED


# Sizes


@pytest.fixture
def small(memory: Store) -> Iterator[MetadataServer]:
    """A server whose messages have 1 MiB at most."""
    with serving(memory, options=ServerOptions(max_message_mb=1)) as server:
        yield server


def artifact(size: int) -> pb.Artifact:
    return pb.Artifact(type_id=10, uri="u" * size)


def test_a_request_over_the_limit_is_refused_and_writes_nothing(small: MetadataServer) -> None:
    caller = client(small.address)
    caller.put_artifact_type(pb.ArtifactType(name="T"))

    with pytest.raises(errors.ResourceExhaustedError, match="larger than max"):
        caller.put_artifacts([artifact(1), artifact(MB)])

    assert caller.get_artifacts() == []


def test_a_response_over_the_limit_is_refused_and_the_server_goes_on(
    small: MetadataServer,
) -> None:
    caller = client(small.address)
    caller.put_artifact_type(pb.ArtifactType(name="T"))
    ids = [caller.put_artifacts([artifact(MB // 2)])[0] for _ in range(3)]

    with pytest.raises(errors.ResourceExhaustedError, match=r"response of GetArtifacts.*fewer"):
        caller.get_artifacts()

    assert len(caller.get_artifacts_by_id(ids[:1])) == 1


def test_messages_up_to_the_limit_go_through(server: MetadataServer) -> None:
    caller = client(
        server.address,
        channel_arguments=pb.GrpcChannelArguments(max_receive_message_length=64 * MB),
    )
    caller.put_artifact_type(pb.ArtifactType(name="T"))
    caller.put_artifacts([artifact(30 * MB)])

    [found] = caller.get_artifacts()

    assert len(found.uri) == 30 * MB
