import json
import subprocess
import sys
from pathlib import Path

from tests.benchmarks.test_step import bench


def test_ours_and_the_floor_find_the_same_first_pages(tmp_path: Path) -> None:
    finished = bench("filters", "--only", "ours,floor", "--output", str(tmp_path))
    assert finished.returncode == 0, finished.stderr
    content = json.loads((tmp_path / "filters.json").read_text("utf-8"))
    places = {one["place"] for one in content["contenders"]}
    assert len(places) == len(content["contenders"]) / 2 > 6
    assert all(one["times_the_floor"]["typical"] > 0 for one in content["contenders"])
    names = {path.name for path in tmp_path.iterdir()}
    assert names == {"filters.json", "events-10000.db"}, "the store is kept for the next time"


def test_who_finds_another_page_makes_the_benchmark_fail(tmp_path: Path) -> None:
    assert bench("filters", "--only", "floor", "--output", str(tmp_path)).returncode == 0
    contender = Path(__file__).parent.parent.parent / "benchmarks/contenders/filters_floor.py"
    store = str(tmp_path / "events-10000.db")
    asked = [store, "SELECT id FROM Artifact ORDER BY id", "2", "[1, 3]"]
    wrong = subprocess.run(
        [sys.executable, str(contender), *asked], capture_output=True, text=True, check=False
    )
    assert wrong.returncode == 1
    assert "found [1, 2], and not [1, 3]" in wrong.stderr
