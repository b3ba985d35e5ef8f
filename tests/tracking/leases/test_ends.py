"""Real processes that end by themselves or by SIGTERM."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import closing

import pytest

from mlmeta_track.domain.nodes import Execution, ExecutionState
from mlmeta_track.store.connect import open_store
from tests.tracking.leases.victims import ended_by_itself, victim

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="it has no SIGTERM to hear of")


def executions(url: str) -> dict[str, Execution]:
    with closing(open_store(url, create=False)) as store:
        return {execution.type: execution for execution in store.list_nodes(Execution)}


def terminated(process: subprocess.Popen[str]) -> int:
    process.terminate()
    return process.wait(30)


def test_a_step_says_which_process_records_it(store_url: str) -> None:
    with victim(store_url) as process:
        parts = str(executions(store_url)["Train"].custom_properties["mlmeta_process"]).split("/")
        assert parts[4] == str(process.pid)


def test_sigterm_ends_what_is_under_way_as_canceled(store_url: str) -> None:
    work = """
with mt.step("Outer"), mt.step("Inner"):
    wait()
"""
    with victim(store_url, work) as process:
        assert terminated(process) == -signal.SIGTERM
    found = executions(store_url)
    for name in ("Outer", "Inner"):
        assert found[name].last_known_state is ExecutionState.CANCELED
        assert found[name].properties == {"state": "CANCELED"}
        assert found[name].custom_properties["mlmeta_error_type"] == "SIGTERM"
        assert found[name].custom_properties["mlmeta_duration_ms"]


def test_sigterm_is_heard_while_the_main_thread_runs_no_python(store_url: str) -> None:
    # A sleep of C's own, which goes on after a signal that has a handler.
    work = """
import ctypes
library = ctypes.CDLL(None)
with mt.step("Train"):
    say("waiting")
    for _ in (1,):
        sleep = library.sleep
        sleep.restype = ctypes.c_uint
        threading.Thread(target=lambda: None).start()
        mutex = ctypes.create_string_buffer(256)
        library.pthread_mutex_init(mutex, None)
        library.pthread_mutex_lock(mutex)
        library.pthread_mutex_lock(mutex)  # for ever, whatever signals come
"""
    with victim(store_url, work) as process:
        assert terminated(process) == -signal.SIGTERM
    assert executions(store_url)["Train"].last_known_state is ExecutionState.CANCELED


def test_sigterm_with_nothing_under_way_ends_the_process_as_ever(store_url: str) -> None:
    work = """
with mt.step("Done"):
    pass
wait()
"""
    with victim(store_url, work) as process:
        assert terminated(process) == -signal.SIGTERM
    assert executions(store_url)["Done"].last_known_state is ExecutionState.COMPLETE


def test_steps_in_threads_are_ended_too(store_url: str) -> None:
    work = """
def train():
    with mt.step("Train"):
        wait()

threading.Thread(target=train).start()
time.sleep(60)
"""
    with victim(store_url, work) as process:
        assert terminated(process) == -signal.SIGTERM
    # The first step was in a thread, where no signal handler can be set: `init` did it.
    assert executions(store_url)["Train"].last_known_state is ExecutionState.CANCELED


@pytest.mark.parametrize("when", ["before", "after"])
def test_the_users_own_handler_is_the_only_one(store_url: str, when: str) -> None:
    setting = """
def handler(number, frame):
    if callable(former):
        former(number, frame)
    raise SystemExit(3)

former = signal.signal(signal.SIGTERM, handler)
"""
    step = 'with mt.step("First"):\n    pass\n'
    work = (
        setting + step if when == "before" else step + setting
    ) + 'with mt.step("Train"):\n    wait()\n'
    with victim(store_url, work) as process:
        assert terminated(process) == 3
    facts = executions(store_url)["Train"].custom_properties
    assert facts["mlmeta_error_type"] == "SystemExit"


def test_sigterm_that_the_user_ignores_is_ignored(store_url: str) -> None:
    work = """
signal.signal(signal.SIGTERM, signal.SIG_IGN)
with mt.step("Train"):
    say("waiting")
    sys.stdin.readline()
"""
    with victim(store_url, work) as process:
        process.terminate()
        assert process.stdin is not None
        process.stdin.write("go on\n")
        process.stdin.close()
        assert process.wait(30) == 0
    assert executions(store_url)["Train"].last_known_state is ExecutionState.COMPLETE


def test_what_waits_in_memory_is_written_before_sigterm_ends_the_process(store_url: str) -> None:
    work = """
mt.init(sys.argv[1], write="background")
for number in range(50):
    with mt.step(f"Step {number}"):
        pass
wait()
"""
    with victim(store_url, work) as process:
        assert terminated(process) == -signal.SIGTERM
    states = [execution.last_known_state for execution in executions(store_url).values()]
    assert states == [ExecutionState.COMPLETE] * 50


def test_a_child_by_fork_leaves_the_parents_steps_to_the_parent(store_url: str) -> None:
    work = """
with mt.step("Parent"):
    pid = os.fork()
    if pid == 0:
        with mt.step("Child"):
            time.sleep(60)
    while True:
        names = {e.type for e in mt.get_store().list_nodes(Execution)}
        if "Child" in names:
            break
        time.sleep(0.01)
    os.kill(pid, signal.SIGTERM)
    say(os.waitpid(pid, 0)[1])
    say("waiting")
    sys.stdin.readline()
"""
    work = "from mlmeta_track.domain.nodes import Execution\n" + work
    with victim(store_url, work) as process:
        found = executions(store_url)
        assert found["Child"].last_known_state is ExecutionState.CANCELED
        assert found["Parent"].last_known_state is ExecutionState.RUNNING
        assert process.stdin is not None
        process.stdin.close()
        assert process.wait(30) == 0
    assert executions(store_url)["Parent"].last_known_state is ExecutionState.COMPLETE


def test_sigterm_of_a_forked_child_that_records_nothing_is_not_the_parents(store_url: str) -> None:
    work = """
with mt.step("Parent"):
    pid = os.fork()
    if pid == 0:
        time.sleep(60)
    os.kill(pid, signal.SIGTERM)
    assert os.waitpid(pid, 0)[1] == signal.SIGTERM
    time.sleep(0.2)
"""
    ended_by_itself(store_url, work)
    assert executions(store_url)["Parent"].last_known_state is ExecutionState.COMPLETE


def test_the_end_of_the_process_ends_what_is_left_in_threads_and_generators(store_url: str) -> None:
    work = """
def train():
    with mt.step("Thread"):
        ready.set()
        time.sleep(60)

@mt.step("Generator")
def numbers():
    yield 1
    yield 2

ready = threading.Event()
threading.Thread(target=train, daemon=True).start()
ready.wait()
kept = numbers()
next(kept)
"""
    ended_by_itself(store_url, work)
    for execution in executions(store_url).values():
        assert execution.last_known_state is ExecutionState.CANCELED
        assert execution.custom_properties["mlmeta_error_type"] == "process exit"


def test_the_end_of_the_process_comes_after_what_waits_in_memory(store_url: str) -> None:
    work = """
mt.init(sys.argv[1], write="background")
for number in range(50):
    with mt.step("Done"):
        pass
opened = mt.step("Left")
opened.__enter__()
"""
    ended_by_itself(store_url, work)
    with closing(open_store(store_url, create=False)) as store:
        ends = [execution.last_known_state for execution in store.list_nodes(Execution)]
    assert ends == [ExecutionState.COMPLETE] * 50 + [ExecutionState.CANCELED]


def test_steps_left_in_a_worker_of_multiprocessing_end_with_it(store_url: str) -> None:
    work = """
import multiprocessing

def left():
    opened = mt.step("Left").__enter__()

worker = multiprocessing.get_context("fork").Process(target=left)
worker.start()
worker.join()
assert worker.exitcode == 0
"""
    ended_by_itself(store_url, work)
    assert executions(store_url)["Left"].last_known_state is ExecutionState.CANCELED


def test_what_ends_after_our_end_gets_sigterm_as_ever(store_url: str) -> None:
    # Soon after it no thread runs any more, and SIGTERM would not be heard.
    program = """
import atexit, signal, sys
atexit.register(lambda: print(signal.getsignal(signal.SIGTERM) is signal.SIG_DFL))
import mlmeta_track as mt
mt.init(sys.argv[1])
print(signal.getsignal(signal.SIGTERM) is signal.SIG_DFL)
"""
    command = [sys.executable, "-c", program, store_url]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.split() == ["False", "True"]


def test_commands_that_the_program_runs_get_sigterm_as_ever(store_url: str) -> None:
    work = """
import subprocess
with mt.step("Train"):
    with subprocess.Popen(["sleep", "60"]) as child:
        child.terminate()
    assert child.returncode == -signal.SIGTERM
"""
    ended_by_itself(store_url, work)
    assert executions(store_url)["Train"].last_known_state is ExecutionState.COMPLETE


def test_a_first_process_is_left_alone() -> None:
    # The kernel does not end it by a signal that it does not handle, so it goes on with its steps.
    namespaces = subprocess.run(
        ["unshare", "--pid", "--fork", "true"], capture_output=True, check=False
    )
    if namespaces.returncode:
        pytest.skip("this user may not make a pid namespace")
    program = (
        "import os, signal, mlmeta_track as mt; mt.init('sqlite://')\n"
        "with mt.step('a'): print(os.getpid(), signal.getsignal(signal.SIGTERM) == signal.SIG_DFL)"
    )
    command = ["unshare", "--pid", "--fork", sys.executable, "-c", program]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == "1 True"
    assert os.getpid() != 1
