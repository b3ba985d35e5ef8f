"""Everybody at work in turn, round after round, and what is known of each afterwards."""

from __future__ import annotations

import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from harness.contender import Contender
from harness.options import Options
from harness.processes import BenchmarkError, Process

_FEWEST_ROUNDS = 5


@dataclass(frozen=True)
class Round:
    """What one contender needed in one round, in seconds for one piece of work.

    Args:
        mean: On average, which includes what happens now and then, such as a checkpoint.
        typical: The median: what most pieces of work take.
    """

    mean: float
    typical: float


@dataclass(frozen=True)
class Measured:
    """What was measured of one contender.

    Args:
        contender: Whom.
        versions: What it stands on, by name.
        rounds: What it needed, round by round.
    """

    contender: Contender
    versions: Mapping[str, str]
    rounds: tuple[Round, ...]

    @property
    def mean(self) -> float:
        """The median of the rounds' means."""
        return statistics.median(one.mean for one in self.rounds)

    @property
    def typical(self) -> float:
        """The median of the rounds' medians."""
        return statistics.median(one.typical for one in self.rounds)


def ratio(one: Measured, other: Measured) -> Round:
    """Return how many times as long one takes as the other.

    It is the median of the ratios within each round: what slows the machine down for a while then
    slows down both.
    """
    pairs = list(zip(one.rounds, other.rounds, strict=True))
    return Round(
        mean=statistics.median(mine.mean / yours.mean for mine, yours in pairs),
        typical=statistics.median(mine.typical / yours.typical for mine, yours in pairs),
    )


def compare(contenders: Sequence[Contender], options: Options) -> list[Measured]:
    """Let the contenders work in turn, one round after the other, and check what they wrote.

    Args:
        contenders: Who could take part.
        options: Who does, and how often.

    Raises:
        BenchmarkError: An environment is missing, a contender fails, or somebody has not written
            the rows that are to be written.
    """
    chosen = [one for one in contenders if one.group in options.groups]
    options.output.mkdir(parents=True, exist_ok=True)
    # Beside the results, not in the system's temporary folder: that may be no disk.
    folder = Path(tempfile.mkdtemp(prefix="stores-", dir=options.output))
    try:
        with ExitStack() as stack:
            processes = [
                stack.enter_context(Process(contender, folder / str(number)))
                for number, contender in enumerate(chosen)
            ]
            return _measure(processes, options)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _measure(processes: Sequence[Process], options: Options) -> list[Measured]:
    _say(f"{len(processes)} contenders get ready")
    versions = [process.versions() for process in processes]
    _say("warm-up")
    _round(processes, options.work)
    before = [process.rows() for process in processes]
    rounds = _rounds(processes, options)
    _say("checks what was written")
    for process, had in zip(processes, before, strict=True):
        _check(process, had, len(rounds) * options.work)
    return [
        Measured(process.contender, stands_on, tuple(row[number] for row in rounds))
        for number, (process, stands_on) in enumerate(zip(processes, versions, strict=True))
    ]


def _rounds(processes: Sequence[Process], options: Options) -> list[list[Round]]:
    """Let everybody work in turn until there are enough rounds, or no more time for another."""
    rounds: list[list[Round]] = []
    started = time.monotonic()
    while len(rounds) < options.rounds:
        took = time.monotonic() - started
        if len(rounds) >= _FEWEST_ROUNDS and took + took / len(rounds) > options.patience:
            _say(f"the machine is slow: {len(rounds)} rounds must do")
            break
        _say(f"round {len(rounds) + 1} of {options.rounds}")
        rounds.append(_round(processes, options.work))
    return rounds


def _round(processes: Sequence[Process], work: int) -> list[Round]:
    times = (process.seconds(work) for process in processes)
    return [Round(statistics.fmean(seconds), statistics.median(seconds)) for seconds in times]


def _check(process: Process, had: Mapping[str, int], work: int) -> None:
    wrong = wrong_rows(process.contender.adds, had, process.rows(), work)
    if wrong:
        message = f"{process.contender.name} has not written what it should: {'; '.join(wrong)}"
        raise BenchmarkError(message)


def wrong_rows(
    adds: Mapping[str, int], before: Mapping[str, int], after: Mapping[str, int], work: int
) -> list[str]:
    """Say which tables have not got the rows that they should.

    Args:
        adds: The rows that one piece of work adds, by table; to other tables it adds none.
        before: Rows by table before the work.
        after: Rows by table after it.
        work: How many pieces of work were done.
    """
    return [
        f"{work} times {adds.get(table, 0)} rows expected in {table},"
        f" {after.get(table, 0) - before.get(table, 0)} found"
        for table in sorted({*adds, *before, *after})
        if after.get(table, 0) - before.get(table, 0) != work * adds.get(table, 0)
    ]


def _say(what: str) -> None:
    print(f"bench: {what}", file=sys.stderr, flush=True)
