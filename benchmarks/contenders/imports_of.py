"""What a new process waits for: an import, or the first step that it records.

Each is done by an interpreter of its own, which says how long it took without its own start.
"""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

from answering import answer

from mlmeta_track.store.connect import open_store

_FILE = Path("metadata.db")
_TIMED = """
import time
{before}
started = time.perf_counter()
{work}
print(time.perf_counter() - started)
"""
_STEP = """
import mlmeta_track as mt

@mt.step("first")
def first(x):
    return x
"""
_PROGRAMS = {
    "wrapt": ("", "import wrapt, pluggy"),
    "face": ("", "import mlmeta_track"),
    "step": ("", _STEP),
    "sqlalchemy": ("import wrapt, pluggy", "import sqlalchemy"),
    "first": (_STEP, "mt.init(store='sqlite:///metadata.db', strict=True)\nfirst(1)"),
}


class Imports:
    """New interpreters, one after the other."""

    def __init__(self, what: str) -> None:
        """Choose the program; the store is there already, as it mostly is."""
        before, work = _PROGRAMS[what]
        self._program = _TIMED.format(before=before, work=work)
        if what == "first":
            open_store(f"sqlite:///{_FILE}").close()

    def do(self, _: int) -> float:
        """Return how many seconds it took."""
        finished = subprocess.run(
            [sys.executable, "-c", self._program], capture_output=True, text=True, check=True
        )
        return float(finished.stdout)

    @staticmethod
    def rows() -> dict[str, int]:
        """Return nothing: what is written is not what is measured."""
        return {}

    @staticmethod
    def versions() -> dict[str, str]:
        """Return the versions of what it stands on."""
        return {name: version(name) for name in ("mlmeta-track", "wrapt", "pluggy", "sqlalchemy")}


if __name__ == "__main__":
    answer(Imports(*sys.argv[1:]))
