"""Scripts to be run in processes of their own: a pipeline, and what happens to it midway.

Each prints the results of the user's functions, which are what they always are.
"""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from dataclasses import dataclass

STEPS = 20

PIPELINE = """
import mlmeta_track as mt

@mt.step("Double")
def double(number: int) -> int:
    return 2 * number

mt.init({url!r}, write={write!r})
results = [double(number) for number in range({half})]
{midway}
results += [double(number) for number in range({half}, {steps})]
print(results)
"""


@dataclass(frozen=True)
class Ended:
    """How a pipeline ended: whether its results are right, and what was logged."""

    is_right: bool
    log: str

    @property
    def warnings(self) -> list[str]:
        return [line for line in self.log.splitlines() if "Could not" in line]


def run_pipeline(
    url: str, midway: str, *, write: str = "direct", environment: dict[str, str] | None = None
) -> Ended:
    """Run the pipeline; ``midway`` is what happens between its halves."""
    script = PIPELINE.format(
        url=url, write=write, half=STEPS // 2, steps=STEPS, midway=textwrap.dedent(midway)
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        env={**os.environ, **(environment or {})},
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    return Ended(done.stdout == f"{[2 * number for number in range(STEPS)]}\n", done.stderr)
