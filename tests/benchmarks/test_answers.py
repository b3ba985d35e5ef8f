"""The smallest run of the measurement of the page and the commands, and what it refuses."""

from __future__ import annotations

import json
import runpy
from pathlib import Path
from typing import Any

import pytest

from tests.benchmarks.test_step import BENCHMARKS, bench


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("bench")
    finished = bench("answers", "--only", "ours,floor", "--output", str(folder))
    assert finished.returncode == 0, finished.stderr
    assert "first page, with all its files" in finished.stdout
    content: dict[str, Any] = json.loads((folder / "answers.json").read_text("utf-8"))
    return content


def test_the_page_and_the_commands_are_measured_against_what_is_promised(
    result: dict[str, Any],
) -> None:
    promised = {(one["where"], one["promised"]) for one in result["answers"]}
    assert promised == {("page", 0.3), ("page", 0.2), ("command", 0.5), ("python", None)}
    for one in result["answers"]:
        assert one["first"] > 0
        assert one["typical"] > 0
        kept = None if one["promised"] is None else one["typical"] < one["promised"]
        assert one["kept"] is kept


def test_processes_are_told_the_time_of_their_processor_too(result: dict[str, Any]) -> None:
    processes = [one for one in result["answers"] if one["where"] != "page"]
    assert all(min(one["processor"]) > 0 for one in processes)


def test_every_list_of_the_page_is_asked_for(
    result: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    module = runpy.run_path(str(BENCHMARKS / "answers.py"))
    asked = " ".join(path for one in module["_of_the_page"](10_000) for path in one.ask)
    for path in ("runs", "experiments", "steps", "artifacts", "contexts"):
        assert f"/api/v1/{path}?" in asked
    assert len(result["answers"]) > 30


def test_an_answer_that_is_none_makes_the_benchmark_fail(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    module = runpy.run_path(str(BENCHMARKS / "answers.py"))
    command = module["_Command"](tmp_path / "none.db", tmp_path)
    with pytest.raises(module["BenchmarkError"], match=r"ended with 2[^$]*does not exist"):
        command.ask(("runs", "list"))
