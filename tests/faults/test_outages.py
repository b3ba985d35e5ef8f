"""A server that stops amid the work: nobody waits for it twice, and nothing is lost."""

from __future__ import annotations

import contextlib
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import TypeAlias

import pytest

from tests.faults.workers import all_is_there_once, working
from tests.servers import DatabaseServer, free_port
from tests.serving import COMMAND, Served

Stopped: TypeAlias = "Callable[[], AbstractContextManager[None]]"


class GrpcServer:
    """``mlmeta-track serve`` at a port that it keeps."""

    def __init__(self, store: str) -> None:
        self._command = [*COMMAND, "--grpc", f"127.0.0.1:{free_port()}", "--store", store]
        self.process = self._start()

    @property
    def url(self) -> str:
        return f"grpc://{self._command[-3]}"

    def _start(self) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            self._command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        Served(process)
        return process

    @contextlib.contextmanager
    def stopped(self) -> Iterator[None]:
        """Kill the server, with whatever it was about, and start it again."""
        self.kill()
        try:
            yield
        finally:
            self.process = self._start()

    def kill(self) -> None:
        self.process.kill()
        self.process.communicate()


@pytest.fixture(params=["postgresql", "mariadb", "grpc"])
def server(request: pytest.FixtureRequest, store_url: str) -> Iterator[tuple[str, Stopped]]:
    """The URL of a store on a server, and how the server is stopped for a while."""
    if request.param == "grpc":
        grpc = GrpcServer(store_url)
        yield grpc.url, grpc.stopped
        grpc.kill()
    else:
        database: DatabaseServer = request.getfixturevalue(request.param)
        yield database.new_url(), database.stopped


def outage(server: tuple[str, Stopped], workers: int, steps: int, seconds: float) -> None:
    url, stopped = server
    with working(url, workers, steps, seconds=1.5 * seconds / steps) as told:
        time.sleep(0.2 * seconds)
        with stopped():
            time.sleep(seconds)
    waited = all_is_there_once(url, workers, steps)
    print(url.partition(":")[0], told, f"{waited} of {2 * workers * steps} waited to the end")
    assert told.warnings == 1
    # One step meets the server that is away, for as long as connecting may take.
    assert told.slow <= 1
    assert told.longest < 15


def test_a_server_that_stops_for_a_second_loses_nothing(server: tuple[str, Stopped]) -> None:
    outage(server, workers=2, steps=60, seconds=1)


@pytest.mark.long
@pytest.mark.timeout(600)
def test_a_server_that_stops_for_ten_seconds_loses_nothing(server: tuple[str, Stopped]) -> None:
    outage(server, workers=8, steps=200, seconds=10)
