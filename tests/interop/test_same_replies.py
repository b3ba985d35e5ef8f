"""Our look-alike and the real wheel, asked the same, answer the same: any calls, in any order.

``MLMETA_TEST_SEQUENCES`` says how many sequences of calls are tried, of each kind of database.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from tests.servers import DatabaseServer

from . import asking
from .databases import InFiles, InMemory, OnServer
from .faults import is_known
from .peers import Peer, comparable, our_peer, their_peer

SEQUENCES = {"memory": 60, "file": 15, "postgresql": 15, "mariadb": 15}
ASKED_FOR = os.environ.get("MLMETA_TEST_SEQUENCES")


class Calls(RuleBasedStateMachine):
    """Every step is one call of both."""

    both: ClassVar[tuple[Peer, Peer]]
    databases: ClassVar[InMemory]

    def ask(self, call: asking.Call) -> None:
        for peer in self.both:
            peer.send(call)
        got, expected = (peer.receive() for peer in self.both)
        if not is_known(call, got, expected):
            assert comparable(call, got) == comparable(call, expected), (call, got, expected)
        if got[0] == "raised":
            self.databases.settle()

    @initialize()
    def begin(self) -> None:
        for peer, config in zip(self.both, self.databases.new(), strict=True):
            peer.begin(config)
        for call in asking.beginning():
            self.ask(call)

    def teardown(self) -> None:
        for call in asking.ending():
            self.ask(call)

    @rule(call=st.one_of(*(asking.put_type(kind) for kind in asking.KINDS), asking.put_types()))
    def put_types(self, call: asking.Call) -> None:
        self.ask(call)

    @rule(call=st.one_of(*(asking.put_nodes(kind) for kind in asking.KINDS)))
    def put_nodes(self, call: asking.Call) -> None:
        self.ask(call)

    @rule(call=asking.put_unless_changed())
    def put_unless_changed(self, call: asking.Call) -> None:
        self.ask(call)

    @rule(call=st.one_of(asking.put_events(), asking.put_links(), asking.put_parents()))
    def put_links(self, call: asking.Call) -> None:
        self.ask(call)

    @rule(
        call=st.one_of(
            asking.put_executions_whole(), asking.put_executions_raw(), asking.put_subgraphs()
        )
    )
    def put_many(self, call: asking.Call) -> None:
        self.ask(call)

    @rule(
        call=st.one_of(
            *(asking.lists(kind) for kind in asking.KINDS),
            *(asking.pages(kind) for kind in asking.KINDS),
        )
    )
    def list_nodes(self, call: asking.Call) -> None:
        self.ask(call)

    @rule(call=st.one_of(*(asking.reads(kind) for kind in asking.KINDS)))
    def read(self, call: asking.Call) -> None:
        self.ask(call)

    @rule(call=st.one_of(asking.neighbours(), asking.walks(), asking.walks_raw()))
    def look_around(self, call: asking.Call) -> None:
        self.ask(call)


@pytest.fixture(params=SEQUENCES)
def databases(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[InMemory]:
    """Where the stores are."""
    found = InMemory()
    if request.param == "file":
        found = InFiles(tmp_path)
    elif request.param != "memory":
        server: DatabaseServer = request.getfixturevalue(request.param)
        found = OnServer(server)
    yield found
    found.close()


@pytest.mark.timeout(0 if ASKED_FOR else 300)
def test_any_calls_get_the_same_replies(
    wheel_python: str, databases: InMemory, request: pytest.FixtureRequest
) -> None:
    sequences = int(ASKED_FOR or SEQUENCES[request.node.callspec.params["databases"]])
    with our_peer() as ours, their_peer(wheel_python) as theirs:
        Calls.both, Calls.databases = (ours, theirs), databases
        run_state_machine_as_test(
            Calls,
            settings=settings(
                max_examples=sequences,
                stateful_step_count=30,
                deadline=None,
                suppress_health_check=list(HealthCheck),
                phases=[Phase.generate, Phase.shrink],
            ),
        )
