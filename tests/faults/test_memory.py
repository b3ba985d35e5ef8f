"""However many steps a process records, its memory stays what it is."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

MEMORY = Path(__file__).with_name("memory.py")

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="there is no /proc")


def grown(url: str, write: str, steps: int) -> float:
    """Return by how much the memory of a process grew that recorded so many steps (MB)."""
    done = subprocess.run(
        [sys.executable, str(MEMORY), url, write, str(steps)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.stderr, done.returncode) == ("", 0)
    told = json.loads(done.stdout)
    megabytes: float = (told["end"] - told["begin"]) / 1e6
    print(f"{write}: {told['begin'] / 1e6:.1f} MB, and {megabytes:+.1f} MB after {steps} steps")
    return megabytes


@pytest.mark.long
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("write", ["direct", "background", "journal"])
def test_200000_steps_do_not_grow_the_memory(store_url: str, write: str) -> None:
    assert grown(store_url, write, 200_000) < 10


def test_a_thousand_steps_do_not_grow_the_memory(store_url: str) -> None:
    assert grown(store_url, "direct", 1_000) < 10
