"""One call: from the bytes that came in to those that go out, or to a status."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, NoReturn

import grpc
from google.protobuf.message import DecodeError

from mlmeta_track.errors import MlmetaTrackError
from mlmeta_track.mlmd.service import MetadataService
from mlmeta_track.wire.service import METHODS, SERVICE, Method

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_STATUSES: Mapping[int, grpc.StatusCode] = {code.value[0]: code for code in grpc.StatusCode}
# A status travels in a header, which HTTP/2 servers and clients limit to 8 KiB, and in which a
# byte may take three.
_MESSAGE_START = 1200
_MESSAGE_END = 300

_log = logging.getLogger(__name__)


def service_handler(service: MetadataService, max_bytes: int) -> grpc.GenericRpcHandler:
    """Return what answers all methods of ML Metadata's service.

    Args:
        service: What answers requests with responses.
        max_bytes: How long a response may be.
    """
    # Without (de)serializers: a handler that gets bytes can say what is wrong with them.
    handlers: dict[str, grpc.RpcMethodHandler[bytes, bytes]] = {
        name: grpc.unary_unary_rpc_method_handler(
            _answering(getattr(service, name), name, method, max_bytes)
        )
        for name, method in METHODS.items()
    }
    return grpc.method_handlers_generic_handler(SERVICE, handlers)


def _answering(
    call: Callable[..., object], name: str, method: Method, max_bytes: int
) -> Callable[[bytes, grpc.ServicerContext], bytes]:
    def answer(data: bytes, context: grpc.ServicerContext) -> bytes:
        if not context.is_active():
            return b""  # The client went while the call waited for its turn.
        try:
            answered: bytes = call(method.request.FromString(data)).SerializeToString()  # type: ignore[attr-defined]
        except MlmetaTrackError as error:
            _refuse(context, _STATUSES.get(error.status_code, grpc.StatusCode.UNKNOWN), str(error))
        except DecodeError as error:
            message = f"The request is no {name}Request that can be read: {error}."
            _refuse(context, grpc.StatusCode.INVALID_ARGUMENT, message)
        except Exception as error:  # noqa: BLE001 - it ends this call only, not the server
            _log.exception("%s failed in a way that was not foreseen", name)
            message = (
                f"{name} failed in a way that was not foreseen ({type(error).__name__});"
                " the server's log says more."
            )
            _refuse(context, grpc.StatusCode.INTERNAL, message)
        if len(answered) > max_bytes:
            message = (
                f"The response of {name} has {len(answered)} bytes, more than the server's limit of"
                f" {max_bytes}. Ask for fewer at a time, or raise the limit where it is started."
            )
            _refuse(context, grpc.StatusCode.RESOURCE_EXHAUSTED, message)
        return answered

    return answer


def _refuse(context: grpc.ServicerContext, code: grpc.StatusCode, message: str) -> NoReturn:
    context.abort(code, fit_for_header(message))


def fit_for_header(message: str) -> str:
    """Return a message without its middle if it is too long for a status; its ends say most."""
    data = message.encode(errors="replace")
    if len(data) <= _MESSAGE_START + _MESSAGE_END:
        return data.decode()
    start = data[:_MESSAGE_START].decode(errors="ignore")
    return f"{start} … {data[-_MESSAGE_END:].decode(errors='ignore')}"
