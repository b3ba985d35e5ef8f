"""``mlmeta-track run -m pkg.mod`` is ``python -m pkg.mod``, recorded."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from mlmeta_track.domain.nodes import Execution, ExecutionState
from mlmeta_track.store.connect import open_store

STORE = "sqlite:///metadata.db"


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return _started("mlmeta_track", "run", "--store", STORE, *arguments)


def python(*arguments: str) -> subprocess.CompletedProcess[str]:
    return _started(*arguments)


def _started(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        # What Python compiles on the first of two runs would be there on the second.
        env=os.environ | {"PYTHONDONTWRITEBYTECODE": "1"},
    )


def module(name: str, text: str) -> None:
    path = Path(*name.split(".")).with_suffix(".py")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


MODULE_SEES = """
'''What it is for.'''
import os, sys
from . import helper
print(sys.argv, __name__, __doc__, __package__, __file__, __cached__)
print(__spec__.name, __spec__.parent, __spec__.origin, type(__loader__).__name__)
print(sys.path[0] == os.getcwd(), helper.argv)
print(sys.modules["__main__"].__dict__ is globals(), "pkg.mod" in sys.modules)
print(sorted(n for n in globals() if n.startswith("__")))
"""


@pytest.fixture
def package() -> None:
    module("pkg.__init__", "")
    module("pkg.helper", "import sys\nargv = sys.argv[0]\n")


@pytest.mark.usefixtures("package")
@pytest.mark.parametrize("name", ["pkg.mod", "pkg", "pkg.sub", "spaces.mod", "top"])
def test_a_module_sees_what_it_sees_under_python(name: str) -> None:
    module("pkg.mod", MODULE_SEES)
    module("pkg.__main__", MODULE_SEES)
    module("pkg.sub.__init__", "")
    module("pkg.sub.__main__", MODULE_SEES.replace("from .", "from .."))
    module("spaces.mod", MODULE_SEES.replace("from .", "from pkg"))  # a namespace package's
    module("top", MODULE_SEES.replace("from .", "from pkg"))
    plain, tracked = (start(name, "--flag", "-m", "--store", "x") for start in (python, _run_m))
    assert plain.returncode == 0, plain.stderr
    assert tracked.stdout == plain.stdout
    assert (tracked.returncode, tracked.stderr) == (0, plain.stderr)


def _run_m(name: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return run("-m", name, *arguments)


@pytest.mark.usefixtures("package")
def test_steps_of_the_module_are_recorded() -> None:
    module("pkg.mod", "import mlmeta_track as mt\n@mt.step\ndef work(n): return n\nwork(3)\n")
    assert run("-m", "pkg.mod").returncode == 0
    [execution] = open_store(STORE).get_by_type(Execution, "work")
    assert execution.custom_properties["n"] == 3


@pytest.mark.usefixtures("package")
def test_the_modules_own_package_is_imported_with_tracking_on() -> None:
    module("pkg.__init__", "import mlmeta_track as mt\nwith mt.step('Prepare'): pass\n")
    module("pkg.mod", "")
    assert run("-m", "pkg.mod").returncode == 0
    assert len(open_store(STORE).get_by_type(Execution, "Prepare")) == 1


@pytest.mark.parametrize(
    ("ending", "status"),
    [
        ("raise SystemExit(7)", 7),
        ("import sys; sys.exit()", 0),
        ("raise SystemExit('no')", 1),
        ("raise KeyboardInterrupt", 130),
        ("1 / 0", 1),
        ("import nothing_of_that_name", 1),
        ("from mlmeta_track.errors import NotFoundError as E; raise E('mine')", 1),
    ],
)
def test_the_exit_status_is_the_modules(ending: str, status: int) -> None:
    module("mod", ending)
    assert run("-m", "mod").returncode == status


# Frozen since Python 3.11, and before that with a line of its source.
RUNNING = re.compile(r'^  File "(<frozen .*|.*runpy\.py", .*\n .*)\n', re.MULTILINE)
FAILING = {
    "mod": "def f():\n    raise ValueError('no')\nf()\n",
    "pkg.mod": "try:\n    1 / 0\nexcept ZeroDivisionError:\n    raise ValueError('no')\n",
    "broken.mod": "",
    "broken.__main__": "",
    "lacking.mod": "",
    "wrong": "def f(:\n",
}


@pytest.mark.usefixtures("package")
@pytest.mark.parametrize("name", FAILING)
def test_an_exception_is_shown_as_python_shows_it_from_the_modules_first_line(name: str) -> None:
    module("broken.__init__", "{}['key']\n")
    module("lacking.__init__", "import nothing_of_that_name\n")
    module(name, FAILING[name])
    plain, tracked = python(name), run("-m", name)
    assert tracked.returncode == plain.returncode == 1
    assert "mlmeta_track" not in tracked.stderr
    # What runs a module under plain Python is runpy, and its frames are in the traceback.
    expected = RUNNING.sub("", plain.stderr)
    if name == "wrong":  # which leaves no frames at all, and then there is no heading
        expected = expected.removeprefix("Traceback (most recent call last):\n")
    assert tracked.stderr == expected


@pytest.mark.usefixtures("package")
@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("nothing_of_that_name", "There is no module nothing_of_that_name in "),
        ("pkg.nothing", "There is no module pkg.nothing in "),
        ("nothing.at.all", "There is no module nothing.at.all in "),
        ("mod.py", "A script is run without -m: mlmeta-track run mod.py"),
        ("pkg", "pkg is a package without __main__"),
        ("time", "The module time has no Python code"),
        (".mod", "There is no module .mod in "),
    ],
)
def test_what_cannot_be_run_is_one_clear_line_and_status_2(name: str, said: str) -> None:
    module("mod", "")
    done = run("-m", name)
    assert done.returncode == 2
    assert said in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert python(name).returncode == 1


def test_without_a_name_the_usage_is_shown() -> None:
    done = run("-m")
    assert done.returncode == 2
    assert "SCRIPT" in done.stderr


@pytest.mark.usefixtures("package")
def test_functions_of_the_module_work_in_a_spawned_pool() -> None:
    module(
        "pkg.mod",
        "import multiprocessing\n"
        "from . import helper\n"
        "def double(n): return 2 * n\n"
        "if __name__ == '__main__':\n"
        "    with multiprocessing.get_context('spawn').Pool(1) as pool:\n"
        "        print(pool.map(double, [1, 2]))\n",
    )
    tracked = run("-m", "pkg.mod")
    assert tracked.stdout.strip() == "[2, 4]", tracked.stderr


def test_an_open_step_is_failed_when_the_module_fails() -> None:
    module("mod", "import mlmeta_track as mt\nwith mt.step('Train'):\n    1 / 0\n")
    assert run("-m", "mod").returncode == 1
    [execution] = open_store(STORE).get_by_type(Execution, "Train")
    assert execution.last_known_state is ExecutionState.FAILED


def test_options_of_ours_stand_before_the_module() -> None:
    module("mod", "import sys\nprint(sys.argv[1:])\n")
    done = run("--experiment", "Demo", "-m", "mod", "--experiment", "its own")
    assert done.stdout == "['--experiment', 'its own']\n", done.stderr
