"""gRPC's health service: whether the server takes calls."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from grpc_health.v1 import health, health_pb2, health_pb2_grpc

from mlmeta_track.wire.service import SERVICE

if TYPE_CHECKING:
    import grpc

_WHOLE_SERVER = ""


class Health(health.HealthServicer):  # type: ignore[misc] # it has no types
    """SERVING from the start until the server is stopped, then NOT_SERVING.

    It answers for the server as a whole (the empty name) and for ML Metadata's service.
    """

    def __init__(self) -> None:
        """Say that the server takes calls."""
        super().__init__()
        self._watching: set[Callable[[Any], None]] = set()
        for service in (_WHOLE_SERVER, SERVICE):
            self.set(service, health_pb2.HealthCheckResponse.SERVING)

    def add_to(self, server: grpc.Server) -> None:
        """Have a server answer health checks."""
        health_pb2_grpc.add_HealthServicer_to_server(self, server)

    def Watch(  # noqa: N802 - the name of gRPC's method
        self, request: Any, context: Any, send_response_callback: Callable[[Any], None]
    ) -> None:
        """Tell a client how it is now, and whenever that changes."""
        self._watching.add(send_response_callback)
        context.add_callback(lambda: self._watching.discard(send_response_callback))
        super().Watch(request, context, send_response_callback)

    def stop(self) -> None:
        """Say that the server takes no more calls, and end what is watched.

        Those who watch never end by themselves, and the server would wait for them.
        """
        self.enter_graceful_shutdown()
        for end in tuple(self._watching):
            end(None)
