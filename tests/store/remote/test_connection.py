"""The way to a server: what happens when it is away, silent, slow, small, or another one."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import grpc
import pytest

from mlmeta_track import errors
from mlmeta_track.domain.nodes import Artifact, Execution
from mlmeta_track.server import ServerOptions, Tls, serving
from mlmeta_track.store.base import Store
from mlmeta_track.store.connect import open_store
from mlmeta_track.store.remote import connection
from mlmeta_track.testing.store_cases.build import end_of_step, made, put_artifact, start_of_step
from mlmeta_track.wire.service import METHODS, SERVICE
from tests.server.certificates import Authority
from tests.store.remote.conftest import MeddledStore

Handler = Callable[[Any, grpc.ServicerContext], Any]


@contextmanager
def answering(handlers: dict[str, Handler]) -> Iterator[str]:
    """A server of these methods alone; the one by which it is tried out answers nothing."""
    nothing: Handler = lambda *_: METHODS["GetArtifactsByID"].response()  # noqa: E731
    methods = {
        name: grpc.unary_unary_rpc_method_handler(
            handler,
            request_deserializer=METHODS[name].request.FromString,
            response_serializer=METHODS[name].response.SerializeToString,
        )
        for name, handler in {"GetArtifactsByID": nothing, **handlers}.items()
    }
    server = grpc.server(ThreadPoolExecutor(4))
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(SERVICE, methods),))
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        yield f"127.0.0.1:{port}"
    finally:
        server.stop(None).wait()


def free_address() -> str:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return f"127.0.0.1:{listener.getsockname()[1]}"


# Away


def test_a_server_that_is_not_there_is_named_at_once() -> None:
    address, begin = free_address(), time.monotonic()
    with pytest.raises(errors.UnavailableError, match=rf"{address}.*that the address is right"):
        open_store(f"grpc://{address}")
    assert time.monotonic() - begin < 5


def test_a_host_that_nobody_knows_is_unavailable() -> None:
    with pytest.raises(errors.UnavailableError, match=r"no-such-host\.invalid:1"):
        open_store("grpc://no-such-host.invalid:1")


def test_a_port_that_takes_connections_and_says_nothing_is_given_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(connection, "CONNECT_SECONDS", 0.5)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        begin = time.monotonic()
        with pytest.raises(errors.UnavailableError, match=str(listener.getsockname()[1])):
            open_store(f"grpc://127.0.0.1:{listener.getsockname()[1]}")
        assert time.monotonic() - begin < 10


def test_a_server_that_goes_away_is_unavailable_in_bounded_time_and_found_when_it_is_back(
    served: MeddledStore,
) -> None:
    with serving(served) as server:
        store = open_store(f"grpc://{server.address}")
        store.put(start_of_step())
        address = server.address
    for call in (lambda: store.list_nodes(Execution), lambda: store.put(end_of_step())):
        begin = time.monotonic()
        with pytest.raises(errors.UnavailableError, match=address):
            call()
        assert time.monotonic() - begin < 10
    with serving(served, address):
        _until_back(store)
        store.put(end_of_step())
    assert len(served.list_nodes(Artifact)) == 2
    store.close()


def _until_back(store: Store) -> None:
    """Wait until gRPC has tried to connect again, which it does every two seconds at the least."""
    for _ in range(100):
        try:
            store.list_nodes(Execution)
        except errors.UnavailableError:
            time.sleep(0.05)
        else:
            return


def test_a_server_that_is_started_anew_between_two_calls_is_not_noticed(
    served: MeddledStore,
) -> None:
    with serving(served) as server:
        store = open_store(f"grpc://{server.address}")
        store.put(start_of_step())
        address = server.address
    with serving(served, address):
        assert len(store.list_nodes(Execution)) == 1
        store.put(end_of_step())
    store.close()


# Silent


def test_a_server_that_hangs_is_given_up() -> None:
    ended = threading.Event()
    with answering({"GetArtifacts": lambda *_: ended.wait()}) as address:
        store = open_store(f"grpc://{address}?timeout=0.3")
        with pytest.raises(errors.DeadlineExceededError, match=rf"{address}.*0\.3 seconds"):
            store.list_nodes(Artifact)
        ended.set()
        store.close()


def test_a_server_that_hangs_when_it_is_first_asked_is_unavailable(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(connection, "CONNECT_SECONDS", 0.3)
    ended = threading.Event()
    with answering({"GetArtifactsByID": lambda *_: ended.wait()}) as address:
        with pytest.raises(errors.UnavailableError, match=address):
            open_store(f"grpc://{address}")
        ended.set()


# Another one


def test_a_server_of_something_else_is_no_store() -> None:
    server = grpc.server(ThreadPoolExecutor(1))
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    with pytest.raises(errors.NotAnMlmdStoreError, match=rf"{port}.*MetadataStoreService"):
        open_store(f"grpc://127.0.0.1:{port}")
    server.stop(None).wait()


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (grpc.StatusCode.INVALID_ARGUMENT, errors.InvalidArgumentError),
        (grpc.StatusCode.NOT_FOUND, errors.NotFoundError),
        (grpc.StatusCode.ALREADY_EXISTS, errors.AlreadyExistsError),
        (grpc.StatusCode.FAILED_PRECONDITION, errors.FailedPreconditionError),
        (grpc.StatusCode.OUT_OF_RANGE, errors.OutOfRangeError),
        (grpc.StatusCode.UNIMPLEMENTED, errors.UnimplementedError),
        (grpc.StatusCode.INTERNAL, errors.InternalError),
        (grpc.StatusCode.UNKNOWN, errors.InternalError),
        (grpc.StatusCode.DATA_LOSS, errors.InternalError),
        (grpc.StatusCode.UNAVAILABLE, errors.UnavailableError),
        (grpc.StatusCode.CANCELLED, errors.UnavailableError),
        (grpc.StatusCode.PERMISSION_DENIED, errors.UnavailableError),
        (grpc.StatusCode.UNAUTHENTICATED, errors.UnavailableError),
        (grpc.StatusCode.RESOURCE_EXHAUSTED, errors.ResourceExhaustedError),
    ],
)
def test_a_refusal_is_an_error_with_the_server_s_words(
    status: grpc.StatusCode, kind: type[errors.MlmetaTrackError]
) -> None:
    def refuse(_: Any, context: grpc.ServicerContext) -> Any:
        context.abort(status, "these are the server's words")

    with answering({"GetArtifacts": refuse}) as address:
        store = open_store(f"grpc://{address}")
        with pytest.raises(kind, match="these are the server's words"):
            store.list_nodes(Artifact)
        store.close()


def test_a_call_that_was_aborted_is_made_again() -> None:
    refusals = iter([True, True, False])

    def answer(_: Any, context: grpc.ServicerContext) -> Any:
        if next(refusals):
            context.abort(grpc.StatusCode.ABORTED, "another writer was in the way")
        return METHODS["PutEvents"].response()

    with answering({"PutEvents": answer}) as address:
        store = open_store(f"grpc://{address}")
        store.put_events([])
        assert next(refusals, "none left") == "none left"
        store.close()


def test_a_call_that_is_always_aborted_is_given_up() -> None:
    def abort(_: Any, context: grpc.ServicerContext) -> Any:
        context.abort(grpc.StatusCode.ABORTED, "another writer was in the way")

    with answering({"PutEvents": abort}) as address:
        store = open_store(f"grpc://{address}")
        with pytest.raises(errors.AbortedError, match="in the way"):
            store.put_events([])
        store.close()


# Too large


def test_an_answer_over_the_limit_is_an_error_that_names_the_limit(address: str) -> None:
    store = open_store(f"grpc://{address}")
    put_artifact(store, made("large", custom_properties={"text": "x" * 200_000}))
    small = open_store(f"grpc://{address}?max_message_mb=0.1")
    with pytest.raises(errors.ResourceExhaustedError, match=r"larger than max.*max_message_mb"):
        small.list_nodes(Artifact)
    for one in (store, small):
        one.close()


def test_a_batch_over_the_server_s_limit_is_refused_whole(served: MeddledStore) -> None:
    with serving(served, options=ServerOptions(max_message_mb=1)) as server:
        store = open_store(f"grpc://{server.address}")
        with pytest.raises(errors.ResourceExhaustedError, match="raise the server's limit"):
            put_artifact(store, made("large", custom_properties={"text": "x" * 2_000_000}))
        assert store.list_nodes(Artifact) == []
        put_artifact(store, made("small"))
        store.close()


# Certificates


def test_a_store_behind_tls_is_opened_with_its_authority(
    served: MeddledStore, tmp_path: Path
) -> None:
    authority = Authority(tmp_path / "authority", "authority")
    certificate, key = authority.sign("server")
    mine, my_key = authority.sign("client")
    tls = Tls(certificate, key, client_ca=authority.certificate)
    with serving(served, options=ServerOptions(tls=tls)) as server:
        ca = f"ca={authority.certificate}"
        store = open_store(f"grpcs://{server.address}?{ca}&cert={mine}&key={my_key}")
        store.put(start_of_step())
        for url in (f"grpcs://{server.address}?{ca}", f"grpcs://{server.address}"):
            with pytest.raises(errors.UnavailableError, match=server.address):
                open_store(url)
        with pytest.raises(errors.UnavailableError, match=server.address):
            open_store(f"grpc://{server.address}")
        store.close()
    assert len(served.list_nodes(Execution)) == 1


# Threads


def test_a_store_may_be_closed_while_others_use_it(address: str) -> None:
    store = open_store(f"grpc://{address}")
    done = threading.Event()
    unexpected: list[Exception] = []

    def read() -> None:
        while not done.is_set():
            try:
                store.list_nodes(Artifact)
            except errors.UnavailableError:
                pass  # its call was under way
            except Exception as error:
                unexpected.append(error)

    with ThreadPoolExecutor(4) as pool:
        for _ in range(4):
            pool.submit(read)
        for _ in range(30):
            store.close()
            time.sleep(0.01)
        done.set()
    assert unexpected == []
    assert store.list_nodes(Artifact) == []
    store.close()
