"""A TCP proxy between a client and a server that cuts connections when it is told to."""

from __future__ import annotations

import contextlib
import random
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeAlias

Cut: TypeAlias = "Callable[[bytes], str | None]"
"""What is cut when the client sends bytes: ``"before"`` or ``"after"`` passing them on, or None."""

_CHUNK = 65536


def at_random(seed: int, chance: float) -> Cut:
    """Cut once in so many messages, before or after they reach the server."""
    dice = random.Random(seed)  # noqa: S311

    def cut(_: bytes) -> str | None:
        return dice.choice(["before", "after"]) if dice.random() < chance else None

    return cut


def in_commits(seed: int, chance: float) -> Cut:
    """Cut in the middle of a commit: mostly when the server has it, and cannot answer any more."""
    dice = random.Random(seed)  # noqa: S311

    def cut(content: bytes) -> str | None:
        if b"COMMIT" not in content.upper() or dice.random() > chance:
            return None
        return dice.choice(["before", "after", "after"])

    return cut


@dataclass
class Proxy:
    """Listens at a free port of this machine, and passes on to a port."""

    port_behind: int
    cut: Cut
    cuts: int = 0
    is_cutting: bool = True
    _listener: socket.socket = field(init=False)

    def __post_init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._listener.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):  # it was closed
            while True:
                client, _ = self._listener.accept()
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with (
            client,
            contextlib.suppress(OSError),
            socket.create_connection(("127.0.0.1", self.port_behind)) as server,
        ):
            for one in (client, server):
                one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            back = threading.Thread(target=self._pass_back, args=(server, client), daemon=True)
            back.start()
            try:
                self._pass_on(client, server)
            finally:
                # To close them is not enough while the other thread waits for them.
                for one in (client, server):
                    with contextlib.suppress(OSError):
                        one.shutdown(socket.SHUT_RDWR)
            back.join()

    def _pass_on(self, client: socket.socket, server: socket.socket) -> None:
        while content := client.recv(_CHUNK):
            when = self.cut(content) if self.is_cutting else None
            if when is not None:
                self.cuts += 1
            if when == "after":
                # The answer gets lost: the way back is cut before the server has the question.
                client.shutdown(socket.SHUT_RDWR)
                server.sendall(content)
                return
            if when == "before":
                return
            server.sendall(content)

    @staticmethod
    def _pass_back(server: socket.socket, client: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while content := server.recv(_CHUNK):
                client.sendall(content)
            client.shutdown(socket.SHUT_RDWR)
