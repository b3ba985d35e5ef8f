from __future__ import annotations

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from mlmeta_track.cli.output import cell, duration_text, time_text
from mlmeta_track.store.base import Store


def on_a_terminal(arguments: list[str], *, columns: int = 80, **environment: str) -> str:
    """Run the command on a terminal of that width, and return what it printed there."""
    master, slave = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "mlmeta_track", *arguments],
        stdout=slave,
        env={**os.environ, "COLUMNS": str(columns), "TERM": "xterm", **environment},
    ) as process:
        os.close(slave)
        printed = b""
        while True:
            try:
                chunk = os.read(master, 65536)
            except OSError:  # how Linux says that the other end is closed
                break
            if not chunk:
                break
            printed += chunk
    os.close(master)
    assert process.returncode == 0
    return printed.decode()


def test_a_terminal_gets_aligned_columns_in_colour(two_runs: Store) -> None:
    printed = on_a_terminal(["runs", "list", "--store", two_runs.url], columns=120)
    assert "\x1b[1mID" in printed
    assert "\x1b[31mFAILED" in printed
    assert "\t" not in printed


def test_no_color_leaves_the_colours_out(two_runs: Store) -> None:
    printed = on_a_terminal(["runs", "list", "--store", two_runs.url], NO_COLOR="1")
    assert "\x1b" not in printed


def test_lines_are_cut_to_the_width_of_the_terminal(two_runs: Store, tmp_path: Path) -> None:
    printed = on_a_terminal(
        ["artifacts", "list", "--store", two_runs.url], columns=70, NO_COLOR="1"
    )
    assert "…" in printed
    assert max(map(len, printed.splitlines())) <= 70


@pytest.mark.parametrize(
    ("milliseconds", "text"),
    [(None, ""), (3.4, "3 ms"), (2500, "2.5 s"), (125_000, "2 min 5 s")],
)
def test_durations_are_told_in_fitting_units(milliseconds: float | None, text: str) -> None:
    assert duration_text(milliseconds) == text


@pytest.mark.parametrize(
    ("milliseconds", "text"), [(0, ""), (1_000, "1970-01-01T00:00:01Z"), (10**18, f"{10**18}")]
)
def test_times_are_told_in_utc(milliseconds: int, text: str) -> None:
    assert time_text(milliseconds) == text


def test_numbers_are_told_with_six_digits() -> None:
    assert cell(1 / 3) == "0.333333"
