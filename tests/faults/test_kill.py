"""kill -9 at any moment: the database is sound, and what was acknowledged is there, once."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from mlmeta_track.tracking.delivery.background import GROUP, MOST_WAITING

KILL_EACH = Path(__file__).with_name("kill_each.py")

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, store_url: str) -> Iterator[str]:
    if request.param == "sqlite":
        yield store_url
    else:
        yield request.getfixturevalue("postgresql").new_url()


def kill_each(url: str, write: str, count: int) -> dict[str, int]:
    done = subprocess.run(
        [sys.executable, str(KILL_EACH), url, write, str(count), "7"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    told: dict[str, int] = json.loads(done.stdout)
    print(url.partition(":")[0], write, told)
    assert told["steps"] > count
    return told


@pytest.mark.parametrize("write", ["direct", "journal", "background"])
def test_killed_ten_times(url: str, write: str) -> None:
    kill_each(url, write, 10)


@pytest.mark.long
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("write", ["direct", "journal", "background"])
def test_killed_three_hundred_times(url: str, write: str) -> None:
    told = kill_each(url, write, 300)
    most = (MOST_WAITING + GROUP) / 2 + 1 if write == "background" else 0
    assert told["most_lost"] <= most
