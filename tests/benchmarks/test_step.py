import json
import os
import runpy
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

BENCHMARKS = Path(__file__).parent.parent.parent / "benchmarks"
MLMD_PYTHON = Path(
    os.environ.get("MLMETA_TEST_MLMD_PYTHON")
    or BENCHMARKS.parent / "build" / "envs" / "mlmd" / "bin" / "python"
)


def bench(*arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, str(BENCHMARKS / "run.py"), "--quick", *arguments],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
        timeout=240,
    )


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What the smallest run of ours and of the floor writes; their rows are checked inside it."""
    folder = tmp_path_factory.mktemp("bench")
    finished = bench("step", "--only", "ours,floor", "--output", str(folder))
    assert finished.returncode == 0, finished.stderr
    assert "raw sqlite3, the same rows" in finished.stdout
    assert [path.name for path in folder.iterdir()] == ["step.json"], "the stores are cleared away"
    content: dict[str, Any] = json.loads((folder / "step.json").read_text("utf-8"))
    return content


def test_everybody_is_measured_in_every_place(result: dict[str, Any]) -> None:
    places = {(one["group"], one["place"]) for one in result["contenders"]}
    assert places == {
        (group, place)
        for group in ("ours", "floor")
        for place in ("file", "file, rollback", "memory")
    }
    assert all(len(one["rounds"]) == result["rounds"] == 2 for one in result["contenders"])


def test_figures_and_ratios_are_numbers(result: dict[str, Any]) -> None:
    for one in result["contenders"]:
        assert all(one[key] > 0 for key in ("mean", "typical"))
        for times in (one["times_the_floor"], one["times_ours"], *one["rounds"]):
            assert times.keys() == {"mean", "typical"}
            assert all(value > 0 for value in times.values())
        assert one["versions"]


def test_ours_and_the_floor_write_the_same_rows(result: dict[str, Any]) -> None:
    # The counts were compared with these inside the benchmark, or it would have failed.
    first, *others = (one["rows_added_by_each"] for one in result["contenders"])
    assert first["Artifact"] == 2
    assert all(rows == first for rows in others)


def test_the_result_does_not_say_which_machine_it_was(result: dict[str, Any]) -> None:
    assert result["machine"].keys() == {"cpus", "system", "architecture", "python", "sqlite"}
    assert str(BENCHMARKS.parent) not in json.dumps(result)


def test_rows_that_are_missing_or_too_many_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    module = runpy.run_path(str(BENCHMARKS / "harness" / "comparison.py"))
    wrong_rows: Callable[..., list[str]] = module["wrong_rows"]
    before = {"Artifact": 2, "Event": 2, "Type": 10}
    right = {"Artifact": 12, "Event": 12, "Type": 10}
    assert wrong_rows({"Artifact": 2, "Event": 2}, before, right, 5) == []
    wrong = {"Artifact": 11, "Event": 12, "Type": 11}
    assert wrong_rows({"Artifact": 2, "Event": 2}, before, wrong, 5) == [
        "5 times 2 rows expected in Artifact, 9 found",
        "5 times 0 rows expected in Type, 1 found",
    ]


def test_ml_metadata_takes_part_from_its_own_environment(tmp_path: Path) -> None:
    if not MLMD_PYTHON.is_file():
        pytest.skip("there is no environment with ml_metadata: run `make test` or `make bench`")
    finished = bench(
        "--only", "mlmd", "--output", str(tmp_path), MLMETA_TEST_MLMD_PYTHON=str(MLMD_PYTHON)
    )
    assert finished.returncode == 0, finished.stderr
    content = json.loads((tmp_path / "step.json").read_text("utf-8"))
    assert {one["label"] for one in content["contenders"]} == {
        "ml_metadata, two put_execution",
        "ml_metadata, seven calls",
        "ml_metadata, twelve calls",
    }


def test_a_missing_environment_is_named_with_the_way_out(tmp_path: Path) -> None:
    missing = tmp_path / "nowhere" / "python"
    finished = bench(
        "--only", "floor,mlmd", "--output", str(tmp_path), MLMETA_TEST_MLMD_PYTHON=str(missing)
    )
    assert finished.returncode == 1
    assert "mlmd" in finished.stderr
    assert str(missing) in finished.stderr
    assert "--only ours,floor" in finished.stderr


@pytest.mark.parametrize("arguments", [("--only", "ours,theirs"), ("--rounds", "0"), ("leap",)])
def test_options_that_make_no_sense_are_refused(arguments: tuple[str, ...]) -> None:
    finished = bench(*arguments)
    assert finished.returncode == 2
    assert "usage" in finished.stderr
