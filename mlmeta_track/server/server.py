"""A server of ML Metadata's gRPC service, from its start to its end."""

from __future__ import annotations

import contextlib
import errno
import socket
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeAlias

import grpc

from mlmeta_track.errors import SettingsError, UnavailableError
from mlmeta_track.mlmd.service import MetadataService
from mlmeta_track.server.answering import service_handler
from mlmeta_track.server.health import Health
from mlmeta_track.server.options import ServerOptions
from mlmeta_track.store.base import Store

_KEEPALIVE_MS = 60_000
_MAX_PORT = 65_535
_END_SECONDS = 1.0

_Place: TypeAlias = "tuple[int, int, int, str, Any]"


class MetadataServer:
    """Serves ``ml_metadata.MetadataStoreService`` from a store, to as many clients as come.

    It takes calls from ``start`` to ``stop``.  The store stays open, and is its owner's to close:
    one that is in memory lives as long as it is open, whoever calls.
    """

    address: str
    """Where clients find it, as ``HOST:PORT``; with the port that it got if 0 was asked for."""

    def __init__(self, store: Store, address: str, options: ServerOptions | None = None) -> None:
        """Take the address; nobody is answered yet.

        Args:
            store: What is served.
            address: ``HOST:PORT``; port 0 takes one that is free.
            options: Threads, limits and certificates; None for the defaults.

        Raises:
            SettingsError: The address is none, or a certificate cannot be used.
            UnavailableError: The address cannot be had.
        """
        options = options or ServerOptions()
        host, port = parse_address(address)
        credentials = None if options.tls is None else options.tls.credentials()
        self._grace = options.grace_seconds
        self._health = Health()
        self._workers = ThreadPoolExecutor(
            options.workers, thread_name_prefix="mlmeta-track-server"
        )
        self._server = _grpc_server(self._workers, options)
        self._server.add_generic_rpc_handlers(
            (service_handler(MetadataService(store), options.max_message_bytes),)
        )
        self._health.add_to(self._server)
        self.address = f"{host}:{_bind(self._server, host, port, credentials)}"

    def start(self) -> None:
        """Begin to answer."""
        self._server.start()

    def stop(self) -> bool:
        """Take no more calls, and wait for those under way; after the grace period they fail.

        Returns:
            Whether they all ended: one may go on to wait for a database that does not answer.
        """
        self._health.stop()
        self._server.stop(self._grace).wait()
        ending = threading.Thread(target=self._workers.shutdown, daemon=True)
        ending.start()
        ending.join(_END_SECONDS)
        return not ending.is_alive()


@contextlib.contextmanager
def serving(
    store: Store, address: str = "127.0.0.1:0", options: ServerOptions | None = None
) -> Iterator[MetadataServer]:
    """Serve a store while the block runs; its server's ``address`` is where.

    Args:
        store: What is served; it is not closed in the end.
        address: ``HOST:PORT``; port 0 takes one that is free.
        options: Threads, limits and certificates; None for the defaults.

    Raises:
        SettingsError: The address is none, or a certificate cannot be used.
        UnavailableError: The address cannot be had.
    """
    server = MetadataServer(store, address, options)
    server.start()
    try:
        yield server
    finally:
        server.stop()


def _grpc_server(workers: ThreadPoolExecutor, options: ServerOptions) -> grpc.Server:
    return grpc.server(
        workers,
        options=[
            ("grpc.max_receive_message_length", options.max_message_bytes),
            ("grpc.max_send_message_length", options.max_message_bytes),
            ("grpc.so_reuseport", 0),  # else two servers would share a port, and clients at random
            ("grpc.keepalive_time_ms", _KEEPALIVE_MS),  # machines of clients may vanish
        ],
    )


def parse_address(address: str) -> tuple[str, int]:
    """Return the host and the port of an address; a host with colons stays in its brackets.

    Raises:
        SettingsError: It is no ``HOST:PORT``.
    """
    host, _, port = address.rpartition(":")
    bracketed = host.startswith("[") and host.endswith("]")
    if host and (bracketed or ":" not in host) and port.isascii() and port.isdigit():
        number = int(port)
        if number <= _MAX_PORT:
            return host, number
    message = (
        f"A server cannot listen at {address!r}. Write HOST:PORT, such as 127.0.0.1:8080, or"
        " 0.0.0.0:8080 for all of this machine's addresses."
    )
    raise SettingsError(message)


def _bind(
    server: grpc.Server, host: str, port: int, credentials: grpc.ServerCredentials | None
) -> int:
    _try_to_bind(host, port)
    address = f"{host}:{port}"
    try:
        if credentials is None:
            bound = server.add_insecure_port(address)
        else:
            bound = server.add_secure_port(address, credentials)
    except RuntimeError as error:
        raise UnavailableError(_not_to_be_had(address, str(error))) from error
    if not bound:  # how older releases of gRPC say it
        raise UnavailableError(_not_to_be_had(address, "gRPC does not say why"))
    return bound


def _try_to_bind(host: str, port: int) -> None:
    """Raise ``UnavailableError`` with the reason if an address cannot be had, which gRPC hides."""
    name = f"{host}:{port}"
    try:
        places = socket.getaddrinfo(
            host.strip("[]"), port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )
    except OSError as error:
        raise UnavailableError(_not_to_be_had(name, error.strerror or str(error))) from error
    refused = [reason for place in places if (reason := _refused(place)) is not None]
    taken = [reason for reason in refused if reason.errno == errno.EADDRINUSE]
    # A name may stand for an address of a kind that this machine does not have.
    if taken or len(refused) == len(places):
        first = (taken or refused)[0]
        raise UnavailableError(_not_to_be_had(name, first.strerror or str(first))) from first


def _refused(place: _Place) -> OSError | None:
    family, kind, protocol, _, address = place
    try:
        with socket.socket(family, kind, protocol) as probe:
            if sys.platform != "win32":  # where it would take over what another listens at
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        return error
    return None


def _not_to_be_had(address: str, reason: str) -> str:
    return f"The server cannot listen at {address}: {reason}. Free that address, or name another."
