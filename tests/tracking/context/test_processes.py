"""Work in other processes belongs to the step that it was sent from, whoever carries it there."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from mlmeta_track.domain.nodes import Artifact, Context, Execution
from mlmeta_track.store.base import Store
from mlmeta_track.store.connect import open_store

WORK = """
import os
import mlmeta_track as mt

def child(how):
    with mt.step("Child") as step:
        step.log_params({"how": how, "pid": os.getpid()})
    return how

def nested(how):
    with mt.step("Middle"):
        return child(how)

def fail(how):
    raise ValueError(how)
"""

SCRIPT = """
import json, os, subprocess, sys
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
import mlmeta_track as mt
from work import child, fail, nested

PROGRAM = "import sys, work; work.child(sys.argv[1])"

def methods(method):
    context = get_context(method)
    with ProcessPoolExecutor(1, mp_context=context) as pool:
        assert list(pool.map(child, [f"executor {method}"] * 2)) == [f"executor {method}"] * 2
    process = context.Process(target=child, args=(f"process {method}",))
    process.start()
    process.join()
    assert process.exitcode == 0
    assert process.run.__func__ is type(process).run
    with context.Pool(1) as pool:
        pool.map(child, [f"map {method}"])
        pool.map_async(child, [f"map_async {method}"]).get()
        pool.starmap(child, [(f"starmap {method}",)])
        pool.starmap_async(child, [(f"starmap_async {method}",)]).get()
        pool.apply(child, (f"apply {method}",))
        pool.apply_async(child, (f"apply_async {method}",)).get()
        assert list(pool.imap(child, [f"imap {method}"])) == [f"imap {method}"]
        assert list(pool.imap_unordered(child, [f"imap_unordered {method}"]))

def joblib_backends():
    try:
        import joblib
    except ImportError:
        return
    for backend in ("loky", "threading", "multiprocessing"):
        parallel = joblib.Parallel(2, backend=backend)
        assert parallel(joblib.delayed(child)(backend) for _ in range(2)) == [backend] * 2

def programs():
    subprocess.run([sys.executable, "-c", PROGRAM, "program"], check=True)
    small = {"PATH": os.environ["PATH"]}
    subprocess.check_output([sys.executable, "-c", PROGRAM, "program with env"], env=small)
    assert small == {"PATH": os.environ["PATH"]}

def reused():
    # The worker is forked inside the first step, and must not stay there.
    pool = ProcessPoolExecutor(1, mp_context=get_context("fork"))
    steps = {}
    for name in ("First", "Second"):
        with mt.step(name) as step:
            pool.submit(child, f"reused {name}").result()
            steps[f"reused {name}"] = step.external_id
    pool.submit(child, "reused outside").result()
    steps["reused outside"] = None
    pool.shutdown()
    return steps

def deep():
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        pool.submit(nested, "nested").result()

if __name__ == "__main__":
    mt.init(sys.argv[1], experiment="Setting", strict=True)
    with mt.experiment("Demo"), mt.run("nightly"):
        with mt.step("Outer") as outer:
            for method in ("fork", "spawn", "forkserver"):
                methods(method)
            joblib_backends()
            programs()
            deep()
        others = reused()
    print(json.dumps({"outer": outer.external_id, "others": others, "pid": os.getpid()}))
"""

TASKS = ("map", "map_async", "starmap", "starmap_async", "apply", "apply_async", "imap")
WAYS = Counter(
    {
        f"{way} {method}": 2 if way == "executor" else 1
        for way in ("executor", "process", *TASKS, "imap_unordered")
        for method in ("fork", "spawn", "forkserver")
    }
)
if find_spec("joblib") is not None:
    WAYS |= Counter({"loky": 2, "threading": 2, "multiprocessing": 2})
WAYS |= Counter({"program": 1, "program with env": 1})


@dataclass
class Recorded:
    folder: Path
    told: dict[str, Any]
    store: Store

    def children(self, how: str) -> list[Execution]:
        found = self.store.get_by_type(Execution, "Child")
        return [execution for execution in found if execution.custom_properties["how"] == how]

    def contexts(self, execution: Execution) -> dict[str, str]:
        found = self.store.get_contexts_of(Execution, execution.id)
        return {context.type: context.name for context in found}


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> Recorded:
    folder = tmp_path_factory.mktemp("processes")
    (folder / "work.py").write_text(WORK)
    (folder / "script.py").write_text(SCRIPT)
    url = f"sqlite:///{folder / 'metadata.db'}"
    done = subprocess.run(
        [sys.executable, "script.py", url], cwd=folder, capture_output=True, text=True, check=False
    )
    assert (done.stderr, done.returncode) == ("", 0)
    return Recorded(folder, json.loads(done.stdout), open_store(url))


@pytest.mark.parametrize("way", WAYS)
def test_each_call_is_a_child_in_the_same_run_and_experiment(recorded: Recorded, way: str) -> None:
    children = recorded.children(way)
    assert len(children) == WAYS[way]
    for child in children:
        assert child.custom_properties["mlmeta_parent_execution"] == recorded.told["outer"]
        assert recorded.contexts(child) == {"Run": "nightly", "Experiment": "Demo"}
        in_same_process = child.custom_properties["pid"] == recorded.told["pid"]
        assert in_same_process is (way == "threading")


@pytest.mark.parametrize("way", ["reused First", "reused Second", "reused outside"])
def test_a_worker_that_is_reused_keeps_no_old_context(recorded: Recorded, way: str) -> None:
    [child] = recorded.children(way)
    parent = child.custom_properties.get("mlmeta_parent_execution")
    assert parent == recorded.told["others"][way]
    assert recorded.contexts(child) == {"Run": "nightly", "Experiment": "Demo"}


def test_a_step_in_a_step_of_a_worker_is_the_child_of_that(recorded: Recorded) -> None:
    [child] = recorded.children("nested")
    [middle] = recorded.store.get_by_type(Execution, "Middle")
    assert child.custom_properties["mlmeta_parent_execution"] == middle.external_id
    assert middle.custom_properties["mlmeta_parent_execution"] == recorded.told["outer"]


def test_there_is_the_one_run_with_the_facts_of_its_own_process(recorded: Recorded) -> None:
    [run] = recorded.store.get_by_type(Context, "Run")
    assert run.custom_properties["mlmeta_pid"] == recorded.told["pid"]
    assert not (recorded.folder / "mlmeta.db").exists()
    assert recorded.store.list_nodes(Artifact) == []


ADDRESS = re.compile(r"0x[0-9a-f]+")
SMALL = """
import sys
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
import mlmeta_track as mt
from work import child, fail

if __name__ == "__main__":
    {start}
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        {work}
"""


def run_small(folder: Path, start: str, work: str) -> subprocess.CompletedProcess[str]:
    (folder / "work.py").write_text(WORK)
    (folder / "small.py").write_text(SMALL.format(start=start, work=work))
    return subprocess.run(
        [sys.executable, "small.py"], cwd=folder, capture_output=True, text=True, check=False
    )


def test_outside_of_steps_workers_record_in_the_run_and_store_of_their_process(
    tmp_path: Path,
) -> None:
    start = "mt.init('sqlite:///own.db', experiment='Demo', strict=True)"
    done = run_small(tmp_path, start, "list(pool.map(child, 'ab')); child('c')")
    assert done.stderr == ""
    store = open_store(f"sqlite:///{tmp_path / 'own.db'}")
    children = store.get_by_type(Execution, "Child")
    [run] = store.get_by_type(Context, "Run")
    assert len(store.get_by_context(Execution, run.id)) == len(children) == 3
    assert "mlmeta_command_line" in run.custom_properties
    assert not (tmp_path / "mlmeta.db").exists()


def test_a_store_in_memory_is_told_to_be_out_of_reach(tmp_path: Path) -> None:
    done = run_small(
        tmp_path, "mt.init('sqlite://')", "assert pool.submit(child, 'a').result() == 'a'"
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("in its own memory") == 1


SHOWS_ONE_FRAME = pytest.mark.skipif(
    sys.version_info < (3, 11), reason="shows the frame that catches and raises"
)


@pytest.mark.parametrize(
    "work", [pytest.param("fail, 'theirs'", marks=SHOWS_ONE_FRAME), "lambda: 0"]
)
def test_what_comes_back_from_a_worker_is_told_in_the_same_words(tmp_path: Path, work: str) -> None:
    work = f"with outer: pool.submit({work}).result()"
    plain = run_small(tmp_path, "import contextlib; outer = contextlib.nullcontext()", work)
    carried = run_small(tmp_path, "mt.init('sqlite:///o.db'); outer = mt.step('Outer')    ", work)
    assert "Traceback" in plain.stderr
    assert ADDRESS.sub("", carried.stderr) == ADDRESS.sub("", plain.stderr)


def test_an_unreachable_store_is_no_error_in_a_worker(tmp_path: Path) -> None:
    spool = tmp_path / "spool"
    url = "postgresql+psycopg://nobody@127.0.0.1:1/nothing"
    done = run_small(
        tmp_path,
        f"mt.init({url!r}, spool_dir={str(spool)!r})",
        "assert pool.submit(child, 'a').result() == 'a'",
    )
    assert done.returncode == 0, done.stderr
