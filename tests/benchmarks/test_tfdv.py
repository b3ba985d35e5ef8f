"""The smallest run of the measurement of TFDV, and what it refuses."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parent.parent.parent / "benchmarks"
TAXI = Path(
    os.environ.get("MLMETA_TEST_TAXI_CSV") or BENCHMARKS.parent / "build/data/taxi/data.csv"
)


def bench(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(BENCHMARKS / "run.py"), "tfdv", "--quick", *arguments],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
        timeout=280,
    )


def test_a_tracked_validation_writes_what_it_should(tmp_path: Path) -> None:
    if not TAXI.is_file():
        pytest.skip(f"{TAXI} is not there: run `make test`, which fetches it")
    # The rows of the store are compared inside the benchmark, or it would have failed.
    finished = bench("--only", "ours", "--output", str(tmp_path), MLMETA_TEST_TAXI_CSV=str(TAXI))
    assert finished.returncode == 0, finished.stderr
    content = json.loads((tmp_path / "tfdv.json").read_text("utf-8"))
    assert [(one["label"], one["place"]) for one in content["contenders"]] == [
        ("tracked", "taxi data, 200 rows"),
        ("tracked", "100,000 times get_feature"),
    ]
    assert all(one["mean"] > 0 for one in content["contenders"])


def test_peers_that_do_not_track_tfdv_are_left_out(tmp_path: Path) -> None:
    finished = bench("--only", "mlmd", "--output", str(tmp_path))
    assert finished.returncode == 0, finished.stderr
    assert not list(tmp_path.iterdir())


def test_missing_data_is_named_with_the_way_out(tmp_path: Path) -> None:
    finished = bench("--output", str(tmp_path), MLMETA_TEST_TAXI_CSV="/nowhere/data.csv")
    assert finished.returncode == 1
    assert "/nowhere/data.csv is not there. Run `make bench`, which fetches it" in finished.stderr
