"""``mlmeta-track serve`` in a process of its own, and clients of it."""

from __future__ import annotations

import contextlib
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

from mlmeta_track.mlmd import MetadataStore, proto

COMMAND = [sys.executable, "-m", "mlmeta_track", "serve"]


class Served:
    """A server that runs, or ran."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        """Wait until it listens."""
        self.process = process
        assert process.stdout is not None
        self.first_line = process.stdout.readline()
        told = re.search(r" at (\S+:\d+)\.$", self.first_line)
        if told is None:
            raise AssertionError(self.first_line + process.communicate()[1])
        self.address = told[1]

    def stop(self, number: int = signal.SIGTERM) -> str:
        """Tell it to stop, and return what it said on standard error."""
        self.process.send_signal(number)
        return self.process.communicate(timeout=60)[1]


@contextlib.contextmanager
def served(store: str, *options: str) -> Iterator[Served]:
    """Serve a store at a free port of this machine until the block ends."""
    command = [*COMMAND, "--grpc", "127.0.0.1:0", "--store", store, *options]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            yield Served(process)
        finally:
            process.kill()


def client(address: str, **fields: Any) -> MetadataStore:
    """Return a client of a server; it connects by its first call."""
    host, _, port = address.rpartition(":")
    return MetadataStore(proto.MetadataStoreClientConfig(host=host, port=int(port), **fields))
