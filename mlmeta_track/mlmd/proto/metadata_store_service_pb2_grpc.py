"""ML Metadata's service for those who call it, or serve it, without ``MetadataStore``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

import grpc

from mlmeta_track.wire.service import METHODS, SERVICE

if TYPE_CHECKING:
    from google.protobuf.message import Message


class MetadataStoreServiceStub:
    """The service's methods, as attributes, called over a channel."""

    def __init__(self, channel: grpc.Channel) -> None:
        """Prepare every method.

        Args:
            channel: The way to the server.
        """
        for name, method in METHODS.items():
            call: grpc.UnaryUnaryMultiCallable[Message, Message] = channel.unary_unary(
                method.path,
                request_serializer=method.request.SerializeToString,
                response_deserializer=method.response.FromString,
            )
            setattr(self, name, call)

    if TYPE_CHECKING:

        def __getattr__(self, name: str) -> grpc.UnaryUnaryMultiCallable[Any, Any]:
            """Return the method of that name."""


class MetadataStoreServiceServicer:
    """A server's methods; those that a subclass does not have are refused as unimplemented."""


def _unimplemented(_self: object, _request: object, context: grpc.ServicerContext) -> NoReturn:
    context.abort(grpc.StatusCode.UNIMPLEMENTED, "Method not implemented!")


for _name in METHODS:
    setattr(MetadataStoreServiceServicer, _name, _unimplemented)


def add_MetadataStoreServiceServicer_to_server(  # noqa: N802 - the name that protoc would give
    servicer: MetadataStoreServiceServicer, server: grpc.Server
) -> None:
    """Have a server answer the service's methods.

    Args:
        servicer: What answers them.
        server: The server.
    """
    handlers = {
        name: grpc.unary_unary_rpc_method_handler(
            getattr(servicer, name),
            request_deserializer=method.request.FromString,
            response_serializer=method.response.SerializeToString,
        )
        for name, method in METHODS.items()
    }
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(SERVICE, handlers),))
