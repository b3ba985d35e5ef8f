"""Serving the page until it is interrupted."""

from __future__ import annotations

import secrets
import socket
from collections.abc import Callable
from dataclasses import dataclass

import uvicorn

from mlmeta_track.errors import SettingsError
from mlmeta_track.store.base import Store
from mlmeta_track.tracking.payloads import Payloads
from mlmeta_track.ui.app import make_app
from mlmeta_track.ui.security import LOCAL_NAMES

_LOCAL = frozenset({"127.0.0.1", "localhost", "::1"})
_TOKEN_BYTES = 16


@dataclass(frozen=True, slots=True)
class Address:
    """Where the page is: ``url`` holds the token, if it needs one."""

    host: str
    port: int
    token: str | None

    @property
    def url(self) -> str:
        """The address to open."""
        shown = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{shown}:{self.port}/{f'?token={self.token}' if self.token else ''}"


def serve(
    store: Store, payloads: Payloads, *, host: str, port: int, started: Callable[[Address], None]
) -> None:
    """Serve the page until the process is interrupted.

    Args:
        store: What is shown.
        payloads: Where artifacts' payloads are read from.
        host: The address to listen at; for any but this machine's own a token is made.
        port: The port; 0 takes a free one.
        started: Is given the address when the page can be asked for.

    Raises:
        SettingsError: The port is taken, or there is no such address.
    """
    token = None if host in _LOCAL else secrets.token_urlsafe(_TOKEN_BYTES)
    hosts = LOCAL_NAMES if host in _LOCAL else ("*",)
    with _listening(host, port) as listener:
        address = Address(host, listener.getsockname()[1], token)
        app = make_app(store, payloads, hosts=hosts, token=token)
        config = uvicorn.Config(app, log_level="warning", access_log=False, server_header=False)
        started(address)
        uvicorn.Server(config).run(sockets=[listener])


def _listening(host: str, port: int) -> socket.socket:
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        # By its protocol, for asyncio looks at it before it sets TCP_NODELAY, without which each
        # answer over a connection that is kept waits 40 ms for the browser's acknowledgement.
        listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    except (OSError, OverflowError) as error:
        message = f"The page cannot be served at {host}:{port}: {error}."
        raise SettingsError(message) from error
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(128)
    except (OSError, OverflowError) as error:
        listener.close()
        message = (
            f"The page cannot be served at {host}:{port}: {error}. Give another --port; 0 takes a"
            " free one."
        )
        raise SettingsError(message) from error
    return listener
