"""Processes that record, to be ended from outside."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from collections.abc import Iterator

START = """
import os, signal, sys, threading, time
import mlmeta_track as mt
mt.init(sys.argv[1])

def say(word):
    sys.stdout.write(f"{word}\\n")
    sys.stdout.flush()

def wait():
    say("waiting")
    time.sleep(60)
"""

IN_A_STEP = """
with mt.step("Train"):
    wait()
"""


@contextlib.contextmanager
def victim(url: str, work: str = IN_A_STEP) -> Iterator[subprocess.Popen[str]]:
    """Run work in a process of its own; the block begins when it says that it is waiting."""
    command = [sys.executable, "-c", START + work, url]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, text=True) as process:
        try:
            wait_for(process, "waiting")
            yield process
        finally:
            process.kill()


def wait_for(process: subprocess.Popen[str], word: str) -> str:
    """Return what a process says up to the word, or fail if it ends without saying it."""
    assert process.stdout is not None
    said = ""
    for line in process.stdout:
        if line.strip() == word:
            return said
        said += line
    raise AssertionError(said + process.communicate()[1])


def killed(url: str, work: str = IN_A_STEP) -> int:
    """Let a process be killed in the middle of its work, and return its pid."""
    with victim(url, work) as process:
        process.kill()
        process.wait()
        return process.pid


def ended_by_itself(url: str, work: str) -> str:
    """Run work to its end, and return what it wrote on standard error."""
    command = [sys.executable, "-c", START + work, url]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return done.stderr
