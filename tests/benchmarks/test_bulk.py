"""The smallest run of the measurement of many artifacts at once."""

from __future__ import annotations

import json
from pathlib import Path

from tests.benchmarks.test_step import bench


def test_ours_and_the_floor_write_the_same_rows(tmp_path: Path) -> None:
    # The counts were compared with these inside the benchmark, or it would have failed.
    finished = bench("bulk", "--only", "ours,floor", "--output", str(tmp_path))
    assert finished.returncode == 0, finished.stderr
    content = json.loads((tmp_path / "bulk.json").read_text("utf-8"))
    rows = [one["rows_added_by_each"] for one in content["contenders"]]
    assert rows == [{"Artifact": 100, "ArtifactProperty": 300}] * 2
    assert all(one["times_the_floor"]["typical"] > 0 for one in content["contenders"])


def test_without_anybody_to_measure_nothing_is_written(tmp_path: Path) -> None:
    finished = bench("bulk", "--only", "mlflow", "--output", str(tmp_path))
    assert finished.returncode == 0, finished.stderr
    assert not list(tmp_path.iterdir())
