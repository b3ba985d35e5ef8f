"""Forks in the middle of what threads of ours do."""

from __future__ import annotations

import sys

import pytest

from tests.tracking.leases.victims import ended_by_itself

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="it does not fork")

FORK = """
def forked(check):
    pid = os.fork()
    if pid == 0:
        os._exit(0 if check() else 1)
    assert os.waitpid(pid, 0)[1] == 0

from mlmeta_track.tracking.leases.quiet import at_work
"""


def test_a_fork_waits_for_what_a_thread_is_writing(store_url: str) -> None:
    work = """
done = []

def write():
    with at_work():
        begun.set()
        time.sleep(0.3)
        done.append(True)

begun = threading.Event()
threading.Thread(target=write).start()
begun.wait()
forked(lambda: done == [True] and not at_work().locked())
assert not at_work().locked()
"""
    ended_by_itself(store_url, FORK + work)


def test_a_fork_does_not_wait_for_ever(store_url: str) -> None:
    work = """
held = at_work()
held.acquire()
started = time.monotonic()
forked(lambda: not at_work().locked())
assert 0.9 < time.monotonic() - started < 20
assert at_work() is held and held.locked()
"""
    ended_by_itself(store_url, FORK + work)


def test_a_child_records_while_its_parent_beats(store_url: str) -> None:
    work = """
from mlmeta_track.tracking.leases import keeper

def beat():
    while not stop.is_set():
        keeper.beat()

def record():
    with mt.step("Child"):
        return True

stop = threading.Event()
with mt.step("Parent"):
    threading.Thread(target=beat).start()
    for _ in range(10):
        forked(record)
    stop.set()
states = {e.last_known_state.name for e in mt.get_store().list_nodes(Execution)}
assert states == {"COMPLETE"}
"""
    work = "from mlmeta_track.domain.nodes import Execution\n" + FORK + work
    ended_by_itself(store_url, work)
