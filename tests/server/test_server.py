"""A server over a store: who calls it, what it keeps, and where it listens."""

from __future__ import annotations

import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from mlmeta_track.errors import SettingsError, UnavailableError
from mlmeta_track.mlmd.proto import metadata_store_pb2 as pb
from mlmeta_track.mlmd.proto.metadata_store_service_pb2_grpc import MetadataStoreServiceStub
from mlmeta_track.server import MetadataServer, ServerOptions, serving
from mlmeta_track.store.base import Store
from mlmeta_track.wire.service import METHODS, SERVICE
from tests.serving import client

# Calls


@pytest.mark.parametrize("name", METHODS)
def test_every_method_is_reached(server: MetadataServer, name: str) -> None:
    method = METHODS[name]
    with grpc.insecure_channel(server.address) as channel:
        try:
            response: Any = getattr(MetadataStoreServiceStub(channel), name)(method.request())
        except grpc.RpcError as error:
            refused: Any = error
            # Some want more than an empty request, and say so; that one nobody implements.
            expected = grpc.StatusCode.UNIMPLEMENTED if name == "GetLineageGraph" else None
            assert refused.details()
            assert refused.code() in {
                expected or grpc.StatusCode.INVALID_ARGUMENT,
                expected or grpc.StatusCode.NOT_FOUND,
            }
        else:
            assert isinstance(response, method.response)


def test_a_store_in_memory_lives_from_call_to_call_and_client_to_client(
    server: MetadataServer, memory: Store
) -> None:
    type_id = client(server.address).put_artifact_type(pb.ArtifactType(name="T"))
    ids = client(server.address).put_artifacts([pb.Artifact(type_id=type_id, uri="u")])

    assert [artifact.id for artifact in client(server.address).get_artifacts()] == ids
    assert [artifact.uri for artifact in memory.get_artifacts_by_uri("u")] == ["u"]


def test_many_clients_at_once_make_each_type_and_node_once(server: MetadataServer) -> None:
    def work(number: int) -> int:
        mine = client(server.address)
        type_id = mine.put_artifact_type(pb.ArtifactType(name="T"))
        mine.put_artifacts([pb.Artifact(type_id=type_id, name=f"{number}-{n}") for n in range(5)])
        return type_id

    with ThreadPoolExecutor(32) as pool:
        type_ids = set(pool.map(work, range(32)))

    assert len(type_ids) == 1
    assert len(client(server.address).get_artifacts()) == 160


# Health


def health(server: MetadataServer, service: str = "") -> Any:
    with grpc.insecure_channel(server.address) as channel:
        request = health_pb2.HealthCheckRequest(service=service)
        return health_pb2_grpc.HealthStub(channel).Check(request).status


@pytest.mark.parametrize("service", ["", SERVICE])
def test_a_server_that_runs_is_healthy(server: MetadataServer, service: str) -> None:
    assert health(server, service) == health_pb2.HealthCheckResponse.SERVING


def test_nothing_is_known_of_the_health_of_others(server: MetadataServer) -> None:
    with pytest.raises(grpc.RpcError) as raised:
        health(server, "somebody.Else")

    refused: Any = raised.value
    assert refused.code() is grpc.StatusCode.NOT_FOUND


def test_who_watches_is_told_of_the_end_and_does_not_hold_it_up(memory: Store) -> None:
    with serving(memory, options=ServerOptions(grace_seconds=60)) as server:
        channel = grpc.insecure_channel(server.address)
        watched = health_pb2_grpc.HealthStub(channel).Watch(health_pb2.HealthCheckRequest())
        seen = [next(watched).status]
    seen += [response.status for response in watched]  # it ends
    channel.close()

    assert seen == [
        health_pb2.HealthCheckResponse.SERVING,
        health_pb2.HealthCheckResponse.NOT_SERVING,
    ]


# Where it listens


def test_a_port_that_is_taken_is_refused_with_the_reason(memory: Store) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        with pytest.raises(UnavailableError, match=f"{address}: Address already in use"):
            MetadataServer(memory, address)


def test_the_port_of_another_server_is_refused(server: MetadataServer, memory: Store) -> None:
    with pytest.raises(UnavailableError, match="already in use"):
        MetadataServer(memory, server.address)


def test_a_host_that_does_not_exist_is_refused(memory: Store) -> None:
    with pytest.raises(UnavailableError, match=r"nowhere\.invalid:0"):
        MetadataServer(memory, "nowhere.invalid:0")


@pytest.mark.parametrize(
    "address",
    ["", "8080", ":8080", "localhost", "localhost:", "localhost:http", "localhost:65536", "::1:80"],
)
def test_what_is_no_address_is_refused(memory: Store, address: str) -> None:
    with pytest.raises(SettingsError, match="Write HOST:PORT"):
        MetadataServer(memory, address)


def test_importing_the_package_imports_no_grpc() -> None:
    code = "import sys, mlmeta_track, mlmeta_track.cli.main; sys.exit('grpc' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path.cwd())
