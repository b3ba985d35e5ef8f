"""The examples of engines run, and what they record leads back to the step that sent it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import mlmeta_track as mt
from mlmeta_track.domain.nodes import Context, Execution
from mlmeta_track.store.base import Store
from tests.servers import lacking

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
PAGE = EXAMPLES.parent / "docs" / "engines.md"
NAMES = ("dask", "ray", "spark", "prefect")


def run(command: list[str], folder: Path, store_url: str) -> str:
    """Run a command with the store of the test, and return what it printed."""
    environment = os.environ | {"MLMETA_TRACK_STORE": store_url}
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize("name", NAMES)
def test_work_on_an_engine_belongs_to_the_step_that_sent_it(
    store: Store, store_url: str, tmp_path: Path, name: str
) -> None:
    if name == "spark" and shutil.which("java") is None:
        lacking("Java")
    printed = run([sys.executable, str(EXAMPLES / f"with_{name}.py")], tmp_path, store_url)
    assert printed.split()[-1] == "0.0"
    (search,) = store.get_by_type(Execution, "search")
    evaluations = store.get_by_type(Execution, "evaluate")
    rates = {one.custom_properties["rate"] for one in evaluations}
    assert (len(evaluations), rates) == (3, {0.1, 0.2, 0.3})
    parents = {one.custom_properties["mlmeta_parent_execution"] for one in evaluations}
    assert parents == {search.external_id}
    run_context = store.get_by_name(Context, "Run", "rates")
    assert run_context is not None
    in_run = store.get_by_context(Execution, run_context.id or 0)
    assert in_run == store.list_nodes(Execution)


def test_a_project_of_kedros_is_recorded_by_itself(
    store: Store, store_url: str, tmp_path: Path
) -> None:
    project = shutil.copytree(EXAMPLES / "kedro_project", tmp_path / "project")
    run([sys.executable, "-m", "kedro", "run"], project, store_url)
    graph = mt.lineage(project / "data" / "cleaned.csv").upstream()
    assert [one.type for one in graph.executions] == ["clean"]
    assert {one.uri for one in graph.artifacts} == {
        str(project / "data" / name) for name in ("raw.csv", "cleaned.csv")
    }
    (context,) = store.get_by_type(Context, "Run")
    assert context.name.startswith("__default__ ")
    assert len(store.get_by_context(Execution, context.id or 0)) == 2


def test_each_block_of_the_page_is_an_example_or_runs(store: Store) -> None:
    examples = {
        (EXAMPLES / f"with_{name}.py").read_text(encoding="utf-8").partition('"""\n\n')[2]
        for name in NAMES
    }
    blocks = re.findall(
        r"^```python\n(.*?)^```$", PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL
    )
    assert examples <= set(blocks)
    names: dict[str, Any] = {"__name__": "page", "function": len}
    for block in blocks:
        if block not in examples:
            exec(compile(block, "page", "exec"), names)  # noqa: S102 - our own page
    assert names["function"]("abc") == 3
    names["airflow_task"]("2026-11-25")
    assert store.get_by_name(Context, "Run", "daily 2026-11-25") is not None
