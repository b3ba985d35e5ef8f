"""A process that meets an input much larger than usual, and tells what looking at it has cost.

``python bounds.py proto|frame|glob FOLDER`` prints seconds of work and bytes of memory.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

from mlmeta_track.domain.types import DATASET
from mlmeta_track.tracking.capture import describe
from mlmeta_track.tracking.files import describe as describe_files

FILES = 10_000
ROWS = 10_000_000
VALUES = 1_000_000
LENGTH = 300


def proto(_: Path) -> Callable[[], object]:
    """Make a schema with one domain of a million values, 300 MB."""
    schema = import_module("tensorflow_metadata.proto.v0.schema_pb2").Schema()
    domain = schema.string_domain.add(name="long")
    domain.value.extend(f"{i:0{LENGTH}}" for i in range(VALUES))
    return lambda: describe(schema)


def frame(_: Path) -> Callable[[], object]:
    """Make a frame of ten million rows: numbers, texts and dates."""
    numpy: Any = import_module("numpy")
    pandas: Any = import_module("pandas")
    numbers = numpy.arange(ROWS)
    made = pandas.DataFrame({"number": numbers, "half": numbers / 2, "kind": numbers % 7})
    made["text"] = made["kind"].map({i: f"kind {i}" for i in range(7)})
    made["day"] = pandas.to_datetime(numbers, unit="s")
    return lambda: describe(made)


def files(folder: Path) -> Callable[[], object]:
    """Make ten thousand files."""
    for i in range(FILES):
        (folder / f"part-{i:05}.csv").write_text(f"{i}\n", encoding="utf-8")
    return lambda: list(describe_files(str(folder / "part-*.csv"), DATASET))


def forget_peak() -> None:
    """Let the most memory that this process has had be what it has now."""
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")


def memory(name: str) -> int:
    """Return what Linux says of this process's memory (bytes): now or at most."""
    lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    [kilobytes] = [line.split()[1] for line in lines if line.startswith(f"{name}:")]
    return int(kilobytes) * 1024


def main(kind: str, folder: str) -> None:
    look = {"proto": proto, "frame": frame, "glob": files}[kind](Path(folder))
    forget_peak()
    before, started = memory("VmRSS"), time.process_time()
    found = look()
    told = {
        "seconds": time.process_time() - started,
        "bytes": memory("VmHWM") - before,
        "found": str(found)[:2_000],
    }
    print(json.dumps(told))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
