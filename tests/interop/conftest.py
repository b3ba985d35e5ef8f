"""The real ``ml-metadata`` wheel, in a process of its own.

Never in this one: two SQLite libraries in one process do not see each other's locks.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

import pytest

ROOT = Path(__file__).resolve().parents[2]

Wheel: TypeAlias = "Callable[..., Any]"


@pytest.fixture(scope="session")
def wheel_python() -> str:
    """Return the Python that has ml-metadata; skip the test if there is none."""
    default = ROOT / "build" / "envs" / "mlmd" / "bin" / "python"
    python = Path(os.environ.get("MLMETA_TEST_MLMD_PYTHON", str(default)))
    if not python.exists():
        message = (
            f"There is no Python with ml-metadata at {python}. Run `make build/envs/mlmd/.stamp`,"
            " or name one in MLMETA_TEST_MLMD_PYTHON."
        )
        if os.environ.get("CI"):
            pytest.fail(message)
        pytest.skip(message)
    return str(python)


@pytest.fixture(scope="session")
def wheel(wheel_python: str) -> Wheel:
    """Return a function that runs a command of ``wheel_side.py`` on a store, and its answer."""

    def run(command: str, place: Path | str) -> Any:
        done = subprocess.run(
            [wheel_python, str(Path(__file__).parent / "wheel_side.py"), command, str(place)],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return run
