"""A process that records very many steps, and tells how its memory grew.

``python memory.py URL WRITE STEPS`` prints what it takes (bytes) after a tenth and in the end.
"""

from __future__ import annotations

import gc
import json
import sys
from pathlib import Path

import mlmeta_track as mt


class Thing(mt.Artifact):
    number: int


class Value:
    """Something that steps make in memory."""


def resident() -> int:
    """Return how much memory this process has (bytes)."""
    gc.collect()
    lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    [kilobytes] = [line.split()[1] for line in lines if line.startswith("VmRSS:")]
    return int(kilobytes) * 1024


@mt.step("Make")
def make(number: int) -> Value:
    mt.log_metrics({"half": number / 2})
    value = Value()
    mt.log_output(value, Thing(number=number))
    return value


@mt.step("Use")
def use(value: Value) -> None:
    mt.log_input(value)


def main(url: str, write: str, steps: int) -> None:
    mt.init(url, write=write)
    begin = 0
    for number in range(steps // 2):
        use(make(number))
        if number == steps // 20:
            mt.flush()
            begin = resident()
    mt.flush()
    print(json.dumps({"begin": begin, "end": resident()}))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
