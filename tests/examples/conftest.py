"""Where the examples and the real data are."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def taxi_csv() -> Path:
    """The Chicago Taxi data, whole."""
    default = ROOT / "build" / "data" / "taxi" / "data.csv"
    path = Path(os.environ.get("MLMETA_TEST_TAXI_CSV", default)).resolve()
    if not path.is_file():
        # What CI lacks is a fault; a user may run the other tests.
        say = pytest.fail if "CI" in os.environ else pytest.skip
        say(f"{path} is not there: run `make test`, which fetches it")
    return path


@pytest.fixture(scope="session")
def examples() -> Path:
    """The folder of the examples."""
    return ROOT / "examples"
