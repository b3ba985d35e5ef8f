"""Inputs much larger than usual cost little time and memory: what docs/tfdv.md promises."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

BOUNDS = Path(__file__).with_name("bounds.py")

pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(sys.platform != "linux", reason="memory is told in other units"),
]


@pytest.mark.parametrize(
    ("kind", "seconds", "megabytes", "says"),
    [
        ("proto", 2, 32, "sampled-"),
        ("frame", 2, 64, "sampled-frame-sha256:"),
        ("glob", 2, 32, "sampled-files-sha256:"),
    ],
)
def test_a_very_large_input_is_looked_at_in_part(
    tmp_path: Path, kind: str, seconds: float, megabytes: int, says: str
) -> None:
    pytest.importorskip({"proto": "tensorflow_metadata", "frame": "pandas"}.get(kind, "json"))
    done = subprocess.run(
        [sys.executable, str(BOUNDS), kind, str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    print(f"{kind}: {told['seconds']:.2f} s of work, {told['bytes'] / 1e6:.0f} MB more")
    assert says in told["found"]
    assert told["bytes"] < megabytes * 2**20
    # Work that others do at the same time slows this one down, but not by that.
    assert told["seconds"] < 2 * seconds
