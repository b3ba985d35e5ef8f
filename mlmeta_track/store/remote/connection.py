"""The way to a server: calls, and what its refusals mean."""

from __future__ import annotations

import json
import os
import random
import sys
import threading
import time
import weakref
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from itertools import chain, repeat
from typing import Any, NoReturn

import grpc

from mlmeta_track.errors import (
    AbortedError,
    AlreadyExistsError,
    DeadlineExceededError,
    FailedPreconditionError,
    InternalError,
    InvalidArgumentError,
    MlmetaTrackError,
    NotAnMlmdStoreError,
    NotFoundError,
    OutOfRangeError,
    ResourceExhaustedError,
    UnavailableError,
    UnimplementedError,
)
from mlmeta_track.store.remote.address import Address
from mlmeta_track.wire.channel import open_channel
from mlmeta_track.wire.requests import sending
from mlmeta_track.wire.service import METHODS, SERVICE

CONNECT_SECONDS = 5.0
"""How long a server may take to answer the first call, and a new connection later."""

_ATTEMPTS = 6
_PAUSE_SECONDS = 0.05

# The server's own words say what is wrong.
_REFUSALS: Mapping[grpc.StatusCode, type[MlmetaTrackError]] = {
    grpc.StatusCode.INVALID_ARGUMENT: InvalidArgumentError,
    grpc.StatusCode.NOT_FOUND: NotFoundError,
    grpc.StatusCode.ALREADY_EXISTS: AlreadyExistsError,
    grpc.StatusCode.FAILED_PRECONDITION: FailedPreconditionError,
    grpc.StatusCode.ABORTED: AbortedError,
    grpc.StatusCode.OUT_OF_RANGE: OutOfRangeError,
    grpc.StatusCode.UNIMPLEMENTED: UnimplementedError,
    grpc.StatusCode.INTERNAL: InternalError,
    grpc.StatusCode.UNKNOWN: InternalError,
    grpc.StatusCode.DATA_LOSS: InternalError,
}
# What is wrong lies between here and there; with the way out.
_TROUBLES: Mapping[grpc.StatusCode, tuple[type[MlmetaTrackError], str]] = {
    grpc.StatusCode.UNAVAILABLE: (
        UnavailableError,
        "See that it runs and that the address is right, and try again.",
    ),
    grpc.StatusCode.CANCELLED: (UnavailableError, "Try again."),
    grpc.StatusCode.PERMISSION_DENIED: (UnavailableError, "See that this client may use it."),
    grpc.StatusCode.UNAUTHENTICATED: (UnavailableError, "See that its certificate is right."),
    grpc.StatusCode.RESOURCE_EXHAUSTED: (
        ResourceExhaustedError,
        "Send or ask for less at once, or raise the server's limit, or max_message_mb in the URL.",
    ),
}


class Connection:
    """A channel to a server, opened by the first call and again by the first one after ``close``.

    It may be used from many threads.  After a fork the child opens a channel of its own.
    """

    def __init__(self, address: Address) -> None:
        """Prepare to connect.

        Args:
            address: Where the server is, and how it is called.
        """
        self.target = address.target
        self._address = address
        self._channel: grpc.Channel | None = None
        self._calls: dict[str, Any] = {}
        self._lock = threading.Lock()
        _connections.add(self)

    def check(self) -> None:
        """Ask the server for nothing, so that a wrong address is found.

        Raises:
            UnavailableError: There is no server, or it does not answer in a few seconds.
            NotAnMlmdStoreError: What answers is no server of ML Metadata.
        """
        seconds = min(CONNECT_SECONDS, self._address.timeout)
        try:
            self._ask("GetArtifactsByID", {}, seconds)
        except DeadlineExceededError as error:
            message = (
                f"The server at {self.target} did not answer its first call within {seconds:g}"
                " seconds. See what keeps it, and try again."
            )
            raise UnavailableError(message) from error
        except UnimplementedError as error:
            message = f"What answers at {self.target} is no server of {SERVICE}: {error}."
            raise NotAnMlmdStoreError(message) from error

    def ask(self, method: str, **fields: Any) -> Any:
        """Return what the server answers, asking again while another writer is in its way.

        Args:
            method: The name of the call.
            fields: The fields of the request.

        Raises:
            MlmetaTrackError: It refused, cannot be reached, or did not answer in time.
        """
        return self._ask(method, fields, self._address.timeout)

    def begin(self, method: str, **fields: Any) -> Callable[[], Any]:
        """Send a request and return a function that waits for the answer, as ``ask`` does.

        It takes longer than ``ask``, but not for each of several that are sent at once.
        """
        request, seconds = _request(method, fields), self._address.timeout
        future = self._use(method, lambda call: call.future(request, timeout=seconds))

        def first() -> Any:
            with self._refusing(seconds):
                return future.result()

        again = partial(self._call, method, request, seconds)
        return lambda: _patiently(chain([first], repeat(again)), seconds)

    def _ask(self, method: str, fields: Mapping[str, Any], seconds: float) -> Any:
        call = partial(self._call, method, _request(method, fields), seconds)
        return _patiently(repeat(call), seconds)

    def close(self) -> None:
        """Give back the channel; calls under way fail."""
        with self._lock:
            channel, self._channel, self._calls = self._channel, None, {}
        if channel is not None:
            channel.close()

    def forget(self) -> None:
        """Leave the channel to the parent process, in a child that was just forked."""
        _inherited.append(self._channel)
        self._channel, self._calls = None, {}
        self._lock = threading.Lock()

    def _call(self, method: str, request: Any, seconds: float) -> Any:
        with self._refusing(seconds):
            return self._use(method, lambda call: call(request, timeout=seconds))

    def _use(self, method: str, work: Callable[[Any], Any]) -> Any:
        """Do something with what calls a method."""
        for _ in range(2):
            try:
                return work(self._callable(method))
            except ValueError:
                # Another thread closed the channel just now; there is a new one for who comes next.
                self._calls.pop(method, None)
        message = f"The connection with the server at {self.target} was closed. Try again."
        raise UnavailableError(message)

    def _callable(self, method: str) -> Any:
        found = self._calls.get(method)
        if found is not None:
            return found
        with self._lock:
            if self._channel is None:
                self._channel = open_channel(
                    self.target, _options(self._address), self._address.certificates
                )
            table = METHODS[method]
            self._calls[method] = found = self._channel.unary_unary(
                table.path,
                request_serializer=table.request.SerializeToString,
                response_deserializer=table.response.FromString,
            )
            return found

    @contextmanager
    def _refusing(self, seconds: float) -> Iterator[None]:
        """Raise our errors for those of gRPC."""
        try:
            yield
        except grpc.FutureCancelledError as error:
            message = f"A call of the server at {self.target} was cancelled. Try again."
            raise UnavailableError(message) from error
        except grpc.RpcError as error:
            self._refuse(error, seconds)

    def _refuse(self, error: Any, seconds: float) -> NoReturn:
        code, details = error.code(), error.details() or error.code().name
        if code is grpc.StatusCode.DEADLINE_EXCEEDED:
            message = (
                f"The server at {self.target} did not answer within {seconds:g} seconds. See what"
                " keeps it, or set a longer timeout in the URL of the store."
            )
            raise DeadlineExceededError(message) from error
        if code in _TROUBLES:
            kind, way_out = _TROUBLES[code]
            message = f"The server at {self.target}: {details.rstrip('.')}. {way_out}"
            raise kind(message) from error
        raise _REFUSALS.get(code, InternalError)(details) from error


def _request(method: str, fields: Mapping[str, Any]) -> Any:
    with sending(f"request of {method}"):
        return METHODS[method].request(**fields)


def _patiently(calls: Iterable[Callable[[], Any]], seconds: float) -> Any:
    """Return what the first call returns that is not aborted, if that takes not too long."""
    last = time.monotonic() + seconds
    for attempt, call in enumerate(calls, 1):
        try:
            return call()
        except AbortedError:
            if attempt == _ATTEMPTS or time.monotonic() > last:
                raise
        # Random, so that those that met do not meet again.
        time.sleep(random.uniform(0.0, _PAUSE_SECONDS * 2**attempt))  # noqa: S311
    raise AssertionError(_ATTEMPTS)


def _options(address: Address) -> list[tuple[str, int | str]]:
    policy = {
        "maxAttempts": 4,
        "initialBackoff": "0.1s",
        "maxBackoff": "1s",
        "backoffMultiplier": 2.0,
        "retryableStatusCodes": ["UNAVAILABLE"],
    }
    # Only what reads may be asked again by itself: nobody knows whether a write has happened.
    reads = [{"service": SERVICE, "method": name} for name in METHODS if name.startswith("Get")]
    config = {"methodConfig": [{"name": reads, "retryPolicy": policy}]}
    return [
        ("grpc.max_receive_message_length", int(address.max_message_mb * 2**20)),
        ("grpc.max_send_message_length", -1),  # what is too much is for the server to say
        ("grpc.service_config", json.dumps(config)),
        # How long connecting may take, and how soon it is tried again.
        ("grpc.min_reconnect_backoff_ms", int(CONNECT_SECONDS * 1000)),
        ("grpc.initial_reconnect_backoff_ms", 100),
        ("grpc.max_reconnect_backoff_ms", 2000),
    ]


_connections: weakref.WeakSet[Connection] = weakref.WeakSet()
_inherited: list[grpc.Channel | None] = []


def _forget_all() -> None:
    for connection in list(_connections):
        connection.forget()


if sys.platform != "win32":
    os.register_at_fork(after_in_child=_forget_all)
