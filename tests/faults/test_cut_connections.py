"""Connections that are cut at random, in the middle of a commit too: every step lands once."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest

from tests.faults.proxy import Cut, Proxy, at_random, in_commits
from tests.faults.workers import all_is_there_once, working
from tests.servers import DatabaseServer
from tests.serving import served


@pytest.fixture(params=["postgresql", "mariadb", "grpc"])
def direct_url(request: pytest.FixtureRequest, store_url: str) -> Iterator[str]:
    """The URL of a store on a server, with nothing in between."""
    if request.param == "grpc":
        with served(store_url) as server:
            yield f"grpc://{server.address}"
    else:
        database: DatabaseServer = request.getfixturevalue(request.param)
        yield database.new_url()


def through(url: str, port: int) -> str:
    """Return the URL of the same store by way of a proxy."""
    return re.sub(r"(127\.0\.0\.1):\d+", rf"\1:{port}", url, count=1)


def cut_connections(url: str, cut: Cut, workers: int, steps: int) -> int:
    behind = int(re.findall(r"127\.0\.0\.1:(\d+)", url)[0])
    proxy = Proxy(behind, cut)
    try:
        with working(through(url, proxy.port), workers, steps, seconds=0.01) as told:
            pass
        proxy.is_cutting = False
        waited = all_is_there_once(through(url, proxy.port), workers, steps)
    finally:
        proxy.close()
    assert told.slow <= 1
    print(url.partition(":")[0], f"{proxy.cuts} cuts, {waited} waited to the end, {told}")
    return proxy.cuts


CUTS = {"anywhere": at_random, "in commits": in_commits}
CHANCES = {"anywhere": 0.01, "in commits": 0.1}


@pytest.fixture(params=["anywhere", "in commits"])
def cut(request: pytest.FixtureRequest, direct_url: str) -> Cut:
    kind: str = request.param
    if kind == "in commits" and direct_url.startswith("grpc"):
        pytest.skip("a call of the service is a commit: to cut it anywhere is to cut it there")
    maker: Callable[[int, float], Cut] = CUTS[kind]
    return maker(7, CHANCES[kind])


def test_every_step_lands_once(direct_url: str, cut: Cut) -> None:
    assert cut_connections(direct_url, cut, workers=2, steps=40) > 0


@pytest.mark.long
@pytest.mark.timeout(900)
def test_every_step_lands_once_of_many(direct_url: str, cut: Cut) -> None:
    assert cut_connections(direct_url, cut, workers=8, steps=200) > 5
