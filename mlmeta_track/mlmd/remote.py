"""The way to a store that a server has."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn, cast

import grpc

from mlmeta_track.errors import UnavailableError
from mlmeta_track.mlmd import errors
from mlmeta_track.mlmd.proto.metadata_store_service_pb2_grpc import MetadataStoreServiceStub
from mlmeta_track.wire import metadata_store_pb2 as pb
from mlmeta_track.wire.channel import Certificates, open_channel

if TYPE_CHECKING:
    from google.protobuf.message import Message

PATIENCE_SECONDS = 300.0
"""How long an answer is waited for if the configuration does not say: a server may hang."""


class RemoteTransport:
    """Calls a server of ``ml_metadata.MetadataStoreService``."""

    def __init__(self, config: pb.MetadataStoreClientConfig) -> None:
        """Prepare to connect, which the first call does.

        Args:
            config: Where the server is, and how it is called.
        """
        self._target = f"{config.host}:{config.port}"
        given = config.HasField("client_timeout_sec")
        self._timeout = config.client_timeout_sec if given else PATIENCE_SECONDS
        try:
            channel = _channel(self._target, config)
        except UnavailableError as error:
            raise errors.make_exception(str(error), error.status_code) from error
        self._stub = MetadataStoreServiceStub(channel)

    def __call__(self, method: str, request: Message) -> Message:
        """Return what the server answers.

        Raises:
            StatusError: It refused, cannot be reached or did not answer in time.
        """
        try:
            return cast("Message", getattr(self._stub, method)(request, timeout=self._timeout))
        except grpc.RpcError as error:
            self._refuse(error)

    def _refuse(self, error: Any) -> NoReturn:
        """Raise the error of ML Metadata that a status stands for."""
        (code, _), details = error.code().value, error.details() or ""
        if code in {errors.UNAVAILABLE, errors.DEADLINE_EXCEEDED}:
            details = f"The server at {self._target}: {details}"
        raise errors.make_exception(details, code) from error


def _channel(target: str, config: pb.MetadataStoreClientConfig) -> grpc.Channel:
    arguments = config.channel_arguments
    options: list[tuple[str, int]] = []
    if arguments.HasField("max_receive_message_length"):
        options.append(("grpc.max_receive_message_length", arguments.max_receive_message_length))
    if arguments.HasField("http2_max_ping_strikes"):
        options.append(("grpc.http2.max_ping_strikes", arguments.http2_max_ping_strikes))
    if not config.HasField("ssl_config"):
        return open_channel(target, options)
    certificates = Certificates(
        authorities=_pem(config.ssl_config, "custom_ca"),
        certificate=_pem(config.ssl_config, "server_cert"),
        key=_pem(config.ssl_config, "client_key"),
    )
    return open_channel(target, options, certificates)


def _pem(config: pb.MetadataStoreClientConfig.SSLConfig, field: str) -> bytes | None:
    return str(getattr(config, field)).encode() if config.HasField(field) else None
