from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace

import pytest

from mlmeta_track.tracking.leases import machine, processes
from mlmeta_track.tracking.leases.machine import UNKNOWN
from mlmeta_track.tracking.leases.processes import Process, Verdict, current, parse

on_linux = pytest.mark.skipif(sys.platform != "linux", reason="it is about Linux's /proc")


def test_a_process_is_read_from_what_it_is_called() -> None:
    assert parse(str(current())) == current()


def test_a_host_with_a_slash_in_its_name_does_not_break_the_text() -> None:
    named = parse(str(replace(current(), host="a/b")))
    assert named is not None
    assert named.host == "a_b"


@pytest.mark.parametrize(
    "text",
    [None, 7, "", "host/machine/boot/namespace/4711", "a/b/c/d/pid/f", "a/b/c/d/²/f"],
    ids=repr,
)
def test_what_names_no_process_is_none(text: object) -> None:
    assert parse(text) is None


def test_this_process_is_alive() -> None:
    assert current().seen_from_here() is Verdict.ALIVE


def test_a_process_that_has_ended_is_dead() -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as ended:
        pass
    assert replace(current(), pid=ended.pid).seen_from_here() is Verdict.DEAD


def test_a_killed_process_that_nobody_has_missed_yet_is_dead() -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as child:
        start = machine.start_of(child.pid)
        assert start is not None
        running = replace(current(), pid=child.pid, start=start)
        assert running.seen_from_here() is Verdict.ALIVE
        child.kill()
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
        assert running.seen_from_here() is Verdict.DEAD


def test_a_pid_that_another_process_has_now_is_no_sign_of_life() -> None:
    assert replace(current(), start="1").seen_from_here() is Verdict.DEAD


def test_where_the_start_cannot_be_had_the_pid_is_a_sign_of_life() -> None:
    assert replace(current(), start=UNKNOWN).seen_from_here() is Verdict.ALIVE


@on_linux
@pytest.mark.skipif(machine.namespace() != machine.ROOT_NAMESPACE, reason="it is a container")
def test_a_process_of_an_earlier_boot_of_this_machine_is_dead() -> None:
    assert replace(current(), boot="earlier").seen_from_here() is Verdict.DEAD


@on_linux
def test_of_an_earlier_boot_of_a_container_nothing_is_certain(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    container = replace(current(), namespace="4026532999")
    monkeypatch.setattr(processes, "_current", container)
    assert replace(container, boot="earlier").seen_from_here() is Verdict.ELSEWHERE
    assert replace(container, start="1").seen_from_here() is Verdict.DEAD


@pytest.mark.parametrize(
    "change",
    [
        {"host": "other", "machine": "other", "boot": "other"},
        {"machine": "other", "boot": "other"},
        {"machine": UNKNOWN, "boot": UNKNOWN},
        {"machine": UNKNOWN, "boot": "other"},
        {"namespace": "4026532999"},
        {"host": "container", "namespace": "4026532999"},
        {"boot": "other", "namespace": "4026532999"},
    ],
    ids=str,
)
def test_what_cannot_be_looked_at_from_here_is_elsewhere(change: dict[str, str]) -> None:
    # With a pid and a start that nobody has: looked for here, it would be dead.
    here = current()
    stranger = Process(
        change.get("host", here.host),
        change.get("machine", here.machine),
        change.get("boot", here.boot),
        change.get("namespace", here.namespace),
        here.pid,
        "1",
    )
    assert stranger.seen_from_here() is Verdict.ELSEWHERE


@on_linux
def test_a_container_of_another_name_in_the_same_namespace_is_looked_at() -> None:
    renamed = replace(current(), host="renamed", machine=UNKNOWN)
    assert renamed.seen_from_here() is Verdict.ALIVE


def test_a_child_by_fork_is_another_process_with_another_heartbeat() -> None:
    program = """
import os
from mlmeta_track.tracking.leases.processes import current, parse

parent, (reader, writer) = current(), os.pipe()
pid = os.fork()
if pid == 0:
    os.write(writer, str(current()).encode())
    os._exit(0)
os.waitpid(pid, 0)
child = parse(os.read(reader, 1000).decode())
assert parent == current()
assert (child.pid, child.boot) == (pid, parent.boot)
assert child.heartbeat != parent.heartbeat
"""
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)


def test_the_start_does_not_change_while_a_process_runs() -> None:
    assert machine.start_of(os.getpid()) == machine.start_of(os.getpid()) != UNKNOWN


@pytest.mark.skipif(sys.platform == "win32", reason="it has no ps")
def test_ps_tells_the_start_and_the_end_as_well() -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as child:
        started = machine.start_by_ps(child.pid)
        assert started not in {None, UNKNOWN}
        assert machine.start_by_ps(child.pid) == started
        child.kill()
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
        assert machine.start_by_ps(child.pid) is None
    assert machine.start_by_ps(child.pid) is None
