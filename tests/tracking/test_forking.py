from __future__ import annotations

import os
import threading

import pytest

from mlmeta_track.tracking.forking import ForkSafeLock


def test_it_keeps_others_out() -> None:
    lock = ForkSafeLock()
    entered = threading.Event()

    def enter() -> None:
        with lock:
            entered.set()

    with lock:
        thread = threading.Thread(target=enter)
        thread.start()
        assert not entered.wait(0.05)
    thread.join(10)
    assert entered.is_set()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
@pytest.mark.filterwarnings("ignore:.*multi-threaded:DeprecationWarning")
def test_in_a_forked_process_it_is_free_whoever_held_it() -> None:
    lock = ForkSafeLock()
    held, let_go = threading.Event(), threading.Event()

    def hold() -> None:
        with lock:
            held.set()
            let_go.wait(60)

    thread = threading.Thread(target=hold)
    thread.start()
    held.wait(10)
    child = os.fork()
    if child == 0:
        free = lock._lock.acquire(timeout=5)
        os._exit(0 if free else 1)
    let_go.set()
    thread.join()
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
