"""Each difference between our look-alike and the wheel is there, and is as the table says."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from . import asking
from .faults import FAULTS, Fault
from .peers import Peer, our_peer, their_peer


@pytest.fixture(scope="module")
def both(wheel_python: str) -> Iterator[tuple[Peer, Peer]]:
    """Our look-alike and the wheel."""
    with our_peer() as ours, their_peer(wheel_python) as theirs:
        yield ours, theirs


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_the_two_differ_as_the_table_says(both: tuple[Peer, Peer], fault: Fault) -> None:
    shown = []
    for peer in both:
        peer.begin()
        replies = [peer.ask(call) for call in [*asking.beginning(), *fault.calls]]
        shown.append(fault.look(replies[-1]))

    assert shown == [fault.ours, fault.theirs]
