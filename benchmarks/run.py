"""Measure the library beside its peers and the floor: what ``make bench`` runs."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import answers
import background
import bulk
import calls
import filters
import imports
import step
import tfdv
from harness.options import GROUPS, Options
from harness.processes import BenchmarkError

ROOT = Path(__file__).resolve().parent.parent

# One line a measurement; README.md says how to add one.
MEASUREMENTS: Mapping[str, Callable[[Options], None]] = {
    "step": step.measure,
    "filters": filters.measure,
    "answers": answers.measure,
    "bulk": bulk.measure,
    "background": background.measure,
    "calls": calls.measure,
    "imports": imports.measure,
    "tfdv": tfdv.measure,
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the measurements that are asked for and return the exit code."""
    given = _parser().parse_args(arguments)
    options = Options(
        rounds=2 if given.quick else given.rounds,
        patience=given.patience,
        work=4 if given.quick else given.steps,
        groups=given.only,
        output=given.output,
    )
    try:
        for name in given.measurement or MEASUREMENTS:
            MEASUREMENTS[name](options)
    except BenchmarkError as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="benchmarks/run.py", description=__doc__)
    parser.add_argument(
        "measurement", nargs="*", type=_measurement, help=f"{', '.join(MEASUREMENTS)}; all if none"
    )
    parser.add_argument(
        "--only",
        type=_groups,
        default=GROUPS,
        metavar="GROUP,…",
        help=f"measure only these: {', '.join(GROUPS)} (all)",
    )
    parser.add_argument("--rounds", type=_count, default=20, help="rounds that count (%(default)s)")
    parser.add_argument(
        "--steps", type=_count, default=50, help="pieces of work in a round (%(default)s)"
    )
    parser.add_argument(
        "--patience",
        type=_count,
        default=120,
        metavar="SECONDS",
        help="after so long, fewer rounds must do, though not fewer than five (%(default)s)",
    )
    parser.add_argument(
        "--quick", action="store_true", help="two rounds of four: does it run, not how fast"
    )
    parser.add_argument(
        "--output",
        type=Path,
        default=ROOT / "build" / "bench",
        metavar="FOLDER",
        help="where the JSON goes, and while it runs the stores (build/bench)",
    )
    return parser


def _measurement(name: str) -> str:
    if name not in MEASUREMENTS:
        message = f"{name!r}: there are {', '.join(MEASUREMENTS)}"
        raise argparse.ArgumentTypeError(message)
    return name


def _groups(text: str) -> tuple[str, ...]:
    names = tuple(part.strip() for part in text.split(",") if part.strip())
    unknown = [name for name in names if name not in GROUPS]
    if unknown or not names:
        message = f"{text!r}: name some of {', '.join(GROUPS)}"
        raise argparse.ArgumentTypeError(message)
    return names


def _count(text: str) -> int:
    number = int(text)
    if number < 1:
        message = f"{text!r}: give a number of 1 or more"
        raise argparse.ArgumentTypeError(message)
    return number


if __name__ == "__main__":
    sys.exit(main())
