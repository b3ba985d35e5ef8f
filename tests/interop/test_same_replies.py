"""Our look-alike and the real wheel, asked the same, answer the same: any calls, in any order.

``MLMETA_TEST_SEQUENCES`` says how many sequences of calls are tried.
"""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar

import pytest
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from mlmeta_track.wire import metadata_store_pb2 as pb

from . import asking
from .replies import MESSAGE

SEQUENCES = int(os.environ.get("MLMETA_TEST_SEQUENCES", "60"))
TIMES = ("create_time_since_epoch", "last_update_time_since_epoch", "milliseconds_since_epoch")


class Peer:
    """An implementation in a process of its own."""

    def __init__(self, python: str, package: str) -> None:
        script = Path(__file__).with_name("replies.py")
        self._process = subprocess.Popen(
            [python, str(script), package],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def send(self, asked: Any) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(asked) + "\n")
        self._process.stdin.flush()

    def receive(self) -> Any:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, "the process ended"
        return json.loads(line)

    def close(self) -> None:
        self._process.communicate()


@contextmanager
def peers(wheel_python: str) -> Iterator[tuple[Peer, Peer]]:
    """Ours and the wheel."""
    both = Peer(sys.executable, "mlmeta_track.mlmd"), Peer(wheel_python, "ml_metadata")
    try:
        yield both
    finally:
        for peer in both:
            peer.close()


# --- what of a reply is compared -----------------------------------------------------------------


def _is_map(field: FieldDescriptor) -> bool:
    return field.message_type is not None and field.message_type.GetOptions().map_entry


def without_times(message: Message) -> Message:
    """Clear the times that each side gave."""
    for field, value in message.ListFields():
        if field.name in TIMES:
            message.ClearField(field.name)
        elif field.type == field.TYPE_MESSAGE and not _is_map(field):
            repeated = not isinstance(value, Message)
            for one in value if repeated else [value]:
                without_times(one)
    return message


def comparable(reply: Any) -> Any:
    """A reply as both sides must have it: no times, and of an error its class alone."""
    if isinstance(reply, list) and reply[:1] == ["raised"]:
        return reply[:2]
    if isinstance(reply, list) and reply[:1] == [MESSAGE]:
        found = getattr(pb, reply[1]).FromString(base64.b64decode(reply[2]))
        if isinstance(found, pb.LineageGraph):
            # The wheel leaves their order to SQLite.
            found.events.sort(key=lambda e: (e.artifact_id, e.execution_id, e.type))
        return without_times(found)
    if isinstance(reply, list):
        return [comparable(one) for one in reply]
    return reply


class Calls(RuleBasedStateMachine):
    """Every step is one call of both."""

    both: ClassVar[tuple[Peer, Peer]]

    def ask(self, call: asking.Call | None) -> None:
        for peer in self.both:
            peer.send(call)
        got, expected = (peer.receive() for peer in self.both)
        assert comparable(got) == comparable(expected), (call, got, expected)

    @initialize()
    def begin(self) -> None:
        self.ask(None)
        for call in asking.beginning():
            self.ask(call)

    @rule(call=st.one_of(*(asking.put_types(kind) for kind in asking.KINDS)))
    def put_type(self, call: asking.Call) -> None:
        self.ask(call)

    @rule(call=st.one_of(*(asking.put_nodes(kind) for kind in asking.KINDS)))
    def put_nodes(self, call: asking.Call) -> None:
        self.ask(call)

    @rule(call=st.one_of(asking.put_events(), asking.put_links(), asking.put_parents()))
    def put_links(self, call: asking.Call) -> None:
        self.ask(call)

    @rule(call=st.one_of(asking.put_executions_whole(), asking.put_subgraphs()))
    def put_many(self, call: asking.Call) -> None:
        self.ask(call)

    @rule(call=st.one_of(*(asking.lists(kind) for kind in asking.KINDS)))
    def list_nodes(self, call: asking.Call) -> None:
        self.ask(call)

    @rule(call=st.one_of(*(asking.reads(kind) for kind in asking.KINDS)))
    def read(self, call: asking.Call) -> None:
        self.ask(call)

    @rule(call=st.one_of(asking.neighbours(), asking.walks()))
    def look_around(self, call: asking.Call) -> None:
        self.ask(call)


@pytest.mark.timeout(0 if SEQUENCES > 1000 else 300)
def test_any_calls_get_the_same_replies(wheel_python: str) -> None:
    with peers(wheel_python) as Calls.both:
        run_state_machine_as_test(
            Calls,
            settings=settings(
                max_examples=SEQUENCES,
                stateful_step_count=30,
                deadline=None,
                suppress_health_check=list(HealthCheck),
                phases=[Phase.generate, Phase.shrink],
            ),
        )
