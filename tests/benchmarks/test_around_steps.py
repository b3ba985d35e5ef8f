"""The smallest runs of what is measured around steps: imports, calls, background."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.benchmarks.test_step import bench


def result(name: str, folder: Path) -> dict[str, Any]:
    finished = bench(name, "--only", "ours,floor", "--output", str(folder))
    assert finished.returncode == 0, finished.stderr
    content: dict[str, Any] = json.loads((folder / f"{name}.json").read_text("utf-8"))
    return content


@pytest.mark.parametrize(("name", "contenders"), [("calls", 2), ("imports", 5)])
def test_ours_is_compared_with_the_floor(tmp_path: Path, name: str, contenders: int) -> None:
    content = result(name, tmp_path)
    assert len(content["contenders"]) == contenders
    assert all(one["times_the_floor"]["typical"] > 0 for one in content["contenders"])


def test_what_is_recorded_in_the_background_is_all_written(tmp_path: Path) -> None:
    # The steps were counted in the store inside the benchmark, or it would have failed.
    content = result("background", tmp_path)
    assert content["written"] is True
    assert content["sustained"]["steps"] >= 100
    assert 0 < content["paced"]["median"] <= content["paced"]["p99"]
    assert [path.name for path in tmp_path.iterdir()] == ["background.json"]


@pytest.mark.parametrize("name", ["background", "calls", "imports"])
def test_peers_have_no_part_in_them(tmp_path: Path, name: str) -> None:
    finished = bench(name, "--only", "mlmd", "--output", str(tmp_path))
    assert finished.returncode == 0, finished.stderr
    assert not list(tmp_path.iterdir())
