"""Serves ML Metadata's gRPC service from the real ``ml-metadata`` wheel.

This runs in a process of its own that has the wheel, and stands in for ML Metadata's own server,
which the wheel does not have: every call is handed, as the bytes that came in, to the function of
that name, which the wheel's Python client calls too.  It prints its address, begins with a new
store in memory for every line of its standard input, which it repeats, and serves until that ends.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import grpc
from ml_metadata.metadata_store.pywrap.metadata_store_extension import metadata_store as wheel
from ml_metadata.proto import metadata_store_pb2 as pb

PREFIX = "/ml_metadata.MetadataStoreService/"
STATUSES = {status.value[0]: status for status in grpc.StatusCode}


class Handler(grpc.GenericRpcHandler):
    """Answers every call that the wheel has a function for, one after the other."""

    def __init__(self) -> None:
        """Open a store."""
        self._turn = threading.Lock()
        self.begin_anew()

    def begin_anew(self) -> None:
        """Open a store in memory, in place of the one before."""
        config = pb.ConnectionConfig()
        config.fake_database.SetInParent()
        with self._turn:
            self._store = wheel.CreateMetadataStore(config.SerializeToString(), b"")

    def service(self, details: Any) -> Any:
        """Return what answers a call."""
        name = details.method.removeprefix(PREFIX)
        function = getattr(wheel, name, None)
        if not details.method.startswith(PREFIX) or function is None:
            return None
        return grpc.unary_unary_rpc_method_handler(self._answering(function))

    def _answering(self, function: Callable[..., Any]) -> Callable[[bytes, Any], bytes]:
        def answer(request: bytes, context: Any) -> bytes:
            with self._turn:
                response, message, code = function(self._store, request)
            if code:
                context.abort(STATUSES[code], message.decode(errors="replace"))
            return bytes(response)

        return answer


def say(line: str) -> None:
    """Print a line at once."""
    sys.stdout.write(line)
    sys.stdout.flush()


def main() -> None:
    """Serve until the standard input ends."""
    handler = Handler()
    server = grpc.server(ThreadPoolExecutor(8))
    server.add_generic_rpc_handlers((handler,))
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    say(f"127.0.0.1:{port}\n")
    for line in sys.stdin:
        handler.begin_anew()
        say(line)
    server.stop(None)


if __name__ == "__main__":
    main()
