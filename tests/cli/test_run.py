from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from mlmeta_track.domain.nodes import Context, Execution, ExecutionState
from mlmeta_track.store.connect import open_store

STORE = "sqlite:///metadata.db"


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "mlmeta_track", "run", "--store", STORE, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)


def script(text: str, name: str = "script.py") -> str:
    Path(name).parent.mkdir(exist_ok=True)
    Path(name).write_text(text)
    return name


PYTHON_SEES = """
import os, sys, threading
from helper import answer
print(sys.argv, __name__, __file__, __doc__, __package__, answer)
print(sys.path[0] == os.path.dirname(os.path.abspath(__file__)))
print(sys.modules["__main__"].__dict__ is globals(), threading.current_thread().name)
print(sorted(n for n in globals() if n.startswith("__")))
"""


def test_a_script_sees_what_it_sees_under_python() -> None:
    script("answer = 42", "folder/helper.py")
    path = script(PYTHON_SEES, "folder/script.py")
    plain = subprocess.run(
        [sys.executable, path, "--flag", "x"], capture_output=True, text=True, check=True
    )
    tracked = run(path, "--flag", "x")
    assert tracked.stdout == plain.stdout
    assert tracked.returncode == 0


def test_steps_of_the_script_are_recorded() -> None:
    path = script("import mlmeta_track as mt\n@mt.step\ndef work(n): return n\nwork(3)\n")
    assert run("--experiment", "Demo", path).returncode == 0
    store = open_store(STORE)
    [execution] = store.get_by_type(Execution, "work")
    assert execution.custom_properties["n"] == 3
    assert store.get_by_name(Context, "Experiment", "Demo") is not None


@pytest.mark.parametrize(
    ("ending", "status"),
    [("raise SystemExit(7)", 7), ("import sys; sys.exit()", 0), ("raise SystemExit('no')", 1)],
)
def test_the_exit_status_is_the_scripts(ending: str, status: int) -> None:
    assert run(script(ending)).returncode == status


def test_an_exception_is_shown_as_python_shows_it() -> None:
    path = script("def f():\n    raise ValueError('no')\nf()\n")
    plain = subprocess.run([sys.executable, path], capture_output=True, text=True, check=False)
    tracked = run(path)
    assert tracked.returncode == plain.returncode == 1
    assert tracked.stderr == plain.stderr


def test_a_syntax_error_is_shown_as_python_shows_it() -> None:
    path = script("def f(:\n")
    tracked = run(path)
    assert tracked.returncode == 1
    assert "SyntaxError" in tracked.stderr
    assert "mlmeta_track" not in tracked.stderr


def test_functions_of_the_script_work_in_a_spawned_pool() -> None:
    path = script(
        "import multiprocessing\n"
        "def double(n): return 2 * n\n"
        "if __name__ == '__main__':\n"
        "    with multiprocessing.get_context('spawn').Pool(1) as pool:\n"
        "        print(pool.map(double, [1, 2]))\n"
    )
    tracked = run(path)
    assert tracked.stdout.strip() == "[2, 4]", tracked.stderr


def test_exit_handlers_and_threads_outlive_the_last_line() -> None:
    path = script(
        "import atexit, threading, time\n"
        "value = 1\n"
        "atexit.register(lambda: print('exit', value))\n"
        "threading.Thread(target=lambda: (time.sleep(0.2), print('thread', value))).start()\n"
    )
    assert run(path).stdout.split("\n")[:2] == ["thread 1", "exit 1"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["missing.py"], "missing.py"),
        (["--autotrack", "nope", "script.py"], "no integration 'nope'"),
        (["--store", "nonsense", "script.py"], "'nonsense' is not a URL"),
        ([], "SCRIPT"),
    ],
)
def test_what_cannot_be_is_one_clear_line_and_status_2(arguments: list[str], said: str) -> None:
    script("print('ran')")
    done = run(*arguments)
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert "ran" not in done.stdout


def test_an_open_step_is_failed_when_the_script_fails() -> None:
    path = script("import mlmeta_track as mt\nwith mt.step('Train'):\n    1 / 0\n")
    assert run(path).returncode == 1
    [execution] = open_store(STORE).get_by_type(Execution, "Train")
    assert execution.last_known_state is ExecutionState.FAILED
