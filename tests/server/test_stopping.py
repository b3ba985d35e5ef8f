"""Servers that are stopped, and clients that go, while a call is under way.

The calls wait for a lock on the store's file, which the test holds, and the servers have one
worker, so that a call which waits is noticed by the next.
"""

from __future__ import annotations

import os
import signal
import socket
import sqlite3
import struct
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from mlmeta_track.mlmd import MetadataStore, errors
from mlmeta_track.mlmd.proto import metadata_store_pb2 as pb
from mlmeta_track.wire import metadata_store_service_pb2 as calls
from mlmeta_track.wire.service import METHODS
from tests.serving import client, served

pytestmark = pytest.mark.skipif(os.name != "posix", reason="it is about signals")

ONE = ("--workers", "1")


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Let nobody write to a store."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        yield
        connection.execute("ROLLBACK")


def put(address: str, uri: str, timeout: float = 60.0) -> list[int]:
    """Write an artifact of the type 10."""
    caller = client(address, client_timeout_sec=timeout)
    return caller.put_artifacts([pb.Artifact(type_id=10, uri=uri)])


def uris(address: str) -> list[str]:
    return [artifact.uri for artifact in client(address).get_artifacts()]


def until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def until_busy(address: str) -> None:
    """Wait until the server's one worker is in a call."""
    caller = client(address, client_timeout_sec=0.5)
    until(lambda: not _is_answered(caller))


def _is_answered(caller: MetadataStore) -> bool:
    try:
        caller.get_context_types()
    except errors.DeadlineExceededError:
        return False
    return True


def is_refused(address: str) -> bool:
    host, _, port = address.rpartition(":")
    with socket.socket() as probe:
        return probe.connect_ex((host, int(port))) != 0


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'metadata.db'}"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "metadata.db"


def make_type(address: str) -> None:
    assert client(address).put_artifact_type(pb.ArtifactType(name="T")) == 10


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_call_under_way_is_finished_before_the_server_ends(
    url: str, path: Path, number: int
) -> None:
    with served(url, *ONE) as server, ThreadPoolExecutor(1) as pool:
        make_type(server.address)
        with locked(path):
            call = pool.submit(put, server.address, "late")
            until_busy(server.address)
            server.process.send_signal(number)
            until(lambda: is_refused(server.address))
            assert not call.done()
            assert server.process.poll() is None
        assert call.result() == [1]
        assert server.process.wait(30) == 0


def test_a_call_that_outlasts_the_grace_period_fails_and_writes_nothing(
    url: str, path: Path
) -> None:
    with served(url, *ONE, "--grace", "0.3") as server, ThreadPoolExecutor(1) as pool:
        make_type(server.address)
        with locked(path):
            call = pool.submit(put, server.address, "too late")
            until_busy(server.address)
            assert "still under way after 0.3 seconds" in server.stop()
            assert server.process.returncode == 0
            with pytest.raises((errors.UnavailableError, errors.CancelledError)):
                call.result()

    with served(url) as server:
        assert uris(server.address) == []


def test_a_second_signal_ends_the_server_at_once(url: str, path: Path) -> None:
    with served(url, *ONE, "--grace", "60") as server, ThreadPoolExecutor(1) as pool:
        make_type(server.address)
        with locked(path):
            call = pool.submit(put, server.address, "late")
            until_busy(server.address)
            server.process.send_signal(signal.SIGTERM)
            until(lambda: is_refused(server.address))
            server.process.send_signal(signal.SIGTERM)
            assert server.process.wait(30) == -signal.SIGTERM
        with pytest.raises(errors.UnavailableError):
            call.result()


CLIENT = """
import sys
sys.path.insert(0, sys.argv[3])
from tests.server.test_stopping import put
print("calling", flush=True)
put(sys.argv[1], sys.argv[2])
"""


def test_a_client_that_is_killed_midway_leaves_all_or_nothing_and_the_server_goes_on(
    url: str, path: Path
) -> None:
    root = str(Path(__file__).parents[2])
    with served(url, *ONE) as server:
        make_type(server.address)
        with locked(path):
            command = [sys.executable, "-c", CLIENT, server.address, "killed", root]
            with subprocess.Popen(command, stdout=subprocess.PIPE) as caller:
                assert caller.stdout is not None
                assert caller.stdout.readline() == b"calling\n"
                until_busy(server.address)
                caller.kill()
        assert put(server.address, "next") in ([1], [2])
        assert uris(server.address) in (["next"], ["killed", "next"])


def test_a_call_whose_client_went_before_its_turn_is_not_made(url: str, path: Path) -> None:
    with served(url, *ONE) as server, ThreadPoolExecutor(1) as pool:
        make_type(server.address)
        with locked(path):
            first = pool.submit(put, server.address, "first")
            until_busy(server.address)
            with pytest.raises(errors.DeadlineExceededError):
                put(server.address, "gone", timeout=0.3)
        first.result()

        assert put(server.address, "last") == [2]
        assert uris(server.address) == ["first", "last"]


def test_half_a_request_writes_nothing_and_the_server_goes_on(url: str) -> None:
    whole, half = request_in_frames(b"whole"), request_in_frames(b"half")
    with served(url, *ONE) as server:
        make_type(server.address)
        for sent in (whole, b"", b"GET / HTTP/1.1\r\n\r\n", half[:-100]):
            host, _, port = server.address.rpartition(":")
            with socket.create_connection((host, int(port))) as connection:
                connection.sendall(sent)
                if sent is whole:  # the frames are right: of the half it is the half that matters
                    until(lambda: len(uris(server.address)) == 1)
        assert put(server.address, "next") == [2]
        assert server.stop() == ""


def request_in_frames(uri: bytes) -> bytes:
    """Return what a client of HTTP/2 sends to write an artifact with a long URI."""
    headers = {
        ":method": "POST",
        ":scheme": "http",
        ":path": METHODS["PutArtifacts"].path,
        ":authority": "localhost",
        "te": "trailers",
        "content-type": "application/grpc",
    }
    fields = b"".join(
        b"\0" + bytes([len(name)]) + name.encode() + bytes([len(value)]) + value.encode()
        for name, value in headers.items()
    )
    artifact = pb.Artifact(type_id=10, uri=(uri * 100).decode())
    message = calls.PutArtifactsRequest(artifacts=[artifact]).SerializeToString()
    of_headers, of_data, of_settings = 1, 0, 4  # kinds of frames
    headers_end, stream_ends = 4, 1  # their flags
    return b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"".join(
        [
            _frame(of_settings, 0, 0, b""),
            _frame(of_headers, headers_end, 1, fields),
            _frame(of_data, stream_ends, 1, b"\0" + struct.pack(">I", len(message)) + message),
        ]
    )


def _frame(kind: int, flags: int, stream: int, payload: bytes) -> bytes:
    head = struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) + struct.pack(">I", stream)
    return head + payload
