"""Our look-alike and the wheel, each in a process of its own, and what of a reply is compared."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from google.protobuf.message import Message

from mlmeta_track.wire import metadata_store_pb2 as pb
from mlmeta_track.wire import metadata_store_service_pb2 as service_pb

from .asking import Call
from .replies import BEGIN, MESSAGE, OPTIONS

IN_MEMORY = pb.ConnectionConfig(fake_database=pb.FakeDatabaseConfig())
DIED = ["died"]


class Peer:
    """An implementation in a process of its own."""

    def __init__(self, python: str, package: str) -> None:
        self._command = [python, str(Path(__file__).with_name("replies.py")), package]
        self._process = self._started()

    def _started(self) -> subprocess.Popen[str]:
        return subprocess.Popen(
            self._command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,  # where the wheel logs
            text=True,
        )

    def send(self, asked: Any) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(asked) + "\n")
        self._process.stdin.flush()

    def receive(self) -> Any:
        """The reply; ``DIED`` if the process ended."""
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if line:
            return json.loads(line)
        self.close()
        return DIED

    def ask(self, asked: Any) -> Any:
        self.send(asked)
        return self.receive()

    def begin(self, config: pb.ConnectionConfig = IN_MEMORY) -> None:
        """Go on with an empty store, in a new process if the last one died."""
        if self._process.poll() is not None:
            self._process = self._started()
        data = config.SerializeToString(deterministic=True)
        assert self.ask([BEGIN, base64.b64encode(data).decode()]) == ["returned", None]

    def close(self) -> None:
        self._process.communicate()


@contextmanager
def our_peer() -> Iterator[Peer]:
    """The look-alike."""
    peer = Peer(sys.executable, "mlmeta_track.mlmd")
    try:
        yield peer
    finally:
        peer.close()


@contextmanager
def their_peer(wheel_python: str) -> Iterator[Peer]:
    """The wheel."""
    peer = Peer(wheel_python, "ml_metadata")
    try:
        yield peer
    finally:
        peer.close()


def comparable(call: Call, reply: Any) -> Any:
    """A reply as both sides must have it: messages, and of an error its class alone."""
    if reply[0] != "returned":
        return reply[:2]
    found = _read(reply[1])
    if _is_by_update_time(call):
        found = _without_ties(call, found)
    elif isinstance(found, service_pb.GetArtifactsByURIResponse):
        # The wheel keeps the URIs that it is asked for in a hash table.
        found.artifacts.sort(key=lambda artifact: artifact.id)
    elif str(call[0]).startswith("get_events_by_"):
        # In no order that is promised: with the wheel, that of the index which SQLite takes.
        found.sort(key=lambda e: (e.artifact_id, e.execution_id, e.type))
    return _frozen(found)


def _read(reply: Any) -> Any:
    if isinstance(reply, list) and reply[:1] == [MESSAGE]:
        where: Any = pb if hasattr(pb, reply[1]) else service_pb
        found = getattr(where, reply[1]).FromString(base64.b64decode(reply[2]))
        graph = getattr(found, "lineage_subgraph", found)
        if isinstance(graph, pb.LineageGraph):
            # The wheel leaves their order to its hash tables, which are new in every process.
            for _, parts in graph.ListFields():
                parts.sort(key=lambda part: part.SerializeToString(deterministic=True))
        return found
    if isinstance(reply, list):
        return [_read(one) for one in reply]
    return reply


def _frozen(found: Any) -> Any:
    """Messages as bytes, in which also NaN equals NaN."""
    if isinstance(found, list):
        return [_frozen(one) for one in found]
    if isinstance(found, Message):
        return type(found).__name__, found.SerializeToString(deterministic=True)
    return found


# --- lists by update time ------------------------------------------------------------------------
# What one call wrote has the same time on one side, and may have two on the other: there the clock
# went on.  So nodes of one call stand in any order.


def _is_by_update_time(call: Call) -> bool:
    return _options(call).get("order_by") == "UPDATE_TIME"


def _options(call: Call) -> dict[str, Any]:
    encoded = call[2].get("list_options") if len(call) > 2 else None
    return encoded[1] if encoded and encoded[0] == OPTIONS else {}


def _without_ties(call: Call, nodes: list[Any]) -> list[Any]:
    if _options(call).get("limit"):
        # A limit may stand between two nodes of one call: the one or the other is in the list.
        return [node.last_update_time_since_epoch for node in nodes]
    return sorted(nodes, key=lambda node: (-node.last_update_time_since_epoch, node.id))
