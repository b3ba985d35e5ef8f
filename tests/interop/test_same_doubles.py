"""Any double comes back from our look-alike as it was, from the wheel as near as it holds it."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from mlmeta_track.wire import metadata_store_pb2 as pb

from .asking import FIRST_TYPE, beginning, sent
from .peers import Peer, our_peer, their_peer

finite = st.floats(allow_nan=False, allow_infinity=False)


def as_the_wheel_holds_it(number: float) -> float:
    """Six decimals are stored, and fifteen digits of them read."""
    return float(f"{float(f'{number:.6f}'):.15g}")


def _stored(peer: Peer, numbers: list[float]) -> list[float]:
    artifact = pb.Artifact(type_id=FIRST_TYPE)
    for number, double in enumerate(numbers):
        artifact.custom_properties[str(number)].double_value = double
    status, [node_id] = peer.ask(["put_artifacts", [[sent(artifact)]], {}])
    assert status == "returned"
    read: Any = peer.ask(["get_artifacts_by_id", [[node_id]], {}])
    found = pb.Artifact.FromString(base64.b64decode(read[1][0][2]))
    return [found.custom_properties[str(number)].double_value for number in range(len(numbers))]


@pytest.mark.timeout(300)
def test_any_double_is_stored(wheel_python: str) -> None:
    with our_peer() as ours, their_peer(wheel_python) as theirs:
        for peer in (ours, theirs):
            peer.begin()
            for call in beginning():
                peer.ask(call)

        @example([0.1 + 0.2, 1e-9, -0.0, 5e-324, 1e300])
        @given(st.lists(finite, min_size=1, max_size=30))
        @settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
        def compare(numbers: list[float]) -> None:
            assert _stored(ours, numbers) == numbers
            assert _stored(theirs, numbers) == [as_the_wheel_holds_it(n) for n in numbers]

        compare()
