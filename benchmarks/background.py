"""Steps that a thread writes: their cost on the user's thread, and how many there can be."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harness import machine
from harness.processes import BENCHMARKS, BenchmarkError

if TYPE_CHECKING:
    from harness.options import Options

_SECONDS, _QUICK_SECONDS = 60.0, 0.5
_STEPS_A_SECOND = 500
_QUICK = 2


def measure(options: Options) -> None:
    """Measure both, print them and write ``background.json``."""
    if "ours" not in options.groups:
        return  # No peer writes in the background.
    seconds = _QUICK_SECONDS if options.rounds <= _QUICK else _SECONDS
    measured = _measured(seconds, options)
    paced, sustained = measured["paced"], measured["sustained"]
    growth = sustained["memory_at_end"] - sustained["memory_at_half"]
    print(
        f"\nSteps written in the background, {seconds:.0f} s each way\n"
        f"the user's thread, {paced['steps_a_second']} steps/s: median"
        f" {paced['median'] * 1e6:.0f} µs, p99 {paced['p99'] * 1e3:.2f} ms\n"
        f"without a pause: {sustained['steps_a_second']:.0f} steps/s,"
        f" {paced['processor_a_step'] * 1e6:.0f} µs of a processor each;"
        f" memory {growth / 2**20:+.1f} MiB in the second half"
    )
    content = {"measurement": "background", "machine": machine.facts(), **measured}
    path = options.output / "background.json"
    path.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


def _measured(seconds: float, options: Options) -> dict[str, Any]:
    options.output.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="stores-", dir=options.output))
    try:
        finished = subprocess.run(
            [
                sys.executable,
                str(BENCHMARKS / "contenders" / "background_ours.py"),
                str(seconds),
                str(_STEPS_A_SECOND),
            ],
            cwd=folder,
            capture_output=True,
            text=True,
            check=False,
        )
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    if finished.returncode:
        message = f"background_ours.py failed:\n{finished.stderr[-2000:]}"
        raise BenchmarkError(message)
    measured: dict[str, Any] = json.loads(finished.stdout)
    if not measured["written"]:
        message = "not all steps that were recorded in the background were written"
        raise BenchmarkError(message)
    return measured
