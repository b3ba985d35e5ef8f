"""MetadataStore on a server: the errors of the wire are ML Metadata's."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import grpc
import pytest

from mlmeta_track.mlmd import MetadataStore, errors, proto
from mlmeta_track.mlmd.proto import metadata_store_pb2 as pb
from mlmeta_track.mlmd.proto import metadata_store_service_pb2 as service_pb
from mlmeta_track.mlmd.proto import metadata_store_service_pb2_grpc as service_grpc

Handler = Callable[[Any, grpc.ServicerContext], Any]


@contextmanager
def serving(answer: Handler) -> Iterator[int]:
    """A server whose GetArtifactTypes answers so, at a port of this machine."""

    class Servicer(service_grpc.MetadataStoreServiceServicer):
        def GetArtifactTypes(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
            return answer(request, context)

    server = grpc.server(ThreadPoolExecutor(2))
    service_grpc.add_MetadataStoreServiceServicer_to_server(Servicer(), server)
    port = server.add_insecure_port("localhost:0")
    server.start()
    try:
        yield port
    finally:
        server.stop(None).wait()


def client(port: int, **fields: Any) -> MetadataStore:
    return MetadataStore(proto.MetadataStoreClientConfig(host="localhost", port=port, **fields))


def test_what_the_server_answers_is_returned() -> None:
    answer = service_pb.GetArtifactTypesResponse(artifact_types=[pb.ArtifactType(name="T")])
    with serving(lambda *_: answer) as port:
        assert client(port).get_artifact_types() == [pb.ArtifactType(name="T")]


@pytest.mark.parametrize("status", list(grpc.StatusCode)[1:], ids=lambda status: status.name)
def test_a_status_is_the_error_of_its_number(
    status: grpc.StatusCode, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: Any, context: grpc.ServicerContext) -> Any:
        context.abort(status, "why")

    kind = errors.exception_type_from_error_code(status.value[0])
    with serving(refuse) as port:
        store = client(port)
        store._max_num_retries = 1
        with pytest.raises(kind, match="why"):
            store.get_artifact_types()


def test_a_method_that_the_server_does_not_have_is_unimplemented() -> None:
    with serving(lambda *_: None) as port, pytest.raises(errors.UnimplementedError):
        client(port).get_contexts()


def test_a_server_that_is_down_is_unavailable_and_named() -> None:
    with serving(lambda *_: None) as port:
        pass
    with pytest.raises(errors.UnavailableError, match=f"localhost:{port}"):
        client(port).get_artifact_types()


def test_a_server_that_hangs_is_given_up() -> None:
    ended = threading.Event()

    def hang(*_: Any) -> Any:
        ended.wait()

    with serving(hang) as port:
        with pytest.raises(errors.DeadlineExceededError, match=f"localhost:{port}"):
            client(port, client_timeout_sec=0.2).get_artifact_types()
        ended.set()


def test_a_message_over_the_limit_is_an_error() -> None:
    answer = service_pb.GetArtifactTypesResponse(artifact_types=[pb.ArtifactType(name="T" * 200)])
    limit = pb.GrpcChannelArguments(max_receive_message_length=100)
    with serving(lambda *_: answer) as port, pytest.raises(errors.ResourceExhaustedError):
        client(port, channel_arguments=limit).get_artifact_types()


def test_the_database_of_a_server_is_not_upgraded_by_a_client() -> None:
    config = proto.MetadataStoreClientConfig(host="localhost", port=1)

    with pytest.raises(ValueError, match="where the server is"):
        MetadataStore(config, enable_upgrade_migration=True)


def test_a_certificate_that_is_none_is_refused() -> None:
    ssl = pb.MetadataStoreClientConfig.SSLConfig(custom_ca="no certificate")

    with pytest.raises(errors.UnavailableError):
        client(1, ssl_config=ssl).get_artifact_types()
