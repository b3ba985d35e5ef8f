"""Reusing what was recorded in a database on a server."""

from __future__ import annotations

import os

import pytest

import mlmeta_track as mt
from mlmeta_track.domain.nodes import Execution


@pytest.mark.parametrize("server", ["postgresql", "mariadb"])
def test_a_long_result_is_reused_from_a_server(server: str, request: pytest.FixtureRequest) -> None:
    @mt.step(cache=True)
    def make(length: int) -> list[str]:
        # Not to be compressed, so that an index of the whole would not hold it.
        return [os.urandom(length).hex(), "Grüße, 世界 🌍\0"]

    mt.init(request.getfixturevalue(server).new_url(), strict=True)
    first = make(25_000)
    assert make(25_000) == first
    states = [execution.properties["state"] for execution in mt.get_store().list_nodes(Execution)]
    assert states == ["COMPLETED", "CACHED"]
